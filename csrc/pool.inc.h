/* Pooling: a run of windows along a row over all channels. Borders and rows are the caller's. */

/* A loop over a run of windows is inlined with the number of taps as a constant where it is a common
 * one: offsets then stay in registers. `restrict` says that no store changes them. lp_pool.inc.h has
 * such loops too. */
#define BY_TAPS(function, ...)                                                                      \
    switch (taps) {                                                                                 \
    case 1: function(__VA_ARGS__, 1); break;                                                        \
    case 4: function(__VA_ARGS__, 4); break;                                                        \
    case 9: function(__VA_ARGS__, 9); break;                                                        \
    default: function(__VA_ARGS__, taps);                                                           \
    }

/* The numbers of WIDTH taps, of `bytes` each: 1, or as many as an INDEX has. */
INLINE void NAME(store_taps)(char *p, ivec taps, int bytes) {
    if (bytes == 1) NAME(store_bytes)((uint8_t *)p, taps);
    else NAME(store_index)((INDEX *)p, taps);
}
INLINE ivec NAME(load_taps)(const char *p, int bytes) {
    return bytes == 1 ? NAME(load_bytes)((const uint8_t *)p) : NAME(load_index)((const INDEX *)p);
}

/* No bytes: no argmax. */
INLINE void NAME(max_run)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t windows,
                          ptrdiff_t pack, REAL *restrict y, char *restrict argmax, int bytes,
                          ptrdiff_t taps) {
    for (ptrdiff_t w = 0; w < windows; w++, x += x_step, y += pack, argmax += pack * bytes) {
        for (ptrdiff_t c = 0; c < pack; c += WIDTH) {
            vec best = load(x + offset[0] + c);
            ivec where = {0}, tap = {0}, number = (ivec)(best == best);
            for (ptrdiff_t t = 1; t < taps; t++) {
                const vec a = load(x + offset[t] + c);
                /* larger, or the first NaN: !(a <= best) holds for both, but a NaN is never replaced */
                const ivec better = ~(ivec)(a <= best) & number;
                number &= (ivec)(a == a);
                best = select(better, a, best);
                tap += 1;
                where = NAME(select_index)(better, tap, where);
            }
            store(y + c, best);
            if (bytes) NAME(store_taps)(argmax + c * bytes, where, bytes);
        }
    }
}

static void NAME(window_max)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t taps,
                             ptrdiff_t windows, ptrdiff_t channels, REAL *y, void *argmax, int wide) {
    const ptrdiff_t pack = channels * LANES;
    if (!argmax) {
        BY_TAPS(NAME(max_run), x, x_step, offset, windows, pack, y, NULL, 0)
    } else if (!wide) {
        BY_TAPS(NAME(max_run), x, x_step, offset, windows, pack, y, argmax, 1)
    } else {
        NAME(max_run)(x, x_step, offset, windows, pack, y, argmax, sizeof(INDEX), taps);
    }
}

INLINE void NAME(unpool_run)(const REAL *dy, const char *argmax, const ptrdiff_t *offset,
                             ptrdiff_t windows, ptrdiff_t pack, int accumulate, REAL *restrict dx,
                             ptrdiff_t dx_step, int bytes, ptrdiff_t taps) {
    for (ptrdiff_t w = 0; w < windows; w++, dy += pack, argmax += pack * bytes, dx += dx_step) {
        for (ptrdiff_t c = 0; c < pack; c += WIDTH) {
            /* 0 + −0 = 0 and 0 + a subnormal = 0, as if it were added */
            const ivec gradient = (ivec)(load(dy + c) + fill(0));
            const ivec where = NAME(load_taps)(argmax + c * bytes, bytes);
            ivec tap = {0};
            for (ptrdiff_t t = 0; t < taps; t++, tap += 1) {
                vec share = (vec)((ivec)(where == tap) & gradient);
                REAL *place = dx + offset[t] + c;
                /* of the next window: what is written may be far away */
                if (c % LINE == 0) __builtin_prefetch(place + dx_step, 1);
                if (accumulate) share = load(place) + share;
                store(place, share);
            }
        }
    }
}

