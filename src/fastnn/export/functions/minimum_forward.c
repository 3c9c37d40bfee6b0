/* y = the smallest of all inputs; a NaN wins, number by number */
static void minimum_forward(const real *const *x, int inputs, int size, real *y)
{
    for (int i = 0; i < size; i++) {
        real value = x[0][i];
        for (int k = 1; k < inputs; k++)
            value = x[k][i] < value || isnan(x[k][i]) ? x[k][i] : value;
        y[i] = value;
    }
}
