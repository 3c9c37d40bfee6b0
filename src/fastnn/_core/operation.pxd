"""One operation of a program: its plans, and what it does with one chunk."""
from fastnn._core.batch_norm_plan cimport BatchNormPlan
from fastnn._core.conv_plan cimport ConvPlan
from fastnn._core.dense_plan cimport DensePlan
from fastnn._core.feed cimport Affine
from fastnn._core.group_norm cimport Groups
from fastnn._core.holding cimport Holding
from fastnn._core.kernels cimport real
from fastnn._core.local_conv cimport LocalConv
from fastnn._core.merge_plan cimport MergePlan, Several, merge_needs_inputs
from fastnn._core.noise_plan cimport NoisePlan
from fastnn._core.permute cimport PermutePlan
from fastnn._core.pool_plan cimport PoolPlan
from fastnn._core.prelu cimport Slopes
from fastnn._core.resample cimport ResamplePlan

cdef enum:
    BLOCK = 8192                # parameters that are updated at once

cdef enum Kind:
    CONV, DENSE, LOCAL_CONV, POOL, POINTWISE, SOFTMAX, PRELU, RESAMPLE, PERMUTE, GROUP_NORM
    AFFINE, BATCH_NORM, MERGE, NOISE
    FAN                         # a value that is read more than once: its gradients' sum

cdef struct Pointwise:
    int function                # its place in the kernel table
    double parameter            # the function's own, if it has one
    bint from_input             # backward starts from x, not from y

cdef struct Softmax:
    ptrdiff_t positions, channels
    bint logarithm              # of it

cdef struct Operation:
    Kind kind
    ptrdiff_t inputs, outputs   # numbers of a sample
    ptrdiff_t work              # multiply-adds of a sample, forward
    ptrdiff_t weight            # where its parameters stand in the flat vectors: `weights` of them,
    ptrdiff_t weights, biases   # then `biases`
    ptrdiff_t row               # weights that lead to an output
    ptrdiff_t block             # parameters that are updated at once: whole rows, if it matters
    Holding weight_held, bias_held          # what these are drawn and held to
    bint trained                # False: without parameters, or frozen
    int also                    # an operation before with the same parameters, or −1
    bint shares                 # whether one behind has them, which finishes their gradient
    bint forward, backward      # False: another operation does this pass's work
    bint relu                   # the forward sums end with a ReLU
    bint relu_input             # dx goes through the ReLU that made x
    bint input_gradient         # whether dx is wanted
    # the plan of its kind
    ConvPlan conv
    DensePlan dense
    LocalConv local
    PoolPlan pool
    Pointwise pointwise
    Softmax softmax
    Slopes slopes
    ResamplePlan resample
    PermutePlan permute
    Groups groups
    NoisePlan noise
    Affine affine
    BatchNormPlan batch_norm
    MergePlan merge
    int x, y                    # which values
    bint takes_rows             # DENSE: x is an input, whose rows x_panels are made of
    Several several             # MERGE: what it reads; FAN: what copies x
    int remade                  # which BATCH_NORM makes x again for the way back; −1: it is kept
    # where things are: see `place` in network.pxd
    ptrdiff_t back_x            # x, on the way back
    ptrdiff_t dy, dx
    ptrdiff_t saved             # the argmax of a max pooling or the bits of dropout, in training
    ptrdiff_t unpooled          # dy before the max pooling, of a convolution that is pooled
    # and in the arena
    ptrdiff_t packed, back_packed   # weights; CONV: apart for the input gradient
    ptrdiff_t slots             # the first gradient slot, `slotted` numbers apart; BATCH_NORM: one
    ptrdiff_t slotted           # parameters whose gradients are summed in slots
    ptrdiff_t chain             # of each thread, where a slot may own more than CHAIN chunks
    ptrdiff_t x_panels, dy_panels  # DENSE: x and dy of the whole batch, turned
    ptrdiff_t penalties         # double: the first term of those on its weights, then its biases

cdef bint make_operation(Operation* op, dict settings, bint training,
                         const real* which) except False
cdef bint make_affine(Affine* affine, dict settings) except False
cdef void free_operation(Operation* op) noexcept nogil
cdef ptrdiff_t scratch_size(const Operation* op, const real* which) noexcept nogil
cdef ptrdiff_t saved_size(const Operation* op, const real* which) noexcept nogil

cdef void forward_part(
    const Operation* op, const real* parameters, const real* packed, const real* x, real* y,
    void* saved, ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil
cdef void backward_input_part(
    const Operation* op, const real* parameters, const real* packed, const real* x, const real* y,
    const void* saved, const real* dy, real* dx, ptrdiff_t part, ptrdiff_t parts,
    real* scratch) noexcept nogil


cdef inline bint splits(const Operation* op, bint backward) noexcept nogil:
    """Whether parts of a chunk are independent: rows, or stretches of numbers."""
    if op.kind == POOL:
        return not backward
    return (op.kind == CONV or op.kind == POINTWISE or op.kind == RESAMPLE
            or op.kind == PERMUTE or op.kind == NOISE)


cdef inline bint waits(const Operation* op) noexcept nogil:
    """Whether training needs sums over the whole batch before a chunk can go on."""
    return op.kind == BATCH_NORM


cdef inline bint needs_input(const Operation* op) noexcept nogil:
    """Whether the way back needs x."""
    return (op.kind == CONV or op.kind == DENSE or op.kind == LOCAL_CONV or op.kind == PRELU
            or op.kind == BATCH_NORM or op.kind == GROUP_NORM
            or (op.kind == MERGE and merge_needs_inputs(&op.merge))
            or (op.kind == POOL and op.backward and op.pool.p > 0)
            or (op.kind == POINTWISE and op.backward and op.pointwise.from_input))


cdef inline bint needs_output(const Operation* op) noexcept nogil:
    """Whether the way back needs y."""
    return (op.kind == SOFTMAX or (op.kind == POOL and op.pool.p > 0)
            or (op.kind == POINTWISE and not op.pointwise.from_input))


cdef inline bint in_place(const Operation* op) noexcept nogil:
    """Whether dx takes the place of dy; gradients of slopes may still need dy when dx is there."""
    return (op.kind == POINTWISE or op.kind == SOFTMAX or op.kind == NOISE
            or op.kind == AFFINE or (op.kind == BATCH_NORM and not op.batch_norm.pools))
