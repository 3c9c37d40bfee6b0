/* Lane arithmetic for one instruction set and one REAL: the vector type, as wide as the machine's, and
 * what kernels do with it. Included by real.inc.h; everything is static inline, so vectors may pass by
 * value. No intrinsics: gcc's and clang's vector types only, and comparisons are masks (all bits). */

typedef REAL NAME(vec) __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef REAL NAME(unaligned) __attribute__((vector_size(VECTOR_BYTES), may_alias,
                                            aligned(__alignof__(REAL))));
typedef INDEX NAME(ivec) __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef INDEX NAME(iunaligned) __attribute__((vector_size(VECTOR_BYTES), may_alias,
                                              aligned(__alignof__(INDEX))));
typedef uint8_t NAME(all_bytes) __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef uint8_t NAME(low_bytes) __attribute__((vector_size(VECTOR_BYTES / REAL_BYTES), may_alias,
                                               aligned(1)));
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

/* Integers below 256, a byte each in memory. gcc does a conversion that the machine lacks lane by lane:
 * AVX2 and SSE2 cannot narrow, SSE2 cannot widen, so shuffles stand for it there. It also takes a load
 * apart that could be the operand of a conversion, unless the load is volatile. */
#if REAL_BYTES == 4
#define FIRST_BYTES 0, 4, 8, 12, 16, 20, 24, 28
#else
#define FIRST_BYTES 0, 8, 16, 24
#endif
INLINE void NAME(store_bytes)(uint8_t *p, ivec v) {
#if VECTOR_BYTES == 64
    *(NAME(low_bytes) *)p = __builtin_convertvector(v, NAME(low_bytes));
#elif VECTOR_BYTES == 32
    const NAME(all_bytes) bytes = (NAME(all_bytes))v;
    *(NAME(low_bytes) *)p = __builtin_shufflevector(bytes, bytes, FIRST_BYTES);
#else
    NAME(all_bytes) bytes = (NAME(all_bytes))v;
    UNROLL for (int apart = REAL_BYTES; apart > 1; apart /= 2)
        bytes = __builtin_shufflevector(bytes, bytes, 0, 2, 4, 6, 8, 10, 12, 14,
                                        16, 18, 20, 22, 24, 26, 28, 30);
    memcpy(p, &bytes, WIDTH);
#endif
}
INLINE ivec NAME(load_bytes)(const uint8_t *p) {
#if VECTOR_BYTES > 16
    const NAME(low_bytes) bytes = *(const volatile NAME(low_bytes) *)p;
    return __builtin_convertvector(bytes, ivec);
#else
    INDEX word = 0;
    memcpy(&word, p, WIDTH);
    NAME(all_bytes) bytes = (NAME(all_bytes))(ivec){word}, zero = {0};
    UNROLL for (int apart = 1; apart < REAL_BYTES; apart *= 2)
        bytes = __builtin_shufflevector(bytes, zero, 0, 16, 1, 17, 2, 18, 3, 19,
                                        4, 20, 5, 21, 6, 22, 7, 23);
    return (ivec)bytes;
#endif
}
#undef FIRST_BYTES

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

/* Constants of exponentials. Polynomials, from the highest power, have the smallest relative error:
 * exp r = 1 + r + r² Σ for |r| ≤ ln 2 / 2, 2^f = 1 + f Σ for |f| ≤ 1/2, tanh x = x + x³ Σ in x² for
 * |x| ≤ TANH_SMALL. ln 2 is in two parts, so that n·LN2_HIGH is exact without a fused multiply-add too. */
#if REAL_BYTES == 4
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define LOG2_E 1.44269504088896341f
#define ROUNDER (12582912.0f + 127)     /* 1.5·2²³: rounds to an integer, here n + the exponent's bias, */
#define FRACTION_BITS 23                /* in the low bits: shifted up they are 2ⁿ */
#define EXP_UNDERFLOW -87.3365479f      /* below: a subnormal, which counts as zero */
#define SIGMOID_ONE 17.5f               /* from here on they round to 1 */
#define TANH_ONE 9.5f
static const REAL NAME(exp_terms)[] = {
    1.38144817e-3f, 8.36875108e-3f, 4.16683920e-2f, 1.66665203e-1f, 4.99999934e-1f};
static const REAL NAME(exp2_terms)[] = {
    1.53536807e-4f, 1.33989761e-3f, 9.61843679e-3f, 5.55033220e-2f, 2.40226479e-1f, 6.93147203e-1f};
static const REAL NAME(tanh_terms)[] = {
    1.64371399e-2f, -5.26715464e-2f, 1.33207201e-1f, -3.33329464e-1f};
