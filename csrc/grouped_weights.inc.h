/* grouped_weights: the weight gradient of convolutions whose groups have few channels (grouped.inc.h).
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
#define FILTERS 32     /* whose sums wait at once */

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
    vec waiting[FILTERS][3][PACK_VECTORS];
    for (ptrdiff_t first = 0; first < groups * outputs; first += FILTERS) {
        const ptrdiff_t left = groups * outputs - first;
        const ptrdiff_t n = left < FILTERS ? left : FILTERS;
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

static void NAME(fill_grouped_weights)(TABLE *table) { table->grouped_weights = NAME(grouped_weights); }

#undef MAX_FAN
#undef SMALLER_FANS
#undef BLOCK
#undef FILTERS
