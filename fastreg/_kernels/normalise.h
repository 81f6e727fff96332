/* Batch normalisation: columns of a batch to mean 0 and variance 1, then scaled and
 * shifted. Ioffe, Szegedy: Batch normalization, 2015.
 *
 * Statistics are formed for fixed blocks of rows and merged in their order, so they
 * don't depend on who computes which block.
 */
#ifndef FR_T
#ifndef FASTREG_NORMALISE_H
#define FASTREG_NORMALISE_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "clones.h"

#define FR_LINE (2 * FR_LANES)  /* numbers of a cache line */
#define FR_STRIP (2 * FR_LINE)

#define FR_BODY "normalise.h"
#include "for_reals.h"

#define fr_block_moments(single, ...) \
    ((single) ? fr_block_moments_f32(__VA_ARGS__) : fr_block_moments_f64(__VA_ARGS__))
#define fr_merge_moments(single, ...) \
    ((single) ? fr_merge_moments_f32(__VA_ARGS__) : fr_merge_moments_f64(__VA_ARGS__))
#define fr_invert_deviations(single, ...) \
    ((single) ? fr_invert_deviations_f32(__VA_ARGS__) : fr_invert_deviations_f64(__VA_ARGS__))
#define fr_follow_moments(single, ...) \
    ((single) ? fr_follow_moments_f32(__VA_ARGS__) : fr_follow_moments_f64(__VA_ARGS__))
#define fr_normalise(single, ...) \
    ((single) ? fr_normalise_f32(__VA_ARGS__) : fr_normalise_f64(__VA_ARGS__))
#define fr_block_slopes(single, ...) \
    ((single) ? fr_block_slopes_f32(__VA_ARGS__) : fr_block_slopes_f64(__VA_ARGS__))
#define fr_merge_slopes(single, ...) \
    ((single) ? fr_merge_slopes_f32(__VA_ARGS__) : fr_merge_slopes_f64(__VA_ARGS__))
#define fr_scale_slopes(single, ...) \
    ((single) ? fr_scale_slopes_f32(__VA_ARGS__) : fr_scale_slopes_f64(__VA_ARGS__))
#define fr_normalise_backward(single, ...) \
    ((single) ? fr_normalise_backward_f32(__VA_ARGS__) : fr_normalise_backward_f64(__VA_ARGS__))

#endif
#else

/* The first `columns` columns, few and known to the compiler: sums stay in registers. */
FR_INLINE void FR_NAME(fr_strip_moments)(const int columns, const FR_T *z, ptrdiff_t stride,
                                         ptrdiff_t rows, FR_T *means, FR_T *squares)
{
    FR_T mean[FR_STRIP] = {0}, square[FR_STRIP] = {0};
    const FR_T share = (FR_T)1 / rows;
    for (ptrdiff_t i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) mean[j] += z[i * stride + j];
    for (int j = 0; j < columns; j++) mean[j] *= share;
    for (ptrdiff_t i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            const FR_T d = z[i * stride + j] - mean[j];
            square[j] += d * d;
        }
    memcpy(means, mean, columns * sizeof(FR_T));
    memcpy(squares, square, columns * sizeof(FR_T));
}

/* moments[0:width] = column means of rows first..last, moments[width:] = sums of squares
 * about them; width in whole lines, here and below */
FR_FUNCTION void FR_NAME(fr_block_moments)(const void *input, ptrdiff_t stride, ptrdiff_t first,
                                           ptrdiff_t last, ptrdiff_t width, void *moments)
{
    const FR_T *z = (const FR_T *)input + first * stride;
    FR_T *mean = (FR_T *)moments, *square = mean + width;
    ptrdiff_t j = 0;
    for (; j + FR_STRIP <= width; j += FR_STRIP)
        FR_NAME(fr_strip_moments)(FR_STRIP, z + j, stride, last - first, mean + j, square + j);
    for (; j < width; j += FR_LINE)
        FR_NAME(fr_strip_moments)(FR_LINE, z + j, stride, last - first, mean + j, square + j);
}

