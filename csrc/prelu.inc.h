/* PReLU: a ReLU with a slope of its own for each channel where x is not positive. Slopes of channels
 * are slope_step apart: 1, or 0 where all channels share one. */

static void NAME(prelu_forward)(ptrdiff_t channels, const REAL *x, const REAL *slope,
                                ptrdiff_t slope_step, REAL *y) {
    for (ptrdiff_t c = 0; c < channels; c++)
        UNROLL for (int v = 0; v < LANES; v += WIDTH) {
            const vec a = load(x + c * LANES + v);
            store(y + c * LANES + v, select((ivec)(a > 0), a, a * slope[c * slope_step]));
        }
}

static void NAME(prelu_backward_input)(ptrdiff_t channels, const REAL *dy, const REAL *x,
                                       const REAL *slope, ptrdiff_t slope_step, REAL *dx) {
    for (ptrdiff_t c = 0; c < channels; c++)
        UNROLL for (int v = 0; v < LANES; v += WIDTH) {
            const vec a = load(x + c * LANES + v), d = load(dy + c * LANES + v);
            store(dx + c * LANES + v, select((ivec)(a > 0), d, d * slope[c * slope_step]));
        }
}

static void NAME(prelu_backward_weights)(ptrdiff_t positions, ptrdiff_t channels, const REAL *x,
                                         const REAL *dy, REAL *sums) {
    for (ptrdiff_t c = 0; c < channels; c++)
        for (int v = 0; v < LANES; v += WIDTH) {
            vec sum = fill(0);
            for (ptrdiff_t p = 0; p < positions; p++) {
                const vec a = load(x + (p * channels + c) * LANES + v);
                const vec d = load(dy + (p * channels + c) * LANES + v);
                sum += (vec)((ivec)(d * a) & ~(ivec)(a > 0));
            }
            store(sums + c * LANES + v, load(sums + c * LANES + v) + sum);
        }
}

static void NAME(fill_prelu)(TABLE *table) {
    table->prelu_forward = NAME(prelu_forward);
    table->prelu_backward_input = NAME(prelu_backward_input);
    table->prelu_backward_weights = NAME(prelu_backward_weights);
}
