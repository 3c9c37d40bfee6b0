/* Resampling: a row of positions, each a weighted sum of a few positions of x, channel by channel. Padding,
 * cropping, enlarging and their gradients are that; which positions, and with what weight, the caller says. */

INLINE vec NAME(column_sum)(const REAL *x, const ptrdiff_t *column, const REAL *factor, ptrdiff_t columns,
                            ptrdiff_t pack) {
    CHAINED_SUM(total, columns, load(x + column[c] * pack) * factor[c])
    return total;
}

/* One position. It is inlined with the usual counts as constants. */
INLINE void NAME(resample_position)(const REAL *x, const ptrdiff_t *row, const REAL *row_factor,
                                    const ptrdiff_t *column, const REAL *factor, ptrdiff_t pack,
                                    REAL *restrict y, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t i = 0; i < pack; i += WIDTH) {
        CHAINED_SUM(total, rows,
                    NAME(column_sum)(x + row[c] + i, column, factor, columns, pack) * row_factor[c])
        store(y + i, total);
    }
}

static void NAME(resample_row)(const REAL *x, const ptrdiff_t *row, const REAL *row_factor, ptrdiff_t rows,
                               const ptrdiff_t *start, const ptrdiff_t *column, const REAL *factor,
                               ptrdiff_t targets, ptrdiff_t pack, REAL nothing, REAL *y) {
    for (ptrdiff_t t = 0; t < targets; t++) {
        const ptrdiff_t k = start[t], columns = start[t + 1] - k;
        REAL *to = y + t * pack;
        if (rows == 0 || columns == 0) {
            for (ptrdiff_t i = 0; i < pack; i += WIDTH) store(to + i, fill(nothing));
        } else if (rows == 1 && columns == 1) {
            /* neighbours that take from neighbours are one run; without a sum, −0 stays −0 */
            const REAL *from = x + row[0] + column[k] * pack, weight = row_factor[0] * factor[k];
            ptrdiff_t run = 1;
            while (t + run < targets && start[t + run + 1] - start[t + run] == 1
                   && column[k + run] == column[k] + run && factor[k + run] == factor[k]) run++;
            for (ptrdiff_t i = 0; i < run * pack; i += WIDTH) store(to + i, load(from + i) * weight);
            t += run - 1;
        } else if (rows == 2 && columns == 2) {
            NAME(resample_position)(x, row, row_factor, column + k, factor + k, pack, to, 2, 2);
        } else if (rows == 1 && columns == 2) {
            NAME(resample_position)(x, row, row_factor, column + k, factor + k, pack, to, 1, 2);
        } else {
            NAME(resample_position)(x, row, row_factor, column + k, factor + k, pack, to, rows, columns);
        }
    }
}

static void NAME(fill_resample)(TABLE *table) {
    table->resample_row = NAME(resample_row);
}
