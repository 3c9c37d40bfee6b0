"""Constraints: weights moved, after an update, to the nearest that are allowed."""
from cython.parallel cimport parallel, prange
from libc.math cimport INFINITY, sqrt

from fastnn._core.gradients cimport norm_factor
from fastnn._core.kernels cimport clamp, enter_fast_mode, leave_fast_mode, scale
from fastnn._core.penalty cimport squared_norm
from fastnn._core.threads cimport team

cdef double COST = 8                    # of a weight, in multiply-adds

_KINDS = {"none": UNCONSTRAINED, "max_abs": MAX_ABS, "non_negative": NON_NEGATIVE,
          "max_norm": MAX_NORM, "unit_norm": UNIT_NORM}


cdef bint make_constraint(Constraint* constraint, str kind, double limit) except False:
    constraint.kind = _KINDS[kind]
    constraint.limit = limit
    return True


cdef void constrain_rows(
        const Constraint* constraint, ptrdiff_t rows, ptrdiff_t row,
        real* weight) noexcept nogil:           # IN/OUT (rows, row)
    cdef double factor
    cdef ptrdiff_t i
    if constraint.kind == MAX_ABS:
        clamp(rows * row, <real>-constraint.limit, <real>constraint.limit, weight)
    elif constraint.kind == NON_NEGATIVE:
        clamp(rows * row, <real>0, <real>INFINITY, weight)
    elif of_rows(constraint):
        for i in range(rows):
            factor = row_factor(constraint, squared_norm(row, weight + i * row))
            if factor != 1.0:
                scale(row, <real>factor, weight + i * row)


cdef inline double row_factor(const Constraint* constraint, double squares) noexcept nogil:
    if constraint.kind == MAX_NORM:
        return norm_factor(squares, constraint.limit)
    return 1.0 if squares == 0 else 1.0 / sqrt(squares)


def constrain(
        real[:, ::1] weight,            # IN/OUT (rows, row)
        str kind, double limit, int n_threads):
    cdef ptrdiff_t rows = weight.shape[0], i
    cdef int threads = team(n_threads, rows, COST * rows * weight.shape[1])
    cdef unsigned long long mode
    cdef Constraint constraint
    make_constraint(&constraint, kind, limit)
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for i in prange(rows, schedule="static"):
            constrain_rows(&constraint, 1, weight.shape[1], &weight[i, 0])
        leave_fast_mode(mode)
