/* The mean of each of output[0] x output[1] x output[2] windows that spread over the input: window
 * t of m along an axis of n pixels holds those from floor(t n / m) to below ceil((t + 1) n / m). */
static void adaptive_average_pool_forward(const real *x, const int input[3], const int output[3],
                                          int channels, real *y)
{
    const int pixels = output[0] * output[1] * output[2];
    for (int p = 0; p < pixels; p++) {
        const int t[3] = {p / output[2] / output[1], p / output[2] % output[1], p % output[2]};
        int first[3], end[3];
        for (int axis = 0; axis < 3; axis++) {
            first[axis] = (int)((long long)t[axis] * input[axis] / output[axis]);
            end[axis] = (int)(((t[axis] + 1LL) * input[axis] + output[axis] - 1) / output[axis]);
        }
        const int count = (end[0] - first[0]) * (end[1] - first[1]) * (end[2] - first[2]);
        for (int c = 0; c < channels; c++) {
            wide sum = 0;
            for (int i = first[0]; i < end[0]; i++)
                for (int j = first[1]; j < end[1]; j++)
                    for (int k = first[2]; k < end[2]; k++)
                        sum += x[((i * input[1] + j) * input[2] + k) * channels + c];
            *y++ = (real)(sum / count);
        }
    }
}
