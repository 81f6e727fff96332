/* C = A B for the small and middling matrices of a network, in float or double.
 *
 * B is packed first: into panels of FR_PANEL columns, k by k, zeros beyond its last
 * column. A is read where it lies, through two strides, so its transpose costs
 * nothing. An element of C is a sum over k in one fixed order, whatever rows of C a
 * call computes: threads share a product by rows, and no bit depends on how.
 * Six rows by two vectors of sums stay in registers. On matrices of 32 x 8 to
 * 784 x 512 this is as fast as OpenBLAS or faster: it has no overhead to speak of.
 */
#ifndef FR_T
#ifndef FASTREG_GEMM_H
#define FASTREG_GEMM_H

#include <stddef.h>
#include <string.h>

#include "clones.h"

#if defined(__GNUC__)
typedef float fr_vector_f32 __attribute__((vector_size(32), aligned(4), may_alias));
typedef double fr_vector_f64 __attribute__((vector_size(32), aligned(8), may_alias));
#endif

enum {
    FR_ROWS = 6,      /* of C in registers */
    FR_DEPTH = 256,   /* of k in one go: a panel of it fits in the L1 cache */
    FR_FAR = 48,      /* of k: more pages than a first-level TLB holds, with A transposed */
    FR_SPAN = 256     /* columns of B in one go: these panels fit in the L2 cache */
};

#define FR_BODY "gemm.h"
#include "for_reals.h"

/* Columns of a panel, and those that a packed matrix of n columns takes. */
FR_UNUSED static ptrdiff_t fr_panel(int single) { return single ? 16 : 8; }
FR_UNUSED static ptrdiff_t fr_padded(int single, ptrdiff_t n)
{
    return (n + fr_panel(single) - 1) / fr_panel(single) * fr_panel(single);
}
#define fr_pack(single, ...) ((single) ? fr_pack_f32(__VA_ARGS__) : fr_pack_f64(__VA_ARGS__))
#define fr_own_packed(single, ...) \
    ((single) ? fr_own_packed_f32(__VA_ARGS__) : fr_own_packed_f64(__VA_ARGS__))
#define fr_pack_transposed(single, ...) \
    ((single) ? fr_pack_transposed_f32(__VA_ARGS__) : fr_pack_transposed_f64(__VA_ARGS__))
#define fr_gemm(single, ...) ((single) ? fr_gemm_f32(__VA_ARGS__) : fr_gemm_f64(__VA_ARGS__))
#define fr_column_sums(single, ...) \
    ((single) ? fr_column_sums_f32(__VA_ARGS__) : fr_column_sums_f64(__VA_ARGS__))

#endif
#else

#define FR_PANEL (2 * FR_LANES)

/* Where row p of a packed k x n matrix has its first panel; the panel of column j
 * is j * depth further. */
FR_INLINE FR_T *FR_NAME(fr_packed_row)(FR_T *packed, ptrdiff_t p, ptrdiff_t k, ptrdiff_t n,
                                       ptrdiff_t *depth)
{
    const ptrdiff_t start = p / FR_DEPTH * FR_DEPTH;
    const ptrdiff_t width = (n + FR_PANEL - 1) / FR_PANEL * FR_PANEL;
    *depth = k - start < FR_DEPTH ? k - start : FR_DEPTH;
    return packed + start * width + (p - start) * FR_PANEL;
}

/* Pack rows first..last of B (k, n), its row p at b + p * stride. */
FR_UNUSED static void FR_NAME(fr_pack)(const FR_T *b, ptrdiff_t stride, ptrdiff_t k, ptrdiff_t n,
                                       ptrdiff_t first, ptrdiff_t last, FR_T *packed)
{
    for (ptrdiff_t p = first; p < last; p++) {
        ptrdiff_t depth, j = 0;
        FR_T *row = FR_NAME(fr_packed_row)(packed, p, k, n, &depth);
        const FR_T *from = b + p * stride;
        for (; j + FR_PANEL <= n; j += FR_PANEL)
            memcpy(row + j * depth, from + j, FR_PANEL * sizeof(FR_T));
        if (j < n) {
            memset(row + j * depth, 0, FR_PANEL * sizeof(FR_T));
            memcpy(row + j * depth, from + j, (n - j) * sizeof(FR_T));
        }
    }
}

