"""Optimizers' rules: which kernel makes an update, and with which numbers in a step."""
from libc.stdint cimport int64_t

from fastnn._core.kernels cimport fastnn_update

cdef enum:
    NO_UPDATE = -1

cdef struct Rule:
    int kernel                  # its place in the kernel table, or NO_UPDATE
    bint decoupled              # weights decay by themselves, not by their gradients
    double weight_decay
    double momentum, dampening, beta1, beta2, epsilon
    double rate_decay           # the rate goes with 1 / (1 + rate_decay · steps before)
    bint nesterov
    bint epsilon_hat            # Adam's epsilon is beside the root of what is not yet scaled

cdef bint make_rule(Rule* rule, str name, dict figures) except False
cdef void find_step(const Rule* rule, double rate, int64_t step, bint decays,
                    fastnn_update* how) noexcept nogil
