/* y = lambda * x where x > 0, else lambda * alpha * (exp(x) - 1) */
static void selu_forward(const real *x, int size, real *y)
{
    const wide lambda = 1.0507009873554804934, alpha = 1.6732632423543772848;
    for (int i = 0; i < size; i++)
        y[i] = (real)(lambda * (x[i] > 0 ? x[i] : alpha * expm1(x[i])));
}
