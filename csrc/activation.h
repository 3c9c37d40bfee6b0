/* Lane arithmetic of activations beyond exp, tanh and sigmoid (lanes.h): log1p, expm1, the tail of the
 * normal distribution, and gates. Included by real.inc.h.
 *
 * A gate lets x through in part: y = x·g(x), where g rises from 0 to 1 (GELU, SiLU, mish). Far out to
 * the left g becomes too small for a REAL long before x·g(x) does, and beside 1 it would cancel. So
 * gates are made of h = |x|·g(−|x|), from an exponential that is 2^SCALE times too large:
 *
 *     y = max(x, 0) − h
 *
 * Polynomials, from the highest power, have the smallest relative error (a Remez exchange):
 * 2 atanh s = 2s + s³ Σ in s² for |s| ≤ (√2 − 1) / (√2 + 1), below 9e-10 and 2e-18; and the normal tail
 * erfc(a / √2) exp(a² / 2) / 2 = Σ / (a + TAIL) in (a − TAIL) / (a + TAIL), below 1.5e-8 and 2e-17. */
#define SCALE 16
#define SCALED ((REAL)65536)            /* 2^SCALE */
#define INV_SQRT_2PI ((REAL)0.39894228040143267794)
#define FAR_OUT ((REAL)64)              /* exp(−x) is 0 for gates of any kind, and no square overflows */

/* Heads keep so many leading bits that products of them are exact: HALF_HEAD those of two heads, and
 * THIRD_HEAD of three. GELU's tanh form needs v = 2 √(2/π) (a + 0.044715 a³) = GELU_A·a + GELU_B·a³ to
 * more digits than a REAL has: the constants are in two parts. */
#if REAL_BYTES == 4
#define TAIL 2.5f
#define HALF_HEAD 12                    /* bits that are cut off */
#define THIRD_HEAD 16
#define SQRT_HALF 0.70710678f
#define GELU_A_HIGH 1.59576416015625f
#define GELU_A_LOW 4.9614494807e-6f
#define GELU_B_HIGH 0.07135009765625f
#define GELU_B_LOW 4.7186263505e-6f
static const REAL NAME(atanh_terms)[] = {2.98852016e-1f, 3.99770795e-1f, 6.66667798e-1f};
static const REAL NAME(tail_terms)[] = {
    -1.560807196e-04f, -3.087623494e-04f, 6.842397406e-04f, 2.521593976e-03f,
    -1.601354177e-03f, -1.638559615e-02f, 9.236024514e-03f, 1.319869315e-01f,
    -4.336920203e-01f, 7.066566605e-01f};
#else
#define TAIL 4.0
#define HALF_HEAD 27
#define THIRD_HEAD 36
#define SQRT_HALF 0.70710678118654752440
#define GELU_A_HIGH 1.5957691216026433
#define GELU_A_LOW 3.0874305383944692e-12
#define GELU_B_HIGH 0.071354815736413
#define GELU_B_LOW 5.361872467621785e-10
static const REAL NAME(atanh_terms)[] = {
    1.48114068855450250e-1, 1.53125853382710428e-1, 1.81836182959648985e-1,
    2.22221976023345364e-1, 2.85714287511430068e-1, 3.99999999993787342e-1,
    6.66666666666673927e-1};
static const REAL NAME(tail_terms)[] = {
    -1.19653374611337067e-09, -3.39047799973100143e-10, 1.46189895223585315e-08,
    1.60692587340407466e-08, -7.72103509435560973e-08, -1.56592104015036116e-07,
    2.64154475264568756e-07, 1.02185719216908646e-06, -6.25228378880020420e-07,
    -5.92001125014694075e-06, 7.14975496669480846e-07, 3.51445696631371587e-05,
    -1.90784396561552095e-06, -2.31094903713837833e-04, 1.33344248522267845e-04,
    1.63081845327948905e-03, -3.47969236160666209e-03, -7.54018896643513046e-03,
    6.03965748906662575e-02, -1.86521857959665416e-01, 3.87137400742219473e-01,
    -6.07896641971892082e-01, 7.55285130415751516e-01};
#endif
#define POLYNOMIAL(terms, x) NAME(polynomial)(NAME(terms), sizeof(NAME(terms)) / sizeof(REAL), x)

INLINE ivec NAME(sign_bit)(vec x) { return (ivec)x & (ivec)fill(-(REAL)0); }
INLINE vec NAME(size)(vec x) { return (vec)((ivec)x & ~(ivec)fill(-(REAL)0)); }
INLINE vec NAME(head)(vec x, int cut) {
    return (vec)(((ivec)x + ((INDEX)1 << (cut - 1))) & ~(((INDEX)1 << cut) - 1));
}

