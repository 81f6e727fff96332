/* Philox 4x32-10, a counter-based generator: the numbers of a place in the stream
 * depend on its counter and the key alone, so they don't depend on who draws them,
 * or in which order. Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as
 * 1, 2, 3, 2011.
 */
#ifndef FASTREG_RANDOM_H
#define FASTREG_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "clones.h"

enum { FR_WORDS = 64 };   /* blocks drawn in one go */

/* Four words for each counter (first + i, 0 <= i < n; c1; c2; c3): word k of block i is
 * out[k * n + i]. At most FR_WORDS blocks. */
FR_INLINE void fr_philox(uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t key,
                         ptrdiff_t n, uint32_t *out)
{
    uint32_t *x0 = out, *x1 = out + n, *x2 = out + 2 * n, *x3 = out + 3 * n;
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t a = first + (uint32_t)i, b = c1, c = c2, d = c3;
        uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
#pragma GCC unroll 10
        for (int r = 0; r < 10; r++) {
            const uint64_t p = (uint64_t)a * 0xD2511F53u, q = (uint64_t)c * 0xCD9E8D57u;
            a = (uint32_t)(q >> 32) ^ b ^ k0;
            b = (uint32_t)q;
            c = (uint32_t)(p >> 32) ^ d ^ k1;
            d = (uint32_t)p;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        x0[i] = a;
        x1[i] = b;
        x2[i] = c;
        x3[i] = d;
    }
}

/* A number in (0, 1) from a word, exact in double. */
FR_INLINE double fr_uniform(uint32_t word) { return (word + 0.5) * (1.0 / 4294967296.0); }

#endif
