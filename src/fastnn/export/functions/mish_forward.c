/* y = x * tanh(log(1 + exp(x))) */
static void mish_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = (real)(x[i] * tanh(soft_maximum(x[i], 1)));
}
