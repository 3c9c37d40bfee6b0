/* Rows of `classes` numbers: y = x - log(the sum of exp(x)), less the largest first. */
static void log_softmax_forward(const real *x, int rows, int classes, real *y)
{
    for (int row = 0; row < rows; row++, x += classes, y += classes) {
        int first = 0; /* of the largest, whose exp(0) = 1 is what log1p adds */
        for (int i = 1; i < classes; i++)
            if (x[i] > x[first])
                first = i;
        const wide largest = x[first];
        wide others = largest - largest; /* NaN, if it is infinite */
        for (int i = 0; i < classes; i++)
            if (i != first)
                others += exp(x[i] - largest);
        const wide logarithm = log1p(others);
        for (int i = 0; i < classes; i++)
            y[i] = (real)(x[i] - largest - logarithm);
    }
}
