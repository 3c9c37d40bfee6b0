/* y[p][f] = bias[f] + the window of x at p times weight[f]; a filter sees its group's channels */
static void conv_forward(const real *x, const struct window *w, int channels, int filters,
                         int groups, const real *weight, const real *bias, real *y)
{
    const int width = channels / groups, taps = w->size[0] * w->size[1] * w->size[2];
    int p[3];
    for (p[0] = 0; p[0] < w->output[0]; p[0]++)
        for (p[1] = 0; p[1] < w->output[1]; p[1]++)
            for (p[2] = 0; p[2] < w->output[2]; p[2]++)
                for (int f = 0; f < filters; f++) {
                    const real *seen = x + f / (filters / groups) * width;
                    const real *filter = weight + f * taps * width;
                    const wide sum = window_dot(seen, w, p, channels, width, filter);
                    *y++ = (real)(bias ? sum + bias[f] : sum);
                }
}
