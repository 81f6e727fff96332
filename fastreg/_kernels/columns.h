/* Inner loops over dense and sparse columns and rows: the only SIMD text of
 * the project. Storage is float or double, arithmetic and results are double.
 *
 * Every function runs over the range it is given, in an order that depends on
 * the range alone, so callers decide tiles and results don't depend on threads.
 * Each function is compiled for several instruction sets: clones.h.
 */
#ifndef FASTREG_COLUMNS_H
#define FASTREG_COLUMNS_H

#include <stddef.h>

#include "clones.h"

/* sum_i a_i b_i, in four streams: one accumulator would wait for the adder. */
FR_FUNCTION double fr_dot(const double *a, const double *b, ptrdiff_t n)
{
    const ptrdiff_t q = n / 4;
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#pragma omp simd reduction(+ : s0, s1, s2, s3)
    for (ptrdiff_t i = 0; i < q; i++) {
        s0 += a[i] * b[i];
        s1 += a[i + q] * b[i + q];
        s2 += a[i + 2 * q] * b[i + 2 * q];
        s3 += a[i + 3 * q] * b[i + 3 * q];
    }
    for (ptrdiff_t i = 4 * q; i < n; i++) s0 += a[i] * b[i];
    return (s0 + s1) + (s2 + s3);
}

/* a_k'b for four a that share the loads of b */
FR_FUNCTION void fr_dot4(const double *a0, const double *a1, const double *a2,
                         const double *a3, const double *b, ptrdiff_t n, double *out)
{
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#pragma omp simd reduction(+ : s0, s1, s2, s3)
    for (ptrdiff_t i = 0; i < n; i++) {
        s0 += a0[i] * b[i];
        s1 += a1[i] * b[i];
        s2 += a2[i] * b[i];
        s3 += a3[i] * b[i];
    }
    out[0] = s0; out[1] = s1; out[2] = s2; out[3] = s3;
}

/* y += d a */
FR_FUNCTION void fr_axpy(double d, const double *a, double *y, ptrdiff_t n)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) y[i] += d * a[i];
}

/* y += d_0 a_0 + ... + d_3 a_3: y is read and written once for four rows */
FR_FUNCTION void fr_axpy4(const double *d, const double *a0, const double *a1,
                          const double *a2, const double *a3, double *y, ptrdiff_t n)
{
    const double d0 = d[0], d1 = d[1], d2 = d[2], d3 = d[3];
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++)
        y[i] += (d0 * a0[i] + d1 * a1[i]) + (d2 * a2[i] + d3 * a3[i]);
}

/* Ask for the cache lines of a piece of memory, the first of them at least. */
FR_UNUSED static void fr_prefetch(const void *start, ptrdiff_t n_bytes)
{
#if defined(__GNUC__)
    const char *line = (const char *)start;
    const ptrdiff_t end = n_bytes < 4096 ? n_bytes : 4096;
    for (ptrdiff_t at = 0; at < end; at += 64) __builtin_prefetch(line + at);
    if (end > 64) __builtin_prefetch(line + end - 1);
#else
    (void)start;
    (void)n_bytes;
#endif
}

/* x, no lower than low and no higher than high: two instructions, and no branch to guess */
FR_UNUSED static inline double fr_between(double low, double x, double high)
{
    const double above = x > low ? x : low;
    return above < high ? above : high;
}

/* One step of the cumulative L1 penalty (Tsuruoka, Tsujii, Ananiadou 2009) for n
 * coefficients scale v_j: each may have lost `owed` by now and has lost -q_j. */
FR_FUNCTION void fr_truncate(double owed, double scale, double *v, double *q, ptrdiff_t n)
{
    const double inverse = 1.0 / scale;
#pragma omp simd
    for (ptrdiff_t j = 0; j < n; j++) {
        const double z = v[j];
        const double less = z - (owed + q[j]) * inverse, more = z + (owed - q[j]) * inverse;
        const double down = less > 0 ? less : 0.0, up = more < 0 ? more : 0.0;
        const double next = z > 0 ? down : (z < 0 ? up : z);
        q[j] += scale * (next - z);
        v[j] = next;
    }
}

