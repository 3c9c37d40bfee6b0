/* y = max(x, 0); a NaN stays a NaN */
static void relu_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = x[i] <= 0 ? 0 : x[i];
}
