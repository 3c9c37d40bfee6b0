/* y[o] = bias[o] + sum over i of x[i] * weight[o][i] */
static void dense_forward(const real *x, int inputs, const real *weight, const real *bias,
                          int outputs, real *y)
{
    for (int o = 0; o < outputs; o++) {
        wide sum = 0;
        for (int i = 0; i < inputs; i++)
            sum += (wide)x[i] * weight[i];
        weight += inputs;
        y[o] = (real)(bias ? sum + bias[o] : sum);
    }
}
