/* y = min(max(x, 0), 6) */
static void relu6_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = (real)clamped(x[i]);
}