/* Take over the cache lines of rows first..last, which will be packed soon. Other cores have
 * read them, and their caches let go of a line only for a store: one here is waited for by
 * nobody, where packing would be stores after stores that wait. Prefetching for a write does
 * nothing for a line that is in the own cache as well. */
FR_UNUSED static void FR_NAME(fr_own_packed)(ptrdiff_t k, ptrdiff_t n, ptrdiff_t first,
                                             ptrdiff_t last, FR_T *packed)
{
    for (ptrdiff_t p = first; p < last; p++) {
        ptrdiff_t depth;
        FR_T *row = FR_NAME(fr_packed_row)(packed, p, k, n, &depth);
        for (ptrdiff_t j = 0; j < n; j += FR_PANEL) {
            volatile FR_T *line = row + j * depth;
            *line = *line;
        }
    }
}

/* Pack columns first..last of B = W' (k, n), W (n, k) with row j at w + j * stride. */
FR_UNUSED static void FR_NAME(fr_pack_transposed)(const FR_T *w, ptrdiff_t stride, ptrdiff_t k,
                                                  ptrdiff_t n, ptrdiff_t first, ptrdiff_t last,
                                                  FR_T *packed)
{
    for (ptrdiff_t start = 0; start < k; start += FR_DEPTH) {
        ptrdiff_t depth;
        FR_T *block = FR_NAME(fr_packed_row)(packed, start, k, n, &depth);
        for (ptrdiff_t j = first; j < last;) {
            const ptrdiff_t lane = j % FR_PANEL, panel = j - lane;
            const ptrdiff_t left = last - j, room = FR_PANEL - lane;
            const ptrdiff_t count = left < room ? left : room;
            const FR_T *from = w + j * stride + start;
            FR_T *to = block + panel * depth + lane;
            if (count == FR_PANEL)
                for (ptrdiff_t p = 0; p < depth; p++)
                    for (ptrdiff_t c = 0; c < FR_PANEL; c++)
                        to[p * FR_PANEL + c] = from[c * stride + p];
            else
                for (ptrdiff_t p = 0; p < depth; p++)
                    for (ptrdiff_t c = 0; c < count; c++)
                        to[p * FR_PANEL + c] = from[c * stride + p];
            j += count;
        }
    }
}

/* sums[i] = sum_p a_ip b_p for `rows` rows of A and one panel of B */
#if defined(__GNUC__)
FR_INLINE void FR_NAME(fr_tile)(const int rows, ptrdiff_t depth, const FR_T *a, ptrdiff_t row_stride,
                                ptrdiff_t k_stride, const FR_T *b, FR_T *sums)
{
    FR_VECTOR s[FR_ROWS][2];
    for (int i = 0; i < rows; i++) s[i][0] = s[i][1] = (FR_VECTOR){0};
    for (ptrdiff_t p = 0; p < depth; p++) {
        const FR_VECTOR b0 = *(const FR_VECTOR *)b, b1 = *(const FR_VECTOR *)(b + FR_LANES);
#pragma GCC unroll 6
        for (int i = 0; i < rows; i++) {
            const FR_T x = a[i * row_stride];
            s[i][0] += x * b0;
            s[i][1] += x * b1;
        }
        a += k_stride;
        b += FR_PANEL;
    }
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++) {
        *(FR_VECTOR *)(sums + i * FR_PANEL) = s[i][0];
        *(FR_VECTOR *)(sums + i * FR_PANEL + FR_LANES) = s[i][1];
    }
}
#else
FR_INLINE void FR_NAME(fr_tile)(const int rows, ptrdiff_t depth, const FR_T *a, ptrdiff_t row_stride,
                                ptrdiff_t k_stride, const FR_T *b, FR_T *sums)
{
    for (int i = 0; i < rows * FR_PANEL; i++) sums[i] = 0;
    for (ptrdiff_t p = 0; p < depth; p++, a += k_stride, b += FR_PANEL)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < FR_PANEL; j++) sums[i * FR_PANEL + j] += a[i * row_stride] * b[j];
}
#endif

