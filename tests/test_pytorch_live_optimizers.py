"""Optimizers and schedules against PyTorch, where it is installed, over many steps."""

import importlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")
optim = torch.optim
LR = torch.optim.lr_scheduler
STEPS = 50


@pytest.fixture(scope="module")
def fn():
    return importlib.import_module("fastnn")


def lion(params, lr, betas=(0.9, 0.99), weight_decay=0.0):
    """PyTorch has none: the algorithm as its authors published it, in PyTorch's operations."""

    class Lion(optim.Optimizer):
        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    if not state:
                        state["exp_avg"] = torch.zeros_like(p)
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    average, (beta1, beta2) = state["exp_avg"], group["betas"]
                    update = average * beta1 + p.grad * (1 - beta1)
                    p.add_(update.sign_(), alpha=-group["lr"])
                    average.mul_(beta2).add_(p.grad, alpha=1 - beta2)

    return Lion(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})


OPTIMIZERS = [
    # ours, its settings, theirs, its settings
    ("SGD", {"weight_decay": 0.1}, optim.SGD, {"weight_decay": 0.1}),
    (
        "SGD",
        {"momentum": 0.9, "dampening": 0.3},
        optim.SGD,
        {"momentum": 0.9, "dampening": 0.3},
    ),
    (
        "SGD",
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        optim.SGD,
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    ),
    ("RMSprop", {}, optim.RMSprop, {}),
    (
        "RMSprop",
        {"alpha": 0.9, "momentum": 0.5, "epsilon": 1e-3, "weight_decay": 0.1},
        optim.RMSprop,
        {"alpha": 0.9, "momentum": 0.5, "eps": 1e-3, "weight_decay": 0.1},
    ),
    (
        "RMSprop",
        {"alpha": 0.9, "centered": True},
        optim.RMSprop,
        {"alpha": 0.9, "centered": True},
    ),
    (
        "RMSprop",
        {"momentum": 0.9, "centered": True, "weight_decay": 0.01},
        optim.RMSprop,
        {"momentum": 0.9, "centered": True, "weight_decay": 0.01},
    ),
    ("Adagrad", {}, optim.Adagrad, {}),
    (
        "Adagrad",
        {"rate_decay": 0.1, "initial_accumulator": 0.5, "epsilon": 1e-3, "weight_decay": 0.1},
        optim.Adagrad,
        {"lr_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3, "weight_decay": 0.1},
    ),
    ("Adadelta", {}, optim.Adadelta, {}),
    (
        "Adadelta",
        {"rho": 0.5, "epsilon": 1e-3, "weight_decay": 0.1},
        optim.Adadelta,
        {"rho": 0.5, "eps": 1e-3, "weight_decay": 0.1},
    ),
    ("Adam", {"weight_decay": 0.1}, optim.Adam, {"weight_decay": 0.1}),
    (
        "Adam",
        {"amsgrad": True, "beta2": 0.9, "epsilon": 1e-3},
        optim.Adam,
        {"amsgrad": True, "betas": (0.9, 0.9), "eps": 1e-3},
    ),
    ("AdamW", {}, optim.AdamW, {}),
    (
        "AdamW",
        {"weight_decay": 0.3, "amsgrad": True, "beta2": 0.9},
        optim.AdamW,
        {"weight_decay": 0.3, "amsgrad": True, "betas": (0.9, 0.9)},
    ),
    ("Lion", {"weight_decay": 0.1}, lion, {"weight_decay": 0.1}),
    ("Lion", {"beta1": 0.5, "beta2": 0.9}, lion, {"betas": (0.5, 0.9)}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("ours", "settings", "theirs", "their_settings"), OPTIMIZERS)
def test_optimizers_go_the_way_of_pytorchs(fn, ours, settings, theirs, their_settings, dtype):
    rng = np.random.default_rng(5)
    parameters = rng.normal(size=300).astype(dtype)
    leaf = torch.tensor(parameters).requires_grad_()
    optimizer = getattr(fn.optimizers, ours)(0.01, **settings)
    other = theirs([leaf], lr=0.01, **their_settings)
    for step in range(STEPS):
        gradients = rng.normal(size=300).astype(dtype) * 10.0 ** -(step % 3)
        gradients[:3] = 0
        leaf.grad = torch.tensor(gradients.astype(dtype))
        other.step()
        optimizer.update(parameters, gradients.astype(dtype))
        tolerance = {"float32": 2e-5, "float64": 1e-12}[dtype]
        np.testing.assert_allclose(parameters, leaf.detach().numpy(), rtol=0, atol=tolerance)
    assert optimizer.steps == STEPS


@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_decay_of_weights_alone_is_pytorchs_with_two_groups(fn, name):
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(30, 7)), rng.normal(size=(30, 3))
    layer, norm = fn.layers.Dense(3), fn.layers.LayerNorm()
    net = fn.Sequential([norm, layer], input_shape=(7,), dtype="float64")
    net.parameters = rng.normal(size=net.parameters.shape)
    arrays = {"scale": norm.scale, "shift": norm.shift, "weight": layer.weight, "bias": layer.bias}
    leaves = {key: torch.tensor(array.copy()).requires_grad_() for key, array in arrays.items()}
    groups = [
        {"params": [leaves["weight"]], "weight_decay": 0.3},
        {"params": [leaves[key] for key in ("scale", "shift", "bias")], "weight_decay": 0.0},
    ]
    other = getattr(optim, name)(groups, lr=0.05)
    optimizer = getattr(fn.optimizers, name)(0.05, weight_decay=0.3, decay_biases=False)
    trainer = fn.Trainer(net, "squared_error", optimizer)
    for _ in range(STEPS):
        other.zero_grad()
        scaled = torch.nn.functional.layer_norm(
            torch.tensor(x), (7,), leaves["scale"], leaves["shift"], norm.epsilon
        )
        outputs = scaled @ leaves["weight"].T + leaves["bias"]
        ((outputs - torch.tensor(y)).square().sum() / 30).backward()
        other.step()
        trainer.step(x, y)
        for key, array in arrays.items():
            np.testing.assert_allclose(array, leaves[key].detach().numpy(), atol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_accumulated_gradients_are_those_of_losses_divided_by_their_number(fn, name, dtype):
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(60, 7)).astype(dtype), rng.integers(0, 3, 60)
    hidden, last = fn.layers.Dense(9, "tanh"), fn.layers.Dense(3)
    net = fn.Sequential([hidden, last], input_shape=(7,), dtype=dtype)
    arrays = [hidden.weight, hidden.bias, last.weight, last.bias]
    leaves = [torch.tensor(array.copy()).requires_grad_() for array in arrays]
    theirs, ours = getattr(optim, name)(leaves, lr=0.01), getattr(fn.optimizers, name)(0.01)
    net.fit(
        x, y, optimizer=ours, epochs=STEPS // 5, batch_size=4, gradient_accumulation_steps=3,
        shuffle=False, verbose=0,
    )  # fmt: skip
    for _ in range(STEPS // 5):
        for number, start in enumerate(range(0, 60, 4), 1):
            rows = torch.tensor(x[start : start + 4])
            outputs = torch.tanh(rows @ leaves[0].T + leaves[1]) @ leaves[2].T + leaves[3]
            target = torch.tensor(y[start : start + 4])
            (torch.nn.functional.cross_entropy(outputs, target) / 3).backward()
            if number % 3 == 0:
                theirs.step()
                theirs.zero_grad()
    assert net.steps == STEPS
    tolerance = {"float32": 2e-5, "float64": 1e-12}[dtype]
    for array, leaf in zip(arrays, leaves, strict=True):
        np.testing.assert_allclose(array, leaf.detach().numpy(), rtol=0, atol=tolerance)


def schedules(S):
    """Ours, and how PyTorch's is made of an optimizer whose rate is 0.3."""
    return [
        (S.Step(0.3, 4, 0.5), lambda o: LR.StepLR(o, 4, 0.5)),
        (S.Step(0.3, [3, 4, 9], 0.5), lambda o: LR.MultiStepLR(o, [3, 4, 9], 0.5)),
        (S.Exponential(0.3, 0.9), lambda o: LR.ExponentialLR(o, 0.9)),
        (S.Polynomial(0.3, 20, power=2.0), lambda o: LR.PolynomialLR(o, 20, 2.0)),
        (S.Cosine(0.3, STEPS, minimum=0.01), lambda o: LR.CosineAnnealingLR(o, STEPS, 0.01)),
        (
            S.Cosine(0.3, 7, restarts=True, minimum=0.01),
            lambda o: LR.CosineAnnealingWarmRestarts(o, 7, 1, 0.01),
        ),
        (
            S.Cosine(0.3, 4, restarts=True, multiplier=3),
            lambda o: LR.CosineAnnealingWarmRestarts(o, 4, 3),
        ),
        (S.OneCycle(0.3, STEPS), lambda o: LR.OneCycleLR(o, 0.3, STEPS)),
        (
            S.OneCycle(0.3, STEPS, rise=0.5, begin=5, end=7, shape="linear"),
            lambda o: LR.OneCycleLR(
                o, 0.3, STEPS, pct_start=0.5, div_factor=5, final_div_factor=7,
                anneal_strategy="linear",
            ),
        ),
        (
            S.LinearWarmup(5, S.Exponential(0.3, 0.9), start=0.25),
            lambda o: LR.SequentialLR(
                o, [LR.LinearLR(o, 0.25, 1.0, 5), LR.ExponentialLR(o, 0.9)], [5]
            ),
        ),
        (S.LinearWarmup(5, 0.3), lambda o: LR.LinearLR(o, total_iters=5)),
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, of the order of calls
@pytest.mark.parametrize("case", range(11))
def test_schedules_are_pytorchs(fn, case):
    schedule, make = schedules(fn.schedules)[case]
    other = optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    theirs, rates = make(other), []
    for _ in range(STEPS):
        rates.append(other.param_groups[0]["lr"])
        other.step()
        if len(rates) < STEPS:  # OneCycleLR refuses more
            theirs.step()
    np.testing.assert_allclose(schedule.rates(STEPS), rates, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("seed", range(8))
def test_the_plateau_is_pytorchs(fn, seed):
    rng = np.random.default_rng(seed)
    how = {"factor": 0.5, "patience": int(rng.integers(0, 3)), "cooldown": int(rng.integers(0, 3))}
    how |= {"threshold": 0.05, "mode": ["min", "max"][seed % 2]}
    relative = bool(seed // 2 % 2)
    schedule = fn.schedules.ReduceOnPlateau(0.3, minimum=0.02, relative=relative, **how)
    other = optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    mode = "rel" if relative else "abs"
    theirs = LR.ReduceLROnPlateau(other, min_lr=0.02, threshold_mode=mode, eps=0, **how)
    for value in rng.random(40):
        schedule.observe(value)
        theirs.step(value)
        assert schedule(0) == pytest.approx(other.param_groups[0]["lr"], rel=1e-12)
    assert schedule(0) == 0.02
