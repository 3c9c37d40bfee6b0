/* The kernel table: every inner loop of fastnn behind one struct of function pointers per real type.
 *
 * A kernel does one tile or one run. It knows nothing of Python, layers, threads or borders, trusts
 * its arguments, allocates nothing, and sums in the same order on every instruction set.
 *
 *   lane pack   LANES = 16 adjacent numbers: one activation of 16 different samples
 *   step        a distance in elements, never in bytes
 *   position    one output pixel of a convolution, one pack of a dense layer
 *   term        one product of a sum; chains of terms are cut after CHAIN = 128
 *
 * Pointers need no alignment beyond the element's own. Outputs never overlap inputs unless the
 * contract says so. table.inc.h states each kernel's contract above its field.
 */
#ifndef FASTNN_KERNELS_H
#define FASTNN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    FASTNN_LANES = 16,          /* samples in a pack, on every machine and for every real type */
    FASTNN_CHAIN = 128,         /* the longest chain of additions in working precision */
    FASTNN_MAX_POSITIONS = 4,   /* of a register tile */
    FASTNN_MAX_OUTPUTS = 16,    /* of a register tile */
    FASTNN_MAX_TAPS = 4,        /* of a weight gradient's register tile */
    FASTNN_MAX_NEIGHBOURS = 8,  /* the most positions of a grouped convolution at once */
};

/* What a tile does with its sums, beside adding the bias. */
enum {
    FASTNN_ACCUMULATE = 1,
    FASTNN_RELU = 2,
};

/* The functions that map numbers one by one: where they stand in pointwise_forward and _backward. */
enum {
    FASTNN_POINTWISE_RELU,
    FASTNN_POINTWISE_SIGMOID,
    FASTNN_POINTWISE_TANH,
    FASTNN_POINTWISE_SIGN,
    FASTNN_POINTWISE_LEAKY_RELU,
    FASTNN_POINTWISE_RELU6,
    FASTNN_POINTWISE_HARD_SIGMOID,
    FASTNN_POINTWISE_HARD_SWISH,
    FASTNN_POINTWISE_ELU,
    FASTNN_POINTWISE_SELU,
    FASTNN_POINTWISE_SOFTPLUS,
    FASTNN_POINTWISE_SOFTSIGN,
    FASTNN_POINTWISE_GELU,
    FASTNN_POINTWISE_GELU_TANH,
    FASTNN_POINTWISE_SILU,
    FASTNN_POINTWISE_MISH,
    FASTNN_POINTWISE_COUNT,
};

/* The merges of several arrays: where they stand in merge_forward and merge_backward. */
enum {
    FASTNN_MERGE_ADD,
    FASTNN_MERGE_SUBTRACT,
    FASTNN_MERGE_MULTIPLY,
    FASTNN_MERGE_AVERAGE,
    FASTNN_MERGE_MAXIMUM,
    FASTNN_MERGE_MINIMUM,
    FASTNN_MERGE_COUNT,
};

/* The optimizers' rules: where they stand in update_step. */
enum {
    FASTNN_UPDATE_SGD,
    FASTNN_UPDATE_RMSPROP,
    FASTNN_UPDATE_ADAGRAD,
    FASTNN_UPDATE_ADADELTA,
    FASTNN_UPDATE_ADAM,
    FASTNN_UPDATE_LION,
    FASTNN_UPDATE_COUNT,
    FASTNN_UPDATE_STATES = 3,   /* the most vectors that a rule keeps */
};

/* The numbers of one step of a rule, each rounded to the real type where it is used. restk is 1 − betak,
 * which 1 less a rounded betak is not. */
typedef struct {
    double rate;                /* with the corrections of this step */
    double decay;               /* λ: gradients get λ·parameters added; 0: nothing */
    double shrink;              /* parameters are multiplied by it before the step; 1: nothing */
    double momentum;
    double fresh;               /* what a gradient counts in the velocity: 1 − dampening */
    double beta1, rest1, beta2, rest2;
    double root_scale;          /* of roots of second moments: their correction */
    double epsilon;
    int nesterov;
} fastnn_update;

/* A stretch of consecutive terms: where it starts in x (in elements) and in w (in run steps, so that
 * one list serves tiles of every width), and how many terms it has. */
typedef struct {
    ptrdiff_t x, w, length;
} fastnn_run;

/* A convolution with few channels a group, of `rows` of positions: where they lie in x and y (in
 * elements), which terms they add up, and all groups' sizes. table.inc.h says how (grouped). */
typedef struct {
    ptrdiff_t rows, x_row_step, y_row_step, x_position_step, y_position_step;
    const fastnn_run *runs;
    ptrdiff_t n_runs, row_runs;
    ptrdiff_t groups, terms, outputs, w_output_step;
    int finish;
} fastnn_groups;

/* Whose random numbers: those of one row (a sample of a batch) in sequence `counter` (a step, an epoch)
 * of `stream` (a layer, a purpose) under `seed`. _core/random.pyx states who uses which. */
typedef struct {
    uint64_t seed;
    uint32_t stream, counter, row;
} fastnn_sequence;

#define REAL float
#define INDEX int32_t
#define TABLE fastnn_kernels_f32
#include "table.inc.h"
#undef REAL
#undef INDEX
#undef TABLE

#define REAL double
#define INDEX int64_t
#define TABLE fastnn_kernels_f64
#include "table.inc.h"
#undef REAL
#undef INDEX
#undef TABLE

typedef struct {
    const char *isa;            /* "generic", "avx2" or "avx512" */
    fastnn_kernels_f32 f32;
    fastnn_kernels_f64 f64;

    /* out[i] = word (first + i) of the sequence, i < n. Words 4b … 4b + 3 are Philox 4x32-10 of the
     * counter (b low, b high + row, stream, counter), b high being 0 within a row of 2³⁴ words, under
     * the key (seed low, seed high). A word depends on nothing else: a stretch may start anywhere. */
    void (*random_words)(const fastnn_sequence *from, ptrdiff_t first, ptrdiff_t n, uint32_t *out);

    /* Bit i % 32 of bits[i/32·LANES + lane] = v >= rate, for i < n and rows (from->row + lane), where v is
     * the uniform float of element (first + i) of that row, and 0 ≤ rate ≤ 1; first is a multiple of 4.
     * Bits of no element are 0 or those of elements behind. */
    void (*random_bits)(const fastnn_sequence *from, ptrdiff_t first, ptrdiff_t n, double rate,
                        uint32_t *bits);

    /* tests only: the normal numbers that random_normal makes of these words, two of four; n is a
     * multiple of 16. Words of every kind come soon enough, those at the ends of a range never. */
    void (*box_muller)(ptrdiff_t n, const uint32_t *u, double *out);
} fastnn_kernels;

/* Fills the table for `isa`, or for the best this CPU has when isa is NULL or empty.
 * Returns NULL, or a static sentence that says why it cannot. */
const char *fastnn_fill_table(fastnn_kernels *kernels, const char *isa);

/* 1 if this CPU and this build have `isa`, else 0. */
int fastnn_has_isa(const char *isa);

/* One a file in isa/; each fills every field. */
void fastnn_fill_generic(fastnn_kernels *kernels);
void fastnn_fill_avx2(fastnn_kernels *kernels);
void fastnn_fill_avx512(fastnn_kernels *kernels);

#endif
