/* Rows to lane packs and back, by WIDTH × WIDTH transposes in registers, and panels of rows. The last
 * transpose begins early enough to be whole: some columns are copied twice. */

/* Where the transpose after the one at column c begins. */
INLINE ptrdiff_t NAME(next_block)(ptrdiff_t c, ptrdiff_t columns) {
    const ptrdiff_t last = columns - WIDTH;
    return c < last && last < c + WIDTH ? last : c + WIDTH;
}

static void NAME(rows_to_lanes)(const REAL *const *rows, ptrdiff_t columns, REAL *y, ptrdiff_t y_step) {
    ptrdiff_t c = 0;
    for (; c + WIDTH <= columns; c = NAME(next_block)(c, columns)) {
        vec block[PACK_VECTORS][WIDTH];
        UNROLL for (int part = 0; part < PACK_VECTORS; part++) {
            UNROLL for (int k = 0; k < WIDTH; k++) block[part][k] = load(rows[part * WIDTH + k] + c);
            NAME(transpose)(block[part]);
        }
        /* column by column: a column's surplus lanes lie where the next column goes */
        UNROLL for (int k = 0; k < WIDTH; k++)
            UNROLL for (int part = 0; part < PACK_VECTORS; part++)
                store(y + (c + k) * y_step + part * WIDTH, block[part][k]);
    }
    for (; c < columns; c++)
        for (int lane = 0; lane < LANES; lane++) y[c * y_step + lane] = rows[lane][c];
}

static void NAME(lanes_to_rows)(const REAL *x, ptrdiff_t columns, ptrdiff_t n_rows, REAL *const *rows) {
    ptrdiff_t c = 0;
    for (; c + WIDTH <= columns; c = NAME(next_block)(c, columns))
        for (int part = 0; part < PACK_VECTORS && part * WIDTH < n_rows; part++) {
            vec block[WIDTH];
            UNROLL for (int k = 0; k < WIDTH; k++)
                block[k] = load(x + (c + k) * LANES + part * WIDTH);
            NAME(transpose)(block);
            UNROLL for (int k = 0; k < WIDTH; k++)
                if (part * WIDTH + k < n_rows) store(rows[part * WIDTH + k] + c, block[k]);
        }
    for (; c < columns; c++)
        for (ptrdiff_t lane = 0; lane < n_rows; lane++) rows[lane][c] = x[c * LANES + lane];
}

static void NAME(copy_panel)(const REAL *x, ptrdiff_t x_row_step, ptrdiff_t n_rows, ptrdiff_t width,
                             REAL *y) {
    const ptrdiff_t whole = (width + WIDTH - 1) / WIDTH * WIDTH;
    for (ptrdiff_t row = 0; row < n_rows; row++, x += x_row_step, y += width) {
        ptrdiff_t i = 0;
        /* whole vectors read beyond the row and write where the rows after it go, if there is room */
        if (row + 1 < n_rows && whole - width <= x_row_step && whole <= (n_rows - row) * width)
            for (; i < width; i += WIDTH) store(y + i, load(x + i));
        for (; i < width; i++) y[i] = x[i];
    }
}

static void NAME(fill_pack)(TABLE *table) {
    table->rows_to_lanes = NAME(rows_to_lanes);
    table->lanes_to_rows = NAME(lanes_to_rows);
    table->copy_panel = NAME(copy_panel);
}
