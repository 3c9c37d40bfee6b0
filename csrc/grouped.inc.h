/* grouped: convolutions whose groups have few channels, depthwise ones above all. `tile` has nothing to
 * share there: a group's one or two outputs are the only ones that read its channels. So all groups of
 * some neighbouring positions go one after the other, and x, y and the weights are read in order:
 *
 *   x[p]  ═══╤═══╤═══╤═══ channels        Sums of `positions` neighbours stay in registers, whole cache
 *   x[p+1]═══╪═══╪═══╪═══                 lines of them where they may: neighbours often lie at distances
 *   w      tap  tap  tap                  whose lines drive each other out of the cache. A weight is
 *   y[p]  ═══╧═══╧═══╧═══                 broadcast once for all of them.
 *
 * Three taps as far apart as the positions, a row of a 3x3 window of stride 1, are taken at once: what is
 * loaded of x serves up to three positions.
 *
 * Terms are added in the order of `tile`, to the same bits. Contracts: table.inc.h. */

/* Positions at once: sums, three weights and what is loaded fit the registers. And where it pays to ask
 * for x before its turn, how many packs ahead. */
#if VECTOR_REGISTERS >= 32
#define NEIGHBOURS 8
#define ASK_AHEAD(x)
#else
#define NEIGHBOURS 4
#define ASK_AHEAD(x) __builtin_prefetch((x) + 4 * LANES)
#endif

INLINE void NAME(add_tap)(const int positions, vec sum[NEIGHBOURS][PIECE], const REAL *x,
                          ptrdiff_t x_position_step, REAL weight) {
    const vec scalar = fill(weight);
    UNROLL for (int j = 0; j < positions; j++, x += x_position_step) {
        ASK_AHEAD(x);
        UNROLL for (int v = 0; v < PIECE; v++) sum[j][v] += scalar * load(x + v * WIDTH);
    }
}

INLINE void NAME(add_three_taps)(const int positions, vec sum[NEIGHBOURS][PIECE], const REAL *x,
                                 ptrdiff_t x_position_step, const REAL *w, const fastnn_run *runs) {
    const vec scalar[] = {fill(w[runs[0].w]), fill(w[runs[1].w]), fill(w[runs[2].w])};
    UNROLL for (int place = 0; place < positions + 2; place++, x += x_position_step) {
        ASK_AHEAD(x);
        UNROLL for (int v = 0; v < PIECE; v++) {
            const vec xs = load(x + v * WIDTH);
            UNROLL for (int tap = 0; tap < 3; tap++)
                if (tap <= place && place - tap < positions) sum[place - tap][v] += scalar[tap] * xs;
        }
    }
}

#define FOR_EACH_SUM                                                                                \
    UNROLL for (int j = 0; j < positions; j++)                                                      \
        UNROLL for (int v = 0; v < PIECE; v++)
#define PLACE (j * y_position_step + piece + v * WIDTH)     /* of a sum in y */

INLINE void NAME(grouped)(
        const int positions, const int depthwise,
        const REAL *x, ptrdiff_t x_position_step, const fastnn_run *runs, ptrdiff_t n_runs,
        ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs, const REAL *w, ptrdiff_t w_output_step,
        const REAL *bias, const REAL *positive, int finish, REAL *y, ptrdiff_t y_position_step) {
    for (ptrdiff_t filter = 0, left = outputs; filter < groups * outputs; filter++) {
        for (int piece = 0; piece < LANES; piece += PIECE * WIDTH) {
            vec sum[NEIGHBOURS][PIECE];
            FOR_EACH_SUM sum[j][v] = fill(0);
            for (ptrdiff_t r = 0; r < n_runs;) {
                const REAL *first = x + runs[r].x + piece;
                if (depthwise && r + 2 < n_runs && runs[r + 1].x - runs[r].x == x_position_step
                    && runs[r + 2].x - runs[r].x == 2 * x_position_step) {
                    NAME(add_three_taps)(positions, sum, first, x_position_step, w, runs + r);
                    r += 3;
                } else {
                    for (ptrdiff_t i = 0; i < (depthwise ? 1 : terms); i++)
                        NAME(add_tap)(positions, sum, first + i * LANES, x_position_step,
                                      w[runs[r].w + i]);
                    r++;
                }
            }
            if (bias) FOR_EACH_SUM sum[j][v] += bias[filter];
            if (finish & FASTNN_RELU) FOR_EACH_SUM sum[j][v] = NAME(relu)(sum[j][v]);
            if (positive)
                FOR_EACH_SUM sum[j][v] = (vec)((ivec)sum[j][v] & (ivec)(load(positive + PLACE) > 0));
            FOR_EACH_SUM store(y + PLACE, sum[j][v]);
        }
        y += LANES;
        if (positive) positive += LANES;
        w += w_output_step;
        if (--left == 0) {      /* the next group */
            left = outputs;
            x += terms * LANES;
        }
    }
}

