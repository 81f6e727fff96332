/* The loops of fr_gemm (see gemm.h, which includes this for each width of vectors).
 *
 * A tile of C, FR_TILE_ROWS rows by up to FR_TILE_PANELS panels, stays in registers:
 * FR_TILE_VECTORS vectors of type FR_TILE_VECTOR to each row of a panel. Functions are
 * FR_AT_WIDTH(name), compiled for FR_TILE_TARGET.
 */

/* c = a b + bias, or c += a b where `add`, for `rows` rows and `panels` panels of b. Row i of
 * A begins at starts[i]; or A is a transpose, and its column p begins at a + p k_stride, or at
 * a + chosen[p] k_stride; meanwhile what is at ahead + next[p] ahead_stride is fetched. */
#define FR_TILE_ARGUMENTS                                                                    \
    const int rows, const int panels, ptrdiff_t depth, const FR_T *const *starts,            \
        const FR_T *a, ptrdiff_t k_stride, const ptrdiff_t *chosen, const FR_T *ahead,       \
        ptrdiff_t ahead_stride, const ptrdiff_t *next, const FR_T *b, ptrdiff_t b_panel,     \
        const FR_T *bias, int add, FR_T *c, ptrdiff_t c_row, ptrdiff_t c_panel
#if defined(__GNUC__)
/* vector v of a row of numbers in panels, `step` from one to the next */
#define FR_VECTOR_OF(row, v, step)                                                           \
    ((FR_TILE_VECTOR *)((row) + (v) / FR_TILE_VECTORS * (step)) + (v) % FR_TILE_VECTORS)

FR_INLINE void FR_AT_WIDTH(fr_tile)(FR_TILE_ARGUMENTS)
{
    const int vectors = panels * FR_TILE_VECTORS;
    FR_TILE_VECTOR sums[FR_TILE_ROWS][FR_TILE_PANELS * FR_TILE_VECTORS];
    ptrdiff_t p = 0;
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) sums[i][v] = (FR_TILE_VECTOR){0};
    /* there are fewer registers than rows: each start is loaded once for four numbers */
    for (; starts && p + 4 <= depth; p += 4, b += 4 * FR_PANEL) {
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            const FR_T *row = starts[i] + p;
#pragma GCC unroll 4
            for (int q = 0; q < 4; q++)
#pragma GCC unroll 2
                for (int v = 0; v < vectors; v++)
                    sums[i][v] += row[q] * *FR_VECTOR_OF(b + q * FR_PANEL, v, b_panel);
        }
    }
    for (; p < depth; p++, b += FR_PANEL) {
        const FR_T *column = a + (chosen ? chosen[p] : p) * k_stride;
        if (next) {
            const FR_T *coming = ahead + next[p] * ahead_stride;
            FR_PREFETCH(coming);
            if (rows * sizeof(FR_T) > 64) FR_PREFETCH(coming + rows - 1);
        }
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            const FR_T x = starts ? starts[i][p] : column[i];
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sums[i][v] += x * *FR_VECTOR_OF(b, v, b_panel);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++, c += c_row) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            FR_TILE_VECTOR *to = FR_VECTOR_OF(c, v, c_panel);
            if (add)
                *to += sums[i][v];
            else if (bias)
                *to = sums[i][v] + *FR_VECTOR_OF(bias, v, FR_PANEL);
            else
                *to = sums[i][v];
        }
    }
}
#undef FR_VECTOR_OF
#else
FR_INLINE void FR_AT_WIDTH(fr_tile)(FR_TILE_ARGUMENTS)
{
    for (int panel = 0; panel < panels; panel++, b += b_panel, c += c_panel) {
        FR_T sums[FR_TILE_ROWS * FR_PANEL] = {0};
        for (ptrdiff_t p = 0; p < depth; p++) {
            const FR_T *column = a + (chosen ? chosen[p] : p) * k_stride;
            for (int i = 0; i < rows; i++) {
                const FR_T x = starts ? starts[i][p] : column[i];
                for (int j = 0; j < FR_PANEL; j++)
                    sums[i * FR_PANEL + j] += x * b[p * FR_PANEL + j];
            }
        }
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < FR_PANEL; j++)
                c[i * c_row + j] = sums[i * FR_PANEL + j]
                    + (add ? c[i * c_row + j] : bias ? bias[panel * FR_PANEL + j] : 0);
    }
}
#endif
#undef FR_TILE_ARGUMENTS

