"""Rules filled from an optimizer's figures, and the numbers of one step, in double precision."""
from libc.math cimport pow, sqrt

from fastnn._core.kernels cimport (
    UPDATE_ADADELTA, UPDATE_ADAGRAD, UPDATE_ADAM, UPDATE_LION, UPDATE_RMSPROP, UPDATE_SGD)

_KERNELS = {
    "sgd": UPDATE_SGD,
    "rmsprop": UPDATE_RMSPROP,
    "adagrad": UPDATE_ADAGRAD,
    "adadelta": UPDATE_ADADELTA,
    "adam": UPDATE_ADAM,
    "adamw": UPDATE_ADAM,
    "lion": UPDATE_LION,
}


cdef bint make_rule(Rule* rule, str name, dict figures) except False:
    """From the figures that the rule has; those of others are 0."""
    rule.kernel = _KERNELS[name]
    rule.decoupled = name == "adamw" or name == "lion"
    rule.weight_decay = figures.get("weight_decay", 0.0)
    rule.momentum = figures.get("momentum", 0.0)
    rule.dampening = figures.get("dampening", 0.0)
    rule.beta1 = figures.get("beta1", 0.0)
    rule.beta2 = figures.get("beta2", 0.0)
    rule.epsilon = figures.get("epsilon", 0.0)
    rule.rate_decay = figures.get("rate_decay", 0.0)
    rule.epsilon_hat = figures.get("epsilon_hat", False)
    rule.nesterov = figures.get("nesterov", False)
    return True


cdef void find_step(const Rule* rule, double rate, int64_t step, bint decays,
                    fastnn_update* how) noexcept nogil:
    """The numbers of step 1, 2, … at this rate, for parameters that decay or do not."""
    cdef double decay = rule.weight_decay if decays else 0.0
    how.rate = rate
    how.decay = 0.0 if rule.decoupled else decay
    how.shrink = 1.0 - rate * decay if rule.decoupled else 1.0
    how.momentum = rule.momentum
    # the first gradient is the velocity, as in PyTorch
    how.fresh = 1.0 if step == 1 else 1.0 - rule.dampening
    how.beta1, how.rest1 = rule.beta1, 1.0 - rule.beta1
    how.beta2, how.rest2 = rule.beta2, 1.0 - rule.beta2
    how.root_scale = 1.0
    how.epsilon = rule.epsilon
    how.nesterov = rule.nesterov
    if rule.kernel == UPDATE_ADAM:
        how.rate = rate / (1.0 - pow(rule.beta1, <double>step))
        how.root_scale = 1.0 / sqrt(1.0 - pow(rule.beta2, <double>step))
        if rule.epsilon_hat:
            how.epsilon = rule.epsilon * how.root_scale
    elif rule.kernel == UPDATE_ADAGRAD:
        how.rate = rate / (1.0 + <double>(step - 1) * rule.rate_decay)
