/* Noise on a layer's output while it is trained: dropout, and Gaussian noise.
 *
 * What an element gets depends on its row and column in the batch, the number of the
 * batch, the layer and the key.
 */
#ifndef FR_T
#ifndef FASTREG_MASKS_H
#define FASTREG_MASKS_H

#include <math.h>
#include <stddef.h>

#include "random.h"

/* halves of words, and the bits of a number, read where they lie */
#if defined(__GNUC__)
typedef uint16_t __attribute__((may_alias)) fr_half;
typedef uint32_t __attribute__((may_alias)) fr_bits_f32;
typedef uint64_t __attribute__((may_alias)) fr_bits_f64;
#else
typedef uint16_t fr_half;
typedef uint32_t fr_bits_f32;
typedef uint64_t fr_bits_f64;
#endif

/* Of 2^16 numbers, how many are kept. */
FR_INLINE uint32_t fr_kept(double keep)
{
    return (uint32_t)(keep * 65536.0 + 0.5);
}

#define FR_BODY "masks.h"
#include "for_reals.h"

#define fr_drop(single, ...) ((single) ? fr_drop_f32(__VA_ARGS__) : fr_drop_f64(__VA_ARGS__))
#define fr_drop_backward(single, ...) \
    ((single) ? fr_drop_backward_f32(__VA_ARGS__) : fr_drop_backward_f64(__VA_ARGS__))
#define fr_add_noise(single, ...) \
    ((single) ? fr_add_noise_f32(__VA_ARGS__) : fr_add_noise_f64(__VA_ARGS__))

#endif
#else

#define FR_PLACE                                                                          \
    ptrdiff_t first, ptrdiff_t last, ptrdiff_t width, uint32_t layer, uint64_t number, \
        uint64_t key

/* out = scale in with probability kept / 2^16, else -0, which is nothing else here: that
 * tells the way back what was dropped, without masks in memory. */
FR_INLINE void FR_NAME(fr_drop_some)(const FR_T *in, FR_T *out, ptrdiff_t n,
                                     const fr_half *chances, uint32_t kept, FR_T scale)
{
#pragma omp simd
    for (ptrdiff_t j = 0; j < n; j++)
        out[j] = (uint32_t)chances[j] < kept ? scale * in[j] + (FR_T)0 : -(FR_T)0;
}

/* Counters for a row of masks, eight masks each: whole vectors of them where it is wide. */
FR_INLINE ptrdiff_t FR_NAME(fr_mask_groups)(ptrdiff_t width)
{
    const ptrdiff_t groups = (width + 7) / 8;
    return groups > 4 ? (groups + 7) / 8 * 8 : groups;
}

/* Rows of `width` numbers, and of those up to `span` behind them, which nobody reads */
FR_FUNCTION void FR_NAME(fr_drop)(const void *input, ptrdiff_t in_stride, void *output,
                                  ptrdiff_t stride, double keep, ptrdiff_t span, FR_PLACE)
{
    const uint32_t kept = fr_kept(keep);
    const FR_T scale = (FR_T)(65536.0 / kept);
    const ptrdiff_t groups = FR_NAME(fr_mask_groups)(width);
    const ptrdiff_t rows = groups < FR_WORDS ? FR_WORDS / groups : 1;
    uint32_t words[4 * FR_WORDS];
    for (ptrdiff_t top = first; top < last; top += rows)
        for (ptrdiff_t start = 0; start < groups; start += FR_WORDS) {
            /* several narrow rows, or a part of a wide one: their counters are neighbours */
            const ptrdiff_t bottom = last - top < rows ? last : top + rows;
            const ptrdiff_t some = groups - start < FR_WORDS ? groups - start : FR_WORDS;
            const ptrdiff_t n = rows > 1 ? (bottom - top) * groups : some;
            fr_threefry_blocks((uint32_t)(top * groups + start), layer, (uint32_t)number,
                               (uint32_t)(number >> 32), key, n, words);
            for (ptrdiff_t i = top; i < bottom; i++) {
                const FR_T *in = (const FR_T *)input + i * in_stride;
                FR_T *out = (FR_T *)output + i * stride;
#pragma GCC unroll 4
                for (int word = 0; word < 4; word++) {
                    const ptrdiff_t j = 2 * (word * groups + start);
                    const ptrdiff_t count = span - j < 2 * some ? span - j : 2 * some;
                    const fr_half *chances =
                        (const fr_half *)(words + word * n + (i - top) * groups);
                    if (count == 16)
                        FR_NAME(fr_drop_some)(in + j, out + j, 16, chances, kept, scale);
                    else if (count == 32)
                        FR_NAME(fr_drop_some)(in + j, out + j, 32, chances, kept, scale);
                    else
                        FR_NAME(fr_drop_some)(in + j, out + j, count, chances, kept, scale);
                }
            }
        }
}

/* g = scale g, or 0 where fr_drop has left -0 */
FR_FUNCTION void FR_NAME(fr_drop_backward)(void *gradient, const void *output, ptrdiff_t stride,
                                           double keep, ptrdiff_t first, ptrdiff_t last,
                                           ptrdiff_t width)
{
    const FR_T scale = (FR_T)(65536.0 / fr_kept(keep));
    const FR_NAME(fr_bits) dropped = (FR_NAME(fr_bits))1 << (8 * sizeof(FR_T) - 1);
    for (ptrdiff_t i = first; i < last; i++) {
        FR_T *g = (FR_T *)gradient + i * stride;
        const FR_NAME(fr_bits) *bits = (const FR_NAME(fr_bits) *)output + i * stride;
#pragma omp simd
        for (ptrdiff_t j = 0; j < width; j++) g[j] = bits[j] == dropped ? 0 : scale * g[j];
    }
}

/* x += deviation times a normal number (Box and Muller 1958), in place */
FR_FUNCTION void FR_NAME(fr_add_noise)(void *data, ptrdiff_t stride, double deviation, FR_PLACE)
{
    const ptrdiff_t groups = (width + 3) / 4;
    uint32_t words[4];
    for (ptrdiff_t i = first; i < last; i++) {
        FR_T *x = (FR_T *)data + i * stride;
        for (ptrdiff_t group = 0; group < groups; group++) {
            fr_threefry_blocks((uint32_t)(i * groups + group), layer, (uint32_t)number,
                               (uint32_t)(number >> 32), key, 1, words);
            for (int pair = 0; pair < 2; pair++) {
                const double radius = deviation * sqrt(-2 * log(fr_uniform(words[2 * pair])));
                const double angle = 6.283185307179586 * fr_uniform(words[2 * pair + 1]);
                const ptrdiff_t j = 4 * group + 2 * pair;
                if (j < width) x[j] += (FR_T)(radius * cos(angle));
                if (j + 1 < width) x[j + 1] += (FR_T)(radius * sin(angle));
            }
        }
    }
}
#undef FR_PLACE
#endif
