"""Model files: arrays as tensors of a safetensors file, all else as JSON in its metadata.

    write:  tensors, description --> one file, as a whole
    read:   path --size, header, description--> ModelFile, which gives one tensor after the other

Files come from anywhere, so that nothing is taken on trust: what a file says of itself is compared
with its size before anything is read, and whatever is wrong is a `ModelFileError` of one line.
What the description and the tensors mean is the business of those who write and read them:
`fastnn.saving` of networks.
"""

import contextlib
import json
import os
import stat

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from fastnn.files import write_whole

KEY = "fastnn"  # of the JSON text in the metadata
LARGEST_DESCRIPTION = 2**24  # characters: ten thousand layers, or some 100,000 labels
LARGEST_MESSAGE = 400  # characters; what is wrong may be a long list


class ModelFileError(ValueError):
    """A file that is no model file, damaged, or describes what cannot be."""


class ModelFile:
    """The content of a model file.

    Attributes
    ----------
    description : object
        What the JSON text holds.
    shapes : dict of str to tuple of int
        The shapes of all tensors.
    """

    def __init__(self, file):
        text = (file.metadata() or {}).get(KEY)
        if text is None:
            raise ValueError("it holds tensors, but no fastnn network")
        if len(text) > LARGEST_DESCRIPTION:
            raise ValueError(
                f"its description has {len(text)} characters; expected at most "
                f"{LARGEST_DESCRIPTION}"
            )
        self.description = json.loads(text)
        self._file = file
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - no dict
        self.shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
        self._dtypes = {name: part.get_dtype() for name, part in slices.items()}

    def is_float(self, name):
        """Whether a tensor holds numbers that NumPy knows as floats."""
        return self._dtypes[name] in ("F16", "F32", "F64")

    def tensor(self, name):
        """Read a tensor."""
        return self._file.get_tensor(name)


def write(path, tensors, description, *, keep_previous=False):
    """Write a model file, or leave what was there if that fails.

    Parameters
    ----------
    path : path-like
    tensors : dict of str to ndarray
    description : object
        Whatever JSON can hold.
    keep_previous : bool
        Keep the file that was there, as ``path + ".previous"``.

    Raises
    ------
    ValueError
        If the description is longer than `read` would take.
    """
    text = json.dumps(description)
    if len(text) > LARGEST_DESCRIPTION:
        raise ValueError(
            f"save: the network's description has {len(text)} characters; expected at most "
            f"{LARGEST_DESCRIPTION}: fewer layers, or labels"
        )
    write_whole(path, to_bytes(tensors, {KEY: text}), keep_previous=keep_previous)


@contextlib.contextmanager
def read(path):
    """Open a model file: ``with read(path) as file``, and make what it describes inside.

    Yields
    ------
    ModelFile

    Raises
    ------
    ModelFileError
        For whatever goes wrong, also inside, but for lack of memory and what the system refuses.
    """
    _check_size(path)
    with blamed(path), safe_open(path, framework="numpy") as file:
        yield ModelFile(file)


@contextlib.contextmanager
def blamed(path):
    """Let whatever goes wrong inside be a file's fault, but for lack of memory and the like."""
    try:
        yield
    except SafetensorError as error:
        raise _not_whole(path, error) from None
    except (OSError, MemoryError, ModelFileError):
        raise
    except Exception as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise ModelFileError(_line(f"load: cannot read {path}: {reason}")) from error


def _check_size(path):
    """Raise unless the file is a plain one, and as long as its first number says at least."""
    mode = os.stat(path).st_mode  # the system's own message where there is no such file
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of which opening says what it is
        raise ModelFileError(_line(f"load: {path} is no plain file"))
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        header = int.from_bytes(file.read(8), "little")
    if size < 8 or header > size - 8:
        raise _not_whole(path, f"{size} bytes, where its header alone would take {header}")


def _not_whole(path, reason):
    return ModelFileError(_line(f"load: {path} is not a whole safetensors file ({reason})"))


def _line(text):
    """A message as one line that can be read."""
    text = " ".join(text.split())
    return text if len(text) <= LARGEST_MESSAGE else f"{text[:LARGEST_MESSAGE]} …"