/* 2^SCALE exp(x + low), for x ≤ 0 and NaN. */
INLINE vec NAME(scaled_exp)(vec x, vec low) {
    const vec sum = x + low;
    const vec shifted = sum * (REAL)LOG2_E + (REAL)(ROUNDER + SCALE);
    const vec n = shifted - (REAL)(ROUNDER + SCALE);
    const vec power = (vec)((ivec)shifted << FRACTION_BITS);
    const vec r = ((x - n * (REAL)LN2_HIGH) - n * (REAL)LN2_LOW) + low;
    const vec slope = POLYNOMIAL(exp_terms, r) * r + (REAL)1;
    const vec y = (slope * r + (REAL)1) * power;
    return (vec)((ivec)y & ~(ivec)(sum < (REAL)(EXP_UNDERFLOW - SCALE * 0.6931471805599453)));
}

/* exp(x) − 1 for x ≤ 0 and NaN: power·(exp r − 1) + (power − 1), and the sign of x where that is 0. */
INLINE vec NAME(expm1)(vec x) {
    const vec limit = fill((REAL)EXP_UNDERFLOW), kept = select((ivec)(x < limit), limit, x);
    vec r, power;
    const vec slope = NAME(exp_slope)(kept, &r, &power);
    const vec y = slope * r * power + (power - (REAL)1);
    return (vec)((ivec)y | NAME(sign_bit)(x));
}

/* k log 2 + log(1 + f), √½ ≤ 1 + f < √2, where log(1 + f) = 2 atanh(f / (2 + f)). */
INLINE vec NAME(log_parts)(ivec k, vec f) {
    const vec magic = fill((REAL)((INDEX)3 << (FRACTION_BITS - 1)));    /* counts, of either sign */
    const vec count = (vec)((ivec)magic + k) - magic;
    const vec twice = (f + f) / (f + (REAL)2), s = twice * (REAL)0.5, square = s * s;
    const vec rest = square * POLYNOMIAL(atanh_terms, square) * s + twice;
    return count * (REAL)LN2_HIGH + (count * (REAL)LN2_LOW + rest);
}
INLINE ivec NAME(binary_exponent)(vec x) {
    return ((ivec)x - (ivec)fill((REAL)SQRT_HALF)) >> FRACTION_BITS;
}

/* log(1 + x) for x ≥ 0 and NaN: 1 + x = 2ᵏ (1 + f). */
INLINE vec NAME(log1p)(vec x) {
    const ivec k = NAME(binary_exponent)(x + (REAL)1);
    const vec power = (vec)((ivec)fill(1) - (k << FRACTION_BITS));      /* 2⁻ᵏ */
    return NAME(log_parts)(k, x * power + (power - (REAL)1));
}

/* log x for x > 0, finite, and NaN. */
INLINE vec NAME(log)(vec x) {
    const ivec k = NAME(binary_exponent)(x);
    const vec power = (vec)((ivec)fill(1) - (k << FRACTION_BITS));
    return NAME(log_parts)(k, x * power - (REAL)1);
}

/* y = max(x, 0) − h, of x's sign. At +∞ h is NaN, and too small to count long before. */
INLINE vec NAME(gated)(vec x, vec h) {
    const vec y = NAME(relu)(x) - (vec)((ivec)h & ~(ivec)(x > (REAL)SIGMOID_ONE));
    return (vec)((ivec)NAME(size)(y) | NAME(sign_bit)(x));
}

/* --- GELU: x Φ(x), where the lower half of the normal distribution is erfc(a / √2) / 2, a = |x| ---- */

/* 2^SCALE exp(−a² / 2); a² in two parts: an error of the exponent is one of the result. */
INLINE vec NAME(scaled_bell)(vec a) {
    const vec head = NAME(head)(a, HALF_HEAD);
    return NAME(scaled_exp)(head * head * (REAL)-0.5, (a - head) * (a + head) * (REAL)-0.5);
}

/* Φ(−a) / exp(−a² / 2) = factor·part */
INLINE vec NAME(normal_tail)(vec a, vec *factor) {
    *factor = (REAL)1 / (a + (REAL)TAIL);
    return POLYNOMIAL(tail_terms, (a - (REAL)TAIL) * *factor);
}

INLINE vec NAME(near)(vec a) { return select((ivec)(a > FAR_OUT), fill(FAR_OUT), a); }

INLINE vec NAME(gelu)(vec x) {
    const vec size = NAME(size)(x), a = NAME(near)(size);
    vec factor;
    const vec part = NAME(normal_tail)(a, &factor);
    return NAME(gated)(x, size * (factor * part * NAME(scaled_bell)(a)) * (1 / SCALED));
}

