/* grouped: convolutions whose groups have few channels, depthwise ones above all. `tile` has nothing to
 * share there: a group's one or two outputs are the only ones that read its channels. So all groups of
 * some neighbouring positions go one after the other, and x, y and the weights are read in order:
 *
 *   x[p]  ═══╤═══╤═══╤═══ channels        Sums of `positions` neighbours stay in registers, whole cache
 *   x[p+1]═══╪═══╪═══╪═══                 lines of them where they may. A weight is broadcast once for
 *   w      tap  tap  tap                  all of them.
 *   y[p]  ═══╧═══╧═══╧═══
 *
 * Positions often lie a power of two apart, so that their lines share one set of L1 and drive each other
 * out. Few lines may be read side by side, then: a row of the window is added for some FILTERS, then the
 * next row, and their sums wait in memory meanwhile. Three taps as far apart as the positions, a row of a
 * 3x3 window of stride 1, are taken at once: what is loaded of x serves up to three positions.
 *
 * Terms are added in the order of `tile`, to the same bits. Contracts: table.inc.h. */

#define FILTERS 16
#define WEIGHT_FILTERS 32   /* and for the weight gradient, where fewer sums wait */

/* Positions at once: sums, three weights and what is loaded fit the registers. */
#if VECTOR_REGISTERS >= 32
#define NEIGHBOURS 8
#else
#define NEIGHBOURS 4
#endif

INLINE void NAME(add_tap)(const int positions, vec sum[NEIGHBOURS][PIECE], const REAL *x,
                          ptrdiff_t x_position_step, REAL weight) {
    const vec scalar = fill(weight);
    UNROLL for (int j = 0; j < positions; j++, x += x_position_step)
        UNROLL for (int v = 0; v < PIECE; v++) sum[j][v] += scalar * load(x + v * WIDTH);
}

INLINE void NAME(add_three_taps)(const int positions, vec sum[NEIGHBOURS][PIECE], const REAL *x,
                                 ptrdiff_t x_position_step, const REAL *w, const fastnn_run *runs) {
    const vec scalar[] = {fill(w[runs[0].w]), fill(w[runs[1].w]), fill(w[runs[2].w])};
    UNROLL for (int place = 0; place < positions + 2; place++, x += x_position_step)
        UNROLL for (int v = 0; v < PIECE; v++) {
            const vec xs = load(x + v * WIDTH);
            UNROLL for (int tap = 0; tap < 3; tap++)
                if (tap <= place && place - tap < positions) sum[place - tap][v] += scalar[tap] * xs;
        }
}

#define FOR_EACH_SUM                                                                                \
    UNROLL for (int j = 0; j < positions; j++)                                                      \
        UNROLL for (int v = 0; v < PIECE; v++)
#define PLACE (j * y_position_step + piece + v * WIDTH)     /* of a sum in y */

/* Some taps for `filters` filters, whose sums begin with 0, wait, or are finished and go to y. `three`:
 * three taps of one term, as far apart as the positions. `output`: of its group, the first filter's. */
INLINE void NAME(add_taps)(
        const int positions, const int three, const int begins, const int ends, ptrdiff_t filters,
        const REAL *x, ptrdiff_t x_position_step, const fastnn_run *runs, ptrdiff_t n_runs,
        ptrdiff_t terms, ptrdiff_t output, ptrdiff_t outputs, const REAL *w, ptrdiff_t w_output_step,
        vec waiting[][NEIGHBOURS][PACK_VECTORS], const REAL *bias, const REAL *positive, int finish,
        REAL *y, ptrdiff_t y_position_step) {
    for (ptrdiff_t filter = 0; filter < filters; filter++) {
        for (int piece = 0; piece < LANES; piece += PIECE * WIDTH) {
            vec sum[NEIGHBOURS][PIECE], *waits = waiting[filter][0] + piece / WIDTH;
            FOR_EACH_SUM sum[j][v] = begins ? fill(0) : waits[j * PACK_VECTORS + v];
            if (three)
                NAME(add_three_taps)(positions, sum, x + runs[0].x + piece, x_position_step, w, runs);
            else
                for (ptrdiff_t r = 0; r < n_runs; r++)
                    for (ptrdiff_t i = 0; i < terms; i++)
                        NAME(add_tap)(positions, sum, x + runs[r].x + i * LANES + piece,
                                      x_position_step, w[runs[r].w + i]);
            if (!ends) {
                FOR_EACH_SUM waits[j * PACK_VECTORS + v] = sum[j][v];
                continue;
            }
            if (bias) FOR_EACH_SUM sum[j][v] += bias[filter];
            if (finish & FASTNN_RELU) FOR_EACH_SUM sum[j][v] = NAME(relu)(sum[j][v]);
            if (positive)
                FOR_EACH_SUM sum[j][v] = (vec)((ivec)sum[j][v] & (ivec)(load(positive + PLACE) > 0));
            FOR_EACH_SUM store(y + PLACE, sum[j][v]);
        }
        w += w_output_step;
        y += LANES;
        if (positive) positive += LANES;
        if (++output == outputs) {      /* the next group */
            output = 0;
            x += terms * LANES;
        }
    }
}

