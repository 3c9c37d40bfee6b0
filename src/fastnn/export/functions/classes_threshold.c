/* The class that each output tells: 1 if it is more than MODEL_THRESHOLD, else 0. */
void model_classes(const real *y, int *classes)
{
    for (int i = 0; i < MODEL_DECISIONS; i++)
        classes[i] = y[i] > (real)MODEL_THRESHOLD;
}
