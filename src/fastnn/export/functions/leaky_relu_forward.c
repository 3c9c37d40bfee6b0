/* y = x where x > 0, else slope * x */
static void leaky_relu_forward(const real *x, int size, wide slope, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = x[i] > 0 ? x[i] : (real)(slope * x[i]);
}
