/* How many taps of the window at p are inside of x, or of its padding too, of which there are
 * `after` pixels behind it. */
static int taps_in_padding(const struct window *w, const int p[3], const int after[3])
{
    int count = 1;
    for (int axis = 0; axis < 3; axis++) {
        const int end = w->before[axis] + w->input[axis] + after[axis];
        const int room = end - p[axis] * w->stride[axis];
        count *= w->size[axis] < room ? w->size[axis] : room;
    }
    return count;
}

/* The mean of each window, channel by channel; padding counts as 0 unless `after` is NULL. */
static void average_pool_forward(const real *x, const struct window *w, int channels,
                                 const int *after, real *y)
{
    const int taps = w->size[0] * w->size[1] * w->size[2];
    int p[3];
    for (p[0] = 0; p[0] < w->output[0]; p[0]++)
        for (p[1] = 0; p[1] < w->output[1]; p[1]++)
            for (p[2] = 0; p[2] < w->output[2]; p[2]++)
                for (int c = 0; c < channels; c++) {
                    wide sum = 0;
                    int count = 0;
                    for (int tap = 0; tap < taps; tap++) {
                        const real *pixel = window_pixel(x, w, p, tap, channels);
                        if (pixel) {
                            sum += pixel[c];
                            count++;
                        }
                    }
                    *y++ = (real)(sum / (after ? taps_in_padding(w, p, after) : count));
                }
}