INLINE void NAME(grouped)(
        const int positions, const int depthwise, const REAL *x, ptrdiff_t x_position_step,
        const fastnn_run *runs, ptrdiff_t n_runs, ptrdiff_t row_runs, ptrdiff_t groups,
        ptrdiff_t terms, ptrdiff_t outputs, const REAL *w, ptrdiff_t w_output_step, const REAL *bias,
        const REAL *positive, int finish, REAL *y, ptrdiff_t y_position_step) {
    const int sliding = depthwise && positions > 1 && row_runs > 2 && n_runs > 0
                        && runs[1].x - runs[0].x == x_position_step;
    vec waiting[FILTERS][NEIGHBOURS][PACK_VECTORS];
#define ADD_TAPS(three, begins, ends)                                                               \
    NAME(add_taps)(positions, three, begins, ends, n, x + first / outputs * terms * LANES,          \
                   x_position_step, runs + r, taps, terms, first % outputs, outputs,                \
                   w + first * w_output_step, w_output_step, waiting, bias ? bias + first : NULL,   \
                   positive ? positive + first * LANES : NULL, finish, y + first * LANES,           \
                   y_position_step)
    for (ptrdiff_t first = 0; first < groups * outputs; first += FILTERS) {
        const ptrdiff_t left = groups * outputs - first, n = left < FILTERS ? left : FILTERS;
        ptrdiff_t r = 0, taps;
        do {
            taps = positions == 1 ? n_runs : row_runs - r % row_runs;   /* one reads few lines */
            if (sliding && taps > 3) taps = 3;
            if (taps > n_runs - r) taps = n_runs - r;
            const int begins = r == 0, ends = r + taps == n_runs;
            if (!sliding || taps != 3) ADD_TAPS(0, begins, ends);
            else if (begins && ends) ADD_TAPS(1, 1, 1);
            else if (begins) ADD_TAPS(1, 1, 0);
            else if (ends) ADD_TAPS(1, 0, 1);
            else ADD_TAPS(1, 0, 0);
            r += taps;
        } while (r < n_runs);
    }
#undef ADD_TAPS
}

#define GROUPED(first, positions)                                                                   \
    static void NAME(grouped_##positions)(                                                          \
            const REAL *x, ptrdiff_t x_position_step, const fastnn_run *runs, ptrdiff_t n_runs,     \
            ptrdiff_t row_runs, ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs,               \
            const REAL *w, ptrdiff_t w_output_step, const REAL *bias, const REAL *positive,         \
            int finish, REAL *y, ptrdiff_t y_position_step) {                                       \
        if (terms == 1)                                                                             \
            NAME(grouped)(positions, 1, x, x_position_step, runs, n_runs, row_runs, groups, 1,      \
                          outputs, w, w_output_step, bias, positive, finish, y, y_position_step);   \
        else                                                                                        \
            NAME(grouped)(positions, 0, x, x_position_step, runs, n_runs, row_runs, groups, terms,  \
                          outputs, w, w_output_step, bias, positive, finish, y, y_position_step);   \
    }
#define FOR_GROUPED(DO) REPEAT(NEIGHBOURS, DO, 0)
FOR_GROUPED(GROUPED)

