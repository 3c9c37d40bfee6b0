/* y = tanh(x) */
static void tanh_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = (real)tanh(x[i]);
}
