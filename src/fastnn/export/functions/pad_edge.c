/* Which pixel of an axis padding repeats at i: the first or the last. */
static int pad_edge(int i, int size)
{
    return i < 0 ? 0 : i < size ? i : size - 1;
}
