/* y = x where x > 0, else slope * x; the slopes are those of x's elements in turn */
static void prelu_forward(const real *x, int size, const real *slope, int slopes, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = x[i] > 0 ? x[i] : (real)((wide)slope[i % slopes] * x[i]);
}