#define FR_DENSE(NAME, T)                                                     \
/* sum_i (x_i - m) v_i */                                                     \
FR_FUNCTION double fr_col_dot_##NAME(const T *x, double m, const double *v,   \
                                     ptrdiff_t n)                             \
{                                                                             \
    const ptrdiff_t q = n / 4;                                                \
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;                                    \
    _Pragma("omp simd reduction(+ : s0, s1, s2, s3)")                         \
    for (ptrdiff_t i = 0; i < q; i++) {                                       \
        s0 += ((double)x[i] - m) * v[i];                                      \
        s1 += ((double)x[i + q] - m) * v[i + q];                              \
        s2 += ((double)x[i + 2 * q] - m) * v[i + 2 * q];                      \
        s3 += ((double)x[i + 3 * q] - m) * v[i + 3 * q];                      \
    }                                                                         \
    for (ptrdiff_t i = 4 * q; i < n; i++) s0 += ((double)x[i] - m) * v[i];    \
    return (s0 + s1) + (s2 + s3);                                             \
}                                                                             \
/* sum_i q_i (x_i - m) v_i */                                                 \
FR_FUNCTION double fr_col_dot_scaled_##NAME(const T *x, double m,             \
                                            const double *q, const double *v, \
                                            ptrdiff_t n)                      \
{                                                                             \
    double s = 0;                                                             \
    _Pragma("omp simd reduction(+ : s)")                                      \
    for (ptrdiff_t i = 0; i < n; i++) s += q[i] * ((double)x[i] - m) * v[i];  \
    return s;                                                                 \
}                                                                             \
/* v += d (x - m) */                                                          \
FR_FUNCTION void fr_col_axpy_##NAME(double d, const T *x, double m,           \
                                    double *v, ptrdiff_t n)                   \
{                                                                             \
    _Pragma("omp simd")                                                       \
    for (ptrdiff_t i = 0; i < n; i++) v[i] += d * ((double)x[i] - m);         \
}                                                                             \
/* v += d q (x - m) */                                                        \
FR_FUNCTION void fr_col_axpy_scaled_##NAME(double d, const T *x, double m,    \
                                           const double *q, double *v,        \
                                           ptrdiff_t n)                       \
{                                                                             \
    _Pragma("omp simd")                                                       \
    for (ptrdiff_t i = 0; i < n; i++)                                         \
        v[i] += d * q[i] * ((double)x[i] - m);                                \
}                                                                             \
/* out_k = sum_i (x_ik - m_k) u_i for four columns that share the loads of u */\
FR_FUNCTION void fr_cols4_dot_##NAME(const T *x, ptrdiff_t ld,                \
                                     const double *m, const double *u,        \
                                     ptrdiff_t n, double *out)                \
{                                                                             \
    const T *x0 = x, *x1 = x + ld, *x2 = x + 2 * ld, *x3 = x + 3 * ld;        \
    double m0 = m[0], m1 = m[1], m2 = m[2], m3 = m[3];                        \
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;                                    \
    _Pragma("omp simd reduction(+ : s0, s1, s2, s3)")                         \
    for (ptrdiff_t i = 0; i < n; i++) {                                       \
        s0 += ((double)x0[i] - m0) * u[i];                                    \
        s1 += ((double)x1[i] - m1) * u[i];                                    \
        s2 += ((double)x2[i] - m2) * u[i];                                    \
        s3 += ((double)x3[i] - m3) * u[i];                                    \
    }                                                                         \
    out[0] += s0; out[1] += s1; out[2] += s2; out[3] += s3;                   \
}                                                                             \
/* out_j += sum_i (x_ij - m_j) u_i over rows, four rows at a time */          \
FR_FUNCTION void fr_rows_dot_##NAME(const T *x, ptrdiff_t ld, ptrdiff_t rows, \
                                    ptrdiff_t cols, const double *m,          \
                                    const double *u, double *out)             \
{                                                                             \
    ptrdiff_t i = 0;                                                          \
    for (; i + 4 <= rows; i += 4) {                                           \
        const T *x0 = x + i * ld, *x1 = x0 + ld, *x2 = x1 + ld, *x3 = x2 + ld;\
        const double u0 = u[i], u1 = u[i + 1], u2 = u[i + 2], u3 = u[i + 3];  \
        _Pragma("omp simd")                                                   \
        for (ptrdiff_t j = 0; j < cols; j++)                                  \
            out[j] += (((double)x0[j] - m[j]) * u0 +                          \
                       ((double)x1[j] - m[j]) * u1) +                         \
                      (((double)x2[j] - m[j]) * u2 +                          \
                       ((double)x3[j] - m[j]) * u3);                          \
    }                                                                         \
    for (; i < rows; i++) {                                                   \
        const T *xi = x + i * ld;                                             \
        _Pragma("omp simd")                                                   \
        for (ptrdiff_t j = 0; j < cols; j++)                                  \
            out[j] += ((double)xi[j] - m[j]) * u[i];                          \
    }                                                                         \
}                                                                             \
/* First pass, a column: with z = x - shift, s1 += sum w z, s2 += sum w z^2,  \
 * c += sum u z. */                                                           \
