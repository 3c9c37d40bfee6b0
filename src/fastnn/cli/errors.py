"""How commands end before their time: UserError and End, and what turns exceptions into them."""

import contextlib

# What NumPy and the library raise when an array, a number or a file is not what it should be;
# ImportError: a package that an extra of fastnn brings.
EXPECTED_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    ImportError,
)


class UserError(Exception):
    """Something that the user can mend; its text is the one line that they see."""


class End(Exception):
    """The end of a command with this line on stderr, if it has text, and this exit code."""

    def __init__(self, message, code):
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def user_errors(doing):
    """Turn the library's exceptions into one `UserError` that says what was being done."""
    try:
        yield
    except BrokenPipeError:
        raise
    except EXPECTED_ERRORS as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UserError(f"{doing}: {reason or type(error).__name__}") from error
