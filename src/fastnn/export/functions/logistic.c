/* 1 / (1 + exp(-x)) without overflow */
static wide logistic(wide x)
{
    const wide part = exp(-fabs(x));
    return (x < 0 ? part : 1) / (1 + part);
}
