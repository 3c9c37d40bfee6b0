/* y = x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2; (1 + tanh(u)) / 2 = logistic(2 u) */
static void gelu_tanh_forward(const real *x, int size, real *y)
{
    const wide root = 2 * 0.79788456080286535588;
    for (int i = 0; i < size; i++) {
        const wide value = x[i];
        y[i] = (real)(value * logistic(root * (value + 0.044715 * value * value * value)));
    }
}
