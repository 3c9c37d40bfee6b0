/* Every pixel repeated scale[0] x scale[1] x scale[2] times. */
static void up_sample_nearest_forward(const real *x, const int input[3], const int scale[3],
                                      int channels, real *y)
{
    for (int a = 0; a < input[0] * scale[0]; a++)
        for (int b = 0; b < input[1] * scale[1]; b++)
            for (int c = 0; c < input[2] * scale[2]; c++, y += channels) {
                const int row = a / scale[0] * input[1] + b / scale[1];
                const real *pixel = x + (row * input[2] + c / scale[2]) * channels;
                memcpy(y, pixel, (size_t)channels * sizeof *y);
            }
}
