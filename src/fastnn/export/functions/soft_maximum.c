/* log(1 + exp(beta * x)) / beta without overflow */
static wide soft_maximum(wide x, wide beta)
{
    return (x <= 0 ? 0 : x) + log1p(exp(-fabs(beta * x))) / beta;
}
