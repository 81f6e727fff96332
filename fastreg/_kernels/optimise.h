/* The steps of optimisers on a range of parameters that lies in the cache. */
#ifndef FR_T
#ifndef FASTREG_OPTIMISE_H
#define FASTREG_OPTIMISE_H

#include <float.h>
#include <math.h>

#include "panels.h"

FR_INLINE float fr_root_f32(float x) { return sqrtf(x); }
FR_INLINE double fr_root_f64(double x) { return sqrt(x); }

/* What a step does beside its optimiser's formula. */
typedef struct {
    double rate, scale;        /* of the slopes: scale (g + alpha w) */
    double alpha, keep;        /* keep: share of the weights that does not decay */
    double threshold;          /* by which weights go towards zero, before the metric */
    double *sums;              /* sum w^2 and sum |w| before the step */
} fr_step;

#define FR_BODY "optimise.h"
#include "for_reals.h"

#define fr_add_penalty(single, ...) \
    ((single) ? fr_add_penalty_f32(__VA_ARGS__) : fr_add_penalty_f64(__VA_ARGS__))
#define fr_norm(single, ...) \
    ((single) ? fr_norm_f32(__VA_ARGS__) : fr_norm_f64(__VA_ARGS__))
#define fr_momentum_step(single, ...) \
    ((single) ? fr_momentum_step_f32(__VA_ARGS__) : fr_momentum_step_f64(__VA_ARGS__))
#define fr_adam_step(single, ...) \
    ((single) ? fr_adam_step_f32(__VA_ARGS__) : fr_adam_step_f64(__VA_ARGS__))
#define fr_rms_step(single, ...) \
    ((single) ? fr_rms_step_f32(__VA_ARGS__) : fr_rms_step_f64(__VA_ARGS__))
#define fr_limit_norms(single, ...) \
    ((single) ? fr_limit_norms_f32(__VA_ARGS__) : fr_limit_norms_f64(__VA_ARGS__))

#endif
#else

#define FR_RANGE void *parameters, void *gradients, ptrdiff_t start, ptrdiff_t stop
#define FR_RANGE_HERE                                                            \
    FR_T *w = (FR_T *)parameters + start, *g = (FR_T *)gradients + start;        \
    const ptrdiff_t n = stop - start

/* g += alpha w; sums[0] = sum w^2, sums[1] = sum |w| */
FR_FUNCTION void FR_NAME(fr_add_penalty)(FR_RANGE, double alpha, double *sums)
{
    FR_RANGE_HERE;
    const FR_T a = (FR_T)alpha;
    FR_T squares = 0, sizes = 0;
#pragma omp simd reduction(+ : squares, sizes)
    for (ptrdiff_t i = 0; i < n; i++) {
        squares += w[i] * w[i];
        sizes += w[i] < 0 ? -w[i] : w[i];
        g[i] += a * w[i];
    }
    sums[0] = squares;
    sums[1] = sizes;
}

/* sqrt(sum (g + alpha w)^2), in double: the square of a float may be too large for one; that
 * of a double is formed of smaller ones where it is */
FR_FUNCTION double FR_NAME(fr_norm)(FR_RANGE, double alpha)
{
    FR_RANGE_HERE;
    const double unit = 0x1p-600;
    const FR_T a = (FR_T)alpha;
    double total = 0;
#pragma omp simd reduction(+ : total)
    for (ptrdiff_t i = 0; i < n; i++) {
        const double slope = g[i] + a * w[i];
        total += slope * slope;
    }
    if (total <= DBL_MAX) return sqrt(total);
    total = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double slope = (g[i] + a * w[i]) * unit;
        total += slope * slope;
    }
    return sqrt(total) / unit;
}

/* w towards zero by t, and no further */
FR_INLINE FR_T FR_NAME(fr_soft)(FR_T w, FR_T t)
{
    const FR_T up = w + t, down = w - t;
    return down > 0 ? down : up < 0 ? up : w != w ? w : 0;
}

/* Each step is one pass, but for L1 with momentum: the penalty's sums are formed of the weights
 * on their way, and its part of the slope; a clipped slope has squares that fit. */
#define FR_STEP_BEGINS                                                           \
    FR_RANGE_HERE;                                                               \
    const FR_T alpha = (FR_T)step->alpha, scale = (FR_T)step->scale;             \
    const FR_T keep = (FR_T)step->keep, rate = (FR_T)step->rate;                 \
    const FR_T t = (FR_T)step->threshold;                                        \
    FR_T squares = 0, sizes = 0
#define FR_STEP_FOR_ALL                                                          \
    _Pragma("omp simd reduction(+ : squares, sizes)")                            \
    for (ptrdiff_t i = 0; i < n; i++)
#define FR_STEP_SLOPE                                                            \
    const FR_T slope = scale * (g[i] + alpha * w[i]);                            \
    squares += w[i] * w[i];                                                      \
    sizes += w[i] < 0 ? -w[i] : w[i]
#define FR_STEP_ENDS                                                             \
    step->sums[0] = squares;                                                     \
    step->sums[1] = sizes

