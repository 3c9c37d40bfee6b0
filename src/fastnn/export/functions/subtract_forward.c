/* y = the first input less the second, number by number */
static void subtract_forward(const real *const *x, int inputs, int size, real *y)
{
    (void)inputs;
    for (int i = 0; i < size; i++)
        y[i] = x[0][i] - x[1][i];
}
