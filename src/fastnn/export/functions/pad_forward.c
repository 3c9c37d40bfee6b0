/* x with `before` pixels in front of each axis and others behind it: those of x that `source`
 * tells, or `value` where it tells a negative number. */
static void pad_forward(const real *x, const int input[3], const int before[3],
                        const int output[3], int channels, int (*source)(int, int), real value,
                        real *y)
{
    for (int a = 0; a < output[0]; a++)
        for (int b = 0; b < output[1]; b++)
            for (int c = 0; c < output[2]; c++) {
                const int i = source(a - before[0], input[0]);
                const int j = source(b - before[1], input[1]);
                const int k = source(c - before[2], input[2]);
                const int inside = i >= 0 && j >= 0 && k >= 0;
                const real *pixel =
                    inside ? x + ((i * input[1] + j) * input[2] + k) * channels : NULL;
                for (int channel = 0; channel < channels; channel++)
                    *y++ = pixel ? pixel[channel] : value;
            }
}
