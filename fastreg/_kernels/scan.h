/* Where the next coordinate is that counts, in vectors of which few do.
 *
 * A block is looked at as a whole, without a branch for each of its elements.
 */
#ifndef FASTREG_SCAN_H
#define FASTREG_SCAN_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "clones.h"

/* enough for the compiler to use vectors */
#define FR_SCANNED 32

/* The first j >= start with w_j != 0; n where there is none. */
FR_FUNCTION ptrdiff_t fr_next_used(const double *w, ptrdiff_t start, ptrdiff_t n)
{
    ptrdiff_t j = start;
    if (j < n && w[j] != 0) /* where many are, they are neighbours */
        return j;
    for (; j + FR_SCANNED <= n; j += FR_SCANNED) {
        int64_t any = 0;
        for (int k = 0; k < FR_SCANNED; k++)
            any |= -(int64_t)(w[j + k] != 0);
        if (any)
            break;
    }
    for (; j < n; j++)
        if (w[j] != 0)
            return j;
    return n;
}

/* The first j >= start with w_j != 0, or |c_j| above the limit or no number. */
FR_FUNCTION ptrdiff_t fr_next_loud(const double *w, const double *c, double limit,
                                   ptrdiff_t start, ptrdiff_t n)
{
    ptrdiff_t j = start;
    if (j < n && (w[j] != 0 || !(fabs(c[j]) <= limit)))
        return j;
    for (; j + FR_SCANNED <= n; j += FR_SCANNED) {
        int64_t any = 0;
        for (int k = 0; k < FR_SCANNED; k++)
            any |= -(int64_t)(w[j + k] != 0) | -(int64_t) !(fabs(c[j + k]) <= limit);
        if (any)
            break;
    }
    for (; j < n; j++)
        if (w[j] != 0 || !(fabs(c[j]) <= limit))
            return j;
    return n;
}

#endif
