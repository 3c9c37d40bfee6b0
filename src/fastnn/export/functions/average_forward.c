/* y = the mean of all inputs, number by number */
static void average_forward(const real *const *x, int inputs, int size, real *y)
{
    for (int i = 0; i < size; i++) {
        wide value = x[0][i];
        for (int k = 1; k < inputs; k++)
            value += x[k][i];
        y[i] = (real)(value / inputs);
    }
}
