"""IDX, the format of MNIST: two zeros, a type, a rank, the sizes, then the numbers, big-endian.

Source: Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits".
"""

import gzip
import math
import os

import numpy as np

from .arrays import map_array, plain_labels, read_array, read_labels
from .dataset import Dataset
from .problems import Explained, check_bytes, check_packed, damaged, file_size

GZIP = b"\x1f\x8b"
TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
LARGEST_RANK = 8
PARTS = "train", "t10k"


def is_idx(head):
    """Whether a file begins like one of these."""
    return len(head) >= 4 and head[:2] == b"\0\0" and head[2] in TYPES and head[3] > 0


def head_in_gzip(path):
    """The first bytes of what a gzip file holds."""
    with damaged("a damaged gzip file"), gzip.open(path) as file:
        return file.read(8)


def is_mnist(folder):
    """Whether a folder holds MNIST's images to train on."""
    return _file_of(folder, "train", "images") is not None


def load_folder(path, max_bytes):
    """Read the files of MNIST, or of a set in its form, in a folder."""
    sets = []
    for part in PARTS:
        images, labels = (_file_of(path, part, what) for what in ("images", "labels"))
        if images is None:
            continue
        if labels is None:
            raise Explained(f"it holds {os.path.basename(images)}, but not its labels")
        sets.append((read_idx(images, max_bytes), read_idx(labels, max_bytes)))
        max_bytes -= sum(a.nbytes for a in sets[-1] if not isinstance(a, np.memmap))
    test = _dataset(*sets[1], path) if len(sets) > 1 else None
    return _dataset(*sets[0], path, test)


def _file_of(folder, part, what):
    rank = {"images": 3, "labels": 1}[what]
    for dot in "-.":
        for end in ("", ".gz"):
            path = os.path.join(folder, f"{part}-{what}{dot}idx{rank}-ubyte{end}")
            if os.path.isfile(path):
                return path
    return None


def load_file(path, max_bytes, labels=None):
    """Read an IDX file of samples, and the one with their labels."""
    x = read_idx(path, max_bytes)
    if x.ndim == 1:
        raise Explained("it holds one number a sample, labels perhaps; name the file of the images")
    left = max_bytes - (0 if isinstance(x, np.memmap) else x.nbytes)
    if labels is not None:
        return _dataset(x, read_labels(labels, left), path)
    beside = next(filter(os.path.isfile, _beside(path)), None)
    return _dataset(x, None if beside is None else read_idx(beside, left), path)


def _beside(path):
    """Names of files that may hold the labels for these images."""
    folder, name = os.path.split(path)
    if "images" not in name:
        return
    plain = name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    for end in ("", ".gz"):
        yield os.path.join(folder, plain + end)


def _dataset(x, y, source, test=None):
    if y is not None and (y.ndim != 1 or len(y) != len(x)):
        raise Explained(f"expected a label for each of {len(x)} images, got labels of {y.shape}")
    if x.ndim == 3:  # grey images, which lack their channel
        x = x[..., np.newaxis]
    return Dataset(x, plain_labels(y), source=source, test=test)


def read_idx(path, max_bytes):
    """Map an IDX file into memory, or read it if it is packed."""
    name = os.path.basename(path)
    with open(path, "rb") as file:
        packed = file.read(2) == GZIP
        file.seek(0)
        size = file_size(file)
        if not packed:
            shape, dtype = _read_header(file, name)
            offset, needed = file.tell(), math.prod(shape) * dtype.itemsize
            if offset + needed != size:
                raise Explained(
                    f"the header of {name} states {needed:,} bytes of array {shape}, "
                    f"{size - offset:,} follow"
                )
            return map_array(path, dtype, offset, shape)
        with damaged(f"{name} is a damaged gzip file"), gzip.GzipFile(fileobj=file) as stream:
            shape, dtype = _read_header(stream, name)
            needed = math.prod(shape) * dtype.itemsize
            check_packed(name, needed, size)
            check_bytes(name, needed, max_bytes)
            return read_array(stream, name, dtype, shape)


def _read_header(file, name):
    head = file.read(4)
    if not is_idx(head):
        raise Explained(f"{name} is no IDX file")
    rank = head[3]
    if rank > LARGEST_RANK:
        raise Explained(f"{name} has the rank {rank}; expected at most {LARGEST_RANK}")
    sizes = file.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise Explained(f"{name} ends in its header")
    shape = tuple(np.frombuffer(sizes, ">u4").tolist())
    if not math.prod(shape):
        raise Explained(f"{name} has the shape {shape}: no numbers")
    return shape, np.dtype(TYPES[head[2]])
