/* y = min(max(x + 3, 0), 6) / 6 */
static void hard_sigmoid_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = (real)(clamped((wide)x[i] + 3) / 6);
}