FR_FUNCTION void fr_col_stats_##NAME(const T *x, double shift,                \
                                     const double *w, const double *u,        \
                                     ptrdiff_t n, double *s1, double *s2,     \
                                     double *c)                               \
{                                                                             \
    double a = 0, b = 0, d = 0;                                               \
    _Pragma("omp simd reduction(+ : a, b, d)")                                \
    for (ptrdiff_t i = 0; i < n; i++) {                                       \
        const double z = (double)x[i] - shift;                                \
        a += w[i] * z;                                                        \
        b += w[i] * z * z;                                                    \
        d += u[i] * z;                                                        \
    }                                                                         \
    *s1 += a; *s2 += b; *c += d;                                              \
}                                                                             \
/* First pass, rows: the same for all columns of a tile, four rows at once */ \
FR_FUNCTION void fr_rows_stats_##NAME(const T *x, ptrdiff_t ld,               \
                                      ptrdiff_t rows, ptrdiff_t cols,         \
                                      const double *shift, const double *w,   \
                                      const double *u, double *s1,            \
                                      double *s2, double *c)                  \
{                                                                             \
    ptrdiff_t i = 0;                                                          \
    for (; i + 4 <= rows; i += 4) {                                           \
        const T *x0 = x + i * ld, *x1 = x0 + ld, *x2 = x1 + ld, *x3 = x2 + ld;\
        const double w0 = w[i], w1 = w[i + 1], w2 = w[i + 2], w3 = w[i + 3];  \
        const double u0 = u[i], u1 = u[i + 1], u2 = u[i + 2], u3 = u[i + 3];  \
        _Pragma("omp simd")                                                   \
        for (ptrdiff_t j = 0; j < cols; j++) {                                \
            const double z0 = (double)x0[j] - shift[j];                       \
            const double z1 = (double)x1[j] - shift[j];                       \
            const double z2 = (double)x2[j] - shift[j];                       \
            const double z3 = (double)x3[j] - shift[j];                       \
            const double v0 = w0 * z0, v1 = w1 * z1;                          \
            const double v2 = w2 * z2, v3 = w3 * z3;                          \
            s1[j] += (v0 + v1) + (v2 + v3);                                   \
            s2[j] += (v0 * z0 + v1 * z1) + (v2 * z2 + v3 * z3);               \
            c[j] += (u0 * z0 + u1 * z1) + (u2 * z2 + u3 * z3);                \
        }                                                                     \
    }                                                                         \
    for (; i < rows; i++) {                                                   \
        const T *xi = x + i * ld;                                             \
        _Pragma("omp simd")                                                   \
        for (ptrdiff_t j = 0; j < cols; j++) {                                \
            const double z = (double)xi[j] - shift[j];                        \
            s1[j] += w[i] * z;                                                \
            s2[j] += w[i] * z * z;                                            \
            c[j] += u[i] * z;                                                 \
        }                                                                     \
    }                                                                         \
}                                                                             \
/* out_k = q (x_(idx_k) - m_k): one row of chosen columns, centred, scaled */ \
FR_FUNCTION void fr_row_pack_##NAME(const T *x, const ptrdiff_t *idx,         \
                                    ptrdiff_t k, const double *m, double q,   \
                                    double *out)                              \
{                                                                             \
    for (ptrdiff_t t = 0; t < k; t++)                                         \
        out[t] = q * ((double)x[idx[t]] - m[t]);                              \
}                                                                             \
/* out_k = q (x_k - m_k): the same for consecutive columns */                 \
FR_FUNCTION void fr_row_center_##NAME(const T *x, ptrdiff_t k,                \
                                      const double *m, double q, double *out) \
{                                                                             \
    _Pragma("omp simd")                                                       \
    for (ptrdiff_t t = 0; t < k; t++) out[t] = q * ((double)x[t] - m[t]);     \
}                                                                             \
/* out_i = q_i (x_i - m), q may be NULL */                                    \
FR_FUNCTION void fr_col_pack_##NAME(const T *x, double m, const double *q,    \
                                    ptrdiff_t n, double *out)                 \
{                                                                             \
    if (q) {                                                                  \
        _Pragma("omp simd")                                                   \
        for (ptrdiff_t i = 0; i < n; i++) out[i] = q[i] * ((double)x[i] - m); \
    } else {                                                                  \
        _Pragma("omp simd")                                                   \
        for (ptrdiff_t i = 0; i < n; i++) out[i] = (double)x[i] - m;          \
    }                                                                         \
}                                                                             \
/* sum_k d_k (x_(idx_k) - m_k): one row of a product with chosen columns */     \
FR_UNUSED static double fr_row_dot_##NAME(const T *x, const ptrdiff_t *idx,   \
                                          ptrdiff_t k, const double *m,       \
                                          const double *d)                    \
{                                                                             \
    double s = 0;                                                             \
    for (ptrdiff_t t = 0; t < k; t++) s += d[t] * ((double)x[idx[t]] - m[t]); \
    return s;                                                                 \
}                                                                             \
/* sum over the nonzeros of one sparse column of x_i U_(ind_i), U (n, 8) */   \
FR_FUNCTION void fr_sparse_lanes_dot_##NAME(                                  \
    const T *x, const int *ind, ptrdiff_t nnz, const double *U, double *out)  \
{                                                                             \
    double s[8] = {0};                                                        \
    for (ptrdiff_t i = 0; i < nnz; i++) {                                     \
        const double xi = (double)x[i], *u = U + 8 * (ptrdiff_t)ind[i];       \
        _Pragma("omp simd")                                                   \
        for (int lane = 0; lane < 8; lane++) s[lane] += xi * u[lane];         \
    }                                                                         \
    for (int lane = 0; lane < 8; lane++) out[lane] = s[lane];                 \
}                                                                             \
/* U_(ind_i) += x_i d, d of 8 */                                              \
FR_FUNCTION void fr_sparse_lanes_axpy_##NAME(                                 \
    const double *d, const T *x, const int *ind, ptrdiff_t nnz, double *U)    \
{                                                                             \
    for (ptrdiff_t i = 0; i < nnz; i++) {                                     \
        const double xi = (double)x[i];                                       \
        double *u = U + 8 * (ptrdiff_t)ind[i];                                \
        _Pragma("omp simd")                                                   \
        for (int lane = 0; lane < 8; lane++) u[lane] += xi * d[lane];         \
    }                                                                         \
}                                                                             \
/* sum over the nonzeros of one sparse column of x_i v_(ind_i) */             \
FR_UNUSED static double fr_sparse_dot_##NAME(const T *x, const int *ind,      \
                                             ptrdiff_t nnz, const double *v)  \
{                                                                             \
    double s0 = 0, s1 = 0;                                                    \
    ptrdiff_t i = 0;                                                          \
    for (; i + 2 <= nnz; i += 2) {                                            \
        s0 += (double)x[i] * v[ind[i]];                                       \
        s1 += (double)x[i + 1] * v[ind[i + 1]];                               \
    }                                                                         \
    if (i < nnz) s0 += (double)x[i] * v[ind[i]];                              \
    return s0 + s1;                                                           \
}                                                                             \
/* sum x_i q_(ind_i) v_(ind_i) */                                             \
FR_UNUSED static double fr_sparse_dot_scaled_##NAME(                          \
    const T *x, const int *ind, ptrdiff_t nnz, const double *q,               \
    const double *v)                                                          \
{                                                                             \
    double s = 0;                                                             \
    for (ptrdiff_t i = 0; i < nnz; i++)                                       \
        s += (double)x[i] * q[ind[i]] * v[ind[i]];                            \
    return s;                                                                 \
}                                                                             \
/* v_(ind_i) += d x_i, times q_(ind_i) where q is given */                    \
FR_UNUSED static void fr_sparse_axpy_##NAME(double d, const T *x,             \
                                            const int *ind, ptrdiff_t nnz,    \
                                            const double *q, double *v)       \
{                                                                             \
    if (q)                                                                    \
        for (ptrdiff_t i = 0; i < nnz; i++)                                   \
            v[ind[i]] += d * (double)x[i] * q[ind[i]];                        \
    else                                                                      \
        for (ptrdiff_t i = 0; i < nnz; i++) v[ind[i]] += d * (double)x[i];    \
}                                                                             \
/* out_j = the dot above for n columns that follow each other */                \
FR_UNUSED static void fr_sparse_dots_##NAME(const T *x, const int *ind,       \
                                            const int *ptr, ptrdiff_t n,      \
                                            const double *v, double *out)     \
{                                                                             \
    for (ptrdiff_t j = 0; j < n; j++)                                         \
        out[j] = fr_sparse_dot_##NAME(x + ptr[j], ind + ptr[j],               \
                                      ptr[j + 1] - ptr[j], v);                \
}                                                                             \
/* v -= sum_k d_k x_(idx_k), with weights q as above, of columns whose slot is < 0 */ \
FR_UNUSED static void fr_sparse_subtract_##NAME(                              \
    const ptrdiff_t *idx, const double *d, ptrdiff_t n, const T *x,           \
    const int *ind, const int *ptr, const int *slot, const double *q,         \
    double *v)                                                                \
{                                                                             \
    for (ptrdiff_t k = 0; k < n; k++) {                                       \
        const ptrdiff_t j = idx[k], start = ptr[j];                           \
        if (d[k] != 0 && slot[j] < 0)                                         \
            fr_sparse_axpy_##NAME(-d[k], x + start, ind + start,              \
                                  ptr[j + 1] - start, q, v);                  \
    }                                                                         \
}

FR_DENSE(f64, double)
FR_DENSE(f32, float)

#endif
