/* Normalisation: sums over positions around a centre, and maps with a centre, a factor and an offset.
 *
 * A map is y = (x − centre)·factor + offset and not x·factor + (offset − centre·factor): where the mean
 * is large and the spread small, x − centre is exact and the other form loses what it should keep.
 * Batch normalisation has one of each a channel; in layer and group normalisation they are packs, as
 * every lane is a sample with statistics of its own, one for each group of channels. */

/* Chunks come from afar where the whole batch waits for its sums, and hardware stops prefetching at the
 * end of a page. So every line is prefetched: a page before it is mapped, four positions before it is summed. */
#define AHEAD (4096 / (ptrdiff_t)sizeof(REAL))

/* Σ d and Σ d·(x − centre) of n vectors; without dy, d is x − centre itself. Memory is read as in
 * position_sums. */
INLINE void NAME(add_centred)(const int abreast, int n, ptrdiff_t step, const REAL *dy, const REAL *x,
                              const vec *middle, vec *sum, vec *product) {
    for (int k = 0; k < n; k++) {
        vec s = sum[k], q = product[k];
        UNROLL for (int j = 0; j < abreast; j++) {
            if (k * WIDTH % LINE == 0) {
                __builtin_prefetch(x + (j + 4) * step + k * WIDTH);
                if (dy) __builtin_prefetch(dy + (j + 4) * step + k * WIDTH);
            }
            const vec deviation = load(x + j * step + k * WIDTH) - middle[k];
            const vec d = dy ? load(dy + j * step + k * WIDTH) : deviation;
            s += d;
            q += d * deviation;
        }
        sum[k] = s;
        product[k] = q;
    }
}

INLINE void NAME(centred_sums)(ptrdiff_t positions, ptrdiff_t channels, const REAL *dy, const REAL *x,
                               ptrdiff_t step, const REAL *centre, ptrdiff_t centre_step, REAL *sums,
                               REAL *products) {
    enum { VECTORS = NAME(SUMMED_PACKS) * PACK_VECTORS };
    vec middle[VECTORS], sum[VECTORS], product[VECTORS];
    for (ptrdiff_t c = 0; c < channels; c += NAME(SUMMED_PACKS)) {
        const ptrdiff_t left = channels - c, first = c * LANES;
        const int n = PACK_VECTORS * (left < NAME(SUMMED_PACKS) ? (int)left : NAME(SUMMED_PACKS));
        ptrdiff_t p = 0;
        for (int k = 0; k < n; k++) {
            middle[k] = load(centre + (c + k / PACK_VECTORS) * centre_step + k % PACK_VECTORS * WIDTH);
            sum[k] = product[k] = fill(0);
        }
        for (; p + 4 <= positions; p += 4)
            NAME(add_centred)(4, n, step, dy ? dy + p * step + first : NULL, x + p * step + first,
                              middle, sum, product);
        for (; p < positions; p++)
            NAME(add_centred)(1, n, step, dy ? dy + p * step + first : NULL, x + p * step + first,
                              middle, sum, product);
        for (int k = 0; k < n; k++) {
            REAL *total = sums + first + k * WIDTH, *total_product = products + first + k * WIDTH;
            store(total, load(total) + sum[k]);
            store(total_product, load(total_product) + product[k]);
        }
    }
}

static void NAME(deviation_sums)(ptrdiff_t positions, ptrdiff_t channels, const REAL *x,
                                 ptrdiff_t position_step, const REAL *centre, ptrdiff_t centre_step,
                                 REAL *sums, REAL *squares) {
    NAME(centred_sums)(positions, channels, NULL, x, position_step, centre, centre_step, sums,
                       squares);
}

static void NAME(product_sums)(ptrdiff_t positions, ptrdiff_t channels, const REAL *dy, const REAL *x,
                               ptrdiff_t position_step, const REAL *centre, ptrdiff_t centre_step,
                               REAL *sums, REAL *products) {
    NAME(centred_sums)(positions, channels, dy, x, position_step, centre, centre_step, sums,
                       products);
}

INLINE void NAME(channel_map)(const int relu, ptrdiff_t positions, ptrdiff_t channels,
                              const REAL *x, const REAL *centre, const REAL *factor,
                              const REAL *offset, REAL *y) {
    for (ptrdiff_t p = 0; p < positions; p++, x += channels * LANES, y += channels * LANES)
        for (ptrdiff_t c = 0; c < channels; c++)
            UNROLL for (int v = 0; v < LANES; v += WIDTH) {
                const ptrdiff_t i = c * LANES + v;
                if (v % LINE == 0) {
                    __builtin_prefetch(x + i + AHEAD);
                    __builtin_prefetch(y + i + AHEAD, 1);
                }
                const vec mapped = (load(x + i) - centre[c]) * factor[c] + offset[c];
                store(y + i, relu ? NAME(relu)(mapped) : mapped);
            }
}

static void NAME(channel_normalize)(ptrdiff_t positions, ptrdiff_t channels, const REAL *x,
                                    const REAL *centre, const REAL *factor, const REAL *offset,
                                    int relu, REAL *y) {
    if (relu)
        NAME(channel_map)(1, positions, channels, x, centre, factor, offset, y);
    else
        NAME(channel_map)(0, positions, channels, x, centre, factor, offset, y);
}

