/* Rows of `classes` numbers: y = exp(x) / the sum of exp(x), less the largest first. */
static void softmax_forward(const real *x, int rows, int classes, real *y)
{
    for (int row = 0; row < rows; row++, x += classes, y += classes) {
        wide largest = x[0], total = 0;
        for (int i = 1; i < classes; i++)
            largest = x[i] > largest ? x[i] : largest;
        for (int i = 0; i < classes; i++)
            total += exp(x[i] - largest);
        for (int i = 0; i < classes; i++)
            y[i] = (real)(exp(x[i] - largest) / total);
    }
}
