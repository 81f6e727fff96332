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

/* mask is 0 with probability 1 - kept / 2^16, else 2^16 / kept; out = mask in.
 * A word makes two masks of 16 bits. */
FR_INLINE void FR_NAME(fr_apply_mask)(const FR_T *in, FR_T *mask, FR_T *out, ptrdiff_t n,
                                      const uint32_t *words, int shift, uint32_t kept,
                                        FR_T scale)
{
#pragma omp simd
    for (ptrdiff_t j = 0; j < n; j++) {
        mask[j] = ((words[j] >> shift) & 0xFFFFu) < kept ? scale : 0;
        out[j] = mask[j] * in[j];
    }
}

/* Counters for a row of masks, eight masks each: whole vectors of them where it is wide. */
FR_INLINE ptrdiff_t FR_NAME(fr_mask_groups)(ptrdiff_t width)
{
    const ptrdiff_t groups = (width + 7) / 8;
    return groups > 4 ? (groups + 7) / 8 * 8 : groups;
}

FR_FUNCTION void FR_NAME(fr_drop)(const void *input, ptrdiff_t in_stride, void *masks,
                                       void *output, ptrdiff_t stride, double keep, FR_PLACE)
{
    const uint32_t kept = (uint32_t)(keep * 65536.0 + 0.5);
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
                FR_T *mask = (FR_T *)masks + i * stride, *out = (FR_T *)output + i * stride;
#pragma GCC unroll 8
                for (int lane = 0; lane < 8; lane++) {
                    const ptrdiff_t j = lane * groups + start;
                    const ptrdiff_t count = width - j < some ? width - j : some;
                    const uint32_t *own = words + (lane / 2) * n + (i - top) * groups;
                    if (count == 8)
                        FR_NAME(fr_apply_mask)(in + j, mask + j, out + j, 8, own,
                                               lane % 2 * 16, kept, scale);
                    else
                        FR_NAME(fr_apply_mask)(in + j, mask + j, out + j, count, own,
                                               lane % 2 * 16, kept, scale);
                }
            }
        }
}

/* g *= mask */
FR_FUNCTION void FR_NAME(fr_drop_backward)(void *gradient, ptrdiff_t grad_stride, const void *masks,
                                           ptrdiff_t stride, ptrdiff_t first, ptrdiff_t last,
                                           ptrdiff_t width)
{
    for (ptrdiff_t i = first; i < last; i++) {
        FR_T *g = (FR_T *)gradient + i * grad_stride;
        const FR_T *mask = (const FR_T *)masks + i * stride;
#pragma omp simd
        for (ptrdiff_t j = 0; j < width; j++) g[j] *= mask[j];
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
