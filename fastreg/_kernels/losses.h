/* Losses: the value over some rows, and the slope by what comes out of the last layer.
 *
 * Both are for `scale` times the weight of a row; samples[i] says which row of the
 * targets and weights belongs to row i. Values are sums in double.
 */
#ifndef FR_T
#ifndef FASTREG_LOSSES_H
#define FASTREG_LOSSES_H

#include <math.h>
#include <stddef.h>

#include "real_math.h"

/* what a loss may be told: a threshold, a level, a share of smoothing */
#define FR_LOSS_ARGUMENTS                                                                   \
    const void *outputs, ptrdiff_t stride, ptrdiff_t first, ptrdiff_t last, ptrdiff_t width, \
        const void *targets, const ptrdiff_t *samples, const double *weights, double scale, \
        double parameter, void *grads, ptrdiff_t grad_stride

#define FR_BODY "losses.h"
#include "for_reals.h"

typedef double (*fr_loss)(FR_LOSS_ARGUMENTS);
typedef struct {
    const char *name;
    fr_loss compare[2];
} fr_loss_kind;

#define FR_KIND(NAME) {#NAME, {fr_##NAME##_f64, fr_##NAME##_f32}}
FR_UNUSED static const fr_loss_kind fr_loss_kinds[] = {
    FR_KIND(softmax), FR_KIND(logistic_loss), FR_KIND(squared), FR_KIND(absolute),
    FR_KIND(huber),   FR_KIND(quantile),      FR_KIND(poisson),
};
#undef FR_KIND
enum { FR_LOSSES = sizeof fr_loss_kinds / sizeof fr_loss_kinds[0] };

#endif
#else

/* An elementwise loss: VALUE and SLOPE of z and the target y, with the parameter q. */
#define FR_LOSS(NAME, VALUE, SLOPE)                                                        \
    FR_FUNCTION double FR_NAME(fr_##NAME)(FR_LOSS_ARGUMENTS)                               \
    {                                                                                      \
        const FR_T q = (FR_T)parameter;                                                    \
        double total = 0;                                                                  \
        (void)q;                                                                           \
        for (ptrdiff_t i = first; i < last; i++) {                                         \
            const FR_T *zs = (const FR_T *)outputs + i * stride;                           \
            const FR_T *ys = (const FR_T *)targets + samples[i] * width;                   \
            FR_T *g = (FR_T *)grads + i * grad_stride;                                     \
            const double weight = scale * (weights ? weights[samples[i]] : 1);             \
            double sum = 0;                                                                \
            for (ptrdiff_t j = 0; j < width; j++) {                                        \
                const FR_T z = zs[j], y = ys[j];                                           \
                sum += VALUE;                                                              \
                g[j] = (FR_T)weight * (SLOPE);                                             \
            }                                                                              \
            total += weight == 0 ? 0 : weight * sum;                                       \
        }                                                                                  \
        return total;                                                                      \
    }

#define FR_ABS(x) ((x) < 0 ? -(x) : (x))
/* log(1 + exp(z)) - y z, and y smoothed towards 1/2 */
#define FR_SMOOTH (y * (1 - q) + q / 2)

FR_LOSS(squared, (double)(z - y) * (z - y) / 2, z - y)
FR_LOSS(absolute, FR_ABS((double)z - y), z > y ? 1 : z < y ? -1 : z - y)
FR_LOSS(huber,
        FR_ABS((double)z - y) > q ? q * (FR_ABS((double)z - y) - q / 2)
                                  : ((double)z - y) * ((double)z - y) / 2,
        z - y > q ? q : z - y < -q ? -q : z - y)
FR_LOSS(quantile, z > y ? (1 - q) * ((double)z - y) : q * ((double)y - z),
        z > y ? 1 - q : z < y ? -q : z - y)
/* z is the logarithm of the mean; half the deviance: y log(y / exp(z)) - y + exp(z) */
FR_LOSS(poisson, (y > 0 ? y * (log((double)y) - z) : 0) - y + exp((double)z),
        FR_NAME(fr_exp)(z) - y)
FR_LOSS(logistic_loss,
        (z > 0 ? z + log1p(exp(-(double)z)) : log1p(exp((double)z))) - (double)FR_SMOOTH * z,
        FR_NAME(fr_logistic)(z) - FR_SMOOTH)

#undef FR_LOSS
#undef FR_ABS
#undef FR_SMOOTH

/* log(sum_j exp(z_j)) - sum_j t_j z_j; targets are classes, t smoothed towards 1 / width */
FR_FUNCTION double FR_NAME(fr_softmax)(FR_LOSS_ARGUMENTS)
{
    const FR_T other = (FR_T)(parameter / width), own = (FR_T)(1 - parameter);
    const ptrdiff_t line = 2 * FR_LANES, whole = (width + line - 1) / line * line;
    /* whole vectors where there is room for them */
    const ptrdiff_t end = whole <= stride && whole <= grad_stride ? whole : width;
    double total = 0;
    for (ptrdiff_t i = first; i < last; i++) {
        const FR_T *z = (const FR_T *)outputs + i * stride;
        const ptrdiff_t label = ((const ptrdiff_t *)targets)[samples[i]];
        FR_T *g = (FR_T *)grads + i * grad_stride;
        const double weight = scale * (weights ? weights[samples[i]] : 1);
        FR_T top = z[0], sum = 0, mean = 0;
        for (ptrdiff_t j = 1; j < width; j++) top = z[j] > top ? z[j] : top;
#pragma omp simd
        for (ptrdiff_t j = 0; j < end; j++) g[j] = FR_NAME(fr_exp)(z[j] - top);
        for (ptrdiff_t j = 0; j < width; j++) {
            sum += g[j];
            mean += z[j] - top;
        }
        const FR_T inverse = (FR_T)weight / sum, shift = (FR_T)weight * other;
#pragma omp simd
        for (ptrdiff_t j = 0; j < end; j++) g[j] = g[j] * inverse - shift;
        g[label] -= (FR_T)weight * own;
        if (weight != 0)
            total += weight * (log((double)sum) - (double)own * (z[label] - top) -
                               (double)other * mean);
    }
    return total;
}
#endif
