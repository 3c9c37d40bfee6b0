/* Lp pooling: the p-norm of runs of windows, and its gradient. p = 1 and 2 go without powers. */

/* |x|ᵖ for 0 ≤ x ≤ 1, p > 0, where log x may be large: an error of it counts the less the larger it is. */
INLINE vec NAME(power)(vec x, REAL p) {
    const vec y = NAME(exp)(NAME(log)(x) * p);
    return (vec)((ivec)y & ~(ivec)(x == 0));
}

/* What is added up for p = 1 and p = 2. */
INLINE vec NAME(norm_term)(vec x, const int square) {
    if (square) return x * x;
    return NAME(size)(x);
}

INLINE void NAME(norm_run)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t windows,
                           ptrdiff_t pack, REAL *restrict y, const int square, ptrdiff_t taps) {
    for (ptrdiff_t w = 0; w < windows; w++, x += x_step, y += pack) {
        for (ptrdiff_t i = 0; i < pack; i += WIDTH) {
            CHAINED_SUM(total, taps, NAME(norm_term)(load(x + offset[c] + i), square))
            store(y + i, total);
        }
        if (square)
            for (ptrdiff_t i = 0; i < pack; i++) y[i] = REAL_SQRT(y[i]);
    }
}

/* m (Σ (|x| / m)ᵖ)^(1/p), m the largest |x|: no power leaves the range of a REAL. The sum is 1 or more.
 * Where m is 0, infinite or NaN, it is the norm. */
static void NAME(power_run)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t taps,
                            ptrdiff_t windows, ptrdiff_t pack, REAL p, REAL *restrict y) {
    for (ptrdiff_t w = 0; w < windows; w++, x += x_step, y += pack) {
        for (ptrdiff_t i = 0; i < pack; i += WIDTH) {
            vec m = fill(0), r, scale;
            for (ptrdiff_t t = 0; t < taps; t++) {
                const vec size = NAME(size)(load(x + offset[t] + i));
                m = select((ivec)(size > m) | (ivec)(size != size), size, m);
            }
            CHAINED_SUM(total, taps, NAME(power)(NAME(size)(load(x + offset[c] + i)) / m, p))
            const vec slope = NAME(exp_slope)(NAME(log)(total) / p, &r, &scale);
            const ivec finite = (ivec)(m > 0) & (ivec)(m - m == 0);
            store(y + i, select(finite, (slope * r + (REAL)1) * scale * m, m));
        }
    }
}

static void NAME(window_norm)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t taps,
                              ptrdiff_t windows, ptrdiff_t channels, double p, REAL *y) {
    const ptrdiff_t pack = channels * LANES;
    if (p == 1) {
        BY_TAPS(NAME(norm_run), x, x_step, offset, windows, pack, y, 0)
    } else if (p == 2) {
        BY_TAPS(NAME(norm_run), x, x_step, offset, windows, pack, y, 1)
    } else {
        NAME(power_run)(x, x_step, offset, taps, windows, pack, (REAL)p, y);
    }
}

enum { NAME(BY_SIGN), NAME(BY_RATIO), NAME(BY_POWER) };

/* One window's part: dy·(|x| / y)^(p − 1), for p = 2 with the sign of x; 0 where y is 0. */
INLINE vec NAME(norm_part)(vec a, vec d, vec norm, REAL power, const int way) {
    vec part = d;
    if (way == NAME(BY_RATIO)) part = d * (a / norm);
    if (way == NAME(BY_POWER)) part = d * NAME(power)(NAME(size)(a) / norm, power);
    return (vec)((ivec)part & ~(ivec)(norm == 0));
}

INLINE void NAME(norm_back_run)(const REAL *x, ptrdiff_t target_step, const REAL *dy, const REAL *y,
                                ptrdiff_t source_step, const ptrdiff_t *offset, ptrdiff_t targets,
                                ptrdiff_t pack, REAL power, REAL *restrict dx, const int way,
                                ptrdiff_t taps) {
    for (ptrdiff_t j = 0; j < targets; j++) {
        for (ptrdiff_t i = 0; i < pack; i += WIDTH) {
            const vec a = load(x + i);
            const vec sign = select((ivec)(a > 0), fill(1), select((ivec)(a < 0), fill(-1), a));
            CHAINED_SUM(total, taps, NAME(norm_part)(a, load(dy + offset[c] + i),
                                                     load(y + offset[c] + i), power, way))
            if (way != NAME(BY_RATIO)) total *= sign;
            store(dx + i, total);
        }
        x += target_step;
        dx += target_step;
        dy += source_step;
        y += source_step;
    }
}

static void NAME(window_norm_backward)(const REAL *x, ptrdiff_t target_step, const REAL *dy,
                                       const REAL *y, ptrdiff_t source_step, const ptrdiff_t *offset,
                                       ptrdiff_t taps, ptrdiff_t targets, ptrdiff_t channels, double p,
                                       REAL *dx) {
    const ptrdiff_t pack = channels * LANES;
    const REAL power = (REAL)(p - 1);       /* of p in double: it is small where p is near 1 */
    if (p == 1) {
        BY_TAPS(NAME(norm_back_run), x, target_step, dy, y, source_step, offset, targets, pack, power,
                dx, NAME(BY_SIGN))
    } else if (p == 2) {
        BY_TAPS(NAME(norm_back_run), x, target_step, dy, y, source_step, offset, targets, pack, power,
                dx, NAME(BY_RATIO))
    } else {
        NAME(norm_back_run)(x, target_step, dy, y, source_step, offset, targets, pack, power, dx,
                            NAME(BY_POWER), taps);
    }
}

static void NAME(fill_lp_pool)(TABLE *table) {
    table->window_norm = NAME(window_norm);
    table->window_norm_backward = NAME(window_norm_backward);
}
#undef BY_TAPS