/* Φ(x) + x φ(x) */
INLINE vec NAME(gelu_slope)(vec x) {
    const vec size = NAME(size)(x), a = NAME(near)(size);
    vec factor;
    const vec part = NAME(normal_tail)(a, &factor) * factor;
    const vec left = (part - size * INV_SQRT_2PI) * NAME(scaled_bell)(a) * (1 / SCALED);
    return select((ivec)(x > 0), (REAL)1 - left, left);
}

/* --- gates by a logistic function: x σ(v), v of the sign of x --------------------------------------- */

/* from 2^SCALE exp(−|v|) */
INLINE vec NAME(logistic_gate)(vec x, vec scaled) {
    const vec below = scaled / (scaled * (1 / SCALED) + (REAL)1);
    return NAME(gated)(x, NAME(size)(x) * below * (1 / SCALED));
}

/* σ(v) + x σ(v) σ(−v) v' */
INLINE vec NAME(logistic_gate_slope)(vec x, vec scaled, vec dv) {
    const vec share = (REAL)1 / (scaled * (1 / SCALED) + (REAL)1);
    const vec gate = select((ivec)(x < 0), scaled, fill(SCALED));
    return (x * scaled * share * dv + gate) * share * (1 / SCALED);
}

INLINE vec NAME(silu)(vec x) {
    return NAME(logistic_gate)(x, NAME(scaled_exp)(-NAME(size)(x), fill(0)));
}

INLINE vec NAME(silu_slope)(vec x) {
    return NAME(logistic_gate_slope)(x, NAME(scaled_exp)(-NAME(size)(x), fill(0)), fill(1));
}

/* 2^SCALE exp(−|v|), v = GELU_A·a + GELU_B·a³ */
INLINE vec NAME(gelu_tanh_exp)(vec a) {
    const vec head = NAME(head)(a, THIRD_HEAD), rest = a - head;
    const vec square = head * head, cube = square * head, high = NAME(head)(cube, HALF_HEAD);
    /* a³ − head³ = rest (a² + a·head + head²) */
    const vec slope = (a * (a + head) + square) * (REAL)(GELU_B_HIGH + GELU_B_LOW)
                    + (REAL)(GELU_A_HIGH + GELU_A_LOW);
    const vec low = rest * slope + (head * (REAL)GELU_A_LOW + cube * (REAL)GELU_B_LOW)
                  + (cube - high) * (REAL)GELU_B_HIGH;
    const vec first = head * (REAL)GELU_A_HIGH, last = high * (REAL)GELU_B_HIGH;    /* exact */
    const vec sum = first + last, came = sum - first;
    const vec lost = (first - (sum - came)) + (last - came);
    return NAME(scaled_exp)(-sum, -(low + lost));
}

INLINE vec NAME(gelu_tanh)(vec x) {
    return NAME(logistic_gate)(x, NAME(gelu_tanh_exp)(NAME(near)(NAME(size)(x))));
}

INLINE vec NAME(gelu_tanh_slope)(vec x) {
    const vec a = NAME(near)(NAME(size)(x));
    const vec dv = a * a * (REAL)(3 * (GELU_B_HIGH + GELU_B_LOW)) + (REAL)(GELU_A_HIGH + GELU_A_LOW);
    return NAME(logistic_gate_slope)(x, NAME(gelu_tanh_exp)(a), dv);
}

/* --- mish: x tanh(log(1 + exp x)) = x n / (n + 2), n = e (e + 2), e = exp x ------------------------- */

/* In terms of w = exp(−|x|) the denominator n + 2, for x > 0 over e², is */
INLINE vec NAME(mish_denominator)(vec x, vec w) {
    const vec twice = w + w;
    return select((ivec)(x > 0), w * twice + (twice + (REAL)1), w * (w + (REAL)2) + (REAL)2);
}

INLINE vec NAME(mish)(vec x) {
    const vec scaled = NAME(scaled_exp)(-NAME(size)(x), fill(0)), w = scaled * (1 / SCALED);
    const vec below = select((ivec)(x > 0), w + w, w + (REAL)2) * scaled;
    return NAME(gated)(x, NAME(size)(x) * (below / NAME(mish_denominator)(x, w)) * (1 / SCALED));
}

/* n / (n + 2) + 4 x e (e + 1) / (n + 2)² */
INLINE vec NAME(mish_slope)(vec x) {
    const vec scaled = NAME(scaled_exp)(-NAME(size)(x), fill(0)), w = scaled * (1 / SCALED);
    const ivec right = (ivec)(x > 0);
    const vec factor = (REAL)1 / NAME(mish_denominator)(x, w);
    const vec gate = select(right, (w + w) * SCALED + SCALED, scaled * (w + (REAL)2));
    const vec change = x * scaled * select(right, w, fill(1)) * ((w + (REAL)1) * (REAL)4);
    return (change * factor + gate) * factor * (1 / SCALED);
}
#undef POLYNOMIAL