#else
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define LOG2_E 1.44269504088896340736
#define ROUNDER (6755399441055744.0 + 1023)     /* 1.5·2⁵² */
#define FRACTION_BITS 52
#define EXP_UNDERFLOW -708.3964185322641
#define SIGMOID_ONE 37.5
#define TANH_ONE 20.0
static const REAL NAME(exp_terms)[] = {
    2.50002049396864082e-08, 2.76303201700255978e-07, 2.75575862790877180e-06,
    2.48014929076738090e-05, 1.98412695062619165e-04, 1.38888889438038531e-03,
    8.33333333349482036e-03, 4.16666666665295449e-02, 1.66666666666664104e-01,
    5.00000000000001110e-01};
static const REAL NAME(exp2_terms)[] = {
    4.43474318342543446e-10, 7.07380723642426210e-09, 1.01781999558584573e-07,
    1.32154351499461325e-06, 1.52527334917061622e-05, 1.54035304573616339e-04,
    1.33335581467766478e-03, 9.61812910759393680e-03, 5.55041086648200704e-02,
    2.40226506959101305e-01, 6.93147180559945286e-01};
static const REAL NAME(tanh_terms)[] = {
    -1.94942849563544824e-05, 8.33157686820237245e-05, -2.33381070211136310e-04,
    5.88444281695522519e-04, -1.45554279315465978e-03, 3.59209202171804909e-03,
    -8.86323260050952792e-03, 2.18694883857934522e-02, -5.39682539637581643e-02,
    1.33333333333266163e-01, -3.33333333333332982e-01};
#endif
#define TANH_SMALL ((REAL)0.55)         /* its tanh is just above a half */

/* Σ_i terms[i] x^(n − 1 − i) */
INLINE vec NAME(polynomial)(const REAL *terms, int n, vec x) {
    vec sum = fill(terms[0]);
    UNROLL for (int i = 1; i < n; i++) sum = sum * x + terms[i];
    return sum;
}
#define POLYNOMIAL(terms, x) NAME(polynomial)(NAME(terms), sizeof(NAME(terms)) / sizeof(REAL), x)

/* exp(x) = power · (1 + r · slope), for EXP_UNDERFLOW ≤ x ≤ −EXP_UNDERFLOW. */
INLINE vec NAME(exp_slope)(vec x, vec *r, vec *power) {
    const vec shifted = x * (REAL)LOG2_E + (REAL)ROUNDER;
    const vec n = shifted - (REAL)ROUNDER;
    *power = (vec)((ivec)shifted << FRACTION_BITS);
    *r = (x - n * (REAL)LN2_HIGH) - n * (REAL)LN2_LOW;
    return POLYNOMIAL(exp_terms, *r) * *r + (REAL)1;
}

/* exp(x) for x ≤ 0 and NaN. */
INLINE vec NAME(exp)(vec x) {
    vec r, power;
    const vec slope = NAME(exp_slope)(x, &r, &power);
    const vec y = (slope * r + (REAL)1) * power;
    return (vec)((ivec)y & ~(ivec)(x < (REAL)EXP_UNDERFLOW));
}

/* 1 / (1 + exp(−x)), less what rounding took off the sum: alone that would be half an ULP or more. */
INLINE vec NAME(sigmoid)(vec x) {
    vec r, power;
    const vec slope = NAME(exp_slope)(-x, &r, &power);
    const vec part = power * r;
    const vec sum = part * slope + (power + (REAL)1);
    const vec lost = part * slope + ((power - sum) + (REAL)1);
    vec y = (REAL)1 / sum;
    y = y - y * (y * lost);
    y = (vec)((ivec)y & ~(ivec)(x < (REAL)EXP_UNDERFLOW));
    return select((ivec)(x > (REAL)SIGMOID_ONE), fill(1), y);
}

/* 1 − 2 / (1 + exp 2|x|), but a polynomial near zero, where that would cancel. */
INLINE vec NAME(tanh)(vec x) {
    const ivec sign = (ivec)x & (ivec)fill(-(REAL)0);
    const vec size = (vec)((ivec)x ^ sign), square = size * size;
    /* an error of exp counts less the larger it is: one constant is enough to reduce 2|x| / ln 2 */
    const vec shifted = size * (REAL)(2 * LOG2_E) + (REAL)ROUNDER;
    const vec f = size * (REAL)(2 * LOG2_E) - (shifted - (REAL)ROUNDER);
    const vec power = (vec)((ivec)shifted << FRACTION_BITS);
    const vec mantissa = POLYNOMIAL(exp2_terms, f) * f + (REAL)1;
    const vec rest = (REAL)2 / (mantissa * power + (REAL)1);
    const vec small = size * square * POLYNOMIAL(tanh_terms, square) + size;
    const vec large = (REAL)1 - (vec)((ivec)rest & ~(ivec)(size > (REAL)TANH_ONE));
    return (vec)((ivec)select((ivec)(size > TANH_SMALL), large, small) | sign);
}
#undef POLYNOMIAL

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
