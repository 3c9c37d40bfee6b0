/* Random numbers of one instruction set, before they become REALs: Philox 4x32-10 (Salmon et al.,
 * Parallel random numbers: as easy as 1, 2, 3, 2011) by vectors, bits of dropout, and normal numbers in
 * double. Included once by isa.inc.h.
 *
 *   counter (block, row, stream, counter), key (seed)  -->  ten rounds  -->  four words
 *
 * Blocks stand side by side, one in each 64-bit lane, whose upper half holds what a product of two
 * words needs. A block's words depend on nothing but its counter and key, so that a stretch may start
 * anywhere, and any vector width and any number of threads gives the same. */

#define BLOCKS ((int)(VECTOR_BYTES / 8))        /* side by side in a vector */

typedef uint64_t wide __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef uint32_t words __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int32_t integers __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef double doubles __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef uint32_t unaligned_words __attribute__((vector_size(VECTOR_BYTES), may_alias,
                                                aligned(__alignof__(uint32_t))));

/* ZIP_LOW and ZIP_HIGH: a0 b0 a1 b1 … of two vectors of 64-bit lanes. EVENS: every other word. */
#if VECTOR_BYTES == 64
#define ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#elif VECTOR_BYTES == 32
#define ZIP_LOW 0, 4, 1, 5
#define ZIP_HIGH 2, 6, 3, 7
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14
#else
#define ZIP_LOW 0, 2
#define ZIP_HIGH 1, 3
#define EVENS 0, 2, 4, 6
#endif

#define LOW_WORD 0xFFFFFFFFu

/* Ten rounds over x[0] … x[3], 64-bit integers or vectors of them whose upper halves are zero. */
#define PHILOX(x, seed)                                                                             \
    do {                                                                                            \
        uint32_t key0 = (uint32_t)(seed), key1 = (uint32_t)((seed) >> 32);                          \
        UNROLL for (int round = 0; round < 10; round++) {                                           \
            const __typeof__((x)[0] + 0) first = (x)[0] * 0xD2511F53u;                              \
            const __typeof__((x)[0] + 0) second = (x)[2] * 0xCD9E8D57u;                             \
            (x)[0] = (second >> 32) ^ ((x)[1] ^ key0);                                              \
            (x)[1] = second & LOW_WORD;                                                             \
            (x)[2] = (first >> 32) ^ ((x)[3] ^ key1);                                               \
            (x)[3] = first & LOW_WORD;                                                              \
            key0 += 0x9E3779B9u;                                                                    \
            key1 += 0xBB67AE85u;                                                                    \
        }                                                                                           \
    } while (0)

/* Turns counters, one word in each element of x, into words. */
INLINE void philox(wide x[4], uint64_t seed) {
#if WIDE_PRODUCTS
    PHILOX(x, seed);
#else
    /* a vector's 64-bit product would be eight instructions here, three of them products */
    for (int lane = 0; lane < BLOCKS; lane++) {
        uint64_t block[4];
        UNROLL for (int k = 0; k < 4; k++) block[k] = x[k][lane];
        PHILOX(block, seed);
        UNROLL for (int k = 0; k < 4; k++) x[k][lane] = block[k];
    }
#endif
}

INLINE wide lane_numbers(void) {
    wide number;
    UNROLL for (int lane = 0; lane < BLOCKS; lane++) number[lane] = (uint64_t)lane;
    return number;
}

/* x[k][lane] = word k of block (block + lane) of a sequence; beyond 2³² blocks a row goes on in the
 * next. */
INLINE void sequence_words(const fastnn_sequence *from, uint64_t block, wide x[4]) {
    const wide number = lane_numbers() + (((uint64_t)from->row << 32) + block);
    x[0] = number & LOW_WORD;
    x[1] = number >> 32;
    x[2] = (wide){0} + from->stream;
    x[3] = (wide){0} + from->counter;
    philox(x, from->seed);
}

/* word[k][lane] = word k of the block of row (from->row + lane). */
INLINE void row_words(const fastnn_sequence *from, uint64_t block, uint32_t word[4][LANES]) {
    for (int first = 0; first < LANES; first += 2 * BLOCKS) {
        wide x[2][4];
        UNROLL for (int half = 0; half < 2; half++) {
            x[half][0] = (wide){0} + (block & LOW_WORD);
            const uint64_t row = (block >> 32) + from->row + (uint64_t)(first + half * BLOCKS);
            x[half][1] = (lane_numbers() + row) & LOW_WORD;
            x[half][2] = (wide){0} + from->stream;
            x[half][3] = (wide){0} + from->counter;
            philox(x[half], from->seed);
        }
        UNROLL for (int k = 0; k < 4; k++)
            *(unaligned_words *)&word[k][first] =
                __builtin_shufflevector((words)x[0][k], (words)x[1][k], EVENS);
    }
}

