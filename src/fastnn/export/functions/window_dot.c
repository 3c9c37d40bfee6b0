/* Sum over the taps k of the window at p, and c < width, of x[k][c] * weight[k][c]: the pixels of x
 * have so many channels, and what is outside of x counts as 0. */
static wide window_dot(const real *x, const struct window *w, const int p[3], int channels,
                       int width, const real *weight)
{
    wide sum = 0;
    for (int a = 0; a < w->size[0]; a++) {
        const int i = p[0] * w->stride[0] + a * w->dilation[0] - w->before[0];
        for (int b = 0; b < w->size[1]; b++) {
            const int j = p[1] * w->stride[1] + b * w->dilation[1] - w->before[1];
            for (int c = 0; c < w->size[2]; c++, weight += width) {
                const int k = p[2] * w->stride[2] + c * w->dilation[2] - w->before[2];
                if (i < 0 || i >= w->input[0] || j < 0 || j >= w->input[1] || k < 0 ||
                    k >= w->input[2])
                    continue;
                const real *pixel = x + ((i * w->input[1] + j) * w->input[2] + k) * channels;
                for (int f = 0; f < width; f++)
                    sum += (wide)pixel[f] * weight[f];
            }
        }
    }
    return sum;
}