/* c = sums + bias, or c += sums */
FR_INLINE void FR_NAME(fr_store)(const int rows, ptrdiff_t columns, const FR_T *sums,
                                 const FR_T *bias, int add, FR_T *c, ptrdiff_t stride)
{
    for (int i = 0; i < rows; i++, c += stride, sums += FR_PANEL) {
        if (add)
            for (ptrdiff_t j = 0; j < columns; j++) c[j] += sums[j];
        else if (bias)
            for (ptrdiff_t j = 0; j < columns; j++) c[j] = sums[j] + bias[j];
        else
            for (ptrdiff_t j = 0; j < columns; j++) c[j] = sums[j];
    }
}

#define FR_TILE_OF(N)                                                                  \
    case N:                                                                            \
        FR_NAME(fr_tile)(N, depth, from, row_stride, step, panel, sums);               \
        if (columns == FR_PANEL)                                                       \
            FR_NAME(fr_store)(N, FR_PANEL, sums, shift, more, to, c_stride);           \
        else                                                                           \
            FR_NAME(fr_store)(N, columns, sums, shift, more, to, c_stride);            \
        break;

/* C (m, n) = A (m, k) B + bias, or C += A B where `add`; a_ip is a[i row_stride + p k_stride] */
FR_PRODUCT void FR_NAME(fr_gemm)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const FR_T *a,
                                 ptrdiff_t row_stride, ptrdiff_t k_stride, const FR_T *packed,
                                 const FR_T *bias, int add, FR_T *c, ptrdiff_t c_stride)
{
    FR_T sums[FR_ROWS * FR_PANEL], near[FR_ROWS * FR_DEPTH];
    for (ptrdiff_t start = 0; start < k; start += FR_DEPTH) {
        ptrdiff_t depth;
        const FR_T *b = FR_NAME(fr_packed_row)((FR_T *)packed, start, k, n, &depth);
        const int more = add || start > 0;
        /* rows of a transposed A lie across many pages: fetched once for all panels */
        const int fetches = row_stride == 1 && depth > FR_FAR && n > 2 * FR_PANEL;
        for (ptrdiff_t left = 0; left < n; left += FR_SPAN) {
            const ptrdiff_t right = n - left < FR_SPAN ? n : left + FR_SPAN;
            for (ptrdiff_t i = 0; i < m; i += FR_ROWS) {
                const FR_T *from = a + i * row_stride + start * k_stride;
                ptrdiff_t step = k_stride;
                if (fetches && m - i >= FR_ROWS) {
                    for (ptrdiff_t p = 0; p < depth; p++)
                        memcpy(near + p * FR_ROWS, from + p * k_stride, FR_ROWS * sizeof(FR_T));
                    from = near;
                    step = FR_ROWS;
                }
                for (ptrdiff_t j = left; j < right; j += FR_PANEL) {
                    const ptrdiff_t columns = n - j < FR_PANEL ? n - j : FR_PANEL;
                    const FR_T *panel = b + j * depth, *shift = bias ? bias + j : 0;
                    FR_T *to = c + i * c_stride + j;
                    switch (m - i < FR_ROWS ? m - i : FR_ROWS) {
                        FR_TILE_OF(6)
                        FR_TILE_OF(5)
                        FR_TILE_OF(4)
                        FR_TILE_OF(3)
                        FR_TILE_OF(2)
                        FR_TILE_OF(1)
                    }
                }
            }
        }
    }
}
#undef FR_TILE_OF

/* out_j = sum_p b_pj of a packed B (k, n), or added to it */
FR_FUNCTION void FR_NAME(fr_column_sums)(const FR_T *packed, ptrdiff_t k, ptrdiff_t n, int add,
                                         FR_T *out)
{
    for (ptrdiff_t j = 0; j < n; j += FR_PANEL) {
        FR_T sums[FR_PANEL] = {0};
        for (ptrdiff_t start = 0; start < k; start += FR_DEPTH) {
            ptrdiff_t depth;
            const FR_T *b = FR_NAME(fr_packed_row)((FR_T *)packed, start, k, n, &depth) + j * depth;
            for (ptrdiff_t p = 0; p < depth; p++)
                for (ptrdiff_t c = 0; c < FR_PANEL; c++) sums[c] += b[p * FR_PANEL + c];
        }
        for (ptrdiff_t c = 0; c < FR_PANEL && j + c < n; c++)
            out[j + c] = sums[c] + (add ? out[j + c] : 0);
    }
}
#undef FR_PANEL
#endif