/* The moments of all rows from those of n_blocks blocks (Chan, Golub, LeVeque 1979):
 * out[0:width] = means, out[width:] = sums of squares about them */
FR_FUNCTION void FR_NAME(fr_merge_moments)(const void *blocks, ptrdiff_t n_blocks, ptrdiff_t rows,
                                           ptrdiff_t width, void *out)
{
    FR_T *mean = (FR_T *)out, *square = mean + width;
    const FR_T *first = (const FR_T *)blocks;
    for (ptrdiff_t j = 0; j < 2 * width; j++) mean[j] = first[j];
    ptrdiff_t before = rows / n_blocks;
    for (ptrdiff_t b = 1; b < n_blocks; b++) {
        const FR_T *m = first + 2 * width * b, *s = m + width;
        const ptrdiff_t after = (b + 1) * rows / n_blocks;
        const FR_T share = (FR_T)(after - before) / after, size = share * (FR_T)before;
#pragma omp simd
        for (ptrdiff_t j = 0; j < width; j++) {
            const FR_T d = m[j] - mean[j];
            mean[j] += share * d;
            square[j] += s[j] + size * d * d;
        }
        before = after;
    }
}

/* sums of squares to 1 / sqrt(variance + epsilon) */
FR_FUNCTION void FR_NAME(fr_invert_deviations)(void *squares, ptrdiff_t rows, ptrdiff_t width,
                                               double epsilon)
{
    FR_T *square = (FR_T *)squares;
    const double share = 1.0 / rows;
    /* in double: an epsilon too small for float32 still keeps constant columns from 0 / 0 */
#pragma omp simd
    for (ptrdiff_t j = 0; j < width; j++)
        square[j] = (FR_T)(1 / sqrt((double)square[j] * share + epsilon));
}

/* Running means and variances move by `share` towards those of a batch; the variance is the
 * unbiased one. */
FR_FUNCTION void FR_NAME(fr_follow_moments)(const void *means, const void *squares, ptrdiff_t rows,
                                            ptrdiff_t width, double share, double *running_means,
                                            double *running_variances)
{
    const FR_T *mean = (const FR_T *)means, *square = (const FR_T *)squares;
    const double factor = 1.0 / (rows > 1 ? rows - 1 : 1);
#pragma omp simd
    for (ptrdiff_t j = 0; j < width; j++) {
        running_means[j] += share * ((double)mean[j] - running_means[j]);
        running_variances[j] += share * ((double)square[j] * factor - running_variances[j]);
    }
}

/* z = (z - mean) inverse, in place; out = scale z + shift */
FR_FUNCTION void FR_NAME(fr_normalise)(void *input, ptrdiff_t in_stride, void *output,
                                       ptrdiff_t out_stride, ptrdiff_t first, ptrdiff_t last,
                                       ptrdiff_t width, const void *means, const void *inverses,
                                       const void *scales, const void *shifts)
{
    const FR_T *mean = (const FR_T *)means, *inverse = (const FR_T *)inverses;
    const FR_T *scale = (const FR_T *)scales, *shift = (const FR_T *)shifts;
    for (ptrdiff_t i = first; i < last; i++) {
        FR_T *z = (FR_T *)input + i * in_stride, *out = (FR_T *)output + i * out_stride;
#pragma omp simd
        for (ptrdiff_t j = 0; j < width; j++) {
            const FR_T x = (z[j] - mean[j]) * inverse[j];
            z[j] = x;
            out[j] = scale[j] * x + shift[j];
        }
    }
}

