"""Penalties on a program's weights, and what may happen to its gradients before an update.

    PACK       terms of the penalties, of weights as they are before the update
    FINISH     gradients of the penalties, added to those of the loss, if the update does not
    SQUARES    with clip_norm: gradients brought within clip_value, terms of the sum of squares
    NORM       with clip_norm: that sum, and what brings the norm down to its limit
    UPDATE     with clip_norm: gradients times that, noise; then the optimizer's own

Without clip_norm bounds and noise come where the update is: in FINISH.
"""
from libc.stdint cimport uint32_t

from fastnn._core.gradients cimport add_noise_run, norm_factor
from fastnn._core.holding cimport Holding
from fastnn._core.kernels cimport UPDATE_LION, clamp, fastnn_update, scale, square_sum
from fastnn._core.loss cimport NO_LOSS, chained_sum
from fastnn._core.mask cimport clear_masked
from fastnn._core.network cimport Update, penalties_of, squares_of
from fastnn._core.penalty cimport TERM, Penalty, add_penalty_gradient, penalty_term, terms_of
from fastnn._core.rule cimport NO_UPDATE

cdef enum:
    TERMS = 4                           # of a sum that a task makes


cdef inline ptrdiff_t tasks_for(ptrdiff_t terms) noexcept nogil:
    return (terms + TERMS - 1) // TERMS


# --- penalties ------------------------------------------------------------------------------------

cdef inline ptrdiff_t weight_terms(const Operation* op) noexcept nogil:
    return terms_of(op.weights) if op.weight_held.penalised and not op.shares else 0


cdef inline ptrdiff_t bias_terms(const Operation* op) noexcept nogil:
    return terms_of(op.biases) if op.bias_held.penalised and not op.shares else 0


cdef ptrdiff_t place_penalties(Network* net) noexcept nogil:
    """Number the terms of all operations; returns how many there are."""
    cdef ptrdiff_t terms = 0
    cdef int i
    for i in range(net.n):
        net.op[i].penalties = terms
        terms += weight_terms(&net.op[i]) + bias_terms(&net.op[i])
    return terms


cdef bint has_loss(const Network* net) noexcept nogil:
    cdef int i
    for i in range(net.n_heads):
        if net.head[i].loss.kind != NO_LOSS:
            return True
    return False


cdef ptrdiff_t penalty_tasks(const Network* net, const Operation* op) noexcept nogil:
    if not has_loss(net):
        return 0
    return tasks_for(weight_terms(op) + bias_terms(op))


cdef inline Penalty penalty_now(const Network* net, const Holding* held) noexcept nogil:
    """The factors of the batch at hand."""
    cdef double weight = net.head[0].weight if held.shared else 1.0
    if weight <= 0:
        return Penalty(0.0, 0.0)
    return Penalty(held.penalty.l1 / weight, held.penalty.l2 / weight)


cdef void penalty_task(Network* net, const Operation* op, ptrdiff_t task,
                       const real* which) noexcept nogil:
    cdef ptrdiff_t weights = weight_terms(op), terms = weights + bias_terms(op), term, first, n
    cdef real* weight = <real*>net.parameters + op.weight
    cdef double* total = penalties_of(net, which) + op.penalties
    cdef Penalty on_weights = penalty_now(net, &op.weight_held)
    cdef Penalty on_biases = penalty_now(net, &op.bias_held)
    for term in range(task * TERMS, min((task + 1) * TERMS, terms)):
        if term < weights:
            first = term * TERM
            n = min(<ptrdiff_t>TERM, op.weights - first)
            if op.dense.mask != NULL:
                # as for the panels that are packed meanwhile
                clear_masked(op.dense.mask + first, n, weight + first)
            total[term] = penalty_term(&on_weights, n, weight + first)
        else:
            first = (term - weights) * TERM
            total[term] = penalty_term(&on_biases, min(<ptrdiff_t>TERM, op.biases - first),
                                       weight + op.weights + first)
        if total[term] - total[term] != 0:      # infinite or NaN
            net.unsound = True


