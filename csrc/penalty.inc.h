/* What training does to weights and gradients beside an optimizer's own update: the sums that penalties
 * and norms are made of, gradients of penalties, bounds, scales, noise. */

#define WIDE ((int)(VECTOR_BYTES / sizeof(double)))     /* doubles in a vector */

/* As many numbers, as doubles: their squares neither overflow nor vanish, if they are floats. */
INLINE doubles NAME(load_doubles)(const REAL *p) {
    doubles wide;       /* gcc 12 makes one instruction of this loop, three of __builtin_convertvector */
    UNROLL for (int lane = 0; lane < WIDE; lane++) wide[lane] = p[lane];
    return wide;
}

INLINE double NAME(size_sum)(ptrdiff_t n, const REAL *x, const int squared) {
    doubles sums[LANES / WIDE] = {{0}};
    REAL rest[LANES] = {0};
    for (ptrdiff_t i = 0; i < n; i += LANES) {
        const REAL *pack = x + i;
        if (i + LANES > n) {            /* zeros for what is not there: they change no sum */
            memcpy(rest, pack, (size_t)(n - i) * sizeof(REAL));
            pack = rest;
        }
        UNROLL for (int v = 0; v < LANES / WIDE; v++) {
            const doubles a = NAME(load_doubles)(pack + v * WIDE);
            if (squared) sums[v] += a * a;
            else sums[v] += (doubles)((wide)a & ~(wide)-(doubles){0});
        }
    }
    double lane[LANES];
    memcpy(lane, sums, sizeof sums);
    for (int half = LANES / 2; half >= 1; half /= 2)
        for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    return lane[0];
}

static double NAME(absolute_sum)(ptrdiff_t n, const REAL *x) {
    return NAME(size_sum)(n, x, 0);
}

static double NAME(square_sum)(ptrdiff_t n, const REAL *x) {
    return NAME(size_sum)(n, x, 1);
}

static void NAME(penalty_gradient)(ptrdiff_t n, const REAL *restrict x, REAL l1, REAL twice_l2,
                                   REAL *restrict gradient) {
    if (l1 != 0)        /* 0 · x is the zero of zeros and the NaN of NaN */
        for (ptrdiff_t i = 0; i < n; i++)
            gradient[i] += x[i] > 0 ? l1 : x[i] < 0 ? -l1 : 0 * x[i];
    if (twice_l2 != 0)
        for (ptrdiff_t i = 0; i < n; i++) gradient[i] += twice_l2 * x[i];
}

static void NAME(clamp)(ptrdiff_t n, REAL low, REAL high, REAL *x) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL above = x[i] < low ? low : x[i];
        x[i] = above > high ? high : above;
    }
}

static void NAME(scale)(ptrdiff_t n, REAL factor, REAL *x) {
    for (ptrdiff_t i = 0; i < n; i++) x[i] *= factor;
}

static void NAME(add_scaled)(ptrdiff_t n, REAL factor, const REAL *restrict x, REAL *restrict y) {
    for (ptrdiff_t i = 0; i < n; i++) y[i] += factor * x[i];
}

static void NAME(fill_penalty)(TABLE *table) {
    table->absolute_sum = NAME(absolute_sum);
    table->square_sum = NAME(square_sum);
    table->penalty_gradient = NAME(penalty_gradient);
    table->clamp = NAME(clamp);
    table->scale = NAME(scale);
    table->add_scaled = NAME(add_scaled);
}
#undef WIDE