static void NAME(channel_normalize_backward)(ptrdiff_t positions, ptrdiff_t channels, const REAL *dy,
                                             const REAL *x, const REAL *centre, const REAL *dy_factor,
                                             const REAL *x_factor, const REAL *offset, REAL *dx) {
    for (ptrdiff_t p = 0; p < positions; p++) {
        const ptrdiff_t start = p * channels * LANES;
        for (ptrdiff_t c = 0; c < channels; c++)
            UNROLL for (int v = 0; v < LANES; v += WIDTH) {
                const ptrdiff_t i = start + c * LANES + v;
                if (v % LINE == 0) {
                    __builtin_prefetch(x + i + AHEAD);
                    __builtin_prefetch(dy + i + AHEAD);
                }
                const vec rest = (load(x + i) - centre[c]) * x_factor[c] + offset[c];
                store(dx + i, load(dy + i) * dy_factor[c] + rest);
            }
    }
}

INLINE void NAME(weighted_totals)(ptrdiff_t groups, ptrdiff_t channels, const REAL *x,
                                  const REAL *weight, REAL *totals) {
    for (ptrdiff_t g = 0; g < groups; g++)
        for (int v = 0; v < LANES; v += WIDTH) {
            const ptrdiff_t end = (g + 1) * channels;
            vec chain[4] = {fill(0), fill(0), fill(0), fill(0)};
            ptrdiff_t c = g * channels;
            for (; c + 4 <= end; c += 4)
                UNROLL for (int k = 0; k < 4; k++)
                    chain[k] += load(x + (c + k) * LANES + v) * (weight ? weight[c + k] : 1);
            UNROLL for (int k = 0; k < 3; k++)
                if (c + k < end)
                    chain[k] += load(x + (c + k) * LANES + v) * (weight ? weight[c + k] : 1);
            store(totals + g * LANES + v, (chain[0] + chain[1]) + (chain[2] + chain[3]));
        }
}

static void NAME(group_totals)(ptrdiff_t groups, ptrdiff_t channels, const REAL *x, const REAL *weight,
                               REAL *totals) {
    if (weight) NAME(weighted_totals)(groups, channels, x, weight, totals);
    else NAME(weighted_totals)(groups, channels, x, NULL, totals);
}

static void NAME(group_factors)(ptrdiff_t groups, REAL count, REAL epsilon, const REAL *restrict sums,
                                const REAL *restrict squares, REAL *restrict factor,
                                REAL *restrict offset) {
    for (ptrdiff_t i = 0; i < groups * LANES; i++) {
        const REAL rest = sums[i] / count;
        const REAL variance = (squares[i] - sums[i] * rest) / count;
        factor[i] = 1 / REAL_SQRT((variance < 0 ? 0 : variance) + epsilon);
        offset[i] = -rest * factor[i];
    }
}

static void NAME(normal_products)(ptrdiff_t groups, ptrdiff_t channels, const REAL *sums,
                                  const REAL *factor, const REAL *offset, REAL *products) {
    for (ptrdiff_t g = 0; g < groups; g++)
        for (int v = 0; v < LANES; v += WIDTH) {
            const vec f = load(factor + g * LANES + v), o = load(offset + g * LANES + v);
            for (ptrdiff_t c = g * channels; c < (g + 1) * channels; c++) {
                const vec rest = load(sums + c * LANES + v) * o;
                store(products + c * LANES + v, load(products + c * LANES + v) * f + rest);
            }
        }
}

static void NAME(group_normalize)(ptrdiff_t groups, ptrdiff_t channels, const REAL *x,
                                  const REAL *centre, const REAL *factor, const REAL *offset,
                                  const REAL *scale, const REAL *shift, REAL *y) {
    for (ptrdiff_t g = 0; g < groups; g++)
        for (int v = 0; v < LANES; v += WIDTH) {
            const vec middle = load(centre + g * LANES + v), f = load(factor + g * LANES + v);
            const vec o = load(offset + g * LANES + v);
            for (ptrdiff_t c = g * channels; c < (g + 1) * channels; c++) {
                const vec normal = (load(x + c * LANES + v) - middle) * f + o;
                store(y + c * LANES + v, normal * (scale ? scale[c] : 1) + (shift ? shift[c] : 0));
            }
        }
}

static void NAME(group_normalize_backward)(ptrdiff_t groups, ptrdiff_t channels, const REAL *dy,
                                           const REAL *x, const REAL *centre, const REAL *factor,
                                           const REAL *offset, const REAL *scale, const REAL *sums,
                                           const REAL *products, REAL *dx) {
    for (ptrdiff_t g = 0; g < groups; g++)
        for (int v = 0; v < LANES; v += WIDTH) {
            const vec middle = load(centre + g * LANES + v), f = load(factor + g * LANES + v);
            const vec o = load(offset + g * LANES + v), sum = load(sums + g * LANES + v);
            const vec product = load(products + g * LANES + v);
            for (ptrdiff_t c = g * channels; c < (g + 1) * channels; c++) {
                const vec normal = (load(x + c * LANES + v) - middle) * f + o;
                const vec rest = load(dy + c * LANES + v) * (scale ? scale[c] : 1) - sum;
                store(dx + c * LANES + v, (rest - normal * product) * f);
            }
        }
}

static void NAME(fill_norm)(TABLE *table) {
    table->deviation_sums = NAME(deviation_sums);
    table->product_sums = NAME(product_sums);
    table->channel_normalize = NAME(channel_normalize);
    table->channel_normalize_backward = NAME(channel_normalize_backward);
    table->group_totals = NAME(group_totals);
    table->group_factors = NAME(group_factors);
    table->normal_products = NAME(normal_products);
    table->group_normalize = NAME(group_normalize);
    table->group_normalize_backward = NAME(group_normalize_backward);
}
#undef AHEAD
