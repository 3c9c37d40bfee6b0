from fastnn._core.kernels cimport real

cdef enum ConstraintKind:
    UNCONSTRAINED
    MAX_ABS, NON_NEGATIVE               # of numbers
    MAX_NORM, UNIT_NORM                 # of rows: what leads to one output

cdef struct Constraint:
    ConstraintKind kind
    double limit                        # of MAX_ABS, MAX_NORM

cdef bint make_constraint(Constraint* constraint, str kind, double limit) except False
cdef void constrain_rows(const Constraint* constraint, ptrdiff_t rows, ptrdiff_t row,
                         real* weight) noexcept nogil


cdef inline bint of_rows(const Constraint* constraint) noexcept nogil:
    return constraint.kind >= MAX_NORM
