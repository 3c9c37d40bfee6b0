/* outer: vector x vector. The weight gradient of a convolution with few input channels; the lanes of
 * its sums are added at the end (lane_sums), once a chunk. Contract: table.inc.h.
 *
 *   forward:  y[p][o]      += x[p + tap[t]] · w[o][t]
 *   here:     sums[o][t]   += x[p + tap[t]] · dy[p][o]     lane by lane, over all positions p
 */
/* The most outputs of a tile, by taps: accumulators + x + one dy fit the registers. */
#if VECTOR_REGISTERS >= 32
#define OUTPUTS_1 16
#define OUTPUTS_2 14
#define OUTPUTS_3 8
#define OUTPUTS_4 6
#else
#define OUTPUTS_1 12
#define OUTPUTS_2 6
#define OUTPUTS_3 4
#define OUTPUTS_4 3
#endif

INLINE void NAME(outer)(
        const int taps, const int outputs,
        const REAL *x, const ptrdiff_t *tap, ptrdiff_t x_row_step, ptrdiff_t x_column_step,
        const REAL *dy, ptrdiff_t dy_row_step, ptrdiff_t dy_column_step,
        ptrdiff_t rows, ptrdiff_t columns, int accumulate, REAL *sums, ptrdiff_t sums_step) {
    for (int piece = 0; piece < PACK_VECTORS; piece++) {
        vec sum[MAX_OUTPUTS][MAX_TAPS];
        UNROLL for (int o = 0; o < outputs; o++)
            UNROLL for (int t = 0; t < taps; t++) sum[o][t] = fill(0);

        for (ptrdiff_t row = 0; row < rows; row++) {
            const REAL *x_at[MAX_TAPS];
            UNROLL for (int t = 0; t < taps; t++)
                x_at[t] = x + tap[t] + row * x_row_step + piece * WIDTH;
            const REAL *dy_at = dy + row * dy_row_step + piece * WIDTH;
            for (ptrdiff_t column = 0; column < columns; column++) {
                vec xs[MAX_TAPS];
                UNROLL for (int t = 0; t < taps; t++) {
                    xs[t] = load(x_at[t]);
                    x_at[t] += x_column_step;
                }
                UNROLL for (int o = 0; o < outputs; o++) {
                    const vec dys = load(dy_at + o * LANES);
                    UNROLL for (int t = 0; t < taps; t++) sum[o][t] += dys * xs[t];
                }
                dy_at += dy_column_step;
            }
        }
        UNROLL for (int o = 0; o < outputs; o++)
            UNROLL for (int t = 0; t < taps; t++) {
                REAL *place = sums + (o * sums_step + t) * LANES + piece * WIDTH;
                if (accumulate) sum[o][t] += load(place);
                store(place, sum[o][t]);
            }
    }
}

#define OUTER(taps, outputs)                                                                        \
    static void NAME(outer_##taps##_##outputs)(                                                     \
            const REAL *x, const ptrdiff_t *tap, ptrdiff_t x_row_step, ptrdiff_t x_column_step,     \
            const REAL *dy, ptrdiff_t dy_row_step, ptrdiff_t dy_column_step,                        \
            ptrdiff_t rows, ptrdiff_t columns, int accumulate, REAL *sums,                          \
            ptrdiff_t sums_step) {                                                                  \
        NAME(outer)(taps, outputs, x, tap, x_row_step, x_column_step, dy, dy_row_step,              \
                    dy_column_step, rows, columns, accumulate, sums, sums_step);                    \
    }
#define FOR_OUTERS(DO)                                                                              \
    REPEAT(OUTPUTS_1, DO, 1) REPEAT(OUTPUTS_2, DO, 2)                                               \
    REPEAT(OUTPUTS_3, DO, 3) REPEAT(OUTPUTS_4, DO, 4)

FOR_OUTERS(OUTER)

/* The 16 lanes of pack i, halved until one vector is left. */
INLINE vec NAME(folded_pack)(const REAL *pack) {
    vec half[PACK_VECTORS];
    UNROLL for (int v = 0; v < PACK_VECTORS; v++) half[v] = load(pack + v * WIDTH);
    UNROLL for (int n = PACK_VECTORS / 2; n >= 1; n /= 2)
        UNROLL for (int v = 0; v < n; v++) half[v] += half[v + n];
    return half[0];
}

