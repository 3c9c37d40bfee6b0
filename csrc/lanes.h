/* Lane arithmetic for one instruction set and one REAL: the vector type, as wide as the machine's, and
 * what kernels do with it. Included by real.inc.h; everything is static inline, so vectors may pass by
 * value. No intrinsics: gcc's and clang's vector types only, and comparisons are masks (all bits). */

typedef REAL NAME(vec) __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef REAL NAME(unaligned) __attribute__((vector_size(VECTOR_BYTES), may_alias,
                                            aligned(__alignof__(REAL))));
typedef INDEX NAME(ivec) __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef INDEX NAME(iunaligned) __attribute__((vector_size(VECTOR_BYTES), may_alias,
                                              aligned(__alignof__(INDEX))));
#define vec NAME(vec)
#define ivec NAME(ivec)

#define WIDTH ((int)(VECTOR_BYTES / sizeof(REAL)))      /* numbers in a vector */
#define PACK_VECTORS (LANES / WIDTH)                    /* vectors in a lane pack */

INLINE vec NAME(load)(const REAL *p) { return *(const NAME(unaligned) *)p; }
INLINE void NAME(store)(REAL *p, vec v) { *(NAME(unaligned) *)p = v; }
INLINE ivec NAME(load_index)(const INDEX *p) { return *(const NAME(iunaligned) *)p; }
INLINE void NAME(store_index)(INDEX *p, ivec v) { *(NAME(iunaligned) *)p = v; }
/* value − 0, not 0 + value: the compiler may drop the former, so that a broadcast costs nothing */
INLINE vec NAME(fill)(REAL value) { return value - (vec){0}; }
INLINE ivec NAME(fill_index)(INDEX value) { return value - (ivec){0}; }
#define load NAME(load)
#define store NAME(store)
#define fill NAME(fill)

/* mask ? a : b, lane by lane. */
INLINE vec NAME(select)(ivec mask, vec a, vec b) {
    return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}
INLINE ivec NAME(select_index)(ivec mask, ivec a, ivec b) { return (mask & a) | (~mask & b); }
#define select NAME(select)

/* max(a, 0); NaN <= 0 is false, so that NaN gets through. */
INLINE vec NAME(relu)(vec a) { return (vec)((ivec)a & ~(ivec)(a <= 0)); }

/* interleave_low(a, b) = a0 b0 a1 b1 … of the lower halves; interleave_high of the upper halves. */
#if VECTOR_BYTES / REAL_BYTES == 16
#define LOW_INDICES 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_INDICES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif VECTOR_BYTES / REAL_BYTES == 8
#define LOW_INDICES 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_INDICES 4, 12, 5, 13, 6, 14, 7, 15
#elif VECTOR_BYTES / REAL_BYTES == 4
#define LOW_INDICES 0, 4, 1, 5
#define HIGH_INDICES 2, 6, 3, 7
#else
#define LOW_INDICES 0, 2
#define HIGH_INDICES 1, 3
#endif
INLINE vec NAME(interleave_low)(vec a, vec b) {
    return __builtin_shufflevector(a, b, LOW_INDICES);
}
INLINE vec NAME(interleave_high)(vec a, vec b) {
    return __builtin_shufflevector(a, b, HIGH_INDICES);
}
#undef LOW_INDICES
#undef HIGH_INDICES

/* Transposes a WIDTH × WIDTH block in registers: log2(WIDTH) rounds of perfect shuffles. */
INLINE void NAME(transpose)(vec block[WIDTH]) {
    UNROLL for (int round = 1; round < WIDTH; round *= 2) {
        vec shuffled[WIDTH];
        UNROLL for (int i = 0; i < WIDTH / 2; i++) {
            shuffled[2 * i] = NAME(interleave_low)(block[i], block[i + WIDTH / 2]);
            shuffled[2 * i + 1] = NAME(interleave_high)(block[i], block[i + WIDTH / 2]);
        }
        UNROLL for (int i = 0; i < WIDTH; i++) block[i] = shuffled[i];
    }
}

/* Lane j of the result is the sum over the lanes of block[j], added in halves; block is used up. */
INLINE vec NAME(add_lanes)(vec block[WIDTH]) {
    UNROLL for (int half = WIDTH / 2; half >= 1; half /= 2)
        UNROLL for (int i = 0; i < half; i++)
            block[i] = NAME(interleave_low)(block[i], block[i + half])
                     + NAME(interleave_high)(block[i], block[i + half]);
    return block[0];
}

/* Constants of exp. Reduction x = n·ln 2 + r with ln 2 in two parts, so that n·LN2_HIGH is exact;
 * float: the polynomial of Cephes' expf (S. L. Moshier, 1992); double: Taylor to r¹³ (|r| ≤ 0.347). */
#if REAL_BYTES == 4
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define LOG2_E 1.44269504088896341f
#define ROUNDER 12582912.0f             /* 1.5·2²³: adding it rounds to an integer in the low bits */
#define EXPONENT_BIAS 127
#define FRACTION_BITS 23
#define EXP_OVERFLOW 88.7228394f        /* above: infinity */
#define EXP_UNDERFLOW -87.3365479f      /* below: a subnormal, which counts as zero */
#define SIGMOID_ZERO 88.5f              /* sigmoid(−this) is a subnormal, and its exp is finite */
#define TANH_SATURATED 10.0f
static const REAL NAME(exp_terms)[] = {
    1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
    5.0000001201e-1f};