/* grouped_weights: the weight gradient.
 *
 *   forward:  y[p][g][o]       += x[p + offset[t]][g] · w[g][o][place[t]]
 *   here:     sums[g][o][place] += x[p + offset[t]][g] · dy[p][g][o]     over all positions p
 *
 * An element of dy meets up to MAX_FAN elements of x while it is in a register. */
#if VECTOR_REGISTERS >= 32
#define MAX_FAN 9
#define SMALLER_FANS 8
#else
#define MAX_FAN 5
#define SMALLER_FANS 4
#endif

INLINE void NAME(add_to_sums)(const int taps, vec sum[][PIECE], const ptrdiff_t *place, REAL *sums) {
    UNROLL for (int t = 0; t < taps; t++)
        UNROLL for (int v = 0; v < PIECE; v++) {
            REAL *total = sums + place[t] * LANES + v * WIDTH;
            store(total, load(total) + sum[t][v]);
        }
}

INLINE void NAME(fan)(const int fan, const REAL *x, ptrdiff_t x_position_step, const ptrdiff_t *offset,
                      const ptrdiff_t *place, const REAL *dy, ptrdiff_t dy_position_step,
                      ptrdiff_t positions, REAL *sums) {
    UNROLL for (int piece = 0; piece < LANES; piece += PIECE * WIDTH) {
        vec sum[MAX_FAN][PIECE];
        ptrdiff_t at[MAX_FAN];
        UNROLL for (int t = 0; t < fan; t++) {
            UNROLL for (int v = 0; v < PIECE; v++) sum[t][v] = fill(0);
            at[t] = offset[t];
        }
        const REAL *xs = x + piece, *dys = dy + piece;
        for (ptrdiff_t p = 0; p < positions; p++) {
            vec d[PIECE];
            UNROLL for (int v = 0; v < PIECE; v++) d[v] = load(dys + v * WIDTH);
            UNROLL for (int t = 0; t < fan; t++)
                UNROLL for (int v = 0; v < PIECE; v++) sum[t][v] += load(xs + at[t] + v * WIDTH) * d[v];
            xs += x_position_step;
            dys += dy_position_step;
        }
        NAME(add_to_sums)(fan, sum, place, sums + piece);
    }
}

/* Three taps as far apart as the positions: what is loaded of x meets up to three elements of dy, of
 * which BLOCK are in registers. As above, few lines are read side by side, and sums wait. */
#define BLOCK 4

INLINE void NAME(add_block)(const int block, vec sum[3][PIECE], const REAL *x,
                            ptrdiff_t x_position_step, const REAL *dy, ptrdiff_t dy_position_step) {
    vec dys[BLOCK][PIECE];
    UNROLL for (int p = 0; p < block; p++)
        UNROLL for (int v = 0; v < PIECE; v++) dys[p][v] = load(dy + p * dy_position_step + v * WIDTH);
    UNROLL for (int place = 0; place < block + 2; place++, x += x_position_step)
        UNROLL for (int v = 0; v < PIECE; v++) {
            const vec xs = load(x + v * WIDTH);
            UNROLL for (int tap = 0; tap < 3; tap++)
                if (tap <= place && place - tap < block) sum[tap][v] += xs * dys[place - tap][v];
        }
}

INLINE void NAME(three_taps_of_block)(
        const int block, int begins, int ends, ptrdiff_t filters, const REAL *x,
        ptrdiff_t x_position_step, const ptrdiff_t *place, ptrdiff_t output, ptrdiff_t outputs,
        const REAL *dy, ptrdiff_t dy_position_step, vec waiting[][3][PACK_VECTORS], REAL *sums,
        ptrdiff_t sums_output_step) {
    for (ptrdiff_t filter = 0; filter < filters; filter++) {
        for (int piece = 0; piece < LANES; piece += PIECE * WIDTH) {
            vec sum[3][PIECE], *waits = waiting[filter][0] + piece / WIDTH;
            UNROLL for (int t = 0; t < 3; t++)
                UNROLL for (int v = 0; v < PIECE; v++)
                    sum[t][v] = begins ? fill(0) : waits[t * PACK_VECTORS + v];
            NAME(add_block)(block, sum, x + piece, x_position_step, dy + piece, dy_position_step);
            if (ends)
                NAME(add_to_sums)(3, sum, place, sums + piece);
            else
                UNROLL for (int t = 0; t < 3; t++)
                    UNROLL for (int v = 0; v < PIECE; v++) waits[t * PACK_VECTORS + v] = sum[t][v];
        }
        dy += LANES;
        sums += sums_output_step * LANES;
        if (++output == outputs) {      /* the next group */
            output = 0;
            x += LANES;
        }
    }
}