/* each kind of A has a loop of its own */
#define FR_TILE_ON(N, PANELS, STARTS, CHOSEN)                                                \
    FR_AT_WIDTH(fr_tile)(N, PANELS, depth, STARTS, from, p_step, CHOSEN, ahead, k_stride,    \
                         coming, panel, height * FR_PANEL, shift, more, to, c_row, c_panel)
#define FR_TILE_OF_PANELS(N, PANELS)                                                         \
    if (!transposed)                                                                         \
        FR_TILE_ON(N, PANELS, starts, 0);                                                    \
    else if (far)                                                                            \
        FR_TILE_ON(N, PANELS, 0, far);                                                       \
    else                                                                                     \
        FR_TILE_ON(N, PANELS, 0, 0);
#define FR_TILE_OF(N)                                                                        \
    case N:                                                                                  \
        if (FR_TILE_PANELS > 1 && panels > 1) {                                              \
            FR_TILE_OF_PANELS(N, FR_TILE_PANELS)                                             \
        } else {                                                                             \
            FR_TILE_OF_PANELS(N, 1)                                                          \
        }                                                                                    \
        break;

FR_TILE_TARGET static void FR_AT_WIDTH(fr_gemm)(
    ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t row_stride,
    ptrdiff_t k_stride, const ptrdiff_t *chosen, const ptrdiff_t *next, const void *packed,
    ptrdiff_t block, ptrdiff_t first, ptrdiff_t last, const void *bias, int add, void *c,
    ptrdiff_t c_row, ptrdiff_t c_panel)
{
    const int transposed = row_stride == 1;
    const ptrdiff_t whole = n / FR_PANEL * FR_PANEL;
    FR_T near[FR_TILE_ROWS * FR_DEPTH];
    const FR_T *starts[FR_TILE_ROWS];
    const FR_T *last_bias = 0;
    FR_T ragged[FR_PANEL] = {0};
    if (bias && whole < n) { /* that of the last panel, whose columns go on as zeros */
        memcpy(ragged, (const FR_T *)bias + whole, (n - whole) * sizeof(FR_T));
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
            int rows, panels;
            for (ptrdiff_t i = 0; i < m; i += rows) {
                rows = fr_tile_rows(FR_TILE_ROWS, m - i);
                const FR_T *from = (const FR_T *)a + (transposed ? i : start), *ahead = from;
                const ptrdiff_t *coming = transposed && next ? next + start : 0;
                const ptrdiff_t *far = 0;
                ptrdiff_t p_step = k_stride;
                if (!transposed) {
                    for (int r = 0; r < rows; r++)
                        starts[r] = from + (chosen ? chosen[i + r] : i + r) * row_stride;
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
                    from += start * k_stride;
                }
                for (ptrdiff_t j = left; j < right; j += panels * FR_PANEL) {
                    const FR_T *panel = b + j * height;
                    if (j > first) coming = 0; /* these were fetched */
                    const FR_T *shift = j == whole ? last_bias : bias ? (const FR_T *)bias + j : 0;
                    FR_T *to = (FR_T *)c + i * c_row + j / FR_PANEL * c_panel;
                    const ptrdiff_t both = j + 2 * FR_PANEL;
                    panels = FR_TILE_PANELS > 1 && both <= right && both <= whole ? 2 : 1;
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
#undef FR_TILE_OF_PANELS
#undef FR_TILE_ON
#undef FR_AT_WIDTH
#undef FR_TILE_VECTOR
#undef FR_TILE_VECTORS
#undef FR_TILE_ROWS
#undef FR_TILE_PANELS
#undef FR_TILE_TARGET
