/* Matrices as products read them: in panels.
 *
 * A matrix B (k, n) is cut into blocks of `block` rows, and a block into panels of
 * FR_PANEL columns, with zeros beyond the last one. A panel lies row by row, the panels
 * of a block lie one after the other, and so do blocks. Weights lie so in the vector of a
 * network's parameters; what changes with the batch is packed, in blocks of FR_DEPTH rows.
 *
 * Few columns have high blocks: where threads share a matrix by panels, each panel's end is
 * a place where one core's prefetching takes lines from the other. Many columns have low
 * ones, so that some rows of all of them are a piece for the cache. For sparse X a block is
 * one row.
 */
#ifndef FR_T
#ifndef FASTREG_PANELS_H
#define FASTREG_PANELS_H

#include <stddef.h>
#include <string.h>

#include "clones.h"

enum {
    FR_DEPTH = 128,   /* rows that are multiplied in one go: half of an L1 cache at most */
    FR_MAX_DEPTHS = 7 /* of a block: not a power of two, so that its panels' places differ */
};

#define FR_PANEL (2 * FR_LANES)

#define FR_BODY "panels.h"
#include "for_reals.h"

/* Columns of a panel, and those that a packed matrix of n columns takes. */
FR_UNUSED static ptrdiff_t fr_panel(int single) { return single ? 16 : 8; }
FR_UNUSED static ptrdiff_t fr_padded(int single, ptrdiff_t n)
{
    return (n + fr_panel(single) - 1) / fr_panel(single) * fr_panel(single);
}
/* Rows of a block of weights with so many columns. */
FR_UNUSED static ptrdiff_t fr_block(int single, ptrdiff_t n)
{
    const ptrdiff_t depths = 512 / fr_padded(single, n);
    return FR_DEPTH * (depths < 1 ? 1 : depths > FR_MAX_DEPTHS ? FR_MAX_DEPTHS : depths);
}
#define fr_pack(single, ...) ((single) ? fr_pack_f32(__VA_ARGS__) : fr_pack_f64(__VA_ARGS__))
#define fr_unpack(single, ...) ((single) ? fr_unpack_f32(__VA_ARGS__) : fr_unpack_f64(__VA_ARGS__))
#define fr_own_packed(single, ...) \
    ((single) ? fr_own_packed_f32(__VA_ARGS__) : fr_own_packed_f64(__VA_ARGS__))
#define fr_transpose_part(single, ...) \
    ((single) ? fr_transpose_part_f32(__VA_ARGS__) : fr_transpose_part_f64(__VA_ARGS__))
#define fr_column_sums(single, ...) \
    ((single) ? fr_column_sums_f32(__VA_ARGS__) : fr_column_sums_f64(__VA_ARGS__))

#endif
#else

/* Where row p of a packed k x n matrix has its first panel; the panel of column j is
 * j * depth further, depth the height of the block. */
FR_INLINE FR_T *FR_NAME(fr_packed_row)(const FR_T *packed, ptrdiff_t p, ptrdiff_t k, ptrdiff_t n,
                                       ptrdiff_t block, ptrdiff_t *depth)
{
    const ptrdiff_t start = p / block * block;
    const ptrdiff_t width = (n + FR_PANEL - 1) / FR_PANEL * FR_PANEL;
    *depth = k - start < block ? k - start : block;
    return (FR_T *)packed + start * width + (p - start) * FR_PANEL;
}

/* Pack rows first..last of B (k, n), its row p at b + p * stride. */
FR_UNUSED static void FR_NAME(fr_pack)(const void *matrix, ptrdiff_t stride, ptrdiff_t k,
                                       ptrdiff_t n, ptrdiff_t block, ptrdiff_t first,
                                       ptrdiff_t last, void *packed)
{
    ptrdiff_t depth = 0, end = first;
    FR_T *row = 0;
    for (ptrdiff_t p = first; p < last; p++, row += FR_PANEL) {
        const FR_T *from = (const FR_T *)matrix + p * stride;
        ptrdiff_t j = 0;
        if (p == end) { /* another block */
            row = FR_NAME(fr_packed_row)((FR_T *)packed, p, k, n, block, &depth);
            end = p / block * block + depth;
        }
        for (; j + FR_PANEL <= n; j += FR_PANEL)
            memcpy(row + j * depth, from + j, FR_PANEL * sizeof(FR_T));
        if (j < n) {
            memset(row + j * depth, 0, FR_PANEL * sizeof(FR_T));
            memcpy(row + j * depth, from + j, (n - j) * sizeof(FR_T));
        }
    }
}

