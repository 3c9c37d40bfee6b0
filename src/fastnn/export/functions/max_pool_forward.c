/* The largest of each window, channel by channel; a NaN wins over all, padding never. */
static void max_pool_forward(const real *x, const struct window *w, int channels, real *y)
{
    const int taps = w->size[0] * w->size[1] * w->size[2];
    int p[3];
    for (p[0] = 0; p[0] < w->output[0]; p[0]++)
        for (p[1] = 0; p[1] < w->output[1]; p[1]++)
            for (p[2] = 0; p[2] < w->output[2]; p[2]++, y += channels) {
                for (int c = 0; c < channels; c++)
                    y[c] = (real)-INFINITY;
                for (int tap = 0; tap < taps; tap++) {
                    const real *pixel = window_pixel(x, w, p, tap, channels);
                    for (int c = 0; pixel && c < channels; c++)
                        if (pixel[c] > y[c] || isnan(pixel[c]))
                            y[c] = pixel[c];
                }
            }
}
