"""`fastnn train digits` as the first thing that people try: it leaves a model, and no folder."""

import numpy as np

import fastnn as fn
from fastnn.callbacks import Progress
from fastnn.cli.errors import user_errors
from fastnn.cli.sources import check_writable, count, set_threads
from fastnn.datasets import digits_split
from fastnn.digits import class_table, train_digits

MODEL = "digits.safetensors"


def run(args):
    """Train the digits network, show how well it does, save it."""
    output = MODEL if args.output is None else args.output
    check_writable(output)
    epochs = 15 if args.epochs is None else args.epochs
    with user_errors("cannot train"):
        set_threads(args.threads)
        net, seconds = train_digits(
            epochs=epochs,
            batch_size=32 if args.batch_size is None else args.batch_size,
            seed=args.seed or 0,
            callbacks=[] if args.quiet else [Progress()],
        )
    x_train, _, x_test, y_test = digits_split()
    predicted = np.asarray(net.predict_classes(x_test))
    correct = int(np.sum(predicted == y_test))
    built = fn.build_info()
    print(
        f"trained {count(epochs, 'epoch')} of {len(x_train)} images in {seconds:.2f} s"
        f" ({built['isa']}, {count(built['threads'], 'thread')})"
    )
    print(f"test accuracy {correct / len(y_test):.2%} ({correct} of {len(y_test)} images)\n")
    print(class_table(y_test, predicted), end="\n\n")
    with user_errors(f"cannot write {output}"):
        net.save(output)
    print(f"saved {output}")
