/* min(max(x, 0), 6); a NaN stays a NaN */
static wide clamped(wide x)
{
    return x <= 0 ? 0 : x > 6 ? 6 : x;
}
