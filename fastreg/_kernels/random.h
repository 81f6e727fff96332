/* Random numbers as a function of a key and a counter: Threefry 4x32 (Salmon, Moraes,
 * Dror, Shaw 2011). Whoever asks for block c of key k gets the same four words, in any
 * order and on any thread. It only adds, rotates and xors words of 32 bits: where many
 * blocks are drawn it is four times as fast as Philox, whose products don't fill vectors.
 */
#ifndef FASTREG_RANDOM_H
#define FASTREG_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "clones.h"

enum {
    FR_WORDS = 64,          /* blocks drawn in one go, where many are */
    FR_ROUNDS = 12          /* the fewest that pass BigCrush, the authors say */
};

FR_INLINE uint32_t fr_rotate(uint32_t x, int bits)
{
    return x << bits | x >> (32 - bits);
}

/* The words of n blocks with the counters (first + i, c1, c2, c3) under one key: word k of
 * block i is out[k * n + i]. */
FR_INLINE void fr_threefry_blocks(uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3,
                                  uint64_t key, ptrdiff_t n, uint32_t *out)
{
    static const int turns[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5},
                                    {6, 20},  {17, 11}, {25, 10}, {18, 20}};
    const uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    const uint32_t keys[5] = {k0, k1, 0, 0, 0x1BD11BDAu ^ k0 ^ k1};
    uint32_t *x0 = out, *x1 = out + n, *x2 = out + 2 * n, *x3 = out + 3 * n;
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t a = first + (uint32_t)i + keys[0], b = c1 + keys[1], c = c2 + keys[2];
        uint32_t d = c3 + keys[3];
#pragma GCC unroll 12
        for (int r = 0; r < FR_ROUNDS; r++) {
            a += b;
            c += d;
            const uint32_t turned = fr_rotate(b, turns[r % 8][0]) ^ a;
            b = fr_rotate(d, turns[r % 8][1]) ^ c;
            d = turned;
            if (r % 4 == 3) {
                const int s = r / 4 + 1;
                a += keys[s % 5];
                b += keys[(s + 1) % 5];
                c += keys[(s + 2) % 5];
                d += keys[(s + 3) % 5] + (uint32_t)s;
            }
        }
        x0[i] = a;
        x1[i] = b;
        x2[i] = c;
        x3[i] = d;
    }
}

/* The four words of block (high, low) of a 64-bit key. */
FR_INLINE void fr_threefry(uint64_t key, uint64_t high, uint64_t low, uint32_t out[4])
{
    fr_threefry_blocks((uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high,
                       (uint32_t)(high >> 32), key, 1, out);
}

/* A number in (0, 1) from a word, exact in double. */
FR_INLINE double fr_uniform(uint32_t word)
{
    return (word + 0.5) * (1.0 / 4294967296.0);
}

/* Words of the blocks (high, 0), (high, 1), ... one after the other. */
typedef struct {
    uint64_t key, high, low;
    uint32_t words[4];
    int left;
} fr_stream;

FR_INLINE void fr_stream_start(fr_stream *stream, uint64_t key, uint64_t high)
{
    stream->key = key;
    stream->high = high;
    stream->low = 0;
    stream->left = 0;
}

FR_INLINE uint32_t fr_next(fr_stream *stream)
{
    if (stream->left == 0) {
        fr_threefry(stream->key, stream->high, stream->low++, stream->words);
        stream->left = 4;
    }
    return stream->words[4 - stream->left--];
}

/* A whole number below `bound`, all alike in probability: a product's high part,
 * drawn again where the low part says that it would come up too often (Lemire 2019). */
FR_INLINE uint64_t fr_below(fr_stream *stream, uint64_t bound)
{
    if (bound > UINT32_MAX) {
        const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
        uint64_t word;
        do {
            word = (uint64_t)fr_next(stream) << 32;
            word |= fr_next(stream);
        } while (word >= limit);
        return word % bound;
    }
    uint64_t product = (uint64_t)fr_next(stream) * bound;
    if ((uint32_t)product < bound) {
        const uint32_t least = (uint32_t)(-(uint32_t)bound) % (uint32_t)bound;
        while ((uint32_t)product < least) product = (uint64_t)fr_next(stream) * bound;
    }
    return product >> 32;
}

/* Put order[0..n) into a random order (Fisher and Yates). */
FR_INLINE void fr_shuffle(ptrdiff_t *order, ptrdiff_t n, uint64_t key, uint64_t high)
{
    fr_stream stream;
    fr_stream_start(&stream, key, high);
    for (ptrdiff_t i = n - 1; i > 0; i--) {
        const ptrdiff_t j = (ptrdiff_t)fr_below(&stream, (uint64_t)i + 1);
        const ptrdiff_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

#endif
