#ifndef FASTNN_NO_MAIN
/* The program: samples on stdin, a line for each on stdout. */

/* Reads a number as text: 1, and 0 at the end of the input; says what is wrong and exits with 2. */
static int read_number(real *value, long sample)
{
    char word[256], *end;
    if (scanf("%255s", word) != 1)
        return 0;
    *value = (real)MODEL_PARSE(word, &end);
    if (*end || strlen(word) == sizeof word - 1) {
        fprintf(stderr, "model: expected a number in sample %ld, got '%.60s'\n", sample, word);
        exit(2);
    }
    return 1;
}

/* Reads a sample: 1, and 0 at the end of the input. */
static int read_sample(real *x, int binary, long sample)
{
    int count = 0, rest = 0; /* whole numbers, and bytes of another one */
    if (binary) {
        const size_t bytes = fread(x, 1, MODEL_INPUTS * sizeof *x, stdin);
        count = (int)(bytes / sizeof *x);
        rest = (int)(bytes % sizeof *x);
    } else {
        while (count < MODEL_INPUTS && read_number(&x[count], sample))
            count++;
    }
    if ((count || rest) && count < MODEL_INPUTS) {
        fprintf(stderr, "model: sample %ld ends after %d of %d numbers\n", sample, count,
                MODEL_INPUTS);
        exit(2);
    }
    return count;
}

static void write_outputs(const real *y)
{
    for (int i = 0; i < MODEL_OUTPUTS; i++)
        printf(MODEL_FORMAT "%c", (double)y[i], i + 1 < MODEL_OUTPUTS ? ' ' : '\n');
}

#ifdef MODEL_DECISIONS
static void write_classes(const real *y)
{
    static int classes[MODEL_DECISIONS];
    model_classes(y, classes);
    for (int i = 0; i < MODEL_DECISIONS; i++) {
        const char end = i + 1 < MODEL_DECISIONS ? ' ' : '\n';
#ifdef MODEL_LABELS
        printf("%s%c", model_labels[classes[i]], end);
#else
        printf("%d%c", classes[i], end);
#endif
    }
}
#endif

int main(int arguments, char **argument)
{
    static real x[MODEL_INPUTS], y[MODEL_OUTPUTS];
    int binary = 0, classes = 0;
    for (int i = 1; i < arguments; i++)
        if (!strcmp(argument[i], "-b")) {
            binary = 1;
        } else if (!strcmp(argument[i], "-c")) {
            classes = 1;
        } else {
            fprintf(stderr, "usage: %s [-b] [-c] < samples > outputs\n"
                            "  -b  samples are raw numbers (" MODEL_TYPE "), not text\n"
                            "  -c  write the class of each sample, not the outputs\n",
                    argument[0]);
            return 2;
        }
#ifndef MODEL_DECISIONS
    if (classes) {
        fprintf(stderr, "model: the network tells no classes apart; leave out -c\n");
        return 2;
    }
#endif
    for (long sample = 0; read_sample(x, binary, sample); sample++) {
        model_predict(x, y);
#ifdef MODEL_DECISIONS
        if (classes) {
            write_classes(y);
            continue;
        }
#endif
        write_outputs(y);
    }
    if (ferror(stdin) || fflush(stdout)) {
        fprintf(stderr, "model: cannot read the samples or write the results\n");
        return 1;
    }
    return 0;
}
#endif