static void NAME(three_taps)(
        const REAL *x, ptrdiff_t x_position_step, const ptrdiff_t *place, ptrdiff_t groups,
        ptrdiff_t outputs, const REAL *dy, ptrdiff_t dy_position_step, ptrdiff_t positions, REAL *sums,
        ptrdiff_t sums_output_step) {
    vec waiting[WEIGHT_FILTERS][3][PACK_VECTORS];
    for (ptrdiff_t first = 0; first < groups * outputs; first += WEIGHT_FILTERS) {
        const ptrdiff_t left = groups * outputs - first;
        const ptrdiff_t n = left < WEIGHT_FILTERS ? left : WEIGHT_FILTERS;
        for (ptrdiff_t p = 0, block; p < positions; p += block) {
            block = positions - p < BLOCK ? positions - p : BLOCK;
#define ENTER(first_block, block)                                                                   \
    case block:                                                                                     \
        NAME(three_taps_of_block)(                                                                  \
            block, p == 0, p + block == positions, n,                                               \
            x + first / outputs * LANES + p * x_position_step, x_position_step, place,              \
            first % outputs, outputs, dy + first * LANES + p * dy_position_step, dy_position_step,  \
            waiting, sums + first * sums_output_step * LANES, sums_output_step);                    \
        break;
            switch (block) { REPEAT(BLOCK, ENTER, 0) }
#undef ENTER
        }
    }
}

static void NAME(grouped_weights)(
        const REAL *x, ptrdiff_t x_position_step, const ptrdiff_t *offset, const ptrdiff_t *place,
        ptrdiff_t taps, ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs, const REAL *dy,
        ptrdiff_t dy_position_step, ptrdiff_t positions, REAL *sums, ptrdiff_t sums_output_step) {
    ptrdiff_t tap = 0;
    for (; tap + 2 < taps && offset[tap + 1] - offset[tap] == x_position_step
           && offset[tap + 2] - offset[tap] == 2 * x_position_step;
         tap += 3)
        NAME(three_taps)(x + offset[tap], x_position_step, place + tap, groups, outputs, dy,
                         dy_position_step, positions, sums, sums_output_step);
    if (tap == taps) return;
    for (ptrdiff_t filter = 0, left = outputs; filter < groups * outputs; filter++) {
        for (ptrdiff_t t = tap; t < taps; t += MAX_FAN) {
#define FAN(first, n)                                                                               \
    case n:                                                                                         \
        NAME(fan)(n, x, x_position_step, offset + t, place + t, dy, dy_position_step, positions,    \
                  sums);                                                                            \
        break;
            switch (taps - t) {
                REPEAT(SMALLER_FANS, FAN, 0)
                default:
                    NAME(fan)(MAX_FAN, x, x_position_step, offset + t, place + t, dy,
                              dy_position_step, positions, sums);
            }
#undef FAN
        }
        dy += LANES;
        sums += sums_output_step * LANES;
        if (--left == 0) {      /* the next group */
            left = outputs;
            x += terms * LANES;
        }
    }
}

static void NAME(fill_grouped)(TABLE *table) {
#define ENTER(first, positions) table->grouped[positions - 1] = NAME(grouped_##positions);
    FOR_GROUPED(ENTER)
#undef ENTER
    table->neighbours = NEIGHBOURS;
    table->grouped_weights = NAME(grouped_weights);
}

#undef NEIGHBOURS
#undef FILTERS
#undef WEIGHT_FILTERS
#undef FOR_EACH_SUM
#undef PLACE
#undef GROUPED
#undef FOR_GROUPED
#undef MAX_FAN
#undef SMALLER_FANS
#undef BLOCK
