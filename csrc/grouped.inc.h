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
 * out. Few lines may be read side by side, then: a row of the window is added for some filters, then the
 * next row, and their sums wait in memory meanwhile.
 *
 * 3x3 windows of stride 1 overlap. What is loaded of a row of x serves the last row of one window, the
 * middle row of the window below, and the first of the one below that; and in each of them up to three
 * positions.
 *
 * Terms are added in the order of `tile`, to the same bits. Contracts: table.inc.h. */

/* Positions at once: sums, three weights and what is loaded fit the registers. */
#if VECTOR_REGISTERS >= 32
#define NEIGHBOURS 8
#else
#define NEIGHBOURS 4
#endif

/* Whose sums wait at once: of any window, and of 3x3 windows (16 KB a row). */
#define FILTERS 16
#define WINDOW_FILTERS (1024 / (NEIGHBOURS * (int)sizeof(REAL)))

#define FOR_EACH_SUM                                                                                \
    UNROLL for (int j = 0; j < positions; j++)                                                      \
        UNROLL for (int v = 0; v < vectors; v++)

/* Sums of an output, finished. */
INLINE void NAME(put)(const int positions, const int vectors, vec sum[NEIGHBOURS][PIECE],
                      const REAL *bias, const REAL *positive, int finish, REAL *y,
                      ptrdiff_t y_position_step) {
#define PLACE (j * y_position_step + v * WIDTH)
    if (bias) FOR_EACH_SUM sum[j][v] += *bias;
    if (finish & FASTNN_RELU) FOR_EACH_SUM sum[j][v] = NAME(relu)(sum[j][v]);
    if (positive)
        FOR_EACH_SUM sum[j][v] = (vec)((ivec)sum[j][v] & (ivec)(load(positive + PLACE) > 0));
    FOR_EACH_SUM store(y + PLACE, sum[j][v]);
#undef PLACE
}

/* --- Any window, row by row ------------------------------------------------------------------------ */

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

/* `taps` taps from run r on, for `filters` filters from `first` on, whose sums begin with 0, wait, or are
 * finished and go to y. `three`: three taps of one term, as far apart as the positions. */
INLINE void NAME(add_taps)(
        const int positions, const int depthwise, const int three, const int begins, const int ends,
        const fastnn_groups *all, ptrdiff_t r, ptrdiff_t taps, ptrdiff_t first, ptrdiff_t filters,
        const REAL *x, const REAL *w, const REAL *bias, const REAL *positive, REAL *y,
        vec waiting[][NEIGHBOURS][PACK_VECTORS]) {
    const int vectors = PIECE;
    const ptrdiff_t terms = depthwise ? 1 : all->terms, outputs = all->outputs;
    const ptrdiff_t x_step = all->x_position_step, y_step = all->y_position_step;
    const fastnn_run *runs = all->runs + r;
    ptrdiff_t output = first % outputs;
    x += first / outputs * terms * LANES;
    w += first * all->w_output_step;
    for (ptrdiff_t filter = 0; filter < filters; filter++) {
        for (int piece = 0; piece < LANES; piece += PIECE * WIDTH) {
            vec sum[NEIGHBOURS][PIECE], *waits = waiting[filter][0] + piece / WIDTH;
            FOR_EACH_SUM sum[j][v] = begins ? fill(0) : waits[j * PACK_VECTORS + v];
            if (three)
                NAME(add_three_taps)(positions, sum, x + runs[0].x + piece, x_step, w, runs);
            else
                for (ptrdiff_t tap = 0; tap < taps; tap++)
                    for (ptrdiff_t i = 0; i < terms; i++)
                        NAME(add_tap)(positions, sum, x + runs[tap].x + i * LANES + piece, x_step,
                                      w[runs[tap].w + i]);
            const ptrdiff_t place = (first + filter) * LANES + piece;
            if (ends)
                NAME(put)(positions, vectors, sum, bias ? bias + first + filter : NULL,
                          positive ? positive + place : NULL, all->finish, y + place, y_step);
            else
                FOR_EACH_SUM waits[j * PACK_VECTORS + v] = sum[j][v];
        }
        w += all->w_output_step;
        if (++output == outputs) {      /* the next group */
            output = 0;
            x += terms * LANES;
        }
    }
}

