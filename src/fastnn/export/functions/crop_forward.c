/* What is left of x without `before` pixels in front of each axis, and others behind it. */
static void crop_forward(const real *x, const int input[3], const int before[3],
                         const int output[3], int channels, real *y)
{
    const int numbers = output[2] * channels;
    for (int a = 0; a < output[0]; a++)
        for (int b = 0; b < output[1]; b++, y += numbers) {
            const int row = (a + before[0]) * input[1] + b + before[1];
            memcpy(y, x + (row * input[2] + before[2]) * channels, (size_t)numbers * sizeof *y);
        }
}
