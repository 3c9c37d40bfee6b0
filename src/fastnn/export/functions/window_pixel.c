/* The pixel of x under a tap of the window at p; NULL if that is outside of x. */
static const real *window_pixel(const real *x, const struct window *w, const int p[3], int tap,
                                int channels)
{
    const int rows = tap / w->size[2];
    const int taps[3] = {rows / w->size[1], rows % w->size[1], tap % w->size[2]};
    int pixel = 0;
    for (int axis = 0; axis < 3; axis++) {
        const int start = p[axis] * w->stride[axis] - w->before[axis];
        const int i = start + taps[axis] * w->dilation[axis];
        if (i < 0 || i >= w->input[axis])
            return NULL;
        pixel = pixel * w->input[axis] + i;
    }
    return x + pixel * channels;
}
