/* y = (x - mean) / sqrt(variance + epsilon) * scale + shift. A sample is `blocks` times `positions`
 * with `groups` times `width` numbers each; mean and variance are those of a group, over all
 * positions of a block. scale and shift may be NULL, for 1 and 0. */
static void group_norm_forward(const real *x, int blocks, int positions, int groups, int width,
                               wide epsilon, const real *scale, const real *shift, real *y)
{
    const int step = groups * width;
    for (int block = 0; block < blocks; block++)
        for (int group = 0; group < groups; group++) {
            const int start = block * positions * step + group * width;
            wide mean = 0, variance = 0;
            for (int p = 0; p < positions; p++)
                for (int c = 0; c < width; c++)
                    mean += x[start + p * step + c];
            mean /= (wide)positions * width;
            for (int p = 0; p < positions; p++)
                for (int c = 0; c < width; c++) {
                    const wide distance = x[start + p * step + c] - mean;
                    variance += distance * distance;
                }
            variance /= (wide)positions * width;
            const wide factor = 1 / sqrt(variance + epsilon);
            for (int p = 0; p < positions; p++)
                for (int c = 0; c < width; c++) {
                    const int i = start + p * step + c, channel = group * width + c;
                    wide value = (x[i] - mean) * factor;
                    if (scale)
                        value *= scale[channel];
                    if (shift)
                        value += shift[channel];
                    y[i] = (real)value;
                }
        }
}
