/* Which pixel of an axis padding repeats at i: the mirrored one. */
static int pad_reflect(int i, int size)
{
    i = i < 0 ? -i : i;
    return i < size ? i : 2 * (size - 1) - i;
}
