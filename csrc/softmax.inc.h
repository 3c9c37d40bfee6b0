/* Softmax and its logarithm over the channels of one position. */

static void NAME(softmax_forward)(ptrdiff_t channels, const REAL *x, REAL *y, REAL *maximum,
                                  REAL *sums) {
    for (int v = 0; v < LANES; v += WIDTH) {
        vec top = load(x + v);
        for (ptrdiff_t c = 1; c < channels; c++) {
            const vec a = load(x + c * LANES + v);
            top = select((ivec)(a > top), a, top);    /* a NaN gets through in the sum */
        }
        for (ptrdiff_t c = 0; c < channels; c++)
            store(y + c * LANES + v, NAME(exp)(load(x + c * LANES + v) - top));
        CHAINED_SUM(total, channels, load(y + c * LANES + v))
        const vec share = (REAL)1 / total;
        for (ptrdiff_t c = 0; c < channels; c++)
            store(y + c * LANES + v, load(y + c * LANES + v) * share);
        store(maximum + v, top);
        store(sums + v, total);
    }
}

static void NAME(softmax_backward)(ptrdiff_t channels, const REAL *dy, const REAL *y, REAL *dx) {
    for (int v = 0; v < LANES; v += WIDTH) {
        CHAINED_SUM(total, channels, load(dy + c * LANES + v) * load(y + c * LANES + v))
        for (ptrdiff_t c = 0; c < channels; c++) {
            const vec difference = load(dy + c * LANES + v) - total;
            store(dx + c * LANES + v, load(y + c * LANES + v) * difference);
        }
    }
}

/* What c adds to Σ exp(x_c − top) − 1: the first of the largest is the one that is taken off, which
 * leaves its NaN. Adding it and taking 1 off the sum would lose what the others add. */
INLINE vec NAME(rest_term)(vec x, vec top, ivec first, ptrdiff_t c) {
    const vec below = x - top;
    return select((ivec)(first == NAME(fill_index)((INDEX)c)), below, NAME(exp)(below));
}

static void NAME(log_softmax_forward)(ptrdiff_t channels, const REAL *x, REAL *y) {
    for (int v = 0; v < LANES; v += WIDTH) {
        vec top = load(x + v);
        ivec place = {0};
        for (ptrdiff_t c = 1; c < channels; c++) {
            const vec a = load(x + c * LANES + v);
            const ivec larger = (ivec)(a > top);
            top = select(larger, a, top);
            place = NAME(select_index)(larger, NAME(fill_index)((INDEX)c), place);
        }
        CHAINED_SUM(rest, channels, NAME(rest_term)(load(x + c * LANES + v), top, place, c))
        const vec log_total = NAME(log1p)(rest);
        for (ptrdiff_t c = 0; c < channels; c++)
            store(y + c * LANES + v, (load(x + c * LANES + v) - top) - log_total);
    }
}

static void NAME(log_softmax_backward)(ptrdiff_t channels, const REAL *dy, const REAL *y, REAL *dx) {
    for (int v = 0; v < LANES; v += WIDTH) {
        CHAINED_SUM(total, channels, load(dy + c * LANES + v))
        for (ptrdiff_t c = 0; c < channels; c++) {
            const vec share = NAME(exp)(load(y + c * LANES + v));
            store(dx + c * LANES + v, load(dy + c * LANES + v) - share * total);
        }
    }
}

static void NAME(fill_softmax)(TABLE *table) {
    table->softmax_forward = NAME(softmax_forward);
    table->softmax_backward = NAME(softmax_backward);
    table->log_softmax_forward = NAME(log_softmax_forward);
    table->log_softmax_backward = NAME(log_softmax_backward);
}
