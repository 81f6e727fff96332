/* Dense X with four vectors at a time, which share what is read of it.
 *
 * The lines of X are columns in Fortran order and rows in C order. What is read next is
 * asked for before it is needed: tiles read pieces of lines, which no prefetcher foresees. It is
 * fetched into the second cache, since the first can wait for few lines of memory at a time.
 */
#ifndef FASTREG_LANES_H
#define FASTREG_LANES_H

#include <stddef.h>

#include "clones.h"

/* Eight columns of four rows at a time, as far as they go: each u is loaded once for two
 * vectors of columns, where the loop behind loads it for each. */
#if defined(__GNUC__)
typedef double fr_four __attribute__((vector_size(32), aligned(8), may_alias));
typedef float fr_four_singles __attribute__((vector_size(16), aligned(4), may_alias));
#define FR_FOUR_f64(x) (*(const fr_four *)(x))
#define FR_FOUR_f32(x) __builtin_convertvector(*(const fr_four_singles *)(x), fr_four)
#define FR_LANE(o, t)                                                         \
    {                                                                         \
        fr_four low = FR_FOUR_f64(o + j), high = FR_FOUR_f64(o + j + 4);      \
        low += (a0 * v[t] + b0 * v[4 + t]) + (c0 * v[8 + t] + d0 * v[12 + t]);\
        high += (a1 * v[t] + b1 * v[4 + t]) + (c1 * v[8 + t] + d1 * v[12 + t]);\
        *(fr_four *)(o + j) = low;                                            \
        *(fr_four *)(o + j + 4) = high;                                       \
    }
#define FR_EIGHT_COLUMNS(NAME)                                                \
    for (; j + 8 <= n; j += 8) {                                              \
        const fr_four m0 = FR_FOUR_f64(m + j), m1 = FR_FOUR_f64(m + j + 4);   \
        FR_PREFETCH(next0 + j);                                               \
        FR_PREFETCH(next1 + j);                                               \
        FR_PREFETCH(next2 + j);                                               \
        FR_PREFETCH(next3 + j);                                               \
        const fr_four a0 = FR_FOUR_##NAME(x0 + j) - m0;                       \
        const fr_four a1 = FR_FOUR_##NAME(x0 + j + 4) - m1;                   \
        const fr_four b0 = FR_FOUR_##NAME(x1 + j) - m0;                       \
        const fr_four b1 = FR_FOUR_##NAME(x1 + j + 4) - m1;                   \
        const fr_four c0 = FR_FOUR_##NAME(x2 + j) - m0;                       \
        const fr_four c1 = FR_FOUR_##NAME(x2 + j + 4) - m1;                   \
        const fr_four d0 = FR_FOUR_##NAME(x3 + j) - m0;                       \
        const fr_four d1 = FR_FOUR_##NAME(x3 + j + 4) - m1;                   \
        FR_LANE(o0, 0) FR_LANE(o1, 1) FR_LANE(o2, 2) FR_LANE(o3, 3)           \
    }
/* Eight rows of two columns at a time, for four vectors. */
#define FR_SUM(f) ((f[0] + f[1]) + (f[2] + f[3]))
#define FR_EIGHT_ROWS(NAME)                                                   \
    {                                                                         \
        fr_four p0 = {0}, p1 = {0}, p2 = {0}, p3 = {0};                       \
        fr_four q0 = {0}, q1 = {0}, q2 = {0}, q3 = {0};                       \
        for (; i + 8 <= n; i += 8) {                                          \
            FR_PREFETCH(x0 + ahead + i);                                      \
            FR_PREFETCH(x1 + ahead + i);                                      \
            for (ptrdiff_t k = i; k < i + 8; k += 4) {                        \
                const fr_four z0 = FR_FOUR_##NAME(x0 + k) - m0;               \
                const fr_four z1 = FR_FOUR_##NAME(x1 + k) - m1;               \
                const fr_four u0 = FR_FOUR_f64(v0 + k), u1 = FR_FOUR_f64(v1 + k);\
                const fr_four u2 = FR_FOUR_f64(v2 + k), u3 = FR_FOUR_f64(v3 + k);\
                p0 += z0 * u0; p1 += z0 * u1; p2 += z0 * u2; p3 += z0 * u3;   \
                q0 += z1 * u0; q1 += z1 * u1; q2 += z1 * u2; q3 += z1 * u3;   \
            }                                                                 \
        }                                                                     \
        a0 = FR_SUM(p0); a1 = FR_SUM(p1); a2 = FR_SUM(p2); a3 = FR_SUM(p3);   \
        b0 = FR_SUM(q0); b1 = FR_SUM(q1); b2 = FR_SUM(q2); b3 = FR_SUM(q3);   \
    }
