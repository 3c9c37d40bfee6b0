"""Estimators of `fastnn.sklearn` against scikit-learn's own, in the same settings.

    epoch    one epoch of (512, 512) over 20,000 × 784 numbers (float32), Adam, batch 128
    digits   a fit of (64,) on the digits, 50 epochs
    search   cross-validation in 5 folds of 8 settings on the digits, 20 epochs each

Contenders take turns (_timing.py); figures are medians. Two threads each. Before they are timed,
both fit the same network to the same losses, as they draw the same numbers.
"""

import argparse
import warnings

import numpy as np
from sklearn import neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

import fastnn as fn
import fastnn.sklearn
from _timing import interleave

THREADS = 2
LIBRARIES = {"fastnn": fastnn.sklearn, "scikit-learn": neural_network}
TARGETS = {"epoch": 4.0, "digits": 3.0, "search": 3.0}


def epoch(library, max_iter=1):
    rng = np.random.default_rng(0)
    x, y = rng.random((20_000, 784), np.float32), rng.integers(0, 10, 20_000)
    mlp = library.MLPClassifier((512, 512), batch_size=128, max_iter=max_iter, random_state=0)
    return lambda: mlp.fit(x, y)


def digits(library):
    x, y = load_digits(return_X_y=True)
    how = {"max_iter": 50, "n_iter_no_change": np.inf, "random_state": 0}
    mlp = library.MLPClassifier((64,), **how)
    return lambda: mlp.fit(x / 16, y)


def search(library):
    x, y = load_digits(return_X_y=True)
    mlp = library.MLPClassifier((64,), max_iter=20, random_state=0)
    grid = {
        "alpha": [1e-4, 1e-2],
        "learning_rate_init": [1e-3, 3e-3],
        "activation": ["relu", "tanh"],
    }
    found = GridSearchCV(mlp, grid, cv=5, refit=False)
    return lambda: found.fit(x / 16, y)


TOPICS = {"epoch": epoch, "digits": digits, "search": search}


def check(topic):
    """Stop unless both libraries fit alike."""
    ours, theirs = (TOPICS[topic](library)() for library in LIBRARIES.values())
    if topic == "search":
        figures = [found.cv_results_["mean_test_score"] for found in (ours, theirs)]
        same = np.allclose(*figures, atol=5e-3)
    else:
        same = np.allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-3)
    if not same:
        raise SystemExit(f"{topic}: what is to be compared does not train alike")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=TOPICS, action="append", help="a topic; several times")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    fn.set_num_threads(THREADS)
    threadpool_limits(THREADS)
    for topic in args.only or TOPICS:
        check(topic)
        calls = {name: TOPICS[topic](library) for name, library in LIBRARIES.items()}
        timings = interleave(calls, rounds=args.rounds, seconds=0.0)
        found = {name: timing.median for name, timing in timings.items()}
        factor = timings["scikit-learn"].ratio(timings["fastnn"])
        text = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in found.items())
        print(f"{topic:8} {text}; factor {factor:.2f} (to reach: {TARGETS[topic]:.0f})")


if __name__ == "__main__":
    main()
