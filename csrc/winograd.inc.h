/* Winograd's F(2×2, 3×3): two by two outputs Y of a 3×3 kernel g from four by four inputs d, with 16
 * products where the direct way takes 36. csrc's tile makes them, and here is what stands around it:
 *
 *   Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A         Bᵀd = (d0 − d2, d1 + d2, d2 − d1, d1 − d3)
 *                                          G g = (g0, (g0 + g2 + g1) / 2, (g0 + g2 − g1) / 2, g2)
 *                                          Aᵀm = (m0 + m1 + m2, m1 − m2 − m3)
 *
 * (Lavin and Gray, Fast algorithms for convolutional neural networks, 2016). The second output has no
 * term with d0, the first none with d3: a NaN among the inputs reaches the outputs that read it, and no
 * other. The halves are exact. */

static void NAME(winograd_data)(const REAL *const *x, ptrdiff_t channels, REAL *v, ptrdiff_t v_step) {
    for (ptrdiff_t c = 0; c < channels * LANES; c += WIDTH) {
        vec d[4][4], rows[4][4];
        UNROLL for (int i = 0; i < 4; i++)
            UNROLL for (int j = 0; j < 4; j++) d[i][j] = load(x[4 * i + j] + c);
        UNROLL for (int j = 0; j < 4; j++) {
            rows[0][j] = d[0][j] - d[2][j];
            rows[1][j] = d[1][j] + d[2][j];
            rows[2][j] = d[2][j] - d[1][j];
            rows[3][j] = d[1][j] - d[3][j];
        }
        UNROLL for (int i = 0; i < 4; i++) {
            store(v + (4 * i + 0) * v_step + c, rows[i][0] - rows[i][2]);
            store(v + (4 * i + 1) * v_step + c, rows[i][1] + rows[i][2]);
            store(v + (4 * i + 2) * v_step + c, rows[i][2] - rows[i][1]);
            store(v + (4 * i + 3) * v_step + c, rows[i][1] - rows[i][3]);
        }
    }
}

static void NAME(winograd_output)(const REAL *m, ptrdiff_t m_step, ptrdiff_t outputs, const REAL *bias,
                                  const REAL *const *positive, int finish, REAL *const *y) {
    for (ptrdiff_t o = 0; o < outputs; o++)
        for (ptrdiff_t c = o * LANES; c < (o + 1) * LANES; c += WIDTH) {
            vec columns[4][2], sum[2][2];
            UNROLL for (int i = 0; i < 4; i++) {
                const REAL *row = m + 4 * i * m_step + c;
                const vec m1 = load(row + m_step), m2 = load(row + 2 * m_step);
                columns[i][0] = load(row) + m1 + m2;
                columns[i][1] = m1 - m2 - load(row + 3 * m_step);
            }
            UNROLL for (int j = 0; j < 2; j++) {
                sum[0][j] = columns[0][j] + columns[1][j] + columns[2][j];
                sum[1][j] = columns[1][j] - columns[2][j] - columns[3][j];
            }
            UNROLL for (int i = 0; i < 4; i++) {
                vec value = sum[i / 2][i % 2];
                if (bias) value += bias[o];
                if (finish & FASTNN_RELU) value = NAME(relu)(value);
                if (positive) value = (vec)((ivec)value & (ivec)(load(positive[i] + c) > 0));
                store(y[i] + c, value);
            }
        }
}

/* A vector of each of 16 places, `step` apart, from one of each tap; u may be where the taps stand. */
INLINE void NAME(weight_places)(const REAL *tap, REAL *u, ptrdiff_t step) {
    vec g[3][3], rows[4][3];
    UNROLL for (int i = 0; i < 3; i++)
        UNROLL for (int j = 0; j < 3; j++) g[i][j] = load(tap + (3 * i + j) * step);
    UNROLL for (int j = 0; j < 3; j++) {
        rows[0][j] = g[0][j];
        rows[1][j] = (REAL)0.5 * (g[0][j] + g[2][j] + g[1][j]);
        rows[2][j] = (REAL)0.5 * (g[0][j] + g[2][j] - g[1][j]);
        rows[3][j] = g[2][j];
    }
    UNROLL for (int i = 0; i < 4; i++) {
        store(u + (4 * i + 0) * step, rows[i][0]);
        store(u + (4 * i + 1) * step, (REAL)0.5 * (rows[i][0] + rows[i][2] + rows[i][1]));
        store(u + (4 * i + 2) * step, (REAL)0.5 * (rows[i][0] + rows[i][2] - rows[i][1]));
        store(u + (4 * i + 3) * step, rows[i][2]);
    }
}

static void NAME(winograd_weights)(ptrdiff_t n, REAL *u) {
    REAL part[16 * WIDTH] = {0};
    ptrdiff_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) NAME(weight_places)(u + 7 * n + i, u + i, n);
    if (i == n) return;
    const size_t rest = (n - i) * sizeof(REAL);
    for (int k = 7; k < 16; k++) memcpy(part + k * WIDTH, u + k * n + i, rest);
    NAME(weight_places)(part + 7 * WIDTH, part, WIDTH);
    for (int k = 0; k < 16; k++) memcpy(u + k * n + i, part + k * WIDTH, rest);
}

static void NAME(fill_winograd)(TABLE *table) {
    table->winograd_data = NAME(winograd_data);
    table->winograd_output = NAME(winograd_output);
    table->winograd_weights = NAME(winograd_weights);
}