#define GROUPED(first, positions)                                                                   \
    static void NAME(grouped_##positions)(                                                          \
            const REAL *x, ptrdiff_t x_position_step, const fastnn_run *runs, ptrdiff_t n_runs,     \
            ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs, const REAL *w,                    \
            ptrdiff_t w_output_step, const REAL *bias, const REAL *positive, int finish, REAL *y,   \
            ptrdiff_t y_position_step) {                                                            \
        if (terms == 1)                                                                             \
            NAME(grouped)(positions, 1, x, x_position_step, runs, n_runs, groups, 1, outputs, w,    \
                          w_output_step, bias, positive, finish, y, y_position_step);               \
        else                                                                                        \
            NAME(grouped)(positions, 0, x, x_position_step, runs, n_runs, groups, terms, outputs,   \
                          w, w_output_step, bias, positive, finish, y, y_position_step);            \
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
 * which BLOCK are in registers. */
#define BLOCK 4

INLINE void NAME(add_block)(const int block, vec sum[3][PIECE], const REAL *x,
                            ptrdiff_t x_position_step, const REAL *dy, ptrdiff_t dy_position_step) {
    vec dys[BLOCK][PIECE];
    UNROLL for (int p = 0; p < block; p++)
        UNROLL for (int v = 0; v < PIECE; v++) dys[p][v] = load(dy + p * dy_position_step + v * WIDTH);
    UNROLL for (int place = 0; place < block + 2; place++, x += x_position_step) {
        ASK_AHEAD(x);
        UNROLL for (int v = 0; v < PIECE; v++) {
            const vec xs = load(x + v * WIDTH);
            UNROLL for (int tap = 0; tap < 3; tap++)
                if (tap <= place && place - tap < block) sum[tap][v] += xs * dys[place - tap][v];
        }
    }
}

static void NAME(three_taps)(const REAL *x, ptrdiff_t x_position_step, const ptrdiff_t *place,
                             const REAL *dy, ptrdiff_t dy_position_step, ptrdiff_t positions,
                             REAL *sums) {
    for (int piece = 0; piece < LANES; piece += PIECE * WIDTH) {
        const REAL *xs = x + piece, *dys = dy + piece;
        vec sum[3][PIECE];
        UNROLL for (int t = 0; t < 3; t++) UNROLL for (int v = 0; v < PIECE; v++) sum[t][v] = fill(0);
        ptrdiff_t p = 0;
        for (; p + BLOCK <= positions; p += BLOCK) {
            NAME(add_block)(BLOCK, sum, xs, x_position_step, dys, dy_position_step);
            xs += BLOCK * x_position_step;
            dys += BLOCK * dy_position_step;
        }
        for (; p < positions; p++, xs += x_position_step, dys += dy_position_step)
            NAME(add_block)(1, sum, xs, x_position_step, dys, dy_position_step);
        NAME(add_to_sums)(3, sum, place, sums + piece);
    }
}

static void NAME(grouped_weights)(
        const REAL *x, ptrdiff_t x_position_step, const ptrdiff_t *offset, const ptrdiff_t *place,
        ptrdiff_t taps, ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs, const REAL *dy,
        ptrdiff_t dy_position_step, ptrdiff_t positions, REAL *sums, ptrdiff_t sums_output_step) {
    for (ptrdiff_t filter = 0, left = outputs; filter < groups * outputs; filter++) {
        ptrdiff_t t = 0;
        for (; t + 2 < taps && offset[t + 1] - offset[t] == x_position_step
               && offset[t + 2] - offset[t] == 2 * x_position_step;
             t += 3)
            NAME(three_taps)(x + offset[t], x_position_step, place + t, dy, dy_position_step, positions,
                             sums);
        for (; t < taps; t += MAX_FAN) {
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
#undef ASK_AHEAD
#undef FOR_EACH_SUM
#undef PLACE
#undef GROUPED
#undef FOR_GROUPED
#undef MAX_FAN
#undef SMALLER_FANS
#undef BLOCK
