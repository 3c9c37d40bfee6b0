/* The fields of one kernel table. Included by kernels.h once per REAL (float, double); INDEX is the
 * integer of the same width. "pack" below is FASTNN_LANES adjacent REALs. */
typedef struct {
    /* The most outputs that a tile of (index + 1) positions has registers for; 0: no such tile. */
    int tile_outputs[FASTNN_MAX_POSITIONS];

    /* tile[positions - 1][outputs - 1]: broadcast x vector, nearly all of the arithmetic.
     *
     *   y[j·y_position_step + o·y_output_step + lane] =
     *       Σ_runs Σ_i x[run.x + j·x_position_step + i·x_term_step + lane]
     *                  · w[run.w·w_run_step + i·w_step + o]
     *       + bias[o]                                  (bias may be NULL)
     *       + what y held before                       (only if finish has FASTNN_ACCUMULATE)
     *
     * for j < positions, o < outputs, lane < LANES; then the larger of that and 0, if finish has
     * FASTNN_RELU; then 0 where `positive`, laid out like y, is not > 0, if it is not NULL.
     * Terms are summed in the order of the runs, in chains of CHAIN terms, at most CHAIN chains a
     * level. No runs at all: the sum is 0. */
    void (*tile[FASTNN_MAX_POSITIONS][FASTNN_MAX_OUTPUTS])(
        const REAL *x, ptrdiff_t x_position_step, ptrdiff_t x_term_step,
        const fastnn_run *runs, ptrdiff_t n_runs,
        const REAL *w, ptrdiff_t w_run_step, ptrdiff_t w_step,
        const REAL *bias, const REAL *positive, int finish,
        REAL *y, ptrdiff_t y_position_step, ptrdiff_t y_output_step);

    /* tile_turned[positions - 1][outputs - 1], up to two positions: the same sums over weights that lie
     * as a tile of their transpose reads them, LANES apart:
     *
     *   y[j·y_position_step + o·LANES + lane] =
     *       Σ_runs Σ_i x[run.x + j·x_position_step + i·LANES + lane] · w[run.w·w_run_step + o·LANES + i]
     *
     * for runs of up to LANES terms, then 0 where `positive` is not > 0. */
    void (*tile_turned[2][FASTNN_MAX_OUTPUTS])(
        const REAL *x, ptrdiff_t x_position_step, const fastnn_run *runs, ptrdiff_t n_runs,
        const REAL *w, ptrdiff_t w_run_step, const REAL *positive,
        REAL *y, ptrdiff_t y_position_step);

    /* The most outputs of an outer tile of (index + 1) taps. */
    int outer_outputs[FASTNN_MAX_TAPS];

    /* outer[taps - 1][outputs - 1]: vector x vector, the weight gradient of a convolution.
     *
     *   sums[(o·sums_step + t)·LANES + lane] =
     *       Σ_row Σ_column x[tap[t] + row·x_row_step + column·x_column_step + lane]
     *                      · dy[row·dy_row_step + column·dy_column_step + o·LANES + lane]
     *       + what sums held before                    (only if accumulate)
     *
     * One chain: rows · columns is at most CHAIN. */
    void (*outer[FASTNN_MAX_TAPS][FASTNN_MAX_OUTPUTS])(
        const REAL *x, const ptrdiff_t *tap, ptrdiff_t x_row_step, ptrdiff_t x_column_step,
        const REAL *dy, ptrdiff_t dy_row_step, ptrdiff_t dy_column_step,
        ptrdiff_t rows, ptrdiff_t columns, int accumulate, REAL *sums, ptrdiff_t sums_step);

    /* The most positions of grouped; of more there are no functions. */
    int neighbours;

    /* grouped[positions - 1]: a convolution with few channels a group, of a block of positions.
     *
     *   y[i·y_row_step + j·y_position_step + (g·outputs + o)·LANES + lane] =
     *       Σ_runs Σ_{k < terms} x[run.x + i·x_row_step + j·x_position_step
     *                              + (g·terms + k)·LANES + lane]
     *                            · w[(g·outputs + o)·w_output_step + run.w + k]
     *       + bias[g·outputs + o]                      (bias may be NULL)
     *
     * for i < rows, j < positions, g < groups, o < outputs, all in `all`; then a ReLU, if `finish` asks
     * for it, and `positive` as in tile. A run's length counts for nothing. One chain: n_runs · terms is
     * at most CHAIN. A row of the window is row_runs ≥ 1 of them, equally far apart; how they are cut
     * into rows decides speed alone. */
    void (*grouped[FASTNN_MAX_NEIGHBOURS])(const fastnn_groups *all, const REAL *x, const REAL *w,
                                           const REAL *bias, const REAL *positive, REAL *y);

    /* Its weight gradient:
     *
     *   sums[((g·outputs + o)·sums_output_step + place[t])·LANES + lane] +=
     *       Σ_p x[offset[t] + p·x_position_step + g·terms·LANES + lane]
     *           · dy[p·dy_position_step + (g·outputs + o)·LANES + lane]
     *
     * for p < positions ≤ CHAIN, t < taps: those of a window, of each channel of a group by itself. */
    void (*grouped_weights)(
        const REAL *x, ptrdiff_t x_position_step, const ptrdiff_t *offset, const ptrdiff_t *place,
        ptrdiff_t taps, ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs, const REAL *dy,
        ptrdiff_t dy_position_step, ptrdiff_t positions, REAL *sums, ptrdiff_t sums_output_step);

    /* y[i] = Σ_lane x[i·LANES + lane], added in halves: (l, l + 8), (l, l + 4), (l, l + 2), (0, 1). */
    void (*lane_sums)(ptrdiff_t n, const REAL *x, REAL *y);

    /* sums[c·LANES + lane] += Σ_p x[p·x_position_step + c·LANES + lane], p < positions ≤ CHAIN. */
    void (*position_sums)(ptrdiff_t positions, ptrdiff_t channels, const REAL *x,
                          ptrdiff_t x_position_step, REAL *sums);

    /* y[c·y_step + lane] = rows[lane][c] for c < columns: 16 rows (of samples, of weights) become
     * packs. With y_step < LANES only the first y_step rows remain: each column overwrites the surplus
     * of the one before, and the last writes LANES − y_step numbers beyond the end. */
    void (*rows_to_lanes)(const REAL *const *rows, ptrdiff_t columns, REAL *y, ptrdiff_t y_step);

    /* rows[lane][c] = x[c·LANES + lane] for c < columns, lane < n_rows. */
    void (*lanes_to_rows)(const REAL *x, ptrdiff_t columns, ptrdiff_t n_rows, REAL *const *rows);

    /* y[r·width + i] = x[r·x_row_step + i] for r < n_rows, i < width. */
    void (*copy_panel)(const REAL *x, ptrdiff_t x_row_step, ptrdiff_t n_rows, ptrdiff_t width, REAL *y);

    /* pointwise_…[FASTNN_POINTWISE_NAME]: element by element over n numbers, any n; y may be x, dx may
     * be dy. `kept` is y or x of the forward pass, as the last column says; `parameters` points to the
     * function's own, in brackets, and is NULL where it has none.
     *
     *   name            y                                  dx                                  from
     *   relu            max(x, 0)                          dy·[y > 0]                          y
     *   sigmoid         σ(x)                               dy·y(1 − y)                         y
     *   tanh            tanh x                             dy·(1 − y²)                         y
     *   sign            sign x, sign(0) = 0                0                                   y
     *   leaky_relu      x where x > 0, else [slope]·x      dy where y > 0, else slope·dy       y
     *   relu6           min(max(x, 0), 6)                  dy·[0 < y < 6]                      y
     *   hard_sigmoid    relu6(x + 3) / 6                   dy / 6·[0 < y < 1]                  y
     *   hard_swish      x relu6(x + 3) / 6                 dy·(x/3 + ½) if |x| < 3, dy·[x ≥ 3] x
     *   elu             x where x > 0, else [α](eˣ − 1)    dy where x > 0, else dy·α eˣ        x
     *   selu            λ elu(x), α = 1.67326, λ = 1.0507  likewise                            x
     *   softplus        log(1 + exp([β]x)) / β             dy·(1 − exp(−βy))                   y
     *   softsign        x / (1 + |x|)                      dy / (1 + |x|)²                     x
     *   gelu            x Φ(x)                             dy·(Φ(x) + x φ(x))                  x
     *   gelu_tanh       x σ(v), v = √(8/π)(x + 0.044715x³) dy·(σ(v) + x σ(v) σ(−v) v')         x
     *   silu            x σ(x)                             dy·(σ(x) + x σ(x) σ(−x))            x
     *   mish            x tanh(log(1 + eˣ)) = x T          dy·(T + x (1 − T²) σ(x))            x
     *
     * NaN goes through all. */
    void (*pointwise_forward[FASTNN_POINTWISE_COUNT])(
        ptrdiff_t n, const REAL *x, const REAL *parameters, REAL *y);
    void (*pointwise_backward[FASTNN_POINTWISE_COUNT])(
        ptrdiff_t n, const REAL *dy, const REAL *kept, const REAL *parameters, REAL *dx);

    /* merge_…[FASTNN_MERGE_NAME]: element by element over the numbers first … end − 1 of n_inputs arrays
     * x[k], at least one, at most CHAIN²; y and dx have the same places. y may be any x[k]; dx may be dy.
     *
     *   name       y                                        dx of x[index]
     *   add        Σ x[k], in chains of CHAIN inputs        dy
     *   subtract   x[0] − x[1]                              dy, −dy
     *   multiply   Π x[k], from the first to the last       dy·Π x[k] without x[index], from dy on
     *   average    (1 / n_inputs)·Σ x[k]                    (1 / n_inputs)·dy
     *   maximum    max x[k], the first NaN if there is one  dy if x[index] is the first such x[k], else 0
     *   minimum    likewise
     *
     * backward of add, subtract and average does not read x, which may be NULL. */
    void (*merge_forward[FASTNN_MERGE_COUNT])(int n_inputs, ptrdiff_t first, ptrdiff_t end,
                                              const REAL *const *x, REAL *y);
    void (*merge_backward[FASTNN_MERGE_COUNT])(int n_inputs, int index, ptrdiff_t first, ptrdiff_t end,
                                               const REAL *const *x, const REAL *dy, REAL *dx);

    /* y[r·y_row_step + i] = x[r·x_row_step + i] for r < n_rows, i < width. */
    void (*copy_rows)(const REAL *x, ptrdiff_t x_row_step, ptrdiff_t n_rows, ptrdiff_t width, REAL *y,
                      ptrdiff_t y_row_step);

    /* Softmax over the channels of one position, x and y (channels, LANES); y may be x. maximum and
     * total (LANES each) receive max_c x and Σ_c exp(x − maximum). */
    void (*softmax_forward)(ptrdiff_t channels, const REAL *x, REAL *y, REAL *maximum, REAL *total);

    /* dx_c = y_c (dy_c − Σ_k dy_k y_k) at one position, all (channels, LANES); dx may be dy. */
    void (*softmax_backward)(ptrdiff_t channels, const REAL *dy, const REAL *y, REAL *dx);

    /* Its logarithm: y_c = (x_c − max x) − log Σ_k exp(x_k − max x), and dx_c = dy_c − exp(y_c) Σ_k dy_k;
     * y may be x, dx may be dy. */
    void (*log_softmax_forward)(ptrdiff_t channels, const REAL *x, REAL *y);
    void (*log_softmax_backward)(ptrdiff_t channels, const REAL *dy, const REAL *y, REAL *dx);

    /* PReLU at one position, all (channels, LANES): y_c = x_c where x_c > 0, else slope_c x_c, and dx_c =
     * dy_c or slope_c dy_c; slope_c = slope[c·slope_step]. y may be x, dx may be dy. */
    void (*prelu_forward)(ptrdiff_t channels, const REAL *x, const REAL *slope, ptrdiff_t slope_step,
                          REAL *y);
    void (*prelu_backward_input)(ptrdiff_t channels, const REAL *dy, const REAL *x, const REAL *slope,
                                 ptrdiff_t slope_step, REAL *dx);

    /* sums[c][lane] += Σ_p x[p][c][lane]·dy[p][c][lane] where x is not > 0, p < positions ≤ CHAIN. */
    void (*prelu_backward_weights)(ptrdiff_t positions, ptrdiff_t channels, const REAL *x,
                                   const REAL *dy, REAL *sums);

    /* Normalisation, of positions `position_step` apart; packs are (channels, LANES). The centre of
     * channel c is the pack at centre + c·centre_step; positions ≤ CHAIN.
     *
     *   deviation_sums  sums[c] += Σ_p (x − centre)     squares[c] += Σ_p (x − centre)²
     *   product_sums    sums[c] += Σ_p dy               products[c] += Σ_p dy·(x − centre) */
    void (*deviation_sums)(ptrdiff_t positions, ptrdiff_t channels, const REAL *x,
                           ptrdiff_t position_step, const REAL *centre, ptrdiff_t centre_step,
                           REAL *sums, REAL *squares);
    void (*product_sums)(ptrdiff_t positions, ptrdiff_t channels, const REAL *dy, const REAL *x,
                         ptrdiff_t position_step, const REAL *centre, ptrdiff_t centre_step,
                         REAL *sums, REAL *products);

    /* Maps with numbers for each channel, x, y, dy and dx (positions, channels, LANES):
     * y = (x − centre[c])·factor[c] + offset[c], through a ReLU if `relu`, and
     * dx = dy·dy_factor[c] + ((x − centre[c])·x_factor[c] + offset[c]). y may be x, dx may be dy. */
    void (*channel_normalize)(ptrdiff_t positions, ptrdiff_t channels, const REAL *x,
                              const REAL *centre, const REAL *factor, const REAL *offset, int relu,
                              REAL *y);
    void (*channel_normalize_backward)(ptrdiff_t positions, ptrdiff_t channels, const REAL *dy,
                                       const REAL *x, const REAL *centre, const REAL *dy_factor,
                                       const REAL *x_factor, const REAL *offset, REAL *dx);

    /* totals[g] = Σ x[g][c]·weight[g][c] over a group's channels, packs; weight, numbers, may be NULL,
     * for 1. Term c goes to chain c mod 4, and (0 + 1) + (2 + 3) of the chains is the total;
     * channels ≤ 4·CHAIN. */
    void (*group_totals)(ptrdiff_t groups, ptrdiff_t channels, const REAL *x, const REAL *weight,
                         REAL *totals);

    /* Of `count` numbers in every lane of every group, from their deviations' sums around a centre:
     * factor = 1 / √(variance + epsilon), offset = −sums / count·factor; all packs. */
    void (*group_factors)(ptrdiff_t groups, REAL count, REAL epsilon, const REAL *sums,
                          const REAL *squares, REAL *factor, REAL *offset);

    /* products[g][c] ← products[g][c]·factor[g] + sums[g][c]·offset[g], packs: from the sums around a
     * centre those with n = (x − centre)·factor + offset. */
    void (*normal_products)(ptrdiff_t groups, ptrdiff_t channels, const REAL *sums,
                            const REAL *factor, const REAL *offset, REAL *products);

    /* One position, (groups, channels, LANES), with packs for each group and numbers scale and shift
     * for each channel, which may be NULL, for 1 and 0; n = (x − centre)·factor + offset:
     * y = n·scale[c] + shift[c] and dx = (dy·scale[c] − sums − n·products)·factor.
     * y may be x, dx may be dy. */
    void (*group_normalize)(ptrdiff_t groups, ptrdiff_t channels, const REAL *x, const REAL *centre,
                            const REAL *factor, const REAL *offset, const REAL *scale,
                            const REAL *shift, REAL *y);
    void (*group_normalize_backward)(ptrdiff_t groups, ptrdiff_t channels, const REAL *dy,
                                     const REAL *x, const REAL *centre, const REAL *factor,
                                     const REAL *offset, const REAL *scale, const REAL *sums,
                                     const REAL *products, REAL *dx);

    /* Pooling takes a run of windows that share their taps, each x_step (dx_step) elements after the one
     * before; offset has the first one's taps. y, dy and argmax are (windows, channels, LANES). An argmax is
     * the number of a window's tap, t, as uint8_t, or as INDEX if `wide`, for windows of more taps.
     *
     * y[w][c] = max_t x[w·x_step + offset[t] + c·LANES], argmax[w][c] = t of the first maximum; the first
     * NaN wins over all. taps ≥ 1; argmax may be NULL: it is not stored. */
    void (*window_max)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t taps,
                       ptrdiff_t windows, ptrdiff_t channels, REAL *y, void *argmax, int wide);

    /* dx[w·dx_step + offset[t] + c·LANES] += argmax[w][c] == t ? dy[w][c] : 0, for all taps. Without
     * `accumulate` dx counts as 0 before: right where windows share nothing. */
    void (*window_unpool)(const REAL *dy, const void *argmax, int wide, const ptrdiff_t *offset,
                          ptrdiff_t taps, ptrdiff_t windows, ptrdiff_t channels, int accumulate, REAL *dx,
                          ptrdiff_t dx_step);

    /* dx[position[c][lane]·dx_position_step + c·LANES + lane] += dy[c][lane]: the gradient of one window
     * of which only the position of its maximum in the input is known. */
    void (*window_scatter)(const REAL *dy, const INDEX *position, ptrdiff_t channels,
                           ptrdiff_t dx_position_step, REAL *dx);

    /* y[w·y_step + c·LANES] = scale[w] · Σ_t x[w·x_step + offset[t] + c·LANES], terms in the order of
     * t, chained as in tile; scale may be NULL, for 1. */
    void (*window_sum)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t taps,
                       ptrdiff_t windows, ptrdiff_t channels, const REAL *scale, REAL *y,
                       ptrdiff_t y_step);

    /* A row of positions, each a weighted sum of positions of x, which begin at row[r] + column[k]·pack:
     *
     *   y[t·pack + i] = Σ_r row_factor[r] · Σ_k factor[k] · x[row[r] + column[k]·pack + i]
     *
     * for t < targets, i < pack (whole packs), r < rows, start[t] ≤ k < start[t + 1]; both sums in order,
     * chained as in tile, and a single term is not added to anything. Without any term it is `nothing`. */
    void (*resample_row)(const REAL *x, const ptrdiff_t *row, const REAL *row_factor, ptrdiff_t rows,
                         const ptrdiff_t *start, const ptrdiff_t *column, const REAL *factor,
                         ptrdiff_t targets, ptrdiff_t pack, REAL nothing, REAL *y);

    /* y[w][c] = (Σ_t |x[w·x_step + offset[t] + c·LANES]|ᵖ)^(1/p), p ≥ 1, chained as in tile; the squares
     * of p = 2 shall not leave the range of a REAL, other powers may. */
    void (*window_norm)(const REAL *x, ptrdiff_t x_step, const ptrdiff_t *offset, ptrdiff_t taps,
                        ptrdiff_t windows, ptrdiff_t channels, double p, REAL *y);

    /* The way back for a run of elements of x, `targets` of them, target_step apart; offset has those
     * windows, source_step apart, in whose sums the first of them is:
     *
     *   dx[j·target_step + c·LANES] = Σ_t dy[s] sign(x) (|x| / y[s])^(p − 1),
     *   x = x[j·target_step + c·LANES], s = j·source_step + offset[t] + c·LANES
     *
     * where y[s] is not 0, else with 0 for the term; sign(0) = 0, and that of NaN is NaN. */
    void (*window_norm_backward)(const REAL *x, ptrdiff_t target_step, const REAL *dy, const REAL *y,
                                 ptrdiff_t source_step, const ptrdiff_t *offset, ptrdiff_t taps,
                                 ptrdiff_t targets, ptrdiff_t channels, double p, REAL *dx);

    /* Winograd's F(2×2, 3×3), winograd.inc.h; the 16 places of a transformed tile go row by row.
     *
     * data: v[k·v_step + c·LANES + lane] = (Bᵀ d B)[k], k < 16, of d[i] = x[i][c·LANES + lane]: the
     * channels of four by four pixels.
     * output: y[i][o·LANES + lane] = (Aᵀ m A)[i] + bias[o], i < 4: two by two pixels, of the products
     * m[k·m_step + o·LANES + lane]; then, as in tile, a ReLU, and 0 where positive[i] is not > 0. bias
     * and positive may be NULL.
     * weights: of n kernels, in place. u is (16, n); its last nine rows hold the taps, and it becomes
     * (G g Gᵀ)[k]. */
    void (*winograd_data)(const REAL *const *x, ptrdiff_t channels, REAL *v, ptrdiff_t v_step);
    void (*winograd_output)(const REAL *m, ptrdiff_t m_step, ptrdiff_t outputs, const REAL *bias,
                            const REAL *const *positive, int finish, REAL *const *y);
    void (*winograd_weights)(ptrdiff_t n, REAL *u);

    /* update_step[FASTNN_UPDATE_NAME]: an optimizer's step over n parameters, in place. p are the parameters, g
     * the gradient, with decay·p added if decay is not 0; the numbers are those of `how`. The vectors in
     * `state` are updated; those in brackets may be NULL, and then the terms in brackets are not there.
     * sgd:      [v ← momentum·v + fresh·g];  p ← p − rate·(v, or nesterov: g + momentum·v; without v: g).
     * rmsprop:  s ← β2·s + rest2·g²;  [a ← β2·a + rest2·g];  u = g / (√(s [− a²]) + epsilon), of no less
     *           than 0;  [v ← momentum·v + u];  p ← p − rate·(v, without it u).       state: s [v] [a]
     * adagrad:  s ← s + g²;  p ← p − rate·g / (√s + epsilon).                         state: s
     * adadelta: s ← β2·s + rest2·g²;  u = g·√(c + epsilon) / √(s + epsilon);
     *           c ← β2·c + rest2·u²;  p ← p − rate·u.                                 state: s c
     * adam:     m ← β1·m + rest1·g;  v ← β2·v + rest2·g²;  [l ← max(l, v)];
     *           p ← shrink·p − rate·m / (√(v [or l])·root_scale + epsilon).           state: m v [l]
     * lion:     p ← shrink·p − rate·sign(β1·m + rest1·g), sign(0) = 0;  m ← β2·m + rest2·g.  state: m */
    void (*update_step[FASTNN_UPDATE_COUNT])(ptrdiff_t n, REAL *parameters, const REAL *gradient,
                                             REAL *const *state, const fastnn_update *how);

    /* Σ|x[i]| and Σ x[i]² over n ≤ LANES·CHAIN numbers, in double: number i goes to lane i mod LANES, and
     * lanes are added in halves, as in lane_sums. */
    double (*absolute_sum)(ptrdiff_t n, const REAL *x);
    double (*square_sum)(ptrdiff_t n, const REAL *x);

    /* gradient[i] += l1·sign(x[i]), sign(0) = 0, then twice_l2·x[i]; a term whose factor is 0 is left out. */
    void (*penalty_gradient)(ptrdiff_t n, const REAL *x, REAL l1, REAL twice_l2, REAL *gradient);

    /* In place; NaN stays. clamp: x[i] ← min(max(x[i], low), high); scale: x[i] ← factor·x[i]. */
    void (*clamp)(ptrdiff_t n, REAL low, REAL high, REAL *x);
    void (*scale)(ptrdiff_t n, REAL factor, REAL *x);

    /* y[i] += factor·x[i]. */
    void (*add_scaled)(ptrdiff_t n, REAL factor, const REAL *x, REAL *y);

    /* Numbers first … first + n − 1 of a sequence, from its words u (see random_words):
     *
     *   uniform  out[i] = (u[first + i] >> 8) 2⁻²⁴ in float,
     *            ((u[2j] >> 5) 2²⁶ + (u[2j + 1] >> 6)) 2⁻⁵³, j = first + i, in double; 0 ≤ out < 1
     *   normal   numbers 2j and 2j + 1 are r cos φ and r sin φ, r = √(−2 log(1 − v[2j])), φ = 2π v[2j + 1]
     *            with uniform doubles v; computed in double, log within 1 ULP, cos and sin within 1.5. */
    void (*random_uniform)(const fastnn_sequence *from, ptrdiff_t first, ptrdiff_t n, REAL *out);
    void (*random_normal)(const fastnn_sequence *from, ptrdiff_t first, ptrdiff_t n, REAL *out);

    /* Noise on n packs; y may be x.
     *
     *   dropout           y[i·LANES + lane] = x[i·LANES + lane]·kept, or 0 where bit i % 32 of
     *                     bits[i/32·LANES + lane] is 0, whatever x is there (see random_bits)
     *   gaussian_noise    y = x + stddev·z
     *   gaussian_dropout  y = x·(1 + stddev·z) */
    void (*dropout)(ptrdiff_t n, const uint32_t *bits, REAL kept, const REAL *x, REAL *y);
    void (*gaussian_noise)(ptrdiff_t n, REAL stddev, const REAL *z, const REAL *x, REAL *y);
    void (*gaussian_dropout)(ptrdiff_t n, REAL stddev, const REAL *z, const REAL *x, REAL *y);

    /* benchmarks only: `rounds` rounds of independent multiply-adds that fill every port; returns how
     * many multiply-adds one round makes. */
    ptrdiff_t (*peak)(ptrdiff_t rounds, REAL *sink);
} TABLE;
