/* The diagonal of Q (T + alpha I)^-1 Q' from the rows of Q, T tridiagonal. */
#ifndef FASTREG_TRIDIAGONAL_H
#define FASTREG_TRIDIAGONAL_H

#include <stddef.h>

#include "clones.h"

#define FR_TRIDIAGONAL_ROWS 32

/* With T + alpha I = L D L', L of ones and l below them: sum_k z_k^2 / d_k of z = L^-1 q,
 * for up to FR_TRIDIAGONAL_ROWS rows q of Q at once. Element k of a row lies at
 * Q + k ld, those of the next rows side by side. */
FR_FUNCTION void fr_inverse_diagonal(const double *Q, ptrdiff_t ld, ptrdiff_t rows, ptrdiff_t n,
                                     const double *l, const double *inverse, double *out)
{
    double z[FR_TRIDIAGONAL_ROWS] = {0}, sum[FR_TRIDIAGONAL_ROWS] = {0};
    for (ptrdiff_t k = 0; k < n; k++) {
        const double *q = Q + k * ld, below = k ? l[k - 1] : 0.0, weight = inverse[k];
        if (rows == FR_TRIDIAGONAL_ROWS) {
#pragma omp simd
            for (int i = 0; i < FR_TRIDIAGONAL_ROWS; i++) {
                z[i] = q[i] - below * z[i];
                sum[i] += z[i] * z[i] * weight;
            }
        } else {
            for (ptrdiff_t i = 0; i < rows; i++) {
                z[i] = q[i] - below * z[i];
                sum[i] += z[i] * z[i] * weight;
            }
        }
    }
    for (ptrdiff_t i = 0; i < rows; i++) out[i] = sum[i];
}

#endif
