/* y = x * min(max(x + 3, 0), 6) / 6 */
static void hard_swish_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = (real)(x[i] * (clamped((wide)x[i] + 3) / 6));
}
