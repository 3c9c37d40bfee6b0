/* y = x / (1 + exp(-x)) */
static void silu_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = (real)(x[i] * logistic(x[i]));
}
