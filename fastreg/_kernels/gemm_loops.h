/* The loops of fr_gemm (see gemm.h, which includes this for each width of vectors).
 *
 * A tile of C, FR_TILE_ROWS rows by one panel, stays in registers: FR_TILE_VECTORS
 * vectors of type FR_TILE_VECTOR to each row. Functions are FR_AT_WIDTH(name), compiled
 * for FR_TILE_TARGET.
 */

/* c = a b + bias, or c += a b where `add`, for `rows` rows and one panel b. Number p of a row
 * is k_stride further for each p, or for each of chosen[p]; or row i begins at lent[i]. */
#if defined(__GNUC__)
FR_INLINE void FR_AT_WIDTH(fr_tile)(const int rows, ptrdiff_t depth, const FR_T *a,
                                    ptrdiff_t row_stride, ptrdiff_t k_stride,
                                    const ptrdiff_t *chosen, const FR_T *const *lent,
                                    const FR_T *b, const FR_T *bias, int add, FR_T *c,
                                    ptrdiff_t c_stride)
{
    FR_TILE_VECTOR sums[FR_TILE_ROWS][FR_TILE_VECTORS];
    ptrdiff_t p = 0;
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < FR_TILE_VECTORS; v++) sums[i][v] = (FR_TILE_VECTOR){0};
    /* there are fewer registers than rows: each is loaded once for four numbers */
    for (; lent && p + 4 <= depth; p += 4, b += 4 * FR_PANEL) {
        const FR_TILE_VECTOR *from = (const FR_TILE_VECTOR *)b;
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            const FR_T *row = lent[i] + p;
#pragma GCC unroll 4
            for (int q = 0; q < 4; q++)
#pragma GCC unroll 2
                for (int v = 0; v < FR_TILE_VECTORS; v++)
                    sums[i][v] += row[q] * from[q * FR_TILE_VECTORS + v];
        }
    }
    for (; p < depth; p++, b += FR_PANEL) {
        const FR_TILE_VECTOR *from = (const FR_TILE_VECTOR *)b;
        const FR_T *column = a + (chosen ? chosen[p] : p) * k_stride;
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            const FR_T x = lent ? lent[i][p] : column[i * row_stride];
#pragma GCC unroll 2
            for (int v = 0; v < FR_TILE_VECTORS; v++) sums[i][v] += x * from[v];
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++, c += c_stride) {
        FR_TILE_VECTOR *to = (FR_TILE_VECTOR *)c;
#pragma GCC unroll 2
        for (int v = 0; v < FR_TILE_VECTORS; v++) {
            if (add)
                to[v] += sums[i][v];
            else if (bias)
                to[v] = sums[i][v] + ((const FR_TILE_VECTOR *)bias)[v];
            else
                to[v] = sums[i][v];
        }
    }
}
#else
FR_INLINE void FR_AT_WIDTH(fr_tile)(const int rows, ptrdiff_t depth, const FR_T *a,
                                    ptrdiff_t row_stride, ptrdiff_t k_stride,
                                    const ptrdiff_t *chosen, const FR_T *const *lent,
                                    const FR_T *b, const FR_T *bias, int add, FR_T *c,
                                    ptrdiff_t c_stride)
{
    FR_T sums[FR_TILE_ROWS * FR_PANEL] = {0};
    for (ptrdiff_t p = 0; p < depth; p++, b += FR_PANEL) {
        const FR_T *column = a + (chosen ? chosen[p] : p) * k_stride;
        for (int i = 0; i < rows; i++) {
            const FR_T x = lent ? lent[i][p] : column[i * row_stride];
            for (int j = 0; j < FR_PANEL; j++) sums[i * FR_PANEL + j] += x * b[j];
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < FR_PANEL; j++)
            c[i * c_stride + j] = sums[i * FR_PANEL + j]
                + (add ? c[i * c_stride + j] : bias ? bias[j] : 0);
}
#endif

#define FR_TILE_OF(N)                                                                        \
    case N:                                                                                  \
        if (lent)                                                                            \
            FR_AT_WIDTH(fr_tile)(N, depth, from, i_step, p_step, 0, lent, panel, shift,      \
                                 more, to, c_row);                                           \
        else if (far)                                                                        \
            FR_AT_WIDTH(fr_tile)(N, depth, from, i_step, p_step, far, 0, panel, shift, more, \
                                 to, c_row);                                                 \
        else                                                                                 \
            FR_AT_WIDTH(fr_tile)(N, depth, from, i_step, p_step, 0, 0, panel, shift, more,   \
                                 to, c_row);                                                 \
        break;

FR_TILE_TARGET static void FR_AT_WIDTH(fr_gemm)(
    ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t row_stride,
    ptrdiff_t k_stride, const ptrdiff_t *chosen, const void *packed, ptrdiff_t block,
    ptrdiff_t first, ptrdiff_t last, const void *bias, int add, void *c, ptrdiff_t c_row,
    ptrdiff_t c_panel)
{
    const int transposed = row_stride == 1;
    FR_T near[FR_TILE_ROWS * FR_DEPTH];
    const FR_T *starts[FR_TILE_ROWS];
    const FR_T *last_bias = 0;
    FR_T ragged[FR_PANEL] = {0};
    if (bias && n % FR_PANEL) { /* that of the last panel, whose columns go on as zeros */
        memcpy(ragged, (const FR_T *)bias + n / FR_PANEL * FR_PANEL, n % FR_PANEL * sizeof(FR_T));
        last_bias = ragged;
    }
    for (ptrdiff_t start = 0; start < k; start += FR_DEPTH) {
        const ptrdiff_t depth = k - start < FR_DEPTH ? k - start : FR_DEPTH;
        ptrdiff_t height;
        const FR_T *b = FR_NAME(fr_packed_row)((const FR_T *)packed, start, k, n, block, &height);
        const int more = add || start > 0;
        const int fetches_columns = transposed && depth > FR_FAR && last - first > 2 * FR_PANEL;
        for (ptrdiff_t left = first; left < last; left += FR_SPAN) {
            const ptrdiff_t right = last - left < FR_SPAN ? last : left + FR_SPAN;
            int rows;
            for (ptrdiff_t i = 0; i < m; i += rows) {
                rows = fr_tile_rows(FR_TILE_ROWS, m - i);
                const FR_T *from = (const FR_T *)a + (transposed ? i : start);
                const ptrdiff_t *far = 0;
                const FR_T *const *lent = 0;
                ptrdiff_t i_step = row_stride, p_step = k_stride;
                if (chosen && !transposed) {
                    for (int r = 0; r < rows; r++) starts[r] = from + chosen[i + r] * row_stride;
                    lent = starts;
                } else if (fetches_columns && rows == FR_TILE_ROWS) {
                    /* these lie across many pages: fetched once for all panels */
                    for (ptrdiff_t p = 0; p < depth; p++)
                        memcpy(near + p * FR_TILE_ROWS,
                               from + (chosen ? chosen[start + p] : start + p) * k_stride,
                               FR_TILE_ROWS * sizeof(FR_T));
                    from = near;
                    p_step = FR_TILE_ROWS;
                } else if (chosen) {
                    far = chosen + start;
                } else {
                    from += transposed ? start * k_stride : i * row_stride;
                }
                for (ptrdiff_t j = left; j < right; j += FR_PANEL) {
                    const FR_T *panel = b + j * height;
                    const FR_T *shift = n - j < FR_PANEL ? last_bias
                                        : bias           ? (const FR_T *)bias + j
                                                         : 0;
                    FR_T *to = (FR_T *)c + i * c_row + j / FR_PANEL * c_panel;
                    switch (rows) {
#if FR_TILE_ROWS == 12
                        FR_TILE_OF(12)
                        FR_TILE_OF(11)
                        FR_TILE_OF(10)
                        FR_TILE_OF(9)
                        FR_TILE_OF(8)
                        FR_TILE_OF(7)
#endif
                        FR_TILE_OF(6)
                        FR_TILE_OF(5)
                        FR_TILE_OF(4)
                        FR_TILE_OF(3)
                        FR_TILE_OF(2)
                        FR_TILE_OF(1)
                    }
                }
            }
        }
    }
}
#undef FR_TILE_OF
#undef FR_AT_WIDTH
#undef FR_TILE_VECTOR
#undef FR_TILE_VECTORS
#undef FR_TILE_ROWS
#undef FR_TILE_TARGET
