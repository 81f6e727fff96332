/* Activations: a = f(z) and f'(z), one line for each at the end of this file.
 *
 * A slope may use the output a alone (then a may overwrite z) or the input z too.
 * Comparisons are written so that a NaN stays one.
 */
#ifndef FR_T
#ifndef FASTREG_ACTIVATIONS_H
#define FASTREG_ACTIVATIONS_H

#include <stddef.h>

#include "real_math.h"

#define FR_BODY "activations.h"
#include "for_reals.h"

typedef void (*fr_activation)(const void *z, ptrdiff_t z_stride, void *a, ptrdiff_t a_stride,
                              ptrdiff_t first, ptrdiff_t last, ptrdiff_t width);
typedef void (*fr_activation_slope)(const void *z, ptrdiff_t z_stride, const void *a,
                                    ptrdiff_t a_stride, void *grad, ptrdiff_t grad_stride,
                                    ptrdiff_t first, ptrdiff_t last, ptrdiff_t width);
typedef struct {
    const char *name;
    int in_place;
    fr_activation forward[2];
    fr_activation_slope backward[2];
} fr_activation_kind;

#define FR_KIND(NAME, IN_PLACE)                                                     \
    {#NAME, IN_PLACE, {fr_##NAME##_forward_f64, fr_##NAME##_forward_f32},           \
     {fr_##NAME##_backward_f64, fr_##NAME##_backward_f32}}
FR_UNUSED static const fr_activation_kind fr_activation_kinds[] = {
    FR_KIND(identity, 1), FR_KIND(relu, 1),     FR_KIND(tanh, 1), FR_KIND(logistic, 1),
    FR_KIND(exp, 1),      FR_KIND(leaky_relu, 1), FR_KIND(elu, 1), FR_KIND(selu, 1),
    FR_KIND(gelu, 0),     FR_KIND(silu, 0),
};
enum { FR_ACTIVATIONS = sizeof fr_activation_kinds / sizeof fr_activation_kinds[0] };

#endif
#else

#define FR_ACTIVATION(NAME, VALUE, SLOPE)                                                       \
    FR_FUNCTION void FR_NAME(fr_##NAME##_forward)(const void *input, ptrdiff_t z_stride,        \
                                                  void *output, ptrdiff_t a_stride,             \
                                                  ptrdiff_t first, ptrdiff_t last,              \
                                                  ptrdiff_t width)                              \
    {                                                                                           \
        for (ptrdiff_t i = first; i < last; i++) {                                              \
            const FR_T *row = (const FR_T *)input + i * z_stride;                               \
            FR_T *to = (FR_T *)output + i * a_stride;                                           \
            _Pragma("omp simd") for (ptrdiff_t j = 0; j < width; j++)                           \
            {                                                                                   \
                const FR_T z = row[j];                                                          \
                to[j] = VALUE;                                                                  \
            }                                                                                   \
        }                                                                                       \
    }                                                                                           \
    FR_FUNCTION void FR_NAME(fr_##NAME##_backward)(const void *input, ptrdiff_t z_stride,       \
                                                   const void *output, ptrdiff_t a_stride,      \
                                                   void *gradient, ptrdiff_t grad_stride,       \
                                                   ptrdiff_t first, ptrdiff_t last,             \
                                                   ptrdiff_t width)                             \
    {                                                                                           \
        for (ptrdiff_t i = first; i < last; i++) {                                              \
            const FR_T *zs = (const FR_T *)input + i * z_stride;                                \
            const FR_T *as = (const FR_T *)output + i * a_stride;                               \
            FR_T *g = (FR_T *)gradient + i * grad_stride;                                       \
            _Pragma("omp simd") for (ptrdiff_t j = 0; j < width; j++)                           \
            {                                                                                   \
                const FR_T z = zs[j], a = as[j];                                                \
                (void)z;                                                                        \
                (void)a;                                                                        \
                g[j] *= SLOPE;                                                                  \
            }                                                                                   \
        }                                                                                       \
    }

#define FR_LEAK ((FR_T)0.01)
#define FR_SELU_SCALE ((FR_T)1.0507009873554805)
#define FR_SELU_ALPHA ((FR_T)(1.0507009873554805 * 1.6732632423543772))
/* sqrt(2 / pi) (z + 0.044715 z^3), and its slope */
#define FR_GELU_ARGUMENT ((FR_T)0.7978845608028654 * z * (1 + (FR_T)0.044715 * z * z))
#define FR_GELU_TANH FR_NAME(fr_tanh)(FR_GELU_ARGUMENT)
/* cut off where tanh's slope is 0, so that z * z stays finite */
#define FR_GELU_Z (z < -10 ? -10 : z > 10 ? 10 : z)
#define FR_GELU_SLOPE \
    ((FR_T)0.7978845608028654 * (1 + 3 * (FR_T)0.044715 * FR_GELU_Z * FR_GELU_Z))
/* cut off where the logistic function ends to fall, within its type's range */
#define FR_SILU_Z (z < FR_SILU_END ? FR_SILU_END : z)
#define FR_SILU_END (sizeof(FR_T) == 4 ? (FR_T)-87 : (FR_T)-708)

FR_ACTIVATION(identity, z, 1)
FR_ACTIVATION(relu, z < 0 ? 0 : z, (FR_T)(a == 0 ? 0 : 1))
FR_ACTIVATION(tanh, FR_NAME(fr_tanh)(z), 1 - a * a)
FR_ACTIVATION(logistic, FR_NAME(fr_logistic)(z), a * (1 - a))
FR_ACTIVATION(exp, FR_NAME(fr_exp)(z), a)
FR_ACTIVATION(leaky_relu, z < 0 ? FR_LEAK * z : z, a < 0 ? FR_LEAK : 1)
FR_ACTIVATION(elu, z < 0 ? FR_NAME(fr_expm1)(z) : z, a < 0 ? a + 1 : 1)
FR_ACTIVATION(selu, z < 0 ? FR_SELU_ALPHA * FR_NAME(fr_expm1)(z) : FR_SELU_SCALE * z,
              a < 0 ? a + FR_SELU_ALPHA : FR_SELU_SCALE)
FR_ACTIVATION(gelu, (FR_T)0.5 * z * (1 + FR_GELU_TANH),
              (FR_T)0.5 * (1 + FR_GELU_TANH) +
                  (FR_T)0.5 * z * (1 - FR_GELU_TANH * FR_GELU_TANH) * FR_GELU_SLOPE)
FR_ACTIVATION(silu, FR_SILU_Z * FR_NAME(fr_logistic)(z),
              FR_NAME(fr_logistic)(z) * (1 + FR_SILU_Z * (1 - FR_NAME(fr_logistic)(z))))

#undef FR_ACTIVATION
#undef FR_LEAK
#undef FR_SELU_SCALE
#undef FR_SELU_ALPHA
#undef FR_GELU_ARGUMENT
#undef FR_GELU_TANH
#undef FR_GELU_Z
#undef FR_GELU_SLOPE
#undef FR_SILU_Z
#undef FR_SILU_END
#endif
