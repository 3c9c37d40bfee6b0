"""One operation of a program: its plans, and what it does with one chunk."""
from fastnn._core.conv cimport Correlation
from fastnn._core.conv_weights cimport WeightGradient
from fastnn._core.dense cimport DenseTiles
from fastnn._core.dense_weights cimport DenseGradient
from fastnn._core.feed cimport Affine
from fastnn._core.kernels cimport real
from fastnn._core.pool cimport Windows
from fastnn._core.prelu cimport Slopes

cdef enum:
    BLOCK = 8192                # parameters of a convolution that are updated at once

cdef enum Kind:
    CONV, DENSE, MAX_POOL, AVERAGE_POOL, POINTWISE, SOFTMAX, PRELU, AFFINE

cdef struct Operation:
    Kind kind
    ptrdiff_t inputs, outputs   # numbers of a sample
    ptrdiff_t work              # multiply-adds of a sample, forward
    ptrdiff_t weight            # where its parameters stand in the flat vectors: `weights` of them,
    ptrdiff_t weights, biases   # then `biases`
    bint forward, backward      # False: another operation does this pass's work
    bint relu                   # the forward sums end with a ReLU
    bint relu_input             # dx goes through the ReLU that made x
    bint input_gradient         # whether dx is wanted
    # plans, by kind
    Correlation correlation, transposed     # CONV: forward, and input gradient
    WeightGradient gradient
    bint pools                  # CONV: its output is max-pooled row by row, and not kept
    DenseTiles panels           # DENSE: likewise, of both passes
    DenseGradient dense_gradient
    Windows windows, covering   # pools: of outputs, and of the inputs that they cover
    const void* scale           # AVERAGE_POOL: one over each window's count
    int function                # POINTWISE: its place in the kernel table
    double parameter            # POINTWISE: the function's own, if it has one
    bint from_input             # POINTWISE: backward starts from x, not from y
    Slopes slopes               # PRELU
    ptrdiff_t channels          # SOFTMAX, PRELU
    bint logarithm              # SOFTMAX: of it
    Affine affine               # AFFINE
    int x, y                    # which values
    # where things are (arena.pyx), in a chunk's frame
    ptrdiff_t dy, dx
    ptrdiff_t saved             # the argmax of a max pooling, in training
    ptrdiff_t unpooled          # dy before the max pooling, of a convolution that is pooled
    # and in the arena
    ptrdiff_t packed, back_packed   # weights; CONV: apart for the input gradient
    ptrdiff_t slots             # CONV, PRELU: the first gradient slot, `slotted` numbers apart
    ptrdiff_t slotted           # parameters whose gradients are summed in slots
    ptrdiff_t chain             # of each thread, where a slot may own more than CHAIN chunks
    ptrdiff_t x_panels, dy_panels  # DENSE: x and dy of the whole batch, turned

cdef bint make_operation(Operation* op, dict settings, bint training,
                         const real* which) except False
cdef bint make_affine(Affine* affine, dict settings) except False
cdef void free_operation(Operation* op) noexcept nogil
cdef ptrdiff_t scratch_size(const Operation* op, const real* which) noexcept nogil
cdef ptrdiff_t saved_size(const Operation* op, const real* which) noexcept nogil

cdef void forward_part(
    const Operation* op, const real* parameters, const real* packed, const real* x, real* y,
    void* saved, ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil
cdef void unpool(const Operation* op, const void* saved, const real* dy, real* dx,
                 real* scratch) noexcept nogil
cdef void backward_input_part(
    const Operation* op, const real* parameters, const real* packed, const real* x, const real* y,
    const void* saved, const real* dy, real* dx, ptrdiff_t part, ptrdiff_t parts,
    real* scratch) noexcept nogil


cdef inline bint splits(const Operation* op, bint backward) noexcept nogil:
    """Whether parts of a chunk are independent: rows, or stretches of numbers."""
    if op.kind == CONV or op.kind == POINTWISE:
        return True
    return not backward and (op.kind == MAX_POOL or op.kind == AVERAGE_POOL)


cdef inline bint needs_output(const Operation* op) noexcept nogil:
    """Whether the way back needs y; what it needs of x stays anyway."""
    return op.kind == SOFTMAX or (op.kind == POINTWISE and not op.from_input)


cdef inline ptrdiff_t unpooled_size(const Operation* op) noexcept nogil:
    """Elements of what a convolution's output would be, had it not been pooled row by row."""
    return (op.windows.axis[0].sources * op.windows.axis[1].sources
            * op.windows.axis[2].sources * op.windows.channels * 16)


cdef inline bint in_place(const Operation* op) noexcept nogil:
    """Whether dx takes the place of dy; PReLU's slopes may still need dy when dx is there."""
    return op.kind == POINTWISE or op.kind == SOFTMAX or op.kind == AFFINE
