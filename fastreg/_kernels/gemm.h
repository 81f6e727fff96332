/* C = A B for the small and middling matrices of a network, in float or double.
 *
 * B is packed first: into panels of FR_PANEL columns, k by k, zeros beyond its last
 * column. A is read where it lies, through two strides, so its transpose costs
 * nothing. An element of C is a sum over k in one fixed order, whatever rows of C a
 * call computes: threads share a product by rows, and no bit depends on how.
 * Six rows by two vectors of sums stay in registers, twelve by one where vectors are as
 * wide as a panel: half the instructions, which counts where a core is shared. On matrices
 * of 32 x 8 to 784 x 512 this is as fast as OpenBLAS or faster: it has no overhead to
 * speak of.
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
typedef float fr_wide_vector_f32 __attribute__((vector_size(64), aligned(4), may_alias));
typedef double fr_wide_vector_f64 __attribute__((vector_size(64), aligned(8), may_alias));
#endif

enum {
    FR_DEPTH = 128,   /* of k in one go: a panel of it is half of an L1 cache at most */
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
#ifdef FR_WIDE
#define FR_WIDEST(name, real) (FR_HAS_WIDE ? name##_wide_##real : name##_narrow_##real)
#else
#define FR_WIDEST(name, real) name##_narrow_##real
#endif
#define fr_gemm(single, ...) \
    ((single) ? FR_WIDEST(fr_gemm, f32)(__VA_ARGS__) : FR_WIDEST(fr_gemm, f64)(__VA_ARGS__))
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

/* C (m, n) = A (m, k) B + bias, or C += A B where `add`; a_ip is a[i row_stride + p k_stride] */
#define FR_AT_WIDTH(name) FR_NAME(name##_narrow)
#define FR_TILE_VECTOR FR_NAME(fr_vector)
#define FR_TILE_VECTORS 2
#define FR_TILE_ROWS 6
#define FR_TILE_TARGET FR_UNUSED FR_CLONES_FMA
#include "gemm_loops.h"
#undef FR_AT_WIDTH
#undef FR_TILE_VECTOR
#undef FR_TILE_VECTORS
#undef FR_TILE_ROWS
#undef FR_TILE_TARGET

#ifdef FR_WIDE
#define FR_AT_WIDTH(name) FR_NAME(name##_wide)
#define FR_TILE_VECTOR FR_NAME(fr_wide_vector)
#define FR_TILE_VECTORS 1
#define FR_TILE_ROWS 12
#define FR_TILE_TARGET FR_UNUSED FR_WIDE
#include "gemm_loops.h"
#undef FR_AT_WIDTH
#undef FR_TILE_VECTOR
#undef FR_TILE_VECTORS
#undef FR_TILE_ROWS
#undef FR_TILE_TARGET
#endif

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
