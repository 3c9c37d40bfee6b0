/* Random numbers as REALs: uniform, normal, and the masks of dropout. random.h makes the words. */

INLINE void NAME(random_uniform_group)(const wide x[4], REAL *out) {
#if REAL_BYTES == 4
    words ordered[2];
    in_order(x, ordered);
    UNROLL for (int i = 0; i < 2; i++)
        store(out + i * WIDTH, __builtin_convertvector((ivec)(ordered[i] >> 8), vec) * 0x1p-24f);
#else
    const doubles first = uniform53(x[0], x[1]), second = uniform53(x[2], x[3]);
    store(out, __builtin_shufflevector(first, second, ZIP_LOW));
    store(out + WIDTH, __builtin_shufflevector(first, second, ZIP_HIGH));
#endif
}

INLINE void NAME(random_normal_group)(const wide x[4], REAL *out) {
    doubles pair[2];
    normals(x, pair);
    UNROLL for (int i = 0; i < 2 * BLOCKS; i++) out[i] = (REAL)pair[i / BLOCKS][i % BLOCKS];
}

STRETCH(NAME(random_uniform), NAME(random_uniform_group), REAL, (REAL_BYTES == 4 ? 4 : 2))
STRETCH(NAME(random_normal), NAME(random_normal_group), REAL, 2)

static void NAME(random_masks)(const fastnn_sequence *from, ptrdiff_t first, ptrdiff_t n, double rate,
                               REAL kept, REAL *mask) {
    /* u < rate, with u = k 2⁻²⁴, means k < rate 2²⁴, rounded up */
    uint32_t limit = (uint32_t)(rate * 16777216.0);
    limit += limit < rate * 16777216.0;
    const fastnn_sequence own = *from;      /* which no store to mask changes */
    uint64_t block = (uint64_t)first / 4;
    for (ptrdiff_t i = -(first % 4); i < n; i += 4, block++) {
        uint32_t word[4][LANES];
        row_words(&own, block, word);
        for (ptrdiff_t k = i < 0 ? -i : 0; k < 4 && i + k < n; k++) {
            INDEX number[LANES];
            for (int lane = 0; lane < LANES; lane++) number[lane] = (INDEX)(word[k][lane] >> 8);
            for (int v = 0; v < LANES; v += WIDTH) {
                const ivec keeps = (ivec)(NAME(load_index)(number + v) >= (INDEX)limit);
                store(mask + (i + k) * LANES + v, (vec)(keeps & (ivec)fill(kept)));
            }
        }
    }
}

static void NAME(fill_random)(TABLE *table) {
    table->random_uniform = NAME(random_uniform);
    table->random_normal = NAME(random_normal);
    table->random_masks = NAME(random_masks);
}
