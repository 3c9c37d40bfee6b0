/* The input whose window has tap `tap` on output p, along an axis; -1 if there is none. */
static int transposed_input(const struct window *w, int axis, int p, int tap)
{
    const int first = p + w->before[axis] - tap * w->dilation[axis];
    const int i = first / w->stride[axis];
    return first >= 0 && first % w->stride[axis] == 0 && i < w->output[axis] ? i : -1;
}

/* y[p][f] = bias[f] + sum of x[q][c] * weight[f][k][c] over q * stride + k * dilation - before = p.
 * The window is that of the convolution that this one is the transpose of: it leads from y to x. */
static void conv_transpose_forward(const real *x, const struct window *w, int channels,
                                   int filters, int groups, const real *weight, const real *bias,
                                   real *y)
{
    const int width = channels / groups, taps = w->size[0] * w->size[1] * w->size[2];
    const int pixels = w->input[0] * w->input[1] * w->input[2];
    for (int p = 0; p < pixels; p++)
        for (int f = 0; f < filters; f++) {
            wide sum = 0;
            for (int tap = 0; tap < taps; tap++) {
                const int a = tap / w->size[2] / w->size[1], b = tap / w->size[2] % w->size[1];
                const int c = tap % w->size[2];
                const int i = transposed_input(w, 0, p / w->input[2] / w->input[1], a);
                const int j = transposed_input(w, 1, p / w->input[2] % w->input[1], b);
                const int k = transposed_input(w, 2, p % w->input[2], c);
                if (i < 0 || j < 0 || k < 0)
                    continue;
                const real *pixel = x + ((i * w->output[1] + j) * w->output[2] + k) * channels +
                                    f / (filters / groups) * width;
                const real *factor = weight + (f * taps + tap) * width;
                for (int g = 0; g < width; g++)
                    sum += (wide)pixel[g] * factor[g];
            }
            *y++ = (real)(bias ? sum + bias[f] : sum);
        }
}
