/* Merges of several arrays, element by element, with their gradients, and the copies that concatenate.
 * They move more than they compute: what they wait for is memory. */

/* WIDTH numbers, or the first `count` of them: those of a last, partial vector go through the very same
 * arithmetic, so that an element's bits do not depend on where in an array it stands. */
INLINE vec NAME(load_first)(const REAL *p, ptrdiff_t count) {
    if (count == WIDTH) return load(p);
    vec a = {0};
    for (ptrdiff_t k = 0; k < count; k++) a[k] = p[k];
    return a;
}
INLINE void NAME(store_first)(REAL *p, vec a, ptrdiff_t count) {
    if (count == WIDTH) {
        store(p, a);
    } else {
        for (ptrdiff_t k = 0; k < count; k++) p[k] = a[k];
    }
}

/* A merge is written once, for some vectors side by side at element i (their number and `count` are
 * constants but at the end), so that several share the search for an input's address; and once more
 * for two inputs, of which most merges are. It stores nothing before it has read all inputs there,
 * because y may be any of them. */
#define SIDE_BY_SIDE 4
#define EACH UNROLL for (int v = 0; v < vectors; v++)
#define FROM(array) NAME(load_first)((array) + i + v * WIDTH, count)
#define TO(array, value) NAME(store_first)((array) + i + v * WIDTH, value, count)

#define ALONG(merge, ...)                                                                           \
    ptrdiff_t i = first;                                                                            \
    for (; i + SIDE_BY_SIDE * WIDTH <= end; i += SIDE_BY_SIDE * WIDTH)                              \
        NAME(merge)(__VA_ARGS__, i, SIDE_BY_SIDE, WIDTH);                                           \
    for (; i + WIDTH <= end; i += WIDTH) NAME(merge)(__VA_ARGS__, i, 1, WIDTH);                     \
    if (i < end) NAME(merge)(__VA_ARGS__, i, 1, end - i);

