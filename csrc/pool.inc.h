/* Pooling: a run of windows along a row over all channels. Borders and rows are the caller's. */

/* A loop over a run of windows is inlined with the number of taps as a constant where it is a common
 * one: offsets and places then stay in registers. `restrict` says that no store changes them. */
#define BY_TAPS(function, ...)                                                                      \
    switch (taps) {                                                                                 \
    case 1: function(__VA_ARGS__, 1); break;                                                        \
    case 4: function(__VA_ARGS__, 4); break;                                                        \
    case 9: function(__VA_ARGS__, 9); break;                                                        \
    default: function(__VA_ARGS__, taps);                                                           \
    }

INLINE void NAME(max_run)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, const INDEX *index,
                          ptrdiff_t index_step, ptrdiff_t windows, ptrdiff_t pack, REAL *restrict y,
                          INDEX *restrict argmax, ptrdiff_t taps) {
    for (ptrdiff_t w = 0; w < windows; w++, x += x_step, y += pack, argmax += pack) {
        const ivec moved = NAME(fill_index)((INDEX)(w * index_step));
        for (ptrdiff_t c = 0; c < pack; c += WIDTH) {
            vec best = load(x + offset[0] + c);
            ivec where = NAME(fill_index)(index[0]), number = (ivec)(best == best);
            for (ptrdiff_t t = 1; t < taps; t++) {
                const vec a = load(x + offset[t] + c);
                /* larger, or the first NaN: !(a <= best) holds for both, but a NaN is never replaced */
                const ivec better = ~(ivec)(a <= best) & number;
                number &= (ivec)(a == a);
                best = select(better, a, best);
                where = NAME(select_index)(better, NAME(fill_index)(index[t]), where);
            }
            store(y + c, best);
            NAME(store_index)(argmax + c, where + moved);
        }
    }
}

static void NAME(window_max)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset,
                             const INDEX *index, ptrdiff_t index_step, ptrdiff_t taps,
                             ptrdiff_t windows, ptrdiff_t channels, REAL *y, INDEX *argmax) {
    BY_TAPS(NAME(max_run), x, x_step, offset, index, index_step, windows, channels * LANES, y, argmax)
}

static void NAME(window_scatter)(const REAL *dy, const INDEX *argmax, ptrdiff_t channels,
                                 ptrdiff_t dx_position_step, REAL *dx) {
    for (ptrdiff_t c = 0; c < channels * LANES; c += LANES)
        for (int lane = 0; lane < LANES; lane++)
            dx[argmax[c + lane] * dx_position_step + c + lane] += dy[c + lane];
}

INLINE void NAME(unpool_run)(const REAL *dy, const INDEX *argmax, const ptrdiff_t *offset,
                             const INDEX *index, ptrdiff_t index_step, ptrdiff_t windows,
                             ptrdiff_t pack, int accumulate, REAL *restrict dx, ptrdiff_t dx_step,
                             ptrdiff_t taps) {
    for (ptrdiff_t w = 0; w < windows; w++, dy += pack, argmax += pack, dx += dx_step) {
        const ivec moved = NAME(fill_index)((INDEX)(w * index_step));
        for (ptrdiff_t c = 0; c < pack; c += WIDTH) {
            /* 0 + −0 = 0 and 0 + a subnormal = 0, as if it were added */
            const ivec gradient = (ivec)(load(dy + c) + fill(0));
            const ivec where = NAME(load_index)(argmax + c) - moved;
            for (ptrdiff_t t = 0; t < taps; t++) {
                vec share = (vec)((ivec)(where == NAME(fill_index)(index[t])) & gradient);
                REAL *place = dx + offset[t] + c;
                if (accumulate) share = load(place) + share;
                store(place, share);
            }
        }
    }
}

static void NAME(window_unpool)(const REAL *dy, const INDEX *argmax, const ptrdiff_t *offset,
                                const INDEX *index, ptrdiff_t index_step, ptrdiff_t taps,
                                ptrdiff_t windows, ptrdiff_t channels, int accumulate, REAL *dx,
                                ptrdiff_t dx_step) {
    const ptrdiff_t pack = channels * LANES;
    if (accumulate) {
        BY_TAPS(NAME(unpool_run), dy, argmax, offset, index, index_step, windows, pack, 1, dx, dx_step)
    } else {
        BY_TAPS(NAME(unpool_run), dy, argmax, offset, index, index_step, windows, pack, 0, dx, dx_step)
    }
}

INLINE void NAME(sum_run)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t windows,
                          ptrdiff_t pack, const REAL *scale, REAL *restrict y, ptrdiff_t y_step,
                          ptrdiff_t taps) {
    for (ptrdiff_t w = 0; w < windows; w++, x += x_step, y += y_step) {
        const REAL factor = scale ? scale[w] : 1;
        for (ptrdiff_t i = 0; i < pack; i += WIDTH) {
            CHAINED_SUM(total, taps, load(x + offset[c] + i))
            store(y + i, total * factor);
        }
    }
}

static void NAME(window_sum)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t taps,
                             ptrdiff_t windows, ptrdiff_t channels, const REAL *scale, REAL *y,
                             ptrdiff_t y_step) {
    BY_TAPS(NAME(sum_run), x, x_step, offset, windows, channels * LANES, scale, y, y_step)
}

static void NAME(fill_pool)(TABLE *table) {
    table->window_max = NAME(window_max);
    table->window_scatter = NAME(window_scatter);
    table->window_unpool = NAME(window_unpool);
    table->window_sum = NAME(window_sum);
}
#undef BY_TAPS
