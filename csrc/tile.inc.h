/* tile: broadcast x vector. The inner loop of every convolution (forward and input gradient), of every
 * dense layer, and of the weight gradients over sample-major data. Contract: table.inc.h.
 *
 *              w[o] (scalars)          For each term: load POSITIONS x PIECE vectors of x, broadcast
 *                │ │ │ │               `outputs` scalars of w, and add all their products into the
 *   x[0] ═══════ ┼─┼─┼─┼               accumulators, which stay in registers: constant-size arrays,
 *   x[1] ═══════ ┼─┼─┼─┼               indexed by fully unrolled loops only.
 *   x[2] ═══════ ┼─┼─┼─┼
 */

/* The most outputs of a tile, by positions: accumulators + x + one broadcast fit the registers. */
#if VECTOR_REGISTERS >= 32 && PIECE == 1
#define OUTPUTS_1 16
#define OUTPUTS_2 14
#define OUTPUTS_3 8
#define OUTPUTS_4 6
#elif VECTOR_REGISTERS >= 32
#define OUTPUTS_1 14
#define OUTPUTS_2 6
#define OUTPUTS_3 0
#define OUTPUTS_4 0
#else
#define OUTPUTS_1 6
#define OUTPUTS_2 3
#define OUTPUTS_3 0
#define OUTPUTS_4 0
#endif

#define FOR_EACH_SUM                                                                                \
    UNROLL for (int o = 0; o < outputs; o++)                                                        \
        UNROLL for (int j = 0; j < positions; j++)                                                  \
            UNROLL for (int v = 0; v < PIECE; v++)

#define PLACE (j * y_position_step + o * y_output_step + v * WIDTH)     /* of a sum in y */
#define W_AHEAD 80    /* terms that w, and x, are prefetched ahead; or runs */
#define X_AHEAD 20
#define RUNS_AHEAD 2
#define LEVELS 3   /* of flushed sums: CHAIN⁴ = 2²⁸ terms before a chain grows beyond CHAIN */

typedef vec NAME(sums)[MAX_OUTPUTS][MAX_POSITIONS][PIECE];

/* CHAIN sums of a level are one of the next. Rare, and not inlined: the levels then have addresses, and
 * gcc leaves them in memory; else each tile, however short, would begin and end by copying all of them. */
static __attribute__((noinline)) void NAME(carry)(int positions, int outputs, NAME(sums) *level,
                                                  ptrdiff_t flushes) {
    for (ptrdiff_t k = 1, full = CHAIN; k < LEVELS && flushes % full == 0; k++, full *= CHAIN)
        for (int o = 0; o < outputs; o++)
            for (int j = 0; j < positions; j++)
                for (int v = 0; v < PIECE; v++) {
                    if (flushes == full) level[k][o][j][v] = level[k - 1][o][j][v];
                    else level[k][o][j][v] += level[k - 1][o][j][v];
                    level[k - 1][o][j][v] = fill(0);
                }
}

/* One term of each sum. Of its scalars and its vectors of x the fewer are held, the others come one by one. */
INLINE void NAME(add_term)(const int positions, const int outputs, const int turned,
                           NAME(sums) sum, const REAL *x,
                           ptrdiff_t x_position_step, const REAL *w) {
    const int w_step = turned ? LANES : 1;
    if (outputs < positions * PIECE) {
        vec scalars[MAX_OUTPUTS];
        UNROLL for (int o = 0; o < outputs; o++) scalars[o] = fill(w[o * w_step]);
        UNROLL for (int j = 0; j < positions; j++)
            UNROLL for (int v = 0; v < PIECE; v++) {
                const vec xs = load(x + j * x_position_step + v * WIDTH);
                UNROLL for (int o = 0; o < outputs; o++) sum[o][j][v] += scalars[o] * xs;
            }
    } else {
        vec xs[MAX_POSITIONS][PIECE];
        UNROLL for (int j = 0; j < positions; j++)
            UNROLL for (int v = 0; v < PIECE; v++) xs[j][v] = load(x + j * x_position_step + v * WIDTH);
        UNROLL for (int o = 0; o < outputs; o++) {
            const vec scalar = fill(w[o * w_step]);
            UNROLL for (int j = 0; j < positions; j++)
                UNROLL for (int v = 0; v < PIECE; v++) sum[o][j][v] += scalar * xs[j][v];
        }
    }
}

