/* Element by element: activations and their gradients, and softmax over the channels of a position. */

/* A loop over n numbers by vectors. The last, partial vector goes through a buffer, by the very same
 * arithmetic, so that an element's bits do not depend on where in an array it stands. */
#define POINTWISE_1(name, expression)                                                               \
    static void NAME(name)(ptrdiff_t n, const REAL *x, const REAL *parameters, REAL *y) {           \
        (void)parameters;                                                                           \
        ptrdiff_t i = 0;                                                                            \
        for (; i + WIDTH <= n; i += WIDTH) {                                                        \
            const vec a = load(x + i);                                                              \
            store(y + i, expression);                                                               \
        }                                                                                           \
        if (i < n) {                                                                                \
            vec a = {0};                                                                            \
            for (ptrdiff_t k = 0; i + k < n; k++) a[k] = x[i + k];                                  \
            const vec result = expression;                                                          \
            for (ptrdiff_t k = 0; i + k < n; k++) y[i + k] = result[k];                             \
        }                                                                                           \
    }
#define POINTWISE_2(name, expression)                                                               \
    static void NAME(name)(ptrdiff_t n, const REAL *dy, const REAL *y, const REAL *parameters,      \
                           REAL *dx) {                                                              \
        (void)parameters;                                                                           \
        ptrdiff_t i = 0;                                                                            \
        for (; i + WIDTH <= n; i += WIDTH) {                                                        \
            const vec d = load(dy + i), a = load(y + i);                                            \
            store(dx + i, expression);                                                              \
        }                                                                                           \
        if (i < n) {                                                                                \
            vec d = {0}, a = {0};                                                                   \
            for (ptrdiff_t k = 0; i + k < n; k++) d[k] = dy[i + k], a[k] = y[i + k];                \
            const vec result = expression;                                                          \
            for (ptrdiff_t k = 0; i + k < n; k++) dx[i + k] = result[k];                            \
        }                                                                                           \
    }

INLINE vec NAME(sign)(vec a) {
    const vec ones = (vec)((ivec)(a != 0) & (ivec)fill(1));     /* 0 where a is 0 */
    const vec signed_ones = (vec)((ivec)ones | ((ivec)(a < 0) & (ivec)fill(-(REAL)0)));
    return select((ivec)(a != a), a, signed_ones);
}

POINTWISE_1(relu_forward, NAME(relu)(a))
POINTWISE_1(sigmoid_forward, NAME(sigmoid)(a))
POINTWISE_1(tanh_forward, NAME(tanh)(a))
POINTWISE_1(sign_forward, NAME(sign)(a))
POINTWISE_2(relu_backward, (vec)((ivec)d & (ivec)(a > 0)))
POINTWISE_2(sigmoid_backward, d * (a * ((REAL)1 - a)))
POINTWISE_2(tanh_backward, d * (((REAL)1 - a) * ((REAL)1 + a)))    /* nothing to contract */
POINTWISE_2(sign_backward, ((void)d, (void)a, fill(0)))

#undef POINTWISE_1
#undef POINTWISE_2

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

#define ENTER(PLACE, name)                                                                          \
    table->pointwise_forward[FASTNN_POINTWISE_##PLACE] = NAME(name##_forward);                      \
    table->pointwise_backward[FASTNN_POINTWISE_##PLACE] = NAME(name##_backward);

static void NAME(fill_pointwise)(TABLE *table) {
    ENTER(RELU, relu)
    ENTER(SIGMOID, sigmoid)
    ENTER(TANH, tanh)
    ENTER(SIGN, sign)
    table->softmax_forward = NAME(softmax_forward);
    table->softmax_backward = NAME(softmax_backward);
}
#undef ENTER
