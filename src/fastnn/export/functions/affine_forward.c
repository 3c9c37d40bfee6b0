/* y = (x - centre) * scale + offset, with a number of each for every channel, the last axis;
 * centre and offset may be NULL, for 0 */
static void affine_forward(const real *x, int size, const wide *centre, const wide *scale,
                           const wide *offset, int channels, real *y)
{
    for (int i = 0; i < size; i++) {
        const int c = i % channels;
        const wide value = (centre ? x[i] - centre[c] : x[i]) * scale[c];
        y[i] = (real)(offset ? value + offset[c] : value);
    }
}