/* The words of BLOCKS blocks in the order of the sequence. */
INLINE void in_order(const wide x[4], words ordered[2]) {
    const wide first = x[0] | x[1] << 32, second = x[2] | x[3] << 32;
    ordered[0] = (words)__builtin_shufflevector(first, second, ZIP_LOW);
    ordered[1] = (words)__builtin_shufflevector(first, second, ZIP_HIGH);
}

/* An integer below 2⁵² is the fraction of 2⁵² + itself. */
INLINE doubles exact(wide integer) {
    return (doubles)(integer | 0x4330000000000000) - 4503599627370496.0;
}

/* 53 bits of two words, from 0 up to, without, 1; no step rounds. */
INLINE doubles uniform53(wide high, wide low) {
    return (exact(high >> 5) * 67108864.0 + exact(low >> 6)) * (1.0 / 9007199254740992.0);
}

/* Polynomials, from the highest power, have the smallest error relative to the function:
 * log((1 + s) / (1 − s)) = 2s + s³ Σ in s² for |s| ≤ (√2 − 1) / (√2 + 1); sin r = r + r³ Σ and
 * cos r = 1 − r²/2 + r⁴ Σ in r² for |r| ≤ π/4. */
static const double log_terms[] = {
    1.479594953031711e-1, 1.5314050572269983e-1, 1.8183564325181992e-1, 2.2222198573206342e-1,
    2.8571428742387356e-1, 3.999999999941468e-1, 6.666666666666734e-1};
static const double sin_terms[] = {
    1.5896827993015262e-10, -2.505075865448853e-08, 2.755731369523507e-06, -1.9841269829816977e-04,
    8.333333333322425e-03, -1.6666666666666632e-01};
static const double cos_terms[] = {
    -1.1359669859521035e-11, 2.087572368425548e-09, -2.7557314355240306e-07, 2.480158728949182e-05,
    -1.3888888888874138e-03, 4.16666666666666e-02};

INLINE doubles horner(const double *terms, int n, doubles x) {
    doubles sum = (doubles){0} + terms[0];
    UNROLL for (int i = 1; i < n; i++) sum = sum * x + terms[i];
    return sum;
}
#define HORNER(terms, x) horner(terms, sizeof(terms) / sizeof(double), x)

/* log u, 2⁻⁵³ ≤ u ≤ 1, within 1 ULP: u = 2ᵉ (1 + f), √½ ≤ 1 + f < √2, s = f / (2 + f). log(1 + f) is
 * f − f²/2 + s (f²/2 + s² Σ), whose large part f has no error; ln 2 is in two parts, e·LN2_HIGH exact. */
INLINE doubles logarithm(doubles u) {
    const uint64_t root_half = 0x3FE6A09E667F3BCD, bias = 1024;
    const wide shifted = (wide)u + ((bias << 52) - root_half);
    const doubles exponent = exact(shifted >> 52) - (double)bias;
    const doubles f = (doubles)((shifted & 0xFFFFFFFFFFFFF) + root_half) - 1.0;
    const doubles s = f / (f + 2.0), square = s * s, half = f * f * 0.5;
    const doubles rest = s * (half + square * HORNER(log_terms, square));
    const doubles low = exponent * 1.90821492927058770002e-10 + rest;
    return exponent * 6.93147180369123816490e-01 - ((half - low) - f);
}

/* cos and sin of 2π turn, 0 ≤ turn < 1, within 1.5 ULP of those of the rounded product: angle = q π/2 + r.
 * The first two parts of π/2 have 33 bits, so that q times them is exact; near a multiple of π/2 the
 * difference to the first is so too, and what is left keeps all its digits. */
INLINE void cos_sin(doubles turn, doubles *cosine, doubles *sine) {
    const double rounder = 6755399441055744.0;      /* 1.5·2⁵²: rounds to an integer, in the low bits */
    const doubles angle = turn * 6.283185307179586476925286766559;
    /* from the angle: as its only other use were a difference, the product could melt into that */
    const doubles shifted = angle * 6.36619772367581343076e-01 + rounder, q = shifted - rounder;
    const doubles r = ((angle - q * 1.57079632673412561417e+00) - q * 6.07710050630396597660e-11)
                    - q * 2.02226624879595063154e-21;
    const doubles square = r * r, half = square * 0.5, near = 1.0 - half;
    const doubles s = r * square * HORNER(sin_terms, square) + r;
    const doubles c = near + (square * square * HORNER(cos_terms, square) + ((1.0 - near) - half));
    const wide quadrant = (wide)shifted, odd = -(quadrant & 1);
    const wide cosine_sign = (quadrant + 1) >> 1 << 63, sine_sign = quadrant >> 1 << 63;
    *cosine = (doubles)((((wide)s & odd) | ((wide)c & ~odd)) ^ cosine_sign);
    *sine = (doubles)((((wide)c & odd) | ((wide)s & ~odd)) ^ sine_sign);
}