/* B (k, n), row by row, out of its panels */
FR_UNUSED static void FR_NAME(fr_unpack)(const void *packed, ptrdiff_t k, ptrdiff_t n,
                                         ptrdiff_t block, void *matrix)
{
    FR_T *to = (FR_T *)matrix;
    for (ptrdiff_t p = 0; p < k; p++, to += n) {
        ptrdiff_t depth;
        const FR_T *row = FR_NAME(fr_packed_row)((const FR_T *)packed, p, k, n, block, &depth);
        for (ptrdiff_t j = 0; j < n; j += FR_PANEL)
            memcpy(to + j, row + j * depth, (n - j < FR_PANEL ? n - j : FR_PANEL) * sizeof(FR_T));
    }
}

/* Take over the cache lines of columns left..right of rows first..last, of one block, which
 * will be written soon. Other cores have read them, and their caches let go of a line only for
 * a store: one here is waited for by nobody, where writing would be stores after stores that
 * wait. Prefetching for a write does nothing for a line that is in the own cache as well. */
FR_UNUSED static void FR_NAME(fr_own_packed)(ptrdiff_t k, ptrdiff_t n, ptrdiff_t block,
                                             ptrdiff_t first, ptrdiff_t last, ptrdiff_t left,
                                             ptrdiff_t right, void *packed)
{
    ptrdiff_t depth;
    FR_T *row = FR_NAME(fr_packed_row)((FR_T *)packed, first, k, n, block, &depth);
    for (ptrdiff_t p = first; p < last; p++, row += FR_PANEL)
        for (ptrdiff_t j = left; j < right; j += FR_PANEL) {
            volatile FR_T *line = row + j * depth;
            *line = *line;
        }
}

/* Rows top..bottom, of one block, and columns left..right of a packed W (n, k) go to W' (k, n),
 * which is packed as well. */
FR_FUNCTION void FR_NAME(fr_transpose_part)(const void *weights, ptrdiff_t n, ptrdiff_t k,
                                            ptrdiff_t block, ptrdiff_t top, ptrdiff_t bottom,
                                            ptrdiff_t left, ptrdiff_t right, void *transposed)
{
    for (ptrdiff_t j = left; j < right; j += FR_PANEL) {
        const ptrdiff_t columns = k - j < FR_PANEL ? k - j : FR_PANEL;
        ptrdiff_t depth, to_depth;
        const FR_T *from = FR_NAME(fr_packed_row)((const FR_T *)weights, top, n, k, block, &depth)
            + j * depth;
        FR_T *panels = FR_NAME(fr_packed_row)((FR_T *)transposed, j, k, n, FR_DEPTH, &to_depth);
        for (ptrdiff_t p = top; p < bottom; p += FR_PANEL, from += FR_PANEL * FR_PANEL) {
            FR_T *to = panels + p * to_depth;
            const ptrdiff_t rows = bottom - p < FR_PANEL ? bottom - p : FR_PANEL;
            if (rows == FR_PANEL && columns == FR_PANEL)
                for (int c = 0; c < FR_PANEL; c++)
                    for (int r = 0; r < FR_PANEL; r++)
                        to[c * FR_PANEL + r] = from[r * FR_PANEL + c];
            else
                for (ptrdiff_t c = 0; c < columns; c++)
                    for (ptrdiff_t r = 0; r < rows; r++)
                        to[c * FR_PANEL + r] = from[r * FR_PANEL + c];
        }
    }
}

/* out_j = sum_p b_pj of columns left..right of a B (k, n) packed by FR_DEPTH, or added to it */
FR_FUNCTION void FR_NAME(fr_column_sums)(const void *packed, ptrdiff_t k, ptrdiff_t n,
                                         ptrdiff_t left, ptrdiff_t right, int add, void *sums)
{
    FR_T *out = (FR_T *)sums;
    for (ptrdiff_t j = left; j < right; j += FR_PANEL) {
        FR_T total[FR_PANEL] = {0};
        for (ptrdiff_t start = 0; start < k; start += FR_DEPTH) {
            ptrdiff_t depth;
            const FR_T *b = FR_NAME(fr_packed_row)((const FR_T *)packed, start, k, n, FR_DEPTH,
                                                   &depth) + j * depth;
            for (ptrdiff_t p = 0; p < depth; p++)
                for (ptrdiff_t c = 0; c < FR_PANEL; c++) total[c] += b[p * FR_PANEL + c];
        }
        for (ptrdiff_t c = 0; c < FR_PANEL && j + c < right; c++)
            out[j + c] = total[c] + (add ? out[j + c] : 0);
    }
}
#endif