FR_INLINE void FR_NAME(fr_strip_slopes)(const int columns, const FR_T *g, ptrdiff_t grad_stride,
                                        const FR_T *x, ptrdiff_t stride, ptrdiff_t rows,
                                        FR_T *plains, FR_T *moments)
{
    FR_T plain[FR_STRIP] = {0}, moment[FR_STRIP] = {0};
    for (ptrdiff_t i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            plain[j] += g[i * grad_stride + j];
            moment[j] += g[i * grad_stride + j] * x[i * stride + j];
        }
    memcpy(plains, plain, columns * sizeof(FR_T));
    memcpy(moments, moment, columns * sizeof(FR_T));
}

/* sums[0:width] = sum_i g_ij, sums[width:] = sum_i g_ij x_ij over rows first..last */
FR_FUNCTION void FR_NAME(fr_block_slopes)(const void *gradient, ptrdiff_t grad_stride,
                                          const void *normal, ptrdiff_t stride, ptrdiff_t first,
                                          ptrdiff_t last, ptrdiff_t width, void *sums)
{
    const FR_T *g = (const FR_T *)gradient + first * grad_stride;
    const FR_T *x = (const FR_T *)normal + first * stride;
    FR_T *plain = (FR_T *)sums, *moment = plain + width;
    ptrdiff_t j = 0;
    for (; j + FR_STRIP <= width; j += FR_STRIP)
        FR_NAME(fr_strip_slopes)(FR_STRIP, g + j, grad_stride, x + j, stride, last - first,
                                 plain + j, moment + j);
    for (; j < width; j += FR_LINE)
        FR_NAME(fr_strip_slopes)(FR_LINE, g + j, grad_stride, x + j, stride, last - first,
                                 plain + j, moment + j);
}

FR_FUNCTION void FR_NAME(fr_merge_slopes)(const void *blocks, ptrdiff_t n_blocks, ptrdiff_t width,
                                          void *out)
{
    FR_T *sums = (FR_T *)out;
    const FR_T *block = (const FR_T *)blocks;
    for (ptrdiff_t j = 0; j < 2 * width; j++) sums[j] = block[j];
    for (ptrdiff_t b = 1; b < n_blocks; b++) {
        block += 2 * width;
#pragma omp simd
        for (ptrdiff_t j = 0; j < 2 * width; j++) sums[j] += block[j];
    }
}

/* out = the slopes of `width` scales, then of as many shifts, or added to it, from sums as
 * above over `span` columns */
FR_FUNCTION void FR_NAME(fr_scale_slopes)(const void *sums, ptrdiff_t span, ptrdiff_t width,
                                          int add, void *out)
{
    const FR_T *shift = (const FR_T *)sums, *scale = shift + span;
    FR_T *scales = (FR_T *)out, *shifts = scales + width;
#pragma omp simd
    for (ptrdiff_t j = 0; j < width; j++) scales[j] = scale[j] + (add ? scales[j] : 0);
#pragma omp simd
    for (ptrdiff_t j = 0; j < width; j++) shifts[j] = shift[j] + (add ? shifts[j] : 0);
}

/* g = scale inverse (g - mean of g - x mean of g x), with sums as above over `rows` */
FR_FUNCTION void FR_NAME(fr_normalise_backward)(void *gradient, ptrdiff_t grad_stride,
                                                const void *normal, ptrdiff_t stride,
                                                ptrdiff_t first, ptrdiff_t last, ptrdiff_t width,
                                                ptrdiff_t rows, const void *inverses,
                                                const void *scales, const void *sums)
{
    const FR_T *inverse = (const FR_T *)inverses, *scale = (const FR_T *)scales;
    const FR_T *plain = (const FR_T *)sums, *moment = plain + width;
    const FR_T share = (FR_T)1 / rows;
    for (ptrdiff_t i = first; i < last; i++) {
        FR_T *g = (FR_T *)gradient + i * grad_stride;
        const FR_T *x = (const FR_T *)normal + i * stride;
#pragma omp simd
        for (ptrdiff_t j = 0; j < width; j++)
            g[j] = scale[j] * inverse[j] *
                   (g[j] - share * plain[j] - share * moment[j] * x[j]);
    }
}
#endif