static void NAME(window_unpool)(const REAL *dy, const void *argmax, int wide, const ptrdiff_t *offset,
                                ptrdiff_t taps, ptrdiff_t windows, ptrdiff_t channels, int accumulate,
                                REAL *dx, ptrdiff_t dx_step) {
    const ptrdiff_t pack = channels * LANES;
    if (wide) {
        NAME(unpool_run)(dy, argmax, offset, windows, pack, accumulate, dx, dx_step, sizeof(INDEX), taps);
    } else if (accumulate) {
        BY_TAPS(NAME(unpool_run), dy, argmax, offset, windows, pack, 1, dx, dx_step, 1)
    } else {
        BY_TAPS(NAME(unpool_run), dy, argmax, offset, windows, pack, 0, dx, dx_step, 1)
    }
}

static void NAME(window_scatter)(const REAL *dy, const INDEX *position, ptrdiff_t channels,
                                 ptrdiff_t dx_position_step, REAL *dx) {
    for (ptrdiff_t c = 0; c < channels * LANES; c += LANES)
        for (int lane = 0; lane < LANES; lane++)
            dx[position[c + lane] * dx_position_step + c + lane] += dy[c + lane];
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

/* The same sums, four vectors at once: in large windows one chain would wait for its additions. */
#define AT_ONCE 4
#define MANY_TAPS 16
INLINE void NAME(sum_block)(const REAL *x, const ptrdiff_t *offset, ptrdiff_t taps, REAL factor,
                            REAL *restrict y, const int vectors) {
    vec total[AT_ONCE], level[AT_ONCE], chain[AT_ONCE];
    UNROLL for (int v = 0; v < vectors; v++) total[v] = level[v] = fill(0);
    for (ptrdiff_t first = 0, chains = 1; first < taps; first += CHAIN, chains++) {
        const ptrdiff_t end = first + CHAIN < taps ? first + CHAIN : taps;
        UNROLL for (int v = 0; v < vectors; v++) chain[v] = fill(0);
        for (ptrdiff_t t = first; t < end; t++)
            UNROLL for (int v = 0; v < vectors; v++) chain[v] += load(x + offset[t] + v * WIDTH);
        UNROLL for (int v = 0; v < vectors; v++) level[v] += chain[v];
        if (chains % CHAIN == 0)
            UNROLL for (int v = 0; v < vectors; v++) {
                total[v] += level[v];
                level[v] = fill(0);
            }
    }
    UNROLL for (int v = 0; v < vectors; v++) store(y + v * WIDTH, (total[v] + level[v]) * factor);
}

static void NAME(large_sums)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t taps,
                             ptrdiff_t windows, ptrdiff_t pack, const REAL *scale, REAL *restrict y,
                             ptrdiff_t y_step) {
    for (ptrdiff_t w = 0; w < windows; w++, x += x_step, y += y_step) {
        const REAL factor = scale ? scale[w] : 1;
        ptrdiff_t i = 0;
        for (; i + AT_ONCE * WIDTH <= pack; i += AT_ONCE * WIDTH)
            NAME(sum_block)(x + i, offset, taps, factor, y + i, AT_ONCE);
        for (; i < pack; i += WIDTH) NAME(sum_block)(x + i, offset, taps, factor, y + i, 1);
    }
}

static void NAME(window_sum)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t taps,
                             ptrdiff_t windows, ptrdiff_t channels, const REAL *scale, REAL *y,
                             ptrdiff_t y_step) {
    if (taps >= MANY_TAPS) {
        NAME(large_sums)(x, x_step, offset, taps, windows, channels * LANES, scale, y, y_step);
        return;
    }
    BY_TAPS(NAME(sum_run), x, x_step, offset, windows, channels * LANES, scale, y, y_step)
}
#undef AT_ONCE
#undef MANY_TAPS

static void NAME(fill_pool)(TABLE *table) {
    table->window_max = NAME(window_max);
    table->window_scatter = NAME(window_scatter);
    table->window_unpool = NAME(window_unpool);
    table->window_sum = NAME(window_sum);
}
