"""scikit-learn's solvers as optimizers, and rates that change from epoch to epoch as its do."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from fastnn import optimizers
from fastnn.lbfgs import import_minimize
from fastnn.optimizer import Setting
from fastnn.optimizers import from_0_to_1

SMALLEST = 1e-6  # an adaptive rate is made smaller no more below this
CUT = 5.0
STOPPED = 99  # scipy's status where a callback wanted the end


class SGD(optimizers.SGD):
    """Gradient descent whose momentum may be 1."""

    operation = "sgd"
    momentum = Setting(from_0_to_1)


class Adam(optimizers.Adam):
    """Adam whose epsilon stands beside the root of the second moment as it is, before scaling."""

    operation = "adam"

    def _figures(self):
        return {**super()._figures(), "epsilon_hat": True}


class Solver:
    """An optimizer of a network, and what scikit-learn does with its rate behind an epoch."""

    def __init__(self, net, settings):
        rate = settings.learning_rate_init
        self.initial, self.kind, self.power = rate, settings.learning_rate, settings.power_t
        if settings.solver == "sgd":
            momentum = settings.momentum
            nesterov = settings.nesterov and momentum > 0
            self.optimizer = SGD(rate, momentum, nesterov)
        else:
            self.kind = "constant"
            self.optimizer = Adam(rate, settings.beta_1, settings.beta_2, settings.epsilon)
        self.optimizer.serve(net)

    @property
    def learning_rate(self):
        """The rate at hand."""
        return self.optimizer.learning_rate

    def end_epoch(self, seen):
        """Hear that so many samples were seen, over all epochs."""
        if self.kind == "invscaling":
            self._change(self.initial / (seen + 1) ** self.power)

    def slow_down(self):
        """Go on with smaller steps where nothing improved; False: there is nothing to be done."""
        if self.kind != "adaptive" or self.learning_rate <= SMALLEST:
            return False
        self._change(self.learning_rate / CUT)
        return True

    def _change(self, rate):
        """Take another rate; steps that go on by momentum are as long as they were."""
        for velocity in self.optimizer.state:
            velocity *= self.learning_rate / rate
        self.optimizer.learning_rate = rate


def minimize(net, settings, loss_and_gradients, after_iteration):
    """Minimise the loss of all samples by L-BFGS; return iterations and the loss.

    `loss_and_gradients` returns the loss of the network as it is, and fills its gradients;
    `after_iteration` may raise StopIteration.
    """
    search = import_minimize()

    def evaluate(x):
        net.parameters[...] = x
        return loss_and_gradients(), net.gradients.astype(np.float64)

    options = {"maxfun": settings.max_fun, "maxiter": settings.max_iter, "gtol": settings.tol}
    found = search(
        evaluate, net.parameters.astype(np.float64), jac=True, method="L-BFGS-B", options=options,
        callback=after_iteration,
    )  # fmt: skip
    net.parameters[...] = found.x
    iterations = min(found.nit, settings.max_iter)
    if found.status not in (0, STOPPED):
        message = found.message if isinstance(found.message, str) else found.message.decode()
        more = ""
        if iterations == settings.max_iter:
            more = f"; increase max_iter ({settings.max_iter})"
        warnings.warn(
            f"{settings.who}: lbfgs failed to converge after {iterations} iteration(s) "
            f"(status={found.status}): {message}{more}, or scale the data",
            ConvergenceWarning,
            stacklevel=4,
        )
    return iterations, float(found.fun)
