"""How files fail: one ValueError that names the path and says what is wrong with it, in a line."""

import contextlib
import os
import warnings

LARGEST_RATIO = 1032  # of deflate, which zip and gzip use: a byte of it holds at most so many


@contextlib.contextmanager
def problems(path):
    """Give ValueErrors the path as their subject, and silence warnings about a file's age."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ValueError as error:
            reason = " ".join(str(error).removeprefix("Dataset: ").split())
            raise ValueError(f"load: {path}: {reason}") from error


@contextlib.contextmanager
def damaged(what):
    """Make one ValueError of whatever a parser stumbles over, but for what the system says."""
    try:
        yield
    except Explained:
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"{what} ({error})") from error
    except Exception as error:
        raise ValueError(f"{what} ({str(error) or type(error).__name__})") from error


class Explained(ValueError):
    """A problem that `damaged` has nothing to add to."""


def check_bytes(what, needed, most):
    """Raise if so many bytes of memory are more than are allowed."""
    if needed > most:
        raise Explained(
            f"{what} would take {needed:,} bytes of memory, at most {most:,} are allowed; "
            f"raise max_bytes"
        )


def check_packed(what, size, packed):
    """Raise if so many bytes cannot have been packed into so few by deflate."""
    if size > (packed + 64) * LARGEST_RATIO:
        raise Explained(f"{what} states {size:,} bytes, which {packed:,} bytes cannot hold")


def file_size(file):
    """Bytes of an open file."""
    return os.fstat(file.fileno()).st_size
