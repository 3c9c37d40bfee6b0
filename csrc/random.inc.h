/* Random numbers as REALs, uniform and normal. random.h makes the words. */

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

static void NAME(fill_random)(TABLE *table) {
    table->random_uniform = NAME(random_uniform);
    table->random_normal = NAME(random_normal);
}