/* `n` terms of each sum, in rounds. Where registers are few, so are the multiply-adds of a term, and its
 * other instructions are felt, most on a core that two threads share: a round is of two terms then, and x
 * is not prefetched. */
INLINE void NAME(add_terms)(
        const int positions, const int outputs, const int turned, ptrdiff_t n, NAME(sums) sum,
        const REAL *x, ptrdiff_t x_position_step, ptrdiff_t x_term_step, const REAL *w,
        ptrdiff_t w_step, const REAL *w_later) {
    const int round = VECTOR_REGISTERS >= 32 ? 1 : 2;
    if (n % round) {
        NAME(add_term)(positions, outputs, turned, sum, x, x_position_step, w);
        x += x_term_step;
        w += w_step;
        if (turned) w_later += LANES;
    }
    for (n /= round; n > 0; n--) {
        /* turned, each run reads lines of its own, one an output; tiles of one or two positions are those
         * of dense layers, whose operands come from afar */
        if (turned) {
            UNROLL for (int i = 0; i < round; i++) __builtin_prefetch(w_later + i * LANES);
            w_later += round * LANES;
        } else if (positions <= 2) {
            __builtin_prefetch(w + W_AHEAD * w_step);
            if (positions == 2 && VECTOR_REGISTERS >= 32)
                UNROLL for (int j = 0; j < positions; j++)
                    __builtin_prefetch(x + j * x_position_step + X_AHEAD * x_term_step);
        }
        UNROLL for (int i = 0; i < round; i++) {
            NAME(add_term)(positions, outputs, turned, sum, x, x_position_step, w);
            x += x_term_step;
            w += w_step;
        }
    }
}

INLINE void NAME(tile)(
        const int positions, const int outputs, const int turned,
        const REAL *x, ptrdiff_t x_position_step, ptrdiff_t x_term_step,
        const fastnn_run *runs, ptrdiff_t n_runs,
        const REAL *w, ptrdiff_t w_run_step, ptrdiff_t w_step,
        const REAL *bias, const REAL *positive, int finish,
        REAL *y, ptrdiff_t y_position_step, ptrdiff_t y_output_step) {
    for (int piece = 0; piece < PACK_VECTORS / PIECE; piece++) {
        NAME(sums) sum, level[LEVELS];      /* level: in memory, touched once a chain */
        ptrdiff_t flushes = 0, left = CHAIN;
        FOR_EACH_SUM sum[o][j][v] = fill(0);

        for (ptrdiff_t r = 0; r < n_runs; r++) {
            const REAL *x_term = x + runs[r].x;
            const REAL *w_term = w + runs[r].w * w_run_step;
            const ptrdiff_t later = r + RUNS_AHEAD < n_runs ? r + RUNS_AHEAD : r;
            const REAL *w_later = turned ? w + runs[later].w * w_run_step : NULL;
            ptrdiff_t todo = runs[r].length;
            while (todo > 0) {
                if (left == 0) {
                    /* the chain is full: its sums go down a level, which rarely spills into the next */
                    left = CHAIN;
                    flushes++;
                    FOR_EACH_SUM {
                        if (flushes == 1) level[0][o][j][v] = sum[o][j][v];
                        else level[0][o][j][v] += sum[o][j][v];
                        sum[o][j][v] = fill(0);
                    }
                    if (flushes % CHAIN == 0) NAME(carry)(positions, outputs, level, flushes);
                }
                const ptrdiff_t n = todo < left ? todo : left;
                if (x_term_step == LANES && w_step == outputs)      /* as constants */
                    NAME(add_terms)(positions, outputs, turned, n, sum, x_term, x_position_step, LANES,
                                    w_term, outputs, w_later);
                else
                    NAME(add_terms)(positions, outputs, turned, n, sum, x_term, x_position_step,
                                    x_term_step, w_term, w_step, w_later);
                x_term += n * x_term_step;
                w_term += n * w_step;
                if (turned) w_later += n * LANES;
                todo -= n;
                left -= n;
            }
        }

        for (ptrdiff_t k = 0, full = 1; k < LEVELS && flushes >= full; k++, full *= CHAIN)
            FOR_EACH_SUM sum[o][j][v] += level[k][o][j][v];
        /* one question for all sums, not one for each: tiles of few terms would feel it */
        if (bias) FOR_EACH_SUM sum[o][j][v] += bias[o];
        if (finish & FASTNN_ACCUMULATE) FOR_EACH_SUM sum[o][j][v] += load(y + PLACE);
        if (finish & FASTNN_RELU) FOR_EACH_SUM sum[o][j][v] = NAME(relu)(sum[o][j][v]);
        if (positive)
            FOR_EACH_SUM sum[o][j][v] =
                (vec)((ivec)sum[o][j][v] & (ivec)(load(positive + PLACE) > 0));
        FOR_EACH_SUM store(y + PLACE, sum[o][j][v]);
        x += PIECE * WIDTH;
        y += PIECE * WIDTH;
        if (positive) positive += PIECE * WIDTH;
    }
}

