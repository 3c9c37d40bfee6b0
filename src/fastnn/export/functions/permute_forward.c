/* The axes of x in another order: `sizes` are those of y's axes, and neighbours along one of them
 * are so many `steps` apart in x. */
static void permute_forward(const real *x, int axes, const int *sizes, const int *steps, int size,
                            real *y)
{
    for (int i = 0; i < size; i++) {
        int rest = i, source = 0;
        for (int axis = axes - 1; axis >= 0; axis--) {
            source += rest % sizes[axis] * steps[axis];
            rest /= sizes[axis];
        }
        y[i] = x[source];
    }
}
