/* Optimizer updates: one pass over the flat vectors. Plain loops, which the compiler vectorises; what
 * a rule may have besides is decided outside of them, by constants of an inlined function. */

/* a·b + c where c is a product itself: which of the two is not rounded is not left to the compiler,
 * who might choose differently for vectors and for what is left of them. */
#if defined __FMA__ || defined __FP_FAST_FMAF
#define FUSED(a, b, c) REAL_FMA(a, b, c)
#else
#define FUSED(a, b, c) ((a) * (b) + (c))
#endif

/* The gradient of parameter i, with that of λ/2·p². */
#define DECAYED(i) (decay != 0 ? gradient[i] + decay * parameters[i] : gradient[i])
#define ARGUMENTS                                                                                  \
    ptrdiff_t n, REAL *restrict parameters, const REAL *restrict gradient, REAL *const *state,     \
        const fastnn_update *how

INLINE void NAME(sgd_run)(ARGUMENTS, const int moves, const int nesterov, const int dampened) {
    REAL *restrict velocity = state[0];
    const REAL rate = (REAL)how->rate, decay = (REAL)how->decay;
    const REAL momentum = (REAL)how->momentum, fresh = (REAL)how->fresh;
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL g = DECAYED(i);
        REAL step = g;
        if (moves) {
            velocity[i] = FUSED(momentum, velocity[i], dampened ? fresh * g : g);
            step = nesterov ? momentum * velocity[i] + g : velocity[i];
        }
        parameters[i] -= rate * step;
    }
}

static void NAME(sgd_update)(ARGUMENTS) {
    const int dampened = how->fresh != 1;
    if (!state[0])
        NAME(sgd_run)(n, parameters, gradient, state, how, 0, 0, 0);
    else if (how->nesterov)
        NAME(sgd_run)(n, parameters, gradient, state, how, 1, 1, 0);
    else if (dampened)
        NAME(sgd_run)(n, parameters, gradient, state, how, 1, 0, 1);
    else
        NAME(sgd_run)(n, parameters, gradient, state, how, 1, 0, 0);
}

INLINE void NAME(rmsprop_run)(ARGUMENTS, const int moves, const int centered) {
    REAL *restrict squares = state[0], *restrict velocity = state[1], *restrict means = state[2];
    const REAL rate = (REAL)how->rate, decay = (REAL)how->decay, momentum = (REAL)how->momentum;
    const REAL beta = (REAL)how->beta2, rest = (REAL)how->rest2, epsilon = (REAL)how->epsilon;
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL g = DECAYED(i);
        const REAL fresh = rest * g;
        squares[i] = FUSED(beta, squares[i], fresh * g);
        REAL spread = squares[i];
        if (centered) {
            means[i] = FUSED(beta, means[i], fresh);
            spread -= means[i] * means[i];
            spread = spread < 0 ? 0 : spread;   /* by rounding alone; NaN stays */
        }
        REAL step = g / (REAL_SQRT(spread) + epsilon);
        if (moves) step = velocity[i] = momentum * velocity[i] + step;
        parameters[i] -= rate * step;
    }
}

static void NAME(rmsprop_update)(ARGUMENTS) {
    if (state[1] && state[2])
        NAME(rmsprop_run)(n, parameters, gradient, state, how, 1, 1);
    else if (state[1])
        NAME(rmsprop_run)(n, parameters, gradient, state, how, 1, 0);
    else if (state[2])
        NAME(rmsprop_run)(n, parameters, gradient, state, how, 0, 1);
    else
        NAME(rmsprop_run)(n, parameters, gradient, state, how, 0, 0);
}

static void NAME(adagrad_update)(ARGUMENTS) {
    REAL *restrict squares = state[0];
    const REAL rate = (REAL)how->rate, decay = (REAL)how->decay, epsilon = (REAL)how->epsilon;
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL g = DECAYED(i);
        squares[i] += g * g;
        parameters[i] -= rate * g / (REAL_SQRT(squares[i]) + epsilon);
    }
}

static void NAME(adadelta_update)(ARGUMENTS) {
    REAL *restrict squares = state[0], *restrict changes = state[1];
    const REAL rate = (REAL)how->rate, decay = (REAL)how->decay, epsilon = (REAL)how->epsilon;
    const REAL beta = (REAL)how->beta2, rest = (REAL)how->rest2;
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL g = DECAYED(i);
        squares[i] = FUSED(beta, squares[i], rest * g * g);
        const REAL step = g * REAL_SQRT(changes[i] + epsilon) / REAL_SQRT(squares[i] + epsilon);
        changes[i] = FUSED(beta, changes[i], rest * step * step);
        parameters[i] -= rate * step;
    }
}

INLINE void NAME(adam_run)(ARGUMENTS, const int largest) {
    REAL *restrict first_moment = state[0], *restrict second_moment = state[1];
    REAL *restrict peak = state[2];
    const REAL rate = (REAL)how->rate, decay = (REAL)how->decay, shrink = (REAL)how->shrink;
    const REAL beta1 = (REAL)how->beta1, rest1 = (REAL)how->rest1, beta2 = (REAL)how->beta2;
    const REAL rest2 = (REAL)how->rest2, epsilon = (REAL)how->epsilon;
    const REAL root_scale = (REAL)how->root_scale;
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL g = DECAYED(i);
        first_moment[i] = FUSED(beta1, first_moment[i], rest1 * g);
        second_moment[i] = FUSED(beta2, second_moment[i], rest2 * g * g);
        REAL moment = second_moment[i];
        if (largest) moment = peak[i] = moment < peak[i] ? peak[i] : moment;    /* NaN stays */
        const REAL root = REAL_SQRT(moment) * root_scale + epsilon;
        parameters[i] = shrink * parameters[i] - rate * first_moment[i] / root;
    }
}

static void NAME(adam_update)(ARGUMENTS) {
    if (state[2])
        NAME(adam_run)(n, parameters, gradient, state, how, 1);
    else
        NAME(adam_run)(n, parameters, gradient, state, how, 0);
}

static void NAME(lion_update)(ARGUMENTS) {
    REAL *restrict moment = state[0];
    const REAL rate = (REAL)how->rate, shrink = (REAL)how->shrink;
    const REAL beta1 = (REAL)how->beta1, rest1 = (REAL)how->rest1;
    const REAL beta2 = (REAL)how->beta2, rest2 = (REAL)how->rest2;
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL way = FUSED(beta1, moment[i], rest1 * gradient[i]);
        /* a NaN goes on, and 0 stays */
        const REAL step = way > 0 ? rate : way < 0 ? -rate : 0 * way;
        parameters[i] = shrink * parameters[i] - step;
        moment[i] = FUSED(beta2, moment[i], rest2 * gradient[i]);
    }
}

static void NAME(fill_update)(TABLE *table) {
    table->update_step[FASTNN_UPDATE_SGD] = NAME(sgd_update);
    table->update_step[FASTNN_UPDATE_RMSPROP] = NAME(rmsprop_update);
    table->update_step[FASTNN_UPDATE_ADAGRAD] = NAME(adagrad_update);
    table->update_step[FASTNN_UPDATE_ADADELTA] = NAME(adadelta_update);
    table->update_step[FASTNN_UPDATE_ADAM] = NAME(adam_update);
    table->update_step[FASTNN_UPDATE_LION] = NAME(lion_update);
}

#undef DECAYED
#undef FUSED
#undef ARGUMENTS
