/* A 128-bit hash of bytes, for telling arrays apart by content. It is not
 * cryptographic: an adversary can make two arrays collide, accident cannot.
 *
 * The idea is that of wyhash (Wang Yi) and XXH3 (Yann Collet): independent
 * lanes, each folding a wide product of its input into its state, so that the
 * multiplier is busy all the time. A lane here holds two words and takes two
 * words of input. The first word is folded: product of 64 by 64 bits, high half
 * xor low half. The second takes its input by steps that lose nothing (xor,
 * rotate, multiply by an odd number), so one changed word always changes it.
 */
#ifndef FASTREG_CONTENT_HASH_H
#define FASTREG_CONTENT_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FR_HASH_LANES = 4, FR_HASH_STRIPE = 16 * FR_HASH_LANES };

/* Fractional parts of the square roots of 2, 3, 5 and 7, as in SHA-512: about half
 * of their bits are set, and the multipliers K2 and K3 are odd. */
#define FR_HASH_K0 UINT64_C(0x6a09e667f3bcc908)
#define FR_HASH_K1 UINT64_C(0xbb67ae8584caa73b)
#define FR_HASH_K2 UINT64_C(0x3c6ef372fe94f82b)
#define FR_HASH_K3 UINT64_C(0xa54ff53a5f1d36f1)

typedef struct { uint64_t a, b; } fr_hash128;

static inline uint64_t fr_rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static inline uint64_t fr_fold(uint64_t x, uint64_t y)
{
#ifdef __SIZEOF_INT128__
    const unsigned __int128 product = (unsigned __int128)x * y;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    const uint64_t x0 = (uint32_t)x, x1 = x >> 32, y0 = (uint32_t)y, y1 = y >> 32;
    const uint64_t low = x0 * y0, mid = x1 * y0 + (low >> 32), mid2 = x0 * y1 + (uint32_t)mid;
    return ((mid2 << 32) | (uint32_t)low) ^ (x1 * y1 + (mid >> 32) + (mid2 >> 32));
#endif
}

/* One lane takes two words. */
static inline fr_hash128 fr_absorb(fr_hash128 h, uint64_t x, uint64_t y)
{
    h.a = fr_fold(h.a ^ x, y ^ FR_HASH_K1);
    h.b = fr_rotate(h.b ^ x, 29) * FR_HASH_K2;
    h.b = fr_rotate(h.b ^ y, 31) * FR_HASH_K3;
    return h;
}

/* Every bit of the state reaches every bit of the result. */
static inline fr_hash128 fr_avalanche(fr_hash128 h)
{
    for (int round = 0; round < 3; round++) {
        h.a ^= fr_rotate(h.b, 32);
        h.a = (h.a ^ (h.a >> 31)) * FR_HASH_K2;
        h.b += h.a ^ (h.a >> 29);
        h.b = (h.b ^ (h.b >> 33)) * FR_HASH_K3;
    }
    h.a ^= h.b ^ (h.b >> 32);
    h.b ^= h.a >> 28;
    return h;
}

static inline void fr_hash_stripe(fr_hash128 *lanes, const char *p)
{
    for (int k = 0; k < FR_HASH_LANES; k++) {
        uint64_t x, y;
        memcpy(&x, p + 16 * k, 8);
        memcpy(&y, p + 16 * k + 8, 8);
        lanes[k] = fr_absorb(lanes[k], x, y);
    }
}

/* The hash of n bytes, all of which lie one after the other. */
static fr_hash128 fr_hash_bytes(const char *p, ptrdiff_t n)
{
    fr_hash128 lanes[FR_HASH_LANES], h = {FR_HASH_K0, (uint64_t)n};
    char last[FR_HASH_STRIPE] = {0};
    ptrdiff_t i = 0;
    for (int k = 0; k < FR_HASH_LANES; k++) {
        lanes[k].a = FR_HASH_K0 + (uint64_t)k * FR_HASH_K2;
        lanes[k].b = FR_HASH_K1 + (uint64_t)k * FR_HASH_K3;
    }
    for (; i + FR_HASH_STRIPE <= n; i += FR_HASH_STRIPE) fr_hash_stripe(lanes, p + i);
    if (i < n) {
        memcpy(last, p + i, (size_t)(n - i)); /* n tells padding from data */
        fr_hash_stripe(lanes, last);
    }
    for (int k = 0; k < FR_HASH_LANES; k++) h = fr_absorb(h, lanes[k].a, lanes[k].b);
    return fr_avalanche(h);
}

#endif
