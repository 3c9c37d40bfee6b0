/* y = x times the share of the normal distribution below x */
static void gelu_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = (real)(x[i] * (erfc(-x[i] * 0.70710678118654752440) / 2));
}
