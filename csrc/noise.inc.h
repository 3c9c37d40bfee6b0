/* Noise on packs, from bits or normal numbers that random.h has made. y may be x. */

static void NAME(dropout)(ptrdiff_t n, const uint32_t *bits, REAL kept, const REAL *x, REAL *y) {
    for (ptrdiff_t first = 0; first < n; first += 32, bits += LANES) {
        const ptrdiff_t end = first + 32 < n ? first + 32 : n;
        INDEX wide[LANES];
        for (int lane = 0; lane < LANES; lane++) wide[lane] = (INDEX)bits[lane];
        ivec keeps[PACK_VECTORS];
        UNROLL for (int v = 0; v < PACK_VECTORS; v++) keeps[v] = NAME(load_index)(wide + v * WIDTH);
        for (ptrdiff_t i = first; i < end; i++) {
            const ivec place = NAME(fill_index)((INDEX)(1u << (i - first)));
            UNROLL for (int v = 0; v < PACK_VECTORS; v++) {
                const vec scaled = load(x + i * LANES + v * WIDTH) * kept;
                /* and, not times: 0 · ∞ would not be 0 */
                store(y + i * LANES + v * WIDTH,
                      (vec)((ivec)scaled & (ivec)((keeps[v] & place) != 0)));
            }
        }
    }
}

static void NAME(gaussian_noise)(ptrdiff_t n, REAL stddev, const REAL *z, const REAL *x, REAL *y) {
    for (ptrdiff_t i = 0; i < n * LANES; i += WIDTH)
        store(y + i, load(x + i) + stddev * load(z + i));
}

static void NAME(gaussian_dropout)(ptrdiff_t n, REAL stddev, const REAL *z, const REAL *x, REAL *y) {
    for (ptrdiff_t i = 0; i < n * LANES; i += WIDTH)
        store(y + i, load(x + i) * ((REAL)1 + stddev * load(z + i)));
}

static void NAME(fill_noise)(TABLE *table) {
    table->dropout = NAME(dropout);
    table->gaussian_noise = NAME(gaussian_noise);
    table->gaussian_dropout = NAME(gaussian_dropout);
}
