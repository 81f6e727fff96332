/* C = A B for the small and middling matrices of a network, in float or double.
 *
 * B lies in panels (panels.h), and C may. A is read where it lies, through two strides, so
 * its transpose costs nothing, and chosen rows of a larger matrix very little. An element
 * of C is a sum over k in one fixed order, whatever rows and columns of C a call computes:
 * threads share a product, and no bit depends on how. Six rows by two vectors of sums stay
 * in registers; where vectors are as wide as a panel, and there are twice as many registers,
 * twelve rows by two panels: a number of A that is loaded serves both, so that the loads keep
 * up with the multipliers, which are busy nine times out of ten. On matrices of 32 x 8 to
 * 784 x 512 this is as fast as OpenBLAS or faster: it has no overhead to speak of.
 */
#ifndef FR_T
#ifndef FASTREG_GEMM_H
#define FASTREG_GEMM_H

#include "panels.h"

#if defined(__GNUC__)
typedef float fr_vector_f32 __attribute__((vector_size(32), aligned(4), may_alias));
typedef double fr_vector_f64 __attribute__((vector_size(32), aligned(8), may_alias));
typedef float fr_wide_vector_f32 __attribute__((vector_size(64), aligned(4), may_alias));
typedef double fr_wide_vector_f64 __attribute__((vector_size(64), aligned(8), may_alias));
#endif

enum {
    FR_FAR = 48,      /* of k: more pages than a first-level TLB holds, with A transposed */
    FR_SPAN = 256     /* columns of B in one go: these panels fit in the L2 cache */
};

/* Rows of the next tile where `left` are left. The last two tiles are about equal where the
 * last one would have too few rows to keep the processor's multipliers busy. */
FR_UNUSED static int fr_tile_rows(int most, ptrdiff_t left)
{
    if (left <= most) return (int)left;
    return left < most + 2 * most / 3 ? (int)(left + 1) / 2 : most;
}

#define FR_BODY "gemm.h"
#include "for_reals.h"

#ifdef FR_WIDE
#define FR_WIDEST(name, real) (FR_HAS_WIDE ? name##_wide_##real : name##_narrow_##real)
#else
#define FR_WIDEST(name, real) name##_narrow_##real
#endif
/* Columns first..last, whole panels up to the last one, of C (m, n) = A (m, k) B + bias, or
 * C += A B where `add`. One of the strides of A is 1: A is a matrix or, where row_stride is,
 * the transpose of one, all of its rows or the `chosen` ones; where it is a transpose of
 * chosen rows, as many `next` ones are fetched meanwhile, a few lines at a time: more at once
 * would be waited for. B is packed in blocks of `block` rows, a multiple of FR_DEPTH. Row i of
 * C's panel of column j is at c + i c_row + j / FR_PANEL c_panel, where c_panel = FR_PANEL is C
 * row by row. All panels of C are whole: there is room behind its last column, where zeros are
 * written. */
#define fr_gemm(single, ...) \
    ((single) ? FR_WIDEST(fr_gemm, f32)(__VA_ARGS__) : FR_WIDEST(fr_gemm, f64)(__VA_ARGS__))

#endif
#else

#define FR_AT_WIDTH(name) FR_NAME(name##_narrow)
#define FR_TILE_VECTOR FR_NAME(fr_vector)
#define FR_TILE_VECTORS 2
#define FR_TILE_ROWS 6
#define FR_TILE_PANELS 1
#define FR_TILE_TARGET FR_UNUSED FR_CLONES_FMA
#include "gemm_loops.h"

#ifdef FR_WIDE
#define FR_AT_WIDTH(name) FR_NAME(name##_wide)
#define FR_TILE_VECTOR FR_NAME(fr_wide_vector)
#define FR_TILE_VECTORS 1
#define FR_TILE_ROWS 12
#define FR_TILE_PANELS 2
#define FR_TILE_TARGET FR_UNUSED FR_WIDE
#include "gemm_loops.h"
#endif
#endif