#define MERGE_FORWARD(name, ...)                                                                    \
    INLINE void NAME(name##_at)(int n_inputs, const REAL *const *x, REAL *y, ptrdiff_t i,           \
                                int vectors, ptrdiff_t count) {                                     \
        vec result[SIDE_BY_SIDE];                                                                   \
        (void)n_inputs;                                                                             \
        __VA_ARGS__                                                                                 \
        EACH TO(y, result[v]);                                                                      \
    }                                                                                               \
    static void NAME(name##_forward)(int n_inputs, ptrdiff_t first, ptrdiff_t end,                  \
                                     const REAL *const *x, REAL *y) {                               \
        if (n_inputs == 2) {                                                                        \
            ALONG(name##_at, 2, x, y)                                                               \
        } else {                                                                                    \
            ALONG(name##_at, n_inputs, x, y)                                                        \
        }                                                                                           \
    }
#define MERGE_BACKWARD(name, ...)                                                                   \
    INLINE void NAME(name##_back_at)(int n_inputs, int index, const REAL *const *x,                 \
                                     const REAL *dy, REAL *dx, ptrdiff_t i, int vectors,            \
                                     ptrdiff_t count) {                                             \
        vec result[SIDE_BY_SIDE];                                                                   \
        (void)n_inputs, (void)index, (void)x;                                                       \
        __VA_ARGS__                                                                                 \
        EACH TO(dx, result[v]);                                                                     \
    }                                                                                               \
    static void NAME(name##_backward)(int n_inputs, int index, ptrdiff_t first, ptrdiff_t end,      \
                                      const REAL *const *x, const REAL *dy, REAL *dx) {             \
        ALONG(name##_back_at, n_inputs, index, x, dy, dx)                                           \
    }

/* Σ_k x[k], in chains of CHAIN inputs. A chain starts with its first term, and not with 0, so that a sum
 * of zeros keeps their sign. */
#define SUM                                                                                         \
    for (int start = 0; start < n_inputs; start += CHAIN) {                                         \
        const int stop = n_inputs - start < CHAIN ? n_inputs : start + CHAIN;                       \
        vec chain[SIDE_BY_SIDE];                                                                    \
        EACH chain[v] = FROM(x[start]);                                                             \
        for (int k = start + 1; k < stop; k++) EACH chain[v] += FROM(x[k]);                         \
        if (start) EACH chain[v] += result[v];                                                      \
        EACH result[v] = chain[v];                                                                  \
    }

MERGE_FORWARD(add, SUM)
MERGE_BACKWARD(add, EACH result[v] = FROM(dy);)
MERGE_FORWARD(subtract, EACH result[v] = FROM(x[0]) - FROM(x[1]);)
MERGE_BACKWARD(subtract,
    EACH result[v] = FROM(dy);
    if (index) EACH result[v] = -result[v];)
MERGE_FORWARD(average, SUM EACH result[v] = result[v] * ((REAL)1 / (REAL)n_inputs);)
MERGE_BACKWARD(average, EACH result[v] = FROM(dy) * ((REAL)1 / (REAL)n_inputs);)

MERGE_FORWARD(multiply,
    EACH result[v] = FROM(x[0]);
    for (int k = 1; k < n_inputs; k++) EACH result[v] *= FROM(x[k]);)
MERGE_BACKWARD(multiply,
    /* forward: y = Π x[k] */
    EACH result[v] = FROM(dy);
    for (int k = 0; k < n_inputs; k++)
        if (k != index) EACH result[v] *= FROM(x[k]);)

/* `a behind b`: b stays where a comes after it, unless a is NaN. The first of equals and the first NaN
 * are chosen. Backward: x[index] has to get past all before it, and none after it may get past it. */
#define EXTREMUM(name, behind)                                                                      \
    MERGE_FORWARD(name,                                                                             \
        EACH result[v] = FROM(x[0]);                                                                \
        for (int k = 1; k < n_inputs; k++)                                                          \
            EACH {                                                                                  \
                const vec a = FROM(x[k]), best = result[v];                                         \
                result[v] = select(~(ivec)(a behind best) & (ivec)(best == best), a, best);         \
            })                                                                                      \
    MERGE_BACKWARD(name,                                                                            \
        EACH result[v] = FROM(dy);                                                                  \
        for (int k = 0; k < index; k++)                                                             \
            EACH {                                                                                  \
                const vec a = FROM(x[index]), before = FROM(x[k]);                                  \
                const ivec past = ~(ivec)(a behind before) & (ivec)(before == before);              \
                result[v] = (vec)((ivec)result[v] & past);                                          \
            }                                                                                       \
        for (int k = index + 1; k < n_inputs; k++)                                                  \
            EACH {                                                                                  \
                const vec a = FROM(x[index]), after = FROM(x[k]);                                   \
                const ivec stays = (ivec)(after behind a) | ~(ivec)(a == a);                        \
                result[v] = (vec)((ivec)result[v] & stays);                                         \
            })

EXTREMUM(maximum, <=)
EXTREMUM(minimum, >=)

static void NAME(copy_rows)(const REAL *x, ptrdiff_t x_row_step, ptrdiff_t n_rows, ptrdiff_t width,
                            REAL *y, ptrdiff_t y_row_step) {
    for (ptrdiff_t row = 0; row < n_rows; row++, x += x_row_step, y += y_row_step) {
        ptrdiff_t i = 0;
        for (; i + WIDTH <= width; i += WIDTH) store(y + i, load(x + i));
        for (; i < width; i++) y[i] = x[i];
    }
}

#define ENTER(PLACE, name)                                                                          \
    table->merge_forward[FASTNN_MERGE_##PLACE] = NAME(name##_forward);                              \
    table->merge_backward[FASTNN_MERGE_##PLACE] = NAME(name##_backward);

static void NAME(fill_merge)(TABLE *table) {
    ENTER(ADD, add)
    ENTER(SUBTRACT, subtract)
    ENTER(MULTIPLY, multiply)
    ENTER(AVERAGE, average)
    ENTER(MAXIMUM, maximum)
    ENTER(MINIMUM, minimum)
    table->copy_rows = NAME(copy_rows);
}
#undef SIDE_BY_SIDE
#undef EACH
#undef FROM
#undef TO
#undef ALONG
#undef MERGE_FORWARD
#undef MERGE_BACKWARD
#undef SUM
#undef EXTREMUM
#undef ENTER