#define TILE(positions, outputs)                                                                    \
    static void NAME(tile_##positions##_##outputs)(                                                 \
            const REAL *x, ptrdiff_t x_position_step, ptrdiff_t x_term_step,                        \
            const fastnn_run *runs, ptrdiff_t n_runs,                                               \
            const REAL *w, ptrdiff_t w_run_step, ptrdiff_t w_step,                                  \
            const REAL *bias, const REAL *positive, int finish,                                     \
            REAL *y, ptrdiff_t y_position_step, ptrdiff_t y_output_step) {                          \
        NAME(tile)(positions, outputs, 0, x, x_position_step, x_term_step, runs, n_runs,            \
                   w, w_run_step, w_step, bias, positive, finish, y, y_position_step,               \
                   y_output_step);                                                                  \
    }
#define TURNED(positions, outputs)                                                                  \
    static void NAME(tile_turned_##positions##_##outputs)(                                          \
            const REAL *x, ptrdiff_t x_position_step, const fastnn_run *runs, ptrdiff_t n_runs,     \
            const REAL *w, ptrdiff_t w_run_step, const REAL *positive,                              \
            REAL *y, ptrdiff_t y_position_step) {                                                   \
        NAME(tile)(positions, outputs, 1, x, x_position_step, LANES, runs, n_runs, w, w_run_step,   \
                   1, NULL, positive, 0, y, y_position_step, LANES);                                \
    }
#define FOR_TILES(DO)                                                                               \
    REPEAT(OUTPUTS_1, DO, 1) REPEAT(OUTPUTS_2, DO, 2)                                               \
    REPEAT(OUTPUTS_3, DO, 3) REPEAT(OUTPUTS_4, DO, 4)
#define FOR_TURNED(DO) REPEAT(OUTPUTS_1, DO, 1) REPEAT(OUTPUTS_2, DO, 2)

FOR_TILES(TILE)
FOR_TURNED(TURNED)

static void NAME(fill_tile)(TABLE *table) {
    table->tile_outputs[0] = OUTPUTS_1;
    table->tile_outputs[1] = OUTPUTS_2;
    table->tile_outputs[2] = OUTPUTS_3;
    table->tile_outputs[3] = OUTPUTS_4;
#define ENTER(positions, outputs)                                                                   \
    table->tile[positions - 1][outputs - 1] = NAME(tile_##positions##_##outputs);
    FOR_TILES(ENTER)
#undef ENTER
#define ENTER(positions, outputs)                                                                   \
    table->tile_turned[positions - 1][outputs - 1] = NAME(tile_turned_##positions##_##outputs);
    FOR_TURNED(ENTER)
#undef ENTER
}

#undef TILE
#undef TURNED
#undef FOR_TILES
#undef FOR_TURNED
#undef OUTPUTS_1
#undef OUTPUTS_2
#undef OUTPUTS_3
#undef OUTPUTS_4
#undef W_AHEAD
#undef X_AHEAD
#undef RUNS_AHEAD
#undef LEVELS
#undef FOR_EACH_SUM
#undef PLACE
