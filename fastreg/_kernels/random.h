/* Random numbers as a function of a key and a counter: Philox 4x32-10 (Salmon,
 * Moraes, Dror, Shaw 2011). Whoever asks for block c of key k gets the same
 * four words, in any order and on any thread.
 */
#ifndef FASTREG_RANDOM_H
#define FASTREG_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FR_RANDOM_FUNCTION __attribute__((unused)) static inline
#else
#define FR_RANDOM_FUNCTION static inline
#endif

/* The four 32-bit words of block (high, low) of a 64-bit key. */
FR_RANDOM_FUNCTION void fr_philox(uint64_t key, uint64_t high, uint64_t low, uint32_t out[4])
{
    uint32_t c0 = (uint32_t)low, c1 = (uint32_t)(low >> 32);
    uint32_t c2 = (uint32_t)high, c3 = (uint32_t)(high >> 32);
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Words of the blocks (high, 0), (high, 1), ... one after the other. */
typedef struct {
    uint64_t key, high, low;
    uint32_t words[4];
    int left;
} fr_stream;

FR_RANDOM_FUNCTION void fr_stream_start(fr_stream *stream, uint64_t key, uint64_t high)
{
    stream->key = key;
    stream->high = high;
    stream->low = 0;
    stream->left = 0;
}

FR_RANDOM_FUNCTION uint32_t fr_next(fr_stream *stream)
{
    if (stream->left == 0) {
        fr_philox(stream->key, stream->high, stream->low++, stream->words);
        stream->left = 4;
    }
    return stream->words[4 - stream->left--];
}

/* A whole number below `bound`, all alike in probability: a product's high part,
 * drawn again where the low part says that it would come up too often (Lemire 2019). */
FR_RANDOM_FUNCTION uint64_t fr_below(fr_stream *stream, uint64_t bound)
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
FR_RANDOM_FUNCTION void fr_shuffle(ptrdiff_t *order, ptrdiff_t n, uint64_t key, uint64_t high)
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
