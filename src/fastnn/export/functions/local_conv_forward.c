/* y[p][f] = bias[p][f] + the window of x at p times weight[p][f] */
static void local_conv_forward(const real *x, const struct window *w, int channels, int filters,
                               const real *weight, const real *bias, real *y)
{
    const int taps = w->size[0] * w->size[1] * w->size[2];
    int p[3];
    for (p[0] = 0; p[0] < w->output[0]; p[0]++)
        for (p[1] = 0; p[1] < w->output[1]; p[1]++)
            for (p[2] = 0; p[2] < w->output[2]; p[2]++)
                for (int f = 0; f < filters; f++) {
                    const wide sum = window_dot(x, w, p, channels, channels, weight);
                    weight += taps * channels;
                    *y++ = (real)(bias ? sum + *bias++ : sum);
                }
}
