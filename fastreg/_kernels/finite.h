/* Whether numbers are finite, as fast as they can be read. */
#ifndef FR_T
#ifndef FASTREG_FINITE_H
#define FASTREG_FINITE_H

#include <stddef.h>

#include "clones.h"

#define FR_BODY "finite.h"
#include "for_reals.h"

#define fr_all_finite(single, ...) \
    ((single) ? fr_all_finite_f32(__VA_ARGS__) : fr_all_finite_f64(__VA_ARGS__))

#endif
#else

/* 0 times a number is 0, unless that is infinite or NaN */
FR_FUNCTION int FR_NAME(fr_all_finite)(const void *numbers, ptrdiff_t first, ptrdiff_t last)
{
    const FR_T *x = (const FR_T *)numbers;
    FR_T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (ptrdiff_t i = first; i < last; i++) sum += x[i] * 0;
    return sum == 0;
}
#endif