/* Box and Muller: a block's words become two normal numbers; pair[0] and pair[1] in their order. */
INLINE void normals(const wide x[4], doubles pair[2]) {
    const doubles power = -2.0 * logarithm(1.0 - uniform53(x[0], x[1]));
    doubles radius, cosine, sine;
    UNROLL for (int lane = 0; lane < BLOCKS; lane++) radius[lane] = sqrt(power[lane]);
    cos_sin(uniform53(x[2], x[3]), &cosine, &sine);
    cosine *= radius;
    sine *= radius;
    pair[0] = __builtin_shufflevector(cosine, sine, ZIP_LOW);
    pair[1] = __builtin_shufflevector(cosine, sine, ZIP_HIGH);
}

/* A kernel that fills out with numbers first … first + n − 1, per_block of which come from a block:
 * group makes those of BLOCKS blocks. Groups that reach over an end go through a buffer. Words of some
 * groups come before the numbers of any: both are long chains, and a core looks ahead of it only so far
 * that it can work on several short loop bodies at once, but not on several long ones. */
#define BATCH 4
#define STRETCH(name, group, type, per_block)                                                       \
    static void name(const fastnn_sequence *from, ptrdiff_t first, ptrdiff_t n, type *out) {        \
        enum { GROUP = per_block * BLOCKS };                                                        \
        const fastnn_sequence own = *from;      /* which no store to out changes */                 \
        uint64_t block = (uint64_t)first / per_block;                                               \
        for (ptrdiff_t start = -(first % per_block); start < n; start += BATCH * GROUP) {           \
            wide x[BATCH][4];                                                                       \
            for (int g = 0; g < BATCH && start + g * GROUP < n; g++, block += BLOCKS)               \
                sequence_words(&own, block, x[g]);                                                  \
            for (int g = 0; g < BATCH && start + g * GROUP < n; g++) {                              \
                const ptrdiff_t i = start + g * GROUP;                                              \
                const int whole = i >= 0 && i + GROUP <= n;                                         \
                type buffer[GROUP];                                                                 \
                group(x[g], whole ? out + i : buffer);                                              \
                for (ptrdiff_t k = 0; !whole && k < GROUP; k++)                                     \
                    if (i + k >= 0 && i + k < n) out[i + k] = buffer[k];                            \
            }                                                                                       \
        }                                                                                           \
    }

INLINE void random_words_group(const wide x[4], uint32_t *out) {
    words ordered[2];
    in_order(x, ordered);
    memcpy(out, ordered, sizeof ordered);
}

STRETCH(random_words, random_words_group, uint32_t, 4)

/* A number v = k 2⁻²⁴ is below the rate where k < rate 2²⁴, rounded up. */
INLINE int32_t lowest_kept(double rate) {
    const int32_t limit = (int32_t)(rate * 16777216.0);
    return limit + (limit < rate * 16777216.0);
}

static void random_bits(const fastnn_sequence *from, ptrdiff_t first, ptrdiff_t n, double rate,
                        uint32_t *bits) {
    const fastnn_sequence own = *from;      /* which no store to bits changes */
    const int32_t lowest = lowest_kept(rate);
    uint64_t block = (uint64_t)first / 4;
    for (ptrdiff_t i = 0; i < n; i += 32, bits += LANES) {
        words kept[LANES / (2 * BLOCKS)] = {{0}};
        for (int element = 0; element < 32 && i + element < n; element += 4, block++) {
            uint32_t word[4][LANES];
            row_words(&own, block, word);
            UNROLL for (int k = 0; k < 4; k++)
                UNROLL for (int v = 0; v < LANES / (2 * BLOCKS); v++) {
                    const words u = *(const unaligned_words *)&word[k][v * 2 * BLOCKS];
                    kept[v] |= (words)((integers)(u >> 8) >= lowest) & (1u << (element + k));
                }
        }
        memcpy(bits, kept, sizeof kept);
    }
}

static void box_muller(ptrdiff_t n, const uint32_t *u, double *out) {
    for (ptrdiff_t i = 0; i < n; i += 2 * BLOCKS) {
        wide x[4];
        doubles pair[2];
        for (int lane = 0; lane < BLOCKS; lane++)
            for (int k = 0; k < 4; k++) x[k][lane] = u[2 * i + 4 * lane + k];
        normals(x, pair);
        memcpy(out + i, pair, sizeof pair);
    }
}
