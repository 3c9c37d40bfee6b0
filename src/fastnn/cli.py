"""The command `fastnn`: train the digits network, predict with a saved model, say what runs here.

Whatever the user gets wrong (arguments, files, shapes) ends as one line on stderr and exit code 2;
Ctrl-C ends as one line and exit code 130. Results go to stdout, so that they can be piped.

    arguments -> _parser -> _train | _predict | _info -> UserError -> main -> one line, exit code
"""

import argparse
import contextlib
import os
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

import fastnn as fn
from fastnn.callbacks import Progress
from fastnn.datasets import digits_split
from fastnn.digits import class_table, train_digits

USER_ERROR, INTERRUPTED, BROKEN_PIPE = 2, 130, 141
# What NumPy and the library raise when an array, a number or a file is not what it should be.
EXPECTED_ERRORS = (OSError, ValueError, TypeError, LookupError, ArithmeticError, MemoryError)


class UserError(Exception):
    """Something that the user can mend; its text is the one line that they see."""


@contextlib.contextmanager
def _user_errors(doing):
    """Turn the library's exceptions into one `UserError` that says what was being done."""
    try:
        yield
    except BrokenPipeError:
        raise
    except EXPECTED_ERRORS as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UserError(f"{doing}: {reason or type(error).__name__}") from error


# --- fastnn train digits ---------------------------------------------------------------------


def _train(args):
    _check_writable(args.output)
    with _user_errors("cannot train"):
        if args.threads is not None:
            fn.set_num_threads(args.threads)
        net, seconds = train_digits(
            epochs=args.epochs,
            batch_size=args.batch_size,
            seed=args.seed,
            callbacks=[] if args.quiet else [Progress()],
        )
    x_train, _, x_test, y_test = digits_split()
    predicted = np.asarray(net.predict_classes(x_test))
    correct = int(np.sum(predicted == y_test))
    built = fn.build_info()
    print(
        f"trained {_count(args.epochs, 'epoch')} of {len(x_train)} images in {seconds:.2f} s"
        f" ({built['isa']}, {_count(built['threads'], 'thread')})"
    )
    print(f"test accuracy {correct / len(y_test):.2%} ({correct} of {len(y_test)} images)\n")
    print(class_table(y_test, predicted), end="\n\n")
    with _user_errors(f"cannot write {args.output}"):
        net.save(args.output)
    print(f"saved {args.output}")


def _count(n, what):
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


# --- fastnn predict --------------------------------------------------------------------------


def _predict(args):
    if args.output is not None:
        _check_writable(args.output)
    net = _load_model(args.model)
    x = _load_array(args.data)
    with _user_errors(f"cannot predict {args.data} with {args.model}"):
        if args.proba:
            result = net.predict_proba(x)
        elif net.loss is not None and not (net.loss.decides or net.loss.activation):
            result = net.predict(x)  # trained on numbers: there are no labels
        else:
            result = net.predict_classes(x)
    if args.output is None:
        for row in result.reshape(len(result), -1) if len(result) else ():
            print(*(f"{v:.6g}" if isinstance(v, float) else v for v in row.tolist()))
        return
    with _user_errors(f"cannot write {args.output}"), open(args.output, "wb") as file:
        np.save(file, result, allow_pickle=False)


def _load_model(path):
    with _user_errors(f"cannot read {path}"):
        try:
            return fn.load(path)
        except ValueError as error:
            reason = str(error).removeprefix("load: ")
            if path in reason:
                raise UserError(reason) from error
            raise


