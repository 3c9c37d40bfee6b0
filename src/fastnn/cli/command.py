"""main: from arguments to an exit code."""

import contextlib
import importlib
import os
import sys
import warnings

from fastnn.cli.errors import End, UserError

USER_ERROR, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


def main(argv=None):
    """Run the command `fastnn`.

    Parameters
    ----------
    argv : list of str, optional
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        Exit code: 0; 1 if `verify` finds something wrong; 2 for what the user can mend; 130 after
        Ctrl-C and 143 after SIGTERM; 141 when the reader of a pipe has gone.

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
    except (UserError, ImportError) as error:  # FASTNN_ISA, say, is set to what cannot be
        return _fail(error, USER_ERROR)
    except End as end:
        return _fail(end, end.code) if str(end) else end.code
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)


def _run(argv):
    from fastnn.cli.parser import make_parser

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # labels and paths that it cannot encode
    args = make_parser().parse_args(argv)
    module = importlib.import_module(f"fastnn.cli.{args.module}")
    try:
        code = getattr(module, args.run)(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:  # files are dealt with where they are used: this is stdout
        _silence_stdout()
        raise UserError(f"cannot write the result: {error.strerror or error}") from error
    return code or 0


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
