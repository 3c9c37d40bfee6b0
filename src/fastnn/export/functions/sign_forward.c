/* y = -1, 0 or 1; a NaN stays a NaN */
static void sign_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = isnan(x[i]) ? x[i] : (real)((x[i] > 0) - (x[i] < 0));
}
