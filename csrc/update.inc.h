/* Optimizer updates: one pass over the flat vectors. Plain loops, which the compiler vectorises. */

static void NAME(sgd_update)(ptrdiff_t n, REAL *restrict parameters, const REAL *restrict gradient,
                             REAL *restrict velocity, REAL rate, REAL momentum, int nesterov) {
    if (!velocity) {
        for (ptrdiff_t i = 0; i < n; i++) parameters[i] -= rate * gradient[i];
    } else if (nesterov) {
        for (ptrdiff_t i = 0; i < n; i++) {
            velocity[i] = momentum * velocity[i] + gradient[i];
            const REAL ahead = momentum * velocity[i] + gradient[i];
            parameters[i] -= rate * ahead;
        }
    } else {
        for (ptrdiff_t i = 0; i < n; i++) {
            velocity[i] = momentum * velocity[i] + gradient[i];
            parameters[i] -= rate * velocity[i];
        }
    }
}

static void NAME(adam_update)(ptrdiff_t n, REAL *restrict parameters, const REAL *restrict gradient,
                              REAL *restrict first_moment, REAL *restrict second_moment, REAL rate,
                              REAL beta1, REAL rest1, REAL beta2, REAL rest2, REAL root_scale,
                              REAL epsilon) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL fresh1 = rest1 * gradient[i];
        const REAL fresh2 = rest2 * gradient[i] * gradient[i];
        first_moment[i] = beta1 * first_moment[i] + fresh1;
        second_moment[i] = beta2 * second_moment[i] + fresh2;
        const REAL root = REAL_SQRT(second_moment[i]) * root_scale + epsilon;
        parameters[i] -= rate * first_moment[i] / root;
    }
}

static void NAME(fill_update)(TABLE *table) {
    table->sgd_update = NAME(sgd_update);
    table->adam_update = NAME(adam_update);
}