#else
#define FR_EIGHT_COLUMNS(NAME)
#define FR_EIGHT_ROWS(NAME)
#endif

#define FR_LANES(NAME, T)                                                     \
/* out_tk = sum_i (x_ik - m_k) v_ti for two columns and four v, v_t at v + t n; the columns\
 * `ahead` elements behind them are asked for in the meantime */              \
FR_PRODUCT void fr_cols2_dots4_##NAME(const T *x, ptrdiff_t ld,               \
                                      const double *m, const double *v,       \
                                      ptrdiff_t ldv, ptrdiff_t n, ptrdiff_t ahead,\
                                      double *out, ptrdiff_t ldo)             \
{                                                                             \
    const T *x0 = x, *x1 = x + ld;                                            \
    const double *v0 = v, *v1 = v + ldv, *v2 = v + 2 * ldv, *v3 = v + 3 * ldv;\
    const double m0 = m[0], m1 = m[1];                                        \
    double a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;    \
    ptrdiff_t i = 0;                                                          \
    FR_EIGHT_ROWS(NAME)                                                       \
    for (; i < n; i++) {                                                      \
        const double z0 = (double)x0[i] - m0, z1 = (double)x1[i] - m1;        \
        a0 += z0 * v0[i]; a1 += z0 * v1[i]; a2 += z0 * v2[i]; a3 += z0 * v3[i];\
        b0 += z1 * v0[i]; b1 += z1 * v1[i]; b2 += z1 * v2[i]; b3 += z1 * v3[i];\
    }                                                                         \
    out[0] += a0; out[ldo] += a1; out[2 * ldo] += a2; out[3 * ldo] += a3;     \
    out[1] += b0; out[ldo + 1] += b1; out[2 * ldo + 1] += b2;                 \
    out[3 * ldo + 1] += b3;                                                   \
}                                                                             \
/* out_tj += sum_c (x_cj - m_j) v_(4 c + t) for four lines x_c and four t; the lines behind\
 * these four pointers are asked for in the meantime */                       \
FR_PRODUCT void fr_lines4_dots4_##NAME(const T *const *x, const double *m,    \
                                       const double *v, ptrdiff_t n,          \
                                       double *out, ptrdiff_t ldo)            \
{                                                                             \
    const T *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];                   \
    const T *next0 = x[4], *next1 = x[5], *next2 = x[6], *next3 = x[7];       \
    double *o0 = out, *o1 = o0 + ldo, *o2 = o1 + ldo, *o3 = o2 + ldo;         \
    ptrdiff_t j = 0;                                                          \
    FR_EIGHT_COLUMNS(NAME)                                                    \
    for (; j < n; j++) {                                                      \
        const double a = (double)x0[j] - m[j], b = (double)x1[j] - m[j];      \
        const double c = (double)x2[j] - m[j], d = (double)x3[j] - m[j];      \
        o0[j] += (a * v[0] + b * v[4]) + (c * v[8] + d * v[12]);              \
        o1[j] += (a * v[1] + b * v[5]) + (c * v[9] + d * v[13]);              \
        o2[j] += (a * v[2] + b * v[6]) + (c * v[10] + d * v[14]);             \
        o3[j] += (a * v[3] + b * v[7]) + (c * v[11] + d * v[15]);             \
    }                                                                         \
}                                                                             \
/* fr_rows_dot for four u at once, u_it at 4 i + t: four rows are read once for all */\
FR_FUNCTION void fr_rows_dots4_##NAME(const T *x, ptrdiff_t ld,               \
                                      ptrdiff_t rows, ptrdiff_t cols,         \
                                      const double *m, const double *u,       \
                                      double *out, ptrdiff_t ldo)             \
{                                                                             \
    double *o0 = out, *o1 = o0 + ldo, *o2 = o1 + ldo, *o3 = o2 + ldo;         \
    ptrdiff_t i = 0;                                                          \
    for (; i + 4 <= rows; i += 4) {                                           \
        const T *lines[8];                                                    \
        for (int c = 0; c < 8; c++) lines[c] = x + (i + c) * ld;              \
        fr_lines4_dots4_##NAME(lines, m, u + 4 * i, cols, out, ldo);          \
    }                                                                         \
    for (; i < rows; i++) {                                                   \
        const T *xi = x + i * ld;                                             \
        const double *v = u + 4 * i;                                          \
        _Pragma("omp simd")                                                   \
        for (ptrdiff_t j = 0; j < cols; j++) {                                \
            const double a = (double)xi[j] - m[j];                            \
            o0[j] += a * v[0]; o1[j] += a * v[1];                             \
            o2[j] += a * v[2]; o3[j] += a * v[3];                             \
        }                                                                     \
    }                                                                         \
}

FR_LANES(f64, double)
FR_LANES(f32, float)

#endif
