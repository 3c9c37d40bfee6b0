/* y = x where x > 0, else alpha * (exp(x) - 1) */
static void elu_forward(const real *x, int size, wide alpha, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = x[i] > 0 ? x[i] : (real)(alpha * expm1(x[i]));
}
