/* Element by element: activations and their gradients. What they compute stands in lanes.h and
 * activation.h. */

/* A loop over n numbers by vectors. The last, partial vector goes through a buffer, by the very same
 * arithmetic, so that an element's bits do not depend on where in an array it stands. */
#define POINTWISE_1(name, expression)                                                               \
    static void NAME(name)(ptrdiff_t n, const REAL *x, const REAL *parameters, REAL *y) {           \
        const REAL parameter = parameters ? *parameters : 0;                                        \
        (void)parameter;                                                                            \
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
        const REAL parameter = parameters ? *parameters : 0;                                        \
        (void)parameter;                                                                            \
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

/* softplus(βx) / β = max(x, 0) + log(1 + exp(−β|x|)) / β; its slope σ(βx) = 1 − exp(−βy) */
INLINE vec NAME(softplus)(vec a, REAL beta, REAL inverse) {
    return NAME(log1p)(NAME(exp)(-(NAME(size)(a) * beta))) * inverse + NAME(relu)(a);
}

INLINE vec NAME(clamp6)(vec a) { return select((ivec)(a > 6), fill(6), NAME(relu)(a)); }

INLINE vec NAME(hard_swish_slope)(vec a) {
    const vec slope = a * (REAL)(1.0 / 3) + (REAL)0.5;
    return (vec)((ivec)select((ivec)(a >= 3), fill(1), slope) & ~(ivec)(a <= -3));
}

INLINE vec NAME(softsign_slope)(vec a) {
    const vec factor = (REAL)1 / (NAME(size)(a) + (REAL)1);
    return factor * factor;
}

#define SIXTH ((REAL)(1.0 / 6))
#define SELU_SCALE ((REAL)1.0507009873554804934193349852946)
#define SELU_ALPHA ((REAL)1.75809934084737685994)      /* times the scale */

POINTWISE_1(leaky_relu_forward, select((ivec)(a > 0), a, a * parameter))
POINTWISE_2(leaky_relu_backward, select((ivec)(a > 0), d, d * parameter))
POINTWISE_1(relu6_forward, NAME(clamp6)(a))
POINTWISE_2(relu6_backward, (vec)((ivec)d & (ivec)(a > 0) & (ivec)(a < 6)))
POINTWISE_1(hard_sigmoid_forward, NAME(clamp6)(a + (REAL)3) * SIXTH)
POINTWISE_2(hard_sigmoid_backward, (vec)((ivec)(d * SIXTH) & (ivec)(a > 0) & (ivec)(a < 1)))
POINTWISE_1(hard_swish_forward, a * (NAME(clamp6)(a + (REAL)3) * SIXTH))
POINTWISE_2(hard_swish_backward, d * NAME(hard_swish_slope)(a))
POINTWISE_1(elu_forward, select((ivec)(a > 0), a, NAME(expm1)(a) * parameter))
POINTWISE_2(elu_backward, select((ivec)(a > 0), d, d * (NAME(exp)(a) * parameter)))
POINTWISE_1(selu_forward, select((ivec)(a > 0), a * SELU_SCALE, NAME(expm1)(a) * SELU_ALPHA))
POINTWISE_2(selu_backward,
            d * select((ivec)(a > 0), fill(SELU_SCALE), NAME(exp)(a) * SELU_ALPHA))
POINTWISE_1(softplus_forward, NAME(softplus)(a, parameter, (REAL)1 / parameter))
POINTWISE_2(softplus_backward, d * -NAME(expm1)(-(a * parameter)))
POINTWISE_1(softsign_forward, a / (NAME(size)(a) + (REAL)1))
POINTWISE_2(softsign_backward, d * NAME(softsign_slope)(a))
POINTWISE_1(gelu_forward, NAME(gelu)(a))
POINTWISE_2(gelu_backward, d * NAME(gelu_slope)(a))
POINTWISE_1(gelu_tanh_forward, NAME(gelu_tanh)(a))
POINTWISE_2(gelu_tanh_backward, d * NAME(gelu_tanh_slope)(a))
POINTWISE_1(silu_forward, NAME(silu)(a))
POINTWISE_2(silu_backward, d * NAME(silu_slope)(a))
POINTWISE_1(mish_forward, NAME(mish)(a))
POINTWISE_2(mish_backward, d * NAME(mish_slope)(a))

#undef POINTWISE_1
#undef POINTWISE_2

#define ENTER(PLACE, name)                                                                          \
    table->pointwise_forward[FASTNN_POINTWISE_##PLACE] = NAME(name##_forward);                      \
    table->pointwise_backward[FASTNN_POINTWISE_##PLACE] = NAME(name##_backward);

static void NAME(fill_pointwise)(TABLE *table) {
    ENTER(RELU, relu)
    ENTER(SIGMOID, sigmoid)
    ENTER(TANH, tanh)
    ENTER(SIGN, sign)
    ENTER(LEAKY_RELU, leaky_relu)
    ENTER(RELU6, relu6)
    ENTER(HARD_SIGMOID, hard_sigmoid)
    ENTER(HARD_SWISH, hard_swish)
    ENTER(ELU, elu)
    ENTER(SELU, selu)
    ENTER(SOFTPLUS, softplus)
    ENTER(SOFTSIGN, softsign)
    ENTER(GELU, gelu)
    ENTER(GELU_TANH, gelu_tanh)
    ENTER(SILU, silu)
    ENTER(MISH, mish)
}
#undef ENTER
#undef SIXTH
#undef SELU_SCALE
#undef SELU_ALPHA