#else
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define LOG2_E 1.44269504088896340736
#define ROUNDER 6755399441055744.0      /* 1.5·2⁵² */
#define EXPONENT_BIAS 1023
#define FRACTION_BITS 52
#define EXP_OVERFLOW 709.782712893384
#define EXP_UNDERFLOW -708.3964185322641
#define SIGMOID_ZERO 709.5
#define TANH_SATURATED 20.0
static const REAL NAME(exp_terms)[] = {
    1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0,
    1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5};
#endif
#define EXP_TERMS ((int)(sizeof(NAME(exp_terms)) / sizeof(REAL)))

/* exp(r) − 1 for the remainder r of x = n·ln 2 + r, n, and what rounding took off the result. */
INLINE vec NAME(reduced_expm1)(vec x, ivec *n, vec *lost) {
    const vec shifted = x * (REAL)LOG2_E + (REAL)ROUNDER;
    *n = (ivec)shifted - (ivec)fill(ROUNDER);
    const vec whole = shifted - (REAL)ROUNDER;
    vec r = x - whole * (REAL)LN2_HIGH;
    r = r - whole * (REAL)LN2_LOW;
    vec polynomial = fill(NAME(exp_terms)[0]);
    UNROLL for (int k = 1; k < EXP_TERMS; k++) polynomial = polynomial * r + NAME(exp_terms)[k];
    const vec square = r * r;
    const vec result = square * polynomial + r;
    *lost = square * polynomial + (r - result);
    return result;
}

INLINE vec NAME(power_of_two)(ivec n) {
    return (vec)((n + (INDEX)EXPONENT_BIAS) << FRACTION_BITS);
}

/* exp(x) and, if it is finite and not 0, what rounding took off it. */
INLINE vec NAME(exp_parts)(vec x, vec *lost) {
    ivec n;
    vec fraction_lost;
    const ivec over = (ivec)(x > (REAL)EXP_OVERFLOW), under = (ivec)(x < (REAL)EXP_UNDERFLOW);
    const vec clamped = select(over | under, fill(0), x);
    const vec fraction = NAME(reduced_expm1)(clamped, &n, &fraction_lost);
    const vec mantissa = fraction + (REAL)1;
    /* 2ⁿ in two factors: n may be one more than the largest exponent */
    const ivec positive = (ivec)(n > 0);
    const vec first = NAME(power_of_two)(n + positive);
    const vec second = select(positive, fill(2), fill(1));
    *lost = (fraction - (mantissa - (REAL)1) + fraction_lost) * first * second;
    const vec y = mantissa * first * second;
    return select(over, fill((REAL)__builtin_inf()), select(under, fill(0), y));
}

INLINE vec NAME(exp)(vec x) {
    vec lost;
    return NAME(exp_parts)(x, &lost);
}

/* What rounding took off sum = a + b (Knuth). */
INLINE vec NAME(sum_lost)(vec a, vec b, vec sum) {
    const vec b_taken = sum - a;
    return (a - (sum - b_taken)) + (b - b_taken);
}

/* 1 / (1 + exp(−x)), the sum with what it lost: each rounding alone would be half an ULP or more. */
INLINE vec NAME(sigmoid)(vec x) {
    vec lost;
    const vec x_held = select((ivec)(x < (REAL)-SIGMOID_ZERO), fill(-SIGMOID_ZERO), x);
    const vec e = NAME(exp_parts)(-x_held, &lost);
    const vec sum = e + (REAL)1;
    const vec y = (REAL)1 / sum;
    lost += NAME(sum_lost)(e, fill(1), sum);
    return y - y * y * lost;
}

/* tanh |x| = e / (e + 2) with e = exp(2|x|) − 1, which keeps every bit near zero. */
INLINE vec NAME(tanh)(vec x) {
    ivec n;
    vec lost;
    const ivec sign = (ivec)x & (ivec)fill(-(REAL)0);
    vec size = (vec)((ivec)x ^ sign);
    size = select((ivec)(size > (REAL)TANH_SATURATED), fill(TANH_SATURATED), size);
    const vec fraction = NAME(reduced_expm1)(size + size, &n, &lost);
    const vec power = NAME(power_of_two)(n);
    const vec scaled = power * fraction, rest = power - (REAL)1;
    const vec e = scaled + rest;
    const vec sum = e + (REAL)2;
    const vec inverse = (REAL)1 / sum;
    vec y = e * inverse;
    lost = lost * power + NAME(sum_lost)(scaled, rest, e);
    /* e − y·sum is what y misses of the quotient; then what e and the sum had lost */
    const vec missing = e - y * sum;
    y += (missing + (lost - y * (lost + NAME(sum_lost)(e, fill(2), sum)))) * inverse;
    return (vec)((ivec)y | sign);
}

/* total = Σ over c < n of a term in c: chains of CHAIN terms, CHAIN chains a level. */
#define CHAINED_SUM(total, n, term)                                                                 \
    vec total = fill(0), level = fill(0);                                                           \
    for (ptrdiff_t first = 0, chains = 1; first < (n); first += CHAIN, chains++) {                  \
        const ptrdiff_t end = first + CHAIN < (n) ? first + CHAIN : (n);                            \
        vec chain = fill(0);                                                                        \
        for (ptrdiff_t c = first; c < end; c++) chain += (term);                                    \
        level += chain;                                                                             \
        if (chains % CHAIN == 0) {                                                                  \
            total += level;                                                                         \
            level = fill(0);                                                                        \
        }                                                                                           \
    }                                                                                               \
    total += level;
