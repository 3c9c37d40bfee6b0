/* The one or two pixels of an axis that an output lies at, and how much it takes of each. */
struct neighbours {
    int first, count;
    wide factor[2];
};

/* Output t lies at (t + 1/2) / scale - 1/2, and not beyond the first or the last pixel. */
static struct neighbours neighbours_of(int t, int size, int scale)
{
    struct neighbours found = {0, 1, {1, 0}};
    const int last = 2 * scale * (size - 1);
    int place = 2 * t + 1 - scale; /* in units of half an output */
    place = place < 0 ? 0 : place > last ? last : place;
    found.first = place / (2 * scale);
    if (place % (2 * scale)) {
        found.count = 2;
        found.factor[1] = (wide)(place % (2 * scale)) / (2 * scale);
        found.factor[0] = 1 - found.factor[1];
    }
    return found;
}

/* x enlarged by straight lines between neighbours, along each axis. */
static void up_sample_linear_forward(const real *x, const int input[3], const int scale[3],
                                     int channels, real *y)
{
    for (int a = 0; a < input[0] * scale[0]; a++)
        for (int b = 0; b < input[1] * scale[1]; b++)
            for (int c = 0; c < input[2] * scale[2]; c++) {
                const struct neighbours n0 = neighbours_of(a, input[0], scale[0]);
                const struct neighbours n1 = neighbours_of(b, input[1], scale[1]);
                const struct neighbours n2 = neighbours_of(c, input[2], scale[2]);
                for (int channel = 0; channel < channels; channel++) {
                    wide sum = 0;
                    for (int i = 0; i < n0.count; i++)
                        for (int j = 0; j < n1.count; j++)
                            for (int k = 0; k < n2.count; k++) {
                                const int row = (n0.first + i) * input[1] + n1.first + j;
                                const int pixel = row * input[2] + n2.first + k;
                                sum += n0.factor[i] * n1.factor[j] * n2.factor[k] *
                                       x[pixel * channels + channel];
                            }
                    *y++ = (real)sum;
                }
            }
}
