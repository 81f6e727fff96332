/* Plane rotations, as a triangular factor, or the inverse of one, without one of its
 * coordinates needs them (Golub, Van Loan, Matrix Computations, 6.5).
 *
 * Of a factor they turn neighbouring columns. Rotation i turns columns i and i + 1:
 * (a, b) <- (c_i a + s_i b, c_i b - s_i a). What it leaves in column i + 1 goes into
 * rotation i + 1: each row is a chain, so several rows are turned at a time. Of an
 * inverse they turn rows, which are no chains.
 */
#ifndef FASTREG_ROTATIONS_H
#define FASTREG_ROTATIONS_H

#include <stddef.h>
#include <string.h>

#include "clones.h"

enum { FR_TURNED = 8 };

/* The first n elements of FR_TURNED rows, ld apart, turned and moved up by one row. carry
 * has what goes into the rotation after the last. */
FR_FUNCTION void fr_rotate_rows(const double *c, const double *s, ptrdiff_t n, double *row,
                                ptrdiff_t ld, double *carry)
{
    double a[FR_TURNED];
    for (int k = 0; k < FR_TURNED; k++) a[k] = row[k * ld];
    for (ptrdiff_t i = 0; i < n; i++) {
        double b[FR_TURNED];
        for (int k = 0; k < FR_TURNED; k++) b[k] = row[k * ld + i + 1];
        for (int k = 0; k < FR_TURNED; k++) row[(k - 1) * ld + i] = c[i] * a[k] + s[i] * b[k];
        for (int k = 0; k < FR_TURNED; k++) a[k] = c[i] * b[k] - s[i] * a[k];
    }
    for (int k = 0; k < FR_TURNED; k++) carry[k] = a[k];
}

/* The same for one row, to another place, from the carry on; the new carry. */
FR_FUNCTION double fr_rotate_row(const double *c, const double *s, ptrdiff_t n,
                                 const double *row, double *out, double a)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        const double b = row[i + 1];
        out[i] = c[i] * a + s[i] * b;
        a = c[i] * b - s[i] * a;
    }
    return a;
}

/* Two rows turned: out = c row - s carry, carry = c carry + s row. */
FR_FUNCTION void fr_turn_rows(double c, double s, double *carry, const double *row,
                              double *out, ptrdiff_t n)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) {
        const double a = carry[i], b = row[i];
        out[i] = c * b - s * a;
        carry[i] = c * a + s * b;
    }
}

#endif
