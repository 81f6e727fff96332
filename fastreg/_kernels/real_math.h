/* exp, expm1, tanh and the logistic function without a branch, so that loops over
 * them become SIMD: accurate to a few units in the last place.
 *
 * exp(x) = 2^n exp(r) with |r| <= log(2) / 2, exp(r) - 1 a Taylor polynomial.
 */
#ifndef FR_T
#ifndef FASTREG_REAL_MATH_H
#define FASTREG_REAL_MATH_H

#include <stdint.h>
#include <string.h>

#include "clones.h"

/* 2^n and expm1(r) of x; beyond the range of the type x is cut off */
FR_INLINE double fr_split_exp_f64(double x, double *scale)
{
    const double magic = 6755399441055744.0;   /* 1.5 * 2^52: adding it rounds */
    x = x < -708.0 ? -708.0 : x > 709.0 ? 709.0 : x;
    const double shifted = x * 1.4426950408889634 + magic, n = shifted - magic;
    const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(scale, &bits, sizeof bits);
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    return r + r * r * p;
}

FR_INLINE float fr_split_exp_f32(float x, float *scale)
{
    const float magic = 12582912.0f;   /* 1.5 * 2^23 */
    x = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
    const float shifted = x * 1.44269504f + magic, n = shifted - magic;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127) << 23;
    memcpy(scale, &bits, sizeof bits);
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    return r + r * r * p;
}

#define FR_BODY "real_math.h"
#include "for_reals.h"

#endif
#else

FR_INLINE FR_T FR_NAME(fr_exp)(FR_T x)
{
    FR_T scale;
    const FR_T p = FR_NAME(fr_split_exp)(x, &scale);
    return scale * p + scale;
}

FR_INLINE FR_T FR_NAME(fr_expm1)(FR_T x)
{
    FR_T scale;
    const FR_T p = FR_NAME(fr_split_exp)(x, &scale);
    return scale * p + (scale - 1);
}

/* saturates well within the range of exp */
FR_INLINE FR_T FR_NAME(fr_tanh)(FR_T x)
{
    const FR_T bound = x < -20 ? -20 : x > 20 ? 20 : x;
    const FR_T e = FR_NAME(fr_expm1)(2 * bound);
    return e / (e + 2);
}

FR_INLINE FR_T FR_NAME(fr_logistic)(FR_T x) { return 1 / (1 + FR_NAME(fr_exp)(-x)); }

#endif
