/* A 128-bit hash of bytes, for telling arrays apart by content. It is not
 * cryptographic: an adversary can make two arrays collide, accident cannot.
 *
 * The idea is that of XXH3 (Yann Collet): eight lanes of 64 bits, which a CPU with
 * wide registers works on at once. A word of input is mixed with a key of its place,
 * its halves are multiplied, and the product goes to its lane; the word itself goes to
 * another lane, so that nothing is lost where a factor is zero. Sums don't know the
 * order of what they add: the keys do, and after each block of 16 stripes the lanes
 * are stirred. In the end wide products fold the lanes into two words, as in wyhash
 * (Wang Yi).
 */
#ifndef FASTREG_CONTENT_HASH_H
#define FASTREG_CONTENT_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "clones.h"

enum {
    FR_HASH_LANES = 8, FR_HASH_STRIPE = 8 * FR_HASH_LANES, /* bytes */
    FR_HASH_STRIPES = 16, FR_HASH_BLOCK = FR_HASH_STRIPES * FR_HASH_STRIPE
};

/* Fractional parts of the square roots of 2, 3, 5 and 7, as in SHA-512: about half
 * of their bits are set, and the multipliers K2 and K3 are odd. */
#define FR_HASH_K0 UINT64_C(0x6a09e667f3bcc908)
#define FR_HASH_K1 UINT64_C(0xbb67ae8584caa73b)
#define FR_HASH_K2 UINT64_C(0x3c6ef372fe94f82b)
#define FR_HASH_K3 UINT64_C(0xa54ff53a5f1d36f1)

/* Keys: stripe s of a block uses those from s on, stirring the last eight. They are
 * the fractional parts of the cube roots of the first 24 primes. */
static const uint64_t fr_hash_keys[FR_HASH_STRIPES + FR_HASH_LANES] = {
    UINT64_C(0x428a2f98d728ae22), UINT64_C(0x7137449123ef65cd), UINT64_C(0xb5c0fbcfec4d3b2f),
    UINT64_C(0xe9b5dba58189dbbc), UINT64_C(0x3956c25bf348b538), UINT64_C(0x59f111f1b605d019),
    UINT64_C(0x923f82a4af194f9b), UINT64_C(0xab1c5ed5da6d8118), UINT64_C(0xd807aa98a3030242),
    UINT64_C(0x12835b0145706fbe), UINT64_C(0x243185be4ee4b28c), UINT64_C(0x550c7dc3d5ffb4e2),
    UINT64_C(0x72be5d74f27b896f), UINT64_C(0x80deb1fe3b1696b1), UINT64_C(0x9bdc06a725c71235),
    UINT64_C(0xc19bf174cf692694), UINT64_C(0xe49b69c19ef14ad2), UINT64_C(0xefbe4786384f25e3),
    UINT64_C(0x0fc19dc68b8cd5b5), UINT64_C(0x240ca1cc77ac9c65), UINT64_C(0x2de92c6f592b0275),
    UINT64_C(0x4a7484aa6ea6e483), UINT64_C(0x5cb0a9dcbd41fbd4), UINT64_C(0x76f988da831153b5)
};

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

/* Two words more, the second of them by steps that lose nothing. */
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

/* Four lanes at once, in two registers or one. */
#if defined(__GNUC__)
typedef uint64_t fr_words __attribute__((vector_size(32), aligned(8), may_alias));
enum { FR_WORDS = 4 };
#else
typedef uint64_t fr_words;
enum { FR_WORDS = 1 };
#endif

#define FR_HASH_STIRRER UINT64_C(0x9e3779b1) /* odd: the golden ratio, in 32 bits */

/* Lanes take n_stripes stripes of a block, and are stirred after every full one. */
FR_FUNCTION void fr_hash_stripes(uint64_t *lanes, const char *p, ptrdiff_t n_stripes)
{
    enum { HALF = FR_HASH_LANES / 2, PARTS = HALF / FR_WORDS };
    const uint64_t *stir = fr_hash_keys + FR_HASH_STRIPES;
    fr_words low[PARTS], high[PARTS];
    memcpy(low, lanes, sizeof low);
    memcpy(high, lanes + HALF, sizeof high);
    for (ptrdiff_t s = 0; s < n_stripes; s++, p += FR_HASH_STRIPE) {
        const uint64_t *keys = fr_hash_keys + s % FR_HASH_STRIPES;
        for (int j = 0; j < PARTS; j++) {
            fr_words x, y; /* the input need not be aligned */
            memcpy(&x, p + 8 * FR_WORDS * j, sizeof x);
            memcpy(&y, p + 8 * (HALF + FR_WORDS * j), sizeof y);
            const fr_words u = x ^ *(const fr_words *)(keys + FR_WORDS * j);
            const fr_words v = y ^ *(const fr_words *)(keys + HALF + FR_WORDS * j);
            low[j] += (u & UINT32_MAX) * (u >> 32) + y;
            high[j] += (v & UINT32_MAX) * (v >> 32) + x;
        }
        if ((s + 1) % FR_HASH_STRIPES) continue;
        for (int j = 0; j < PARTS; j++) {
            low[j] ^= (low[j] >> 47) ^ *(const fr_words *)(stir + FR_WORDS * j);
            high[j] ^= (high[j] >> 47) ^ *(const fr_words *)(stir + HALF + FR_WORDS * j);
            low[j] *= FR_HASH_STIRRER;
            high[j] *= FR_HASH_STIRRER;
        }
    }
    memcpy(lanes, low, sizeof low);
    memcpy(lanes + HALF, high, sizeof high);
}

/* The hash of n bytes, all of which lie one after the other. */
static fr_hash128 fr_hash_bytes(const char *p, ptrdiff_t n)
{
    uint64_t lanes[FR_HASH_LANES];
    fr_hash128 h = {FR_HASH_K0, (uint64_t)n}; /* n tells padding from data */
    char last[FR_HASH_BLOCK];
    const ptrdiff_t whole = n - n % FR_HASH_BLOCK, rest = n - whole;
    const ptrdiff_t n_stripes = (rest + FR_HASH_STRIPE - 1) / FR_HASH_STRIPE;
    for (int k = 0; k < FR_HASH_LANES; k++) lanes[k] = FR_HASH_K0 + (uint64_t)k * FR_HASH_K2;
    fr_hash_stripes(lanes, p, whole / FR_HASH_STRIPE);
    if (rest) {
        memcpy(last, p + whole, (size_t)rest);
        memset(last + rest, 0, (size_t)(n_stripes * FR_HASH_STRIPE - rest));
        fr_hash_stripes(lanes, last, n_stripes);
    }
    for (int k = 0; k < FR_HASH_LANES; k += 2) h = fr_absorb(h, lanes[k], lanes[k + 1]);
    return fr_avalanche(h);
}

#endif