/* v = momentum v - rate g; w += v, or momentum v - rate g (Nesterov); then w towards zero
 * by `threshold`, which has gathered momentum in the same way */
FR_FUNCTION void FR_NAME(fr_momentum_step)(FR_RANGE, const fr_step *step, void *velocities,
                                           double momentum, int nesterov)
{
    FR_STEP_BEGINS;
    FR_T *v = (FR_T *)velocities + start;
    const FR_T m = (FR_T)momentum;
    if (nesterov) {
        FR_STEP_FOR_ALL {
            FR_STEP_SLOPE;
            v[i] = m * v[i] - rate * slope;
            w[i] = keep * w[i] + (m * v[i] - rate * slope);
        }
    } else {
        FR_STEP_FOR_ALL {
            FR_STEP_SLOPE;
            v[i] = m * v[i] - rate * slope;
            w[i] = keep * w[i] + v[i];
        }
    }
    if (t > 0) {
#pragma omp simd
        for (ptrdiff_t i = 0; i < n; i++) w[i] = FR_NAME(fr_soft)(w[i], t);
    }
    FR_STEP_ENDS;
}

/* m and v are running means of g and g^2; w -= rate m / (sqrt(v) + epsilon); then w
 * towards zero by threshold / (sqrt(v) + epsilon): the prox in the same metric */
FR_FUNCTION void FR_NAME(fr_adam_step)(FR_RANGE, const fr_step *step, void *means, void *squared,
                                       double beta_1, double beta_2, double epsilon)
{
    FR_STEP_BEGINS;
    FR_T *m = (FR_T *)means + start, *v = (FR_T *)squared + start;
    const FR_T a = (FR_T)beta_1, b = (FR_T)beta_2, eps = (FR_T)epsilon;
    const FR_T c = (FR_T)(1 - beta_1), d = (FR_T)(1 - beta_2);
    if (t > 0) {
        FR_STEP_FOR_ALL {
            FR_STEP_SLOPE;
            m[i] = a * m[i] + c * slope;
            v[i] = b * v[i] + d * (slope * slope);
            const FR_T size = 1 / (FR_NAME(fr_root)(v[i]) + eps);
            w[i] = FR_NAME(fr_soft)(keep * w[i] - size * (rate * m[i]), size * t);
        }
    } else {
        FR_STEP_FOR_ALL {
            FR_STEP_SLOPE;
            m[i] = a * m[i] + c * slope;
            v[i] = b * v[i] + d * (slope * slope);
            w[i] = keep * w[i] - rate * m[i] / (FR_NAME(fr_root)(v[i]) + eps);
        }
    }
    FR_STEP_ENDS;
}

/* v is a running mean of g^2; w -= rate g / (sqrt(v) + epsilon); prox as above */
FR_FUNCTION void FR_NAME(fr_rms_step)(FR_RANGE, const fr_step *step, void *squared, double rho,
                                      double epsilon)
{
    FR_STEP_BEGINS;
    FR_T *v = (FR_T *)squared + start;
    const FR_T b = (FR_T)rho, d = (FR_T)(1 - rho), eps = (FR_T)epsilon;
    FR_STEP_FOR_ALL {
        FR_STEP_SLOPE;
        v[i] = b * v[i] + d * (slope * slope);
        const FR_T size = 1 / (FR_NAME(fr_root)(v[i]) + eps);
        const FR_T to = keep * w[i] - size * (rate * slope);
        w[i] = t > 0 ? FR_NAME(fr_soft)(to, size * t) : to;
    }
    FR_STEP_ENDS;
}
#undef FR_STEP_BEGINS
#undef FR_STEP_FOR_ALL
#undef FR_STEP_SLOPE
#undef FR_STEP_ENDS

/* Columns first..last, whole panels, of W (rows, columns) in blocks of `block` rows with a
 * norm above `bound` are scaled to it. */
FR_FUNCTION void FR_NAME(fr_limit_norms)(void *weights, ptrdiff_t rows, ptrdiff_t columns,
                                         ptrdiff_t block, ptrdiff_t first, ptrdiff_t last,
                                         double bound)
{
    for (ptrdiff_t left = first; left < last; left += FR_PANEL) {
        double norm[FR_PANEL] = {0};
        ptrdiff_t depth;
        for (ptrdiff_t i = 0; i < rows; i++) {
            const FR_T *w = FR_NAME(fr_packed_row)((FR_T *)weights, i, rows, columns, block, &depth)
                + left * depth;
            for (int j = 0; j < FR_PANEL; j++) norm[j] += (double)w[j] * (double)w[j];
        }
        int any = 0;
        for (int j = 0; j < FR_PANEL; j++) {
            any |= norm[j] > bound * bound;
            norm[j] = norm[j] > bound * bound ? bound / sqrt(norm[j]) : 1;
        }
        for (ptrdiff_t i = 0; any && i < rows; i++) {
            FR_T *w = FR_NAME(fr_packed_row)((FR_T *)weights, i, rows, columns, block, &depth)
                + left * depth;
            for (int j = 0; j < FR_PANEL; j++) w[j] *= (FR_T)norm[j];
        }
    }
}

#undef FR_RANGE
#undef FR_RANGE_HERE
#endif
