/* y = log(1 + exp(beta * x)) / beta */
static void softplus_forward(const real *x, int size, wide beta, real *y)
{
    for (int i = 0; i < size; i++)
        y[i] = (real)soft_maximum(x[i], beta);
}
