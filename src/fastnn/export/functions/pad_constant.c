/* Which pixel of an axis padding repeats at i, outside of 0 ... size - 1: none. */
static int pad_constant(int i, int size)
{
    return i < size ? i : -1;
}
