/* Includes FR_BODY once for each real type, which has no guard against that:
 * the body names its functions FR_NAME(f), for f_f32 and f_f64, its type FR_T, and
 * vectors of FR_LANES numbers FR_VECTOR where the compiler has them.
 */
#define FR_T float
#define FR_NAME(name) name##_f32
#define FR_LANES 8
#define FR_VECTOR fr_vector_f32
#include FR_BODY
#undef FR_T
#undef FR_NAME
#undef FR_LANES
#undef FR_VECTOR

#define FR_T double
#define FR_NAME(name) name##_f64
#define FR_LANES 4
#define FR_VECTOR fr_vector_f64
#include FR_BODY
#undef FR_T
#undef FR_NAME
#undef FR_LANES
#undef FR_VECTOR
#undef FR_BODY
