/* Rows of samples to lane packs and back, by WIDTH × WIDTH transposes in registers. */

static void NAME(rows_to_lanes)(const REAL *const *rows, ptrdiff_t columns, REAL *y) {
    ptrdiff_t c = 0;
    for (; c + WIDTH <= columns; c += WIDTH)
        for (int part = 0; part < PACK_VECTORS; part++) {
            vec block[WIDTH];
            UNROLL for (int k = 0; k < WIDTH; k++) block[k] = load(rows[part * WIDTH + k] + c);
            NAME(transpose)(block);
            UNROLL for (int k = 0; k < WIDTH; k++)
                store(y + (c + k) * LANES + part * WIDTH, block[k]);
        }
    for (; c < columns; c++)
        for (int lane = 0; lane < LANES; lane++) y[c * LANES + lane] = rows[lane][c];
}

static void NAME(lanes_to_rows)(const REAL *x, ptrdiff_t columns, ptrdiff_t n_rows, REAL *const *rows) {
    ptrdiff_t c = 0;
    for (; c + WIDTH <= columns; c += WIDTH)
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

static void NAME(fill_pack)(TABLE *table) {
    table->rows_to_lanes = NAME(rows_to_lanes);
    table->lanes_to_rows = NAME(lanes_to_rows);
}
