/* Pooling: one window over all channels of a position. Windows, borders and positions are the caller's. */

static void NAME(window_max)(const REAL *x, const ptrdiff_t *offset, const INDEX *index, ptrdiff_t taps,
                             ptrdiff_t channels, REAL *y, INDEX *argmax) {
    for (ptrdiff_t c = 0; c < channels * LANES; c += WIDTH) {
        vec best = load(x + offset[0] + c);
        ivec where = NAME(fill_index)(index[0]);
        for (ptrdiff_t t = 1; t < taps; t++) {
            const vec a = load(x + offset[t] + c);
            /* larger, or the first NaN: !(a <= best) holds for both, but a NaN is never replaced */
            const ivec better = ~(ivec)(a <= best) & (ivec)(best == best);
            best = select(better, a, best);
            where = NAME(select_index)(better, NAME(fill_index)(index[t]), where);
        }
        store(y + c, best);
        NAME(store_index)(argmax + c, where);
    }
}

static void NAME(window_scatter)(const REAL *dy, const INDEX *argmax, ptrdiff_t channels,
                                 ptrdiff_t dx_position_step, REAL *dx) {
    for (ptrdiff_t c = 0; c < channels * LANES; c += LANES)
        for (int lane = 0; lane < LANES; lane++)
            dx[argmax[c + lane] * dx_position_step + c + lane] += dy[c + lane];
}

static void NAME(window_unpool)(const REAL *dy, const INDEX *argmax, const ptrdiff_t *offset,
                                const INDEX *index, ptrdiff_t taps, ptrdiff_t channels, REAL *dx) {
    for (ptrdiff_t c = 0; c < channels * LANES; c += WIDTH) {
        const vec gradient = load(dy + c);
        const ivec where = NAME(load_index)(argmax + c);
        for (ptrdiff_t t = 0; t < taps; t++) {
            const ivec chosen = (ivec)(where == NAME(fill_index)(index[t]));
            REAL *place = dx + offset[t] + c;
            store(place, load(place) + (vec)(chosen & (ivec)gradient));
        }
    }
}

static void NAME(window_sum)(const REAL *x, const ptrdiff_t *offset, ptrdiff_t taps, ptrdiff_t channels,
                             REAL scale, REAL *y) {
    for (ptrdiff_t i = 0; i < channels * LANES; i += WIDTH) {
        CHAINED_SUM(total, taps, load(x + offset[c] + i))
        store(y + i, total * scale);
    }
}

static void NAME(fill_pool)(TABLE *table) {
    table->window_max = NAME(window_max);
    table->window_scatter = NAME(window_scatter);
    table->window_unpool = NAME(window_unpool);
    table->window_sum = NAME(window_sum);
}
