/* The p-norm of channel c of the window at p: (sum of |x|^power)^(1 / power), without overflow. */
static wide window_norm(const real *x, const struct window *w, const int p[3], int channels, int c,
                        wide power)
{
    const int taps = w->size[0] * w->size[1] * w->size[2];
    wide largest = 0, plain = 0, sum = 0;
    for (int tap = 0; tap < taps; tap++) {
        const real *pixel = window_pixel(x, w, p, tap, channels);
        const wide value = pixel ? fabs(pixel[c]) : 0;
        largest = value > largest ? value : largest;
        plain += value;
    }
    if (power == 1 || largest == 0 || isnan(plain) || isinf(largest))
        return plain;
    for (int tap = 0; tap < taps; tap++) {
        const real *pixel = window_pixel(x, w, p, tap, channels);
        if (pixel)
            sum += pow(fabs(pixel[c]) / largest, power);
    }
    return largest * pow(sum, 1 / power);
}

/* The p-norm of each window, channel by channel; padding adds nothing. */
static void lp_pool_forward(const real *x, const struct window *w, int channels, wide power,
                            real *y)
{
    int p[3];
    for (p[0] = 0; p[0] < w->output[0]; p[0]++)
        for (p[1] = 0; p[1] < w->output[1]; p[1]++)
            for (p[2] = 0; p[2] < w->output[2]; p[2]++)
                for (int c = 0; c < channels; c++)
                    *y++ = (real)window_norm(x, w, p, channels, c, power);
}
