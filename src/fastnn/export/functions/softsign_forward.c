/* y = x / (1 + |x|) */
static void softsign_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = (real)(x[i] / (1 + fabs(x[i])));
}