INLINE void NAME(row_by_row)(const int positions, const int depthwise, const fastnn_groups *all,
                             const REAL *x, const REAL *w, const REAL *bias, const REAL *positive,
                             REAL *y) {
    const ptrdiff_t n_runs = all->n_runs, outputs = all->groups * all->outputs;
    const int sliding = depthwise && positions > 1 && all->row_runs > 2 && n_runs > 0
                        && all->runs[1].x - all->runs[0].x == all->x_position_step;
    vec waiting[FILTERS][NEIGHBOURS][PACK_VECTORS];
#define ADD_TAPS(three, begins, ends)                                                               \
    NAME(add_taps)(positions, depthwise, three, begins, ends, all, r, taps, first, filters, x, w,   \
                   bias, positive, y, waiting)
    for (ptrdiff_t first = 0; first < outputs; first += FILTERS) {
        const ptrdiff_t left = outputs - first, filters = left < FILTERS ? left : FILTERS;
        ptrdiff_t r = 0, taps;
        do {
            taps = positions == 1 ? n_runs : all->row_runs - r % all->row_runs;  /* 1: few lines */
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

/* --- Depthwise 3x3 windows of stride 1 ------------------------------------------------------------- */

static inline int NAME(is_whole_window)(const fastnn_groups *all) {
    if (all->terms != 1 || all->n_runs != 9 || all->row_runs != 3) return 0;
    for (int tap = 0; tap < 9; tap++)
        if (all->runs[tap].w - all->runs[0].w != tap
            || all->runs[tap].x - all->runs[0].x
                   != tap / 3 * all->x_row_step + tap % 3 * all->x_position_step)
            return 0;
    return 1;
}

INLINE void NAME(add_three_weights)(const int positions, vec sum[NEIGHBOURS][PIECE],
                                    const vec xs[NEIGHBOURS + 2], const REAL *w) {
    UNROLL for (int tap = 0; tap < 3; tap++) {
        const vec scalar = fill(w[tap]);
        UNROLL for (int j = 0; j < positions; j++) sum[j][0] += scalar * xs[j + tap];
    }
}

/* A row of x, for the three rows of y whose windows meet there: in the upper one sums end, in the middle
 * one they wait, in the lower one they begin, in the memory of those that ended. */
INLINE void NAME(add_to_three_rows)(
        const int positions, const fastnn_groups *all, ptrdiff_t first, ptrdiff_t filters,
        const REAL *x, const REAL *w, const REAL *bias, const REAL *positive, REAL *y, int ends,
        int waits, int begins, vec upper[][NEIGHBOURS][PACK_VECTORS],
        vec middle[][NEIGHBOURS][PACK_VECTORS]) {
    const ptrdiff_t outputs = all->outputs, w_step = all->w_output_step;
    const ptrdiff_t x_step = all->x_position_step, y_step = all->y_position_step;
    const int finish = all->finish;
#define EACH_J UNROLL for (int j = 0; j < positions; j++)
    ptrdiff_t output = first % outputs;
    x += first / outputs * LANES;
    w += first * w_step;
    for (ptrdiff_t filter = 0; filter < filters; filter++) {
        for (int v = 0; v < PACK_VECTORS; v++) {
            const ptrdiff_t place = (first + filter) * LANES + v * WIDTH;
            vec xs[NEIGHBOURS + 2], sum[NEIGHBOURS][PIECE];
            UNROLL for (int j = 0; j < positions + 2; j++) xs[j] = load(x + j * x_step + v * WIDTH);
            if (ends) {
                EACH_J sum[j][0] = upper[filter][j][v];
                NAME(add_three_weights)(positions, sum, xs, w + 6);
                NAME(put)(positions, 1, sum, bias ? bias + first + filter : NULL,
                          positive ? positive + place : NULL, finish, y + place, y_step);
            }
            if (waits) {
                EACH_J sum[j][0] = middle[filter][j][v];
                NAME(add_three_weights)(positions, sum, xs, w + 3);
                EACH_J middle[filter][j][v] = sum[j][0];
            }
            if (begins) {
                EACH_J sum[j][0] = fill(0);
                NAME(add_three_weights)(positions, sum, xs, w);
                EACH_J upper[filter][j][v] = sum[j][0];
            }
        }
        w += w_step;
        if (++output == outputs) {      /* the next group */
            output = 0;
            x += LANES;
        }
    }
#undef EACH_J
}

INLINE void NAME(whole_windows)(const int positions, const fastnn_groups *all, const REAL *x,
                                const REAL *w, const REAL *bias, const REAL *positive, REAL *y) {
    const ptrdiff_t outputs = all->groups * all->outputs, rows = all->rows;
    vec waiting[2][WINDOW_FILTERS][NEIGHBOURS][PACK_VECTORS];
    x += all->runs[0].x;
    w += all->runs[0].w;
    for (ptrdiff_t first = 0; first < outputs; first += WINDOW_FILTERS) {
        const ptrdiff_t left = outputs - first;
        const ptrdiff_t filters = left < WINDOW_FILTERS ? left : WINDOW_FILTERS;
        for (ptrdiff_t lower = 0; lower < rows + 2; lower++) {
            const ptrdiff_t upper = lower - 2, place = upper * all->y_row_step;
            const int ends = upper >= 0, waits = lower > 0 && lower <= rows, begins = lower < rows;
#define ADD(ends, waits, begins)                                                                    \
    NAME(add_to_three_rows)(positions, all, first, filters, x + lower * all->x_row_step, w, bias,   \
                            positive && ends ? positive + place : NULL, ends ? y + place : y, ends, \
                            waits, begins, waiting[lower % 2], waiting[(lower + 1) % 2])
            if (ends && begins)
                ADD(1, 1, 1);
            else
                ADD(ends, waits, begins);
#undef ADD
        }
    }
}

INLINE void NAME(grouped)(const int positions, const fastnn_groups *all, const REAL *x, const REAL *w,
                          const REAL *bias, const REAL *positive, REAL *y) {
    if (NAME(is_whole_window)(all)) {
        NAME(whole_windows)(positions, all, x, w, bias, positive, y);
        return;
    }
    for (ptrdiff_t row = 0; row < all->rows; row++) {
        if (all->terms == 1)
            NAME(row_by_row)(positions, 1, all, x, w, bias, positive, y);
        else
            NAME(row_by_row)(positions, 0, all, x, w, bias, positive, y);
        x += all->x_row_step;
        y += all->y_row_step;
        if (positive) positive += all->y_row_step;
    }
}

#define GROUPED(first, positions)                                                                   \
    static void NAME(grouped_##positions)(const fastnn_groups *all, const REAL *x, const REAL *w,   \
                                          const REAL *bias, const REAL *positive, REAL *y) {        \
        NAME(grouped)(positions, all, x, w, bias, positive, y);                                     \
    }
#define FOR_GROUPED(DO) REPEAT(NEIGHBOURS, DO, 0)
FOR_GROUPED(GROUPED)

static void NAME(fill_grouped)(TABLE *table) {
#define ENTER(first, positions) table->grouped[positions - 1] = NAME(grouped_##positions);
    FOR_GROUPED(ENTER)
#undef ENTER
    table->neighbours = NEIGHBOURS;
}

#undef NEIGHBOURS
#undef FILTERS
#undef WINDOW_FILTERS
#undef FOR_EACH_SUM
#undef GROUPED
#undef FOR_GROUPED