def _load_array(path):
    """Return the one array of an `.npy` file; nothing is allocated before its size is checked."""
    with _user_errors(f"cannot read {path}"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file written by Python 2 or by an old NumPy is no news
        with open(path, "rb") as file:
            if file.read(6) != np.lib.format.MAGIC_PREFIX:
                raise ValueError("not an .npy file (write one with np.save)")
        try:
            x = np.array(np.load(path, mmap_mode="r", allow_pickle=False))
        except Exception as error:  # NumPy's parser of headers raises whatever it stumbles over
            raise ValueError("damaged, cut short, or an array of Python objects") from error
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            where = tuple(np.argwhere(~np.isfinite(x))[0].tolist())
            raise ValueError(f"element {where} is {x[where]}; expected finite numbers only")
    return x


def _check_writable(path):
    """Fail before any work where `path` cannot be written, and leave what is there untouched."""
    with _user_errors(f"cannot write {path}"):
        existed = os.path.lexists(path)
        if existed and not Path(path).is_file():
            raise ValueError("it is not a regular file")
        with open(path, "ab"):
            pass
        if not existed:
            os.unlink(path)
        with tempfile.TemporaryFile(dir=os.path.dirname(os.path.realpath(path))):
            pass  # saving a model writes a new file beside the old one and renames it


# --- fastnn info -----------------------------------------------------------------------------


def _info(args):
    if args.model is None:
        for key, value in fn.build_info().items():
            print(f"{key}: {', '.join(value) if isinstance(value, list) else value}")
        return
    net = _load_model(args.model)
    summary = net.summary()
    if summary is not None:
        print(summary)


# --- arguments and exit codes ----------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options):
        super().__init__(**options, allow_abbrev=False)

    def error(self, message):
        raise UserError(f"{message} (see {self.prog} --help)")


def _whole_number(minimum, maximum):
    def convert(text):
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not minimum <= number <= maximum:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {minimum} to {maximum}, got {text!r}"
            )
        return number

    return convert


def _parser():
    parser = _Parser(prog="fastnn", description="Neural networks on CPUs.")
    parser.add_argument(
        "--version", action="version", version=f"fastnn {fn.build_info()['version']}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    train = commands.add_parser(
        "train", help="train a small convolutional network on handwritten digits"
    )
    train.add_argument("dataset", choices=["digits"], help="what to train on")
    train.add_argument("--epochs", type=_whole_number(1, 10**6), default=15, metavar="N")
    train.add_argument("--batch-size", type=_whole_number(1, 10**6), default=32, metavar="N")
    train.add_argument("--seed", type=_whole_number(0, 2**63 - 1), default=0, metavar="N")
    train.add_argument("--threads", type=_whole_number(1, 1024), metavar="N")
    train.add_argument(
        "--output", default="digits.safetensors", metavar="PATH", help="default: %(default)s"
    )
    train.add_argument("--quiet", action="store_true", help="no progress, only the result")
    train.set_defaults(run=_train)

    predict = commands.add_parser("predict", help="predict with a saved model, one line a sample")
    predict.add_argument("model", metavar="MODEL", help="a file written by net.save")
    predict.add_argument("data", metavar="DATA.npy", help="samples, written by np.save")
    predict.add_argument("--proba", action="store_true", help="probabilities instead of labels")
    predict.add_argument("--output", metavar="OUT.npy", help="write an .npy file instead of lines")
    predict.set_defaults(run=_predict)

    info = commands.add_parser("info", help="what this build runs on, or what a model consists of")
    info.add_argument("model", nargs="?", metavar="MODEL", help="a file written by net.save")
    info.set_defaults(run=_info)
    return parser


def main(argv=None):
    """Run the command `fastnn`.

    Parameters
    ----------
    argv : list of str, optional
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        Exit code: 0, 2 for what the user can mend, 130 after Ctrl-C, 141 when the reader of a
        pipe has gone.

    Examples
    --------
    >>> from fastnn.cli import main
    >>> main(["predict"])  # one line on stderr
    2
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return _run(argv)
    except BrokenPipeError:
        _silence_stdout()
        return BROKEN_PIPE
    except UserError as error:
        return _fail(error, USER_ERROR)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)


def _run(argv):
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # labels and paths that it cannot encode
    args = _parser().parse_args(argv)
    try:
        args.run(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:  # files are dealt with where they are used: this is stdout
        _silence_stdout()
        raise UserError(f"cannot write the result: {error.strerror or error}") from error
    return 0


def _fail(message, code):
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        _silence_stdout()
    if sys.stderr is not None:
        print("fastnn:", " ".join(str(message).split()), file=sys.stderr)
    return code


def _show_warning(message, category, filename, lineno, file=None, line=None):
    _fail(f"warning: {message}", 0)


def _silence_stdout():
    """Keep the interpreter from writing to a broken stdout, and failing, once more at its exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