cdef double total_penalty(const Network* net, const real* which) noexcept nogil:
    """Terms are summed by arrays of parameters, then arrays; uses them up."""
    cdef double* terms = penalties_of(net, which)
    cdef double* next = terms
    cdef ptrdiff_t arrays = 0, count
    cdef int i, which_array
    if not has_loss(net):
        return 0.0
    for i in range(net.n):
        for which_array in range(2):
            count = weight_terms(&net.op[i]) if which_array == 0 else bias_terms(&net.op[i])
            if count:
                # no sum stands behind its own terms
                terms[arrays] = chained_sum(next, count)
                arrays += 1
                next += count
    return chained_sum(terms, arrays)


cdef bint update_adds_penalty(const Network* net, const Holding* held) noexcept nogil:
    """Whether a penalty is λ/2·w² alone, and so the weight decay that the update makes anyway."""
    cdef const Update* update = &net.update
    cdef const fastnn_update* how = &update.how if held.decays else &update.spared
    if not held.penalised or held.penalty.l1 != 0:
        return False
    if update.rule.kernel == NO_UPDATE or update.rule.kernel == UPDATE_LION or how.decay != 0:
        return False
    # bounds and noise come between the penalty and the update
    return update.clip_norm == 0 and update.clip_value == 0 and update.noise == 0


cdef double penalty_decay(const Network* net, const Holding* held) noexcept nogil:
    """That weight decay, λ."""
    return 2 * penalty_now(net, held).l2


cdef void add_penalty_gradients(const Network* net, const Operation* op, ptrdiff_t first,
                                ptrdiff_t n, real* gradient) noexcept nogil:
    """Of an operation's parameters first … first + n − 1: weights, then biases."""
    cdef ptrdiff_t weights = max(0, min(n, op.weights - first))
    cdef const real* weight = <const real*>net.parameters + op.weight + first
    cdef Penalty penalty
    if op.weight_held.penalised and not update_adds_penalty(net, &op.weight_held):
        penalty = penalty_now(net, &op.weight_held)
        add_penalty_gradient(&penalty, weights, weight, gradient)
    if op.bias_held.penalised and not update_adds_penalty(net, &op.bias_held):
        penalty = penalty_now(net, &op.bias_held)
        add_penalty_gradient(&penalty, n - weights, weight + weights, gradient + weights)


# --- gradients before an update -------------------------------------------------------------------

cdef ptrdiff_t square_tasks(const Network* net) noexcept nogil:
    return tasks_for(terms_of(net.size))


cdef void square_task(Network* net, ptrdiff_t task, const real* which) noexcept nogil:
    cdef ptrdiff_t term, n
    cdef real* gradient
    cdef real limit = <real>net.update.clip_value
    for term in range(task * TERMS, min((task + 1) * TERMS, terms_of(net.size))):
        gradient = <real*>net.gradients + term * TERM
        n = min(<ptrdiff_t>TERM, net.size - term * TERM)
        if limit != 0:
            clamp(n, -limit, limit, gradient)
        squares_of(net, which)[term] = square_sum(n, gradient)


cdef void find_norm(Network* net, const real* which) noexcept nogil:
    net.update.norm_factor = norm_factor(
        chained_sum(squares_of(net, which), terms_of(net.size)), net.update.clip_norm)


cdef void prepare_gradient(const Network* net, ptrdiff_t start, ptrdiff_t n,
                           real* gradient) noexcept nogil:
    """That of n parameters from `start` on, in place."""
    cdef real limit = <real>net.update.clip_value
    if net.update.clip_norm != 0:
        scale(n, <real>net.update.norm_factor, gradient)
    elif limit != 0:
        clamp(n, -limit, limit, gradient)
    if net.update.noise != 0:
        add_noise_run(net.update.noise, net.update.seed, <uint32_t>(net.update.steps - 1), start, n,
                      gradient)
