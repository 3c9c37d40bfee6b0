/* y = 1 / (1 + exp(-x)) */
static void sigmoid_forward(const real *x, int size, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = (real)logistic(x[i]);
}
