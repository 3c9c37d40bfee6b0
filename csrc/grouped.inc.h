/* grouped: convolutions whose groups have few channels, depthwise ones above all. `tile` has nothing to
 * share there: a group's one or two outputs are the only ones that read its channels. So all groups of
 * some neighbouring positions go one after the other, and x, y and the weights are read in order:
 *
 *   x[p]  ═══╤═══╤═══╤═══ channels        A sum for each of `positions` neighbours stays in a register;
 *   x[p+1]═══╪═══╪═══╪═══                 a weight is broadcast once for all of them.
 *   w      tap  tap  tap
 *   y[p]  ═══╧═══╧═══╧═══
 *
 * Terms are added in the order of `tile`, to the same bits. Contracts: table.inc.h. */

INLINE void NAME(grouped)(
        const int positions, const int depthwise,
        const REAL *x, ptrdiff_t x_position_step, const fastnn_run *runs, ptrdiff_t n_runs,
        ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs, const REAL *w, ptrdiff_t w_output_step,
        const REAL *bias, const REAL *positive, int finish, REAL *y, ptrdiff_t y_position_step) {
    for (ptrdiff_t filter = 0, left = outputs; filter < groups * outputs; filter++) {
        for (int piece = 0; piece < LANES; piece += WIDTH) {
            vec sum[MAX_NEIGHBOURS];
            UNROLL for (int j = 0; j < positions; j++) sum[j] = fill(0);
            for (ptrdiff_t r = 0; r < n_runs; r++) {
                const REAL *x_term = x + runs[r].x + piece, *w_term = w + runs[r].w;
                for (ptrdiff_t i = 0; i < (depthwise ? 1 : terms); i++, x_term += LANES) {
                    const vec scalar = fill(w_term[i]);
                    UNROLL for (int j = 0; j < positions; j++)
                        sum[j] += scalar * load(x_term + j * x_position_step);
                }
            }
            if (bias) UNROLL for (int j = 0; j < positions; j++) sum[j] += bias[filter];
            if (finish & FASTNN_RELU)
                UNROLL for (int j = 0; j < positions; j++) sum[j] = NAME(relu)(sum[j]);
            if (positive)
                UNROLL for (int j = 0; j < positions; j++)
                    sum[j] = (vec)((ivec)sum[j]
                                   & (ivec)(load(positive + j * y_position_step + piece) > 0));
            UNROLL for (int j = 0; j < positions; j++) store(y + j * y_position_step + piece, sum[j]);
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
REPEAT(8, GROUPED, 0)

/* grouped_weights: the weight gradient.
 *
 *   forward:  y[p][g][o]       += x[p + offset[t]][g] · w[g][o][place[t]]
 *   here:     sums[g][o][place] += x[p + offset[t]][g] · dy[p][g][o]     over all positions p
 *
 * An element of dy meets up to MAX_FAN elements of x while it is in a register. */
#define MAX_FAN 9

INLINE void NAME(fan)(const int fan, const REAL *x, ptrdiff_t x_position_step, const ptrdiff_t *offset,
                      const ptrdiff_t *place, const REAL *dy, ptrdiff_t dy_position_step,
                      ptrdiff_t positions, REAL *sums) {
    UNROLL for (int piece = 0; piece < LANES; piece += WIDTH) {
        vec sum[MAX_FAN];
        ptrdiff_t at[MAX_FAN];
        UNROLL for (int t = 0; t < fan; t++) {
            sum[t] = fill(0);
            at[t] = offset[t];
        }
        const REAL *xs = x + piece, *dys = dy + piece;
        for (ptrdiff_t p = 0; p < positions; p++) {
            const vec d = load(dys);
            UNROLL for (int t = 0; t < fan; t++) sum[t] += load(xs + at[t]) * d;
            xs += x_position_step;
            dys += dy_position_step;
        }
        UNROLL for (int t = 0; t < fan; t++) {
            REAL *total = sums + place[t] * LANES + piece;
            store(total, load(total) + sum[t]);
        }
    }
}

static void NAME(grouped_weights)(
        const REAL *x, ptrdiff_t x_position_step, const ptrdiff_t *offset, const ptrdiff_t *place,
        ptrdiff_t taps, ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs, const REAL *dy,
        ptrdiff_t dy_position_step, ptrdiff_t positions, REAL *sums, ptrdiff_t sums_output_step) {
    for (ptrdiff_t filter = 0, left = outputs; filter < groups * outputs; filter++) {
        for (ptrdiff_t t = 0; t < taps; t += MAX_FAN) {
#define FAN(first, n)                                                                               \
    case n:                                                                                         \
        NAME(fan)(n, x, x_position_step, offset + t, place + t, dy, dy_position_step, positions,    \
                  sums);                                                                            \
        break;
            switch (taps - t) {
                REPEAT(8, FAN, 0)
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
    REPEAT(8, ENTER, 0)
#undef ENTER
    table->grouped_weights = NAME(grouped_weights);
}

#undef GROUPED
#undef MAX_FAN
