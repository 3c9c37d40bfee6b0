/* Which pixel of an axis padding repeats at i: the one as far from the other end. */
static int pad_circular(int i, int size)
{
    return (i % size + size) % size;
}
