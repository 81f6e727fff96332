/* Rows of a data matrix, chosen by index, brought into a batch or multiplied. */
#ifndef FR_T
#ifndef FASTREG_NETWORK_ROWS_H
#define FASTREG_NETWORK_ROWS_H

#include <stddef.h>
#include <string.h>

#include "clones.h"

#define FR_GATHER(NAME, FROM, TO)                                                            \
    FR_UNUSED static void fr_gather_##NAME(const FROM *x, ptrdiff_t row_stride,              \
                                           ptrdiff_t column_stride, const ptrdiff_t *samples, \
                                           ptrdiff_t first, ptrdiff_t last, ptrdiff_t width, \
                                           TO *out, ptrdiff_t stride)                        \
    {                                                                                        \
        for (ptrdiff_t i = first; i < last; i++) {                                           \
            const FROM *row = x + samples[i] * row_stride;                                   \
            TO *to = out + i * stride;                                                       \
            if (column_stride == 1 && i + 2 < last) { /* rows lie far apart in memory */     \
                const char *next = (const char *)(x + samples[i + 2] * row_stride);          \
                for (ptrdiff_t b = 0; b < width * (ptrdiff_t)sizeof(FROM); b += 64)          \
                    FR_PREFETCH(next + b);                                                   \
            }                                                                                \
            if (column_stride == 1)                                                          \
                for (ptrdiff_t j = 0; j < width; j++) to[j] = (TO)row[j];                    \
            else                                                                             \
                for (ptrdiff_t j = 0; j < width; j++) to[j] = (TO)row[j * column_stride];    \
        }                                                                                    \
    }
FR_GATHER(same_f32, float, float)
FR_GATHER(same_f64, double, double)
FR_GATHER(widened, float, double)
FR_GATHER(narrowed, double, float)
#undef FR_GATHER

/* Part `part` of `n_parts` of these rows, of n_bytes each, is going to be gathered */
FR_UNUSED static void fr_expect_rows(const void *x, ptrdiff_t row_bytes, const ptrdiff_t *samples,
                                     ptrdiff_t first, ptrdiff_t last, ptrdiff_t n_bytes,
                                     ptrdiff_t part, ptrdiff_t n_parts)
{
    const ptrdiff_t lines = (n_bytes + 63) / 64, total = (last - first) * lines;
    ptrdiff_t left = (part + 1) * total / n_parts, start = part * total / n_parts;
    left -= start;
    samples += first + start / lines;
    start %= lines;
    for (; left > 0; samples++, start = 0) {
        const char *row = (const char *)x + *samples * row_bytes;
        for (; left > 0 && start < lines; start++, left--) FR_PREFETCH(row + start * 64);
    }
}

#define FR_BODY "network_rows.h"
#include "for_reals.h"

#define fr_sparse_forward(single, ...) \
    ((single) ? fr_sparse_forward_f32(__VA_ARGS__) : fr_sparse_forward_f64(__VA_ARGS__))
#define fr_sparse_gradient(single, ...) \
    ((single) ? fr_sparse_gradient_f32(__VA_ARGS__) : fr_sparse_gradient_f64(__VA_ARGS__))

#endif
#else

/* out_i = bias + sum_j x_ij W_j over the nonzeros of rows first..last; W_j (width,) is at
 * weights + j * w_stride */
FR_FUNCTION void FR_NAME(fr_sparse_forward)(int x_single, const void *data, const int *indices,
                                            const int *indptr, const ptrdiff_t *samples,
                                            ptrdiff_t first, ptrdiff_t last, const void *weights,
                                            ptrdiff_t w_stride, const void *bias,
                                            ptrdiff_t width, void *output, ptrdiff_t stride)
{
    for (ptrdiff_t i = first; i < last; i++) {
        FR_T *out = (FR_T *)output + i * stride;
        memcpy(out, bias, width * sizeof(FR_T));
        for (ptrdiff_t t = indptr[samples[i]]; t < indptr[samples[i] + 1]; t++) {
            const FR_T x = (FR_T)(x_single ? ((const float *)data)[t] : ((const double *)data)[t]);
            const FR_T *w = (const FR_T *)weights + indices[t] * w_stride;
#pragma omp simd
            for (ptrdiff_t j = 0; j < width; j++) out[j] += x * w[j];
        }
    }
}

/* G_j += sum_i x_ij delta_i for features j in top..bottom, G_j at gradient + j * g_stride;
 * indices of a row are sorted */
FR_FUNCTION void FR_NAME(fr_sparse_gradient)(int x_single, const void *data, const int *indices,
                                             const int *indptr, const ptrdiff_t *samples,
                                             ptrdiff_t rows, ptrdiff_t top, ptrdiff_t bottom,
                                             const void *deltas, ptrdiff_t stride, ptrdiff_t width,
                                             void *gradient, ptrdiff_t g_stride)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        const FR_T *delta = (const FR_T *)deltas + i * stride;
        ptrdiff_t low = indptr[samples[i]], high = indptr[samples[i] + 1];
        const ptrdiff_t end = high;
        while (low < high) {
            const ptrdiff_t middle = low + (high - low) / 2;
            if (indices[middle] < top)
                low = middle + 1;
            else
                high = middle;
        }
        for (ptrdiff_t t = low; t < end && indices[t] < bottom; t++) {
            const FR_T x = (FR_T)(x_single ? ((const float *)data)[t] : ((const double *)data)[t]);
            FR_T *g = (FR_T *)gradient + indices[t] * g_stride;
#pragma omp simd
            for (ptrdiff_t j = 0; j < width; j++) g[j] += x * delta[j];
        }
    }
}
#endif
