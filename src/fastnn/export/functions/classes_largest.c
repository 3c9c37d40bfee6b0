/* The class at each position: the number of its largest output, the first of equals. */
void model_classes(const real *y, int *classes)
{
    const int count = MODEL_OUTPUTS / MODEL_DECISIONS;
    for (int position = 0; position < MODEL_DECISIONS; position++, y += count) {
        int best = 0;
        for (int i = 1; i < count; i++)
            if (y[i] > y[best] || (isnan(y[i]) && !isnan(y[best])))
                best = i;
        classes[position] = best;
    }
}