static void NAME(lane_sums)(ptrdiff_t n, const REAL *x, REAL *y) {
    ptrdiff_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        vec block[WIDTH];
        UNROLL for (int k = 0; k < WIDTH; k++) block[k] = NAME(folded_pack)(x + (i + k) * LANES);
        store(y + i, NAME(add_lanes)(block));
    }
    if (i < n) {
        vec block[WIDTH];
        UNROLL for (int k = 0; k < WIDTH; k++)
            block[k] = i + k < n ? NAME(folded_pack)(x + (i + k) * LANES) : fill(0);
        const vec sums = NAME(add_lanes)(block);
        for (int k = 0; i + k < n; k++) y[i + k] = sums[k];
    }
}

/* As memory lies, four positions side by side, which a cache's prefetching follows; they are added in
 * pairs, so that of a single channel only each fourth position waits for those before. */
enum { NAME(SUMMED_PACKS) = 64 };

INLINE void NAME(add_four)(const REAL *x, ptrdiff_t step, vec *sum) {
    *sum += (load(x) + load(x + step)) + (load(x + 2 * step) + load(x + 3 * step));
}

/* In registers. */
INLINE void NAME(pack_position_sums)(ptrdiff_t positions, const REAL *x, ptrdiff_t step, REAL *sums) {
    vec sum[PACK_VECTORS];
    ptrdiff_t p = 0;
    UNROLL for (int k = 0; k < PACK_VECTORS; k++) sum[k] = fill(0);
    for (; p + 4 <= positions; p += 4, x += 4 * step)
        UNROLL for (int k = 0; k < PACK_VECTORS; k++) NAME(add_four)(x + k * WIDTH, step, sum + k);
    for (; p < positions; p++, x += step)
        UNROLL for (int k = 0; k < PACK_VECTORS; k++) sum[k] += load(x + k * WIDTH);
    UNROLL for (int k = 0; k < PACK_VECTORS; k++)
        store(sums + k * WIDTH, load(sums + k * WIDTH) + sum[k]);
}

static void NAME(position_sums)(ptrdiff_t positions, ptrdiff_t channels, const REAL *x,
                                ptrdiff_t x_position_step, REAL *sums) {
    if (channels == 1) {
        NAME(pack_position_sums)(positions, x, x_position_step, sums);
        return;
    }
    vec sum[NAME(SUMMED_PACKS) * PACK_VECTORS];
    for (ptrdiff_t c = 0; c < channels; c += NAME(SUMMED_PACKS)) {
        const ptrdiff_t left = channels - c;
        const int n = PACK_VECTORS * (left < NAME(SUMMED_PACKS) ? (int)left : NAME(SUMMED_PACKS));
        const REAL *first = x + c * LANES;
        ptrdiff_t p = 0;
        for (int k = 0; k < n; k++) sum[k] = fill(0);
        for (; p + 4 <= positions; p += 4)
            for (int k = 0; k < n; k++)
                NAME(add_four)(first + p * x_position_step + k * WIDTH, x_position_step, sum + k);
        for (; p < positions; p++)
            for (int k = 0; k < n; k++) sum[k] += load(first + p * x_position_step + k * WIDTH);
        for (int k = 0; k < n; k++) {
            REAL *total = sums + c * LANES + k * WIDTH;
            store(total, load(total) + sum[k]);
        }
    }
}

static void NAME(fill_outer)(TABLE *table) {
    table->outer_outputs[0] = OUTPUTS_1;
    table->outer_outputs[1] = OUTPUTS_2;
    table->outer_outputs[2] = OUTPUTS_3;
    table->outer_outputs[3] = OUTPUTS_4;
#define ENTER(taps, outputs) table->outer[taps - 1][outputs - 1] = NAME(outer_##taps##_##outputs);
    FOR_OUTERS(ENTER)
#undef ENTER
    table->lane_sums = NAME(lane_sums);
    table->position_sums = NAME(position_sums);
}

#undef OUTER
#undef FOR_OUTERS
#undef OUTPUTS_1
#undef OUTPUTS_2
#undef OUTPUTS_3
#undef OUTPUTS_4
