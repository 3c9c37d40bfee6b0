/* Rows of x, of so many numbers, into the places that they have in the longer rows of y. */
static void concatenate_forward(const real *x, int rows, int numbers, real *y, int longer)
{
    for (int row = 0; row < rows; row++)
        memcpy(y + row * longer, x + row * numbers, (size_t)numbers * sizeof *y);
}
