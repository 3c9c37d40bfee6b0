/* For benchmarks: how many multiply-adds a second this machine makes when nothing else stands in the way. */

#define CHAINS (VECTOR_REGISTERS >= 32 ? 24 : 12)

static ptrdiff_t NAME(peak)(ptrdiff_t rounds, REAL *sink) {
    vec sum[CHAINS];
    const vec factor = fill((REAL)0.999), term = fill((REAL)0.001);
    UNROLL for (int k = 0; k < CHAINS; k++) sum[k] = fill((REAL)k);
    for (ptrdiff_t i = 0; i < rounds; i++)
        UNROLL for (int k = 0; k < CHAINS; k++) sum[k] = sum[k] * factor + term;
    UNROLL for (int k = 1; k < CHAINS; k++) sum[0] += sum[k];
    for (int lane = 0; lane < WIDTH; lane++) sink[lane] = sum[0][lane];
    return (ptrdiff_t)CHAINS * WIDTH;
}

static void NAME(fill_peak)(TABLE *table) { table->peak = NAME(peak); }
#undef CHAINS
