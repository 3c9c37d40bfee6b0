"""Arrays that NumPy wrote: `.npy`, and archives of them, `.npz`."""

import io
import math
import os
import struct

import numpy as np

from .dataset import Dataset
from .problems import Explained, check_bytes, check_packed, damaged, file_size

NPY, ZIP = b"\x93NUMPY", b"PK\x03\x04"
LARGEST_RANK, LONGEST_HEADER = 8, 10_000
X_NAMES = "x", "data", "images", "features", "inputs", "samples"
Y_NAMES = "y", "target", "targets", "labels", "label", "classes"
PIECE = 2**24  # bytes read at once


def load_npy(path, max_bytes, labels=None):
    """Read an `.npy` file, and the one with its labels."""
    x = read_npy(path, max_bytes, "biuf")
    if labels is None:
        beside = next(filter(os.path.isfile, _beside(path)), None)
        y = None if beside is None else read_npy(beside, max_bytes, "biufUS")
    else:
        y = read_labels(labels, max_bytes)
    return Dataset(x, plain_labels(y), source=path)


def read_labels(path, max_bytes):
    """Read the labels of another file: `.npy` or IDX."""
    from . import idx

    path = os.fsdecode(path)
    with open(path, "rb") as file:
        is_npy = file.read(len(NPY)) == NPY
    return read_npy(path, max_bytes, "biufUS") if is_npy else idx.read_idx(path, max_bytes)


def _beside(path):
    """Names of files that may hold the labels for this one."""
    folder, name = os.path.split(path)
    stem, end = os.path.splitext(name)
    words = stem.split("_")
    for i, word in enumerate(words):
        if word in ("x", "X"):
            for y in ("y", "Y"):
                yield os.path.join(folder, "_".join([*words[:i], y, *words[i + 1 :]]) + end)
    for suffix in ("_y", "_labels"):
        yield os.path.join(folder, stem + suffix + end)


def plain_labels(y):
    """Labels as int64 or text, and as a vector if they are a column; other numbers as they are."""
    if y is None:
        return None
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind == "S":
        y = np.char.decode(y)
    if y.dtype.kind in "iu" and y.ndim == 1 and y.dtype != np.uint64:
        y = y.astype(np.int64)
    return y


def read_npy(path, max_bytes, kinds):
    """Map an `.npy` file into memory, after its size has been compared with its header."""
    with open(path, "rb") as file:
        shape, fortran, dtype = read_header(file, os.path.basename(path), kinds)
        offset, needed, size = file.tell(), math.prod(shape) * dtype.itemsize, file_size(file)
    if offset + needed != size:
        raise Explained(
            f"its header states {needed:,} bytes of array {shape} {dtype}, {size - offset:,} follow"
        )
    return map_array(path, dtype, offset, shape, "F" if fortran else "C")


def map_array(path, dtype, offset, shape, order="C"):
    """Return an array that stands in a file, read-only."""
    if not math.prod(shape):
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", offset, shape, order)


def read_header(file, what, kinds):
    """Return shape, order and dtype from the header of an array."""
    with damaged(f"{what} has a damaged header"):
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise Explained(f"{what} is of the unknown version {version} of .npy")
        # version 3 differs by the names of fields, which no array here has
        read, length = np.lib.format.read_array_header_2_0, struct.Struct("<I")
        if version == (1, 0):
            read, length = np.lib.format.read_array_header_1_0, struct.Struct("<H")
        size = file.read(length.size)
        (bytes_of_header,) = length.unpack(size)
        if bytes_of_header > LONGEST_HEADER:  # for which NumPy would take the memory
            raise Explained(f"{what} has a header of {bytes_of_header:,} bytes")
        shape, fortran, dtype = read(io.BytesIO(size + file.read(bytes_of_header)))
    if dtype.hasobject:
        raise Explained(f"{what} holds Python objects, which are not read; save numbers or text")
    if dtype.kind not in kinds or dtype.itemsize == 0:
        raise Explained(f"{what} holds {dtype}; expected numbers" + " or text" * ("U" in kinds))
    if not 1 <= len(shape) <= LARGEST_RANK or any(size < 0 for size in shape):
        raise Explained(f"{what} has the shape {shape}; expected samples along the first axis")
    return shape, fortran, dtype


# --- archives --------------------------------------------------------------------------------


def load_npz(path, max_bytes, target=None):
    """Read an `.npz` archive: x, y, and both once more to test with."""
    import zipfile

    with damaged("a damaged archive"), zipfile.ZipFile(path) as archive:
        members = {
            info.filename.removesuffix(".npy"): info
            for info in archive.infolist()
            if info.filename.endswith(".npy")
        }
        found = _roles(list(members), target)
        taken, sets = 0, {}
        for part, names in found.items():
            arrays = []
            for name, kinds in zip(names, ("biuf", "biufUS"), strict=True):
                array = None
                if name is not None:
                    array = _read_member(path, archive, members[name], max_bytes - taken, kinds)
                    taken += 0 if isinstance(array, np.memmap) else array.nbytes
                arrays.append(array)
            sets[part] = arrays[0], plain_labels(arrays[1])
    test = sets.pop("test", None)
    ((x, y),) = sets.values()
    return Dataset(x, y, source=path, test=test and Dataset(*test, source=path))


def _roles(names, target):
    """Which members are x and y, by part: `{"train": ("x_train", "y_train"), "test": …}`."""
    known = f"it holds {', '.join(names[:10]) or 'no arrays'}"
    if isinstance(target, str):
        if target not in names:
            raise Explained(f"no member {target!r}; {known}")
        if len(names) == 2:
            return {"": (next(name for name in names if name != target), target)}
    found = {}
    for name in names:
        words = name.lower().split("_")
        part = next((word for word in words if word in ("train", "test")), "")
        role = _role("_".join(word for word in words if word != part), name, target)
        if role is None:
            continue
        if found.setdefault(part, [None, None])[role] is not None:
            raise Explained(f"several members may be {'xy'[role]}; {known}")
        found[part][role] = name
    if len(names) == 1 and not found:
        found = {"": [names[0], None]}
    first = [part for part in found if part != "test"]
    if len(first) != 1 or any(x is None for x, _ in found.values()):
        raise Explained(
            f"expected members x and y, or x_train, y_train, x_test and y_test; {known}"
        )
    return found


def _role(word, name, target):
    """0 for x, 1 for y, None for neither."""
    if name == target:
        return 1
    if word in X_NAMES:
        return 0
    return 1 if word in Y_NAMES and target is None else None


def _read_member(path, archive, info, max_bytes, kinds):
    """Map or read an array of an archive, after all stated sizes have been compared."""
    import zipfile

    name = info.filename
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Explained(f"{name} is compressed in a way that NumPy does not use")
    with archive.open(info) as file:
        shape, fortran, dtype = read_header(file, name, kinds)
        offset, needed = file.tell(), math.prod(shape) * dtype.itemsize
        if offset + needed != info.file_size or info.compress_size > os.stat(path).st_size:
            raise Explained(
                f"the header of {name} states {needed:,} bytes of array {shape} {dtype}, "
                f"{info.file_size - offset:,} follow"
            )
        order = "F" if fortran else "C"
        if info.compress_type == zipfile.ZIP_STORED:
            offset += _start(path, info)
            if info.compress_size != info.file_size or os.stat(path).st_size < offset + needed:
                raise Explained(f"{name} is not as long as the archive states")
            if offset % dtype.alignment == 0:
                return map_array(path, dtype, offset, shape, order)
        check_packed(name, info.file_size, info.compress_size)
        check_bytes(name, needed, max_bytes)
        return read_array(file, name, dtype, shape, order)


def read_array(file, what, dtype, shape, order="C"):
    """Read an array from an unpacked stream, piece by piece: memory is taken as the bytes come."""
    array = np.empty(math.prod(shape), dtype)
    view, done = memoryview(array.view(np.uint8)), 0
    while done < len(view):
        got = file.readinto(view[done : done + PIECE])
        if not got:
            raise Explained(f"{what} ends after {done:,} of {len(view):,} bytes")
        done += got
    if file.read(1):
        raise Explained(f"{what} goes on behind the {len(view):,} bytes that its header states")
    return array.reshape(shape, order=order)


def _start(path, info):
    """Where the bytes of a member that is not compressed begin: behind its own header."""
    with open(path, "rb") as file:
        file.seek(info.header_offset)
        header = file.read(30)
    if len(header) < 30 or not header.startswith(ZIP):
        raise Explained(f"{info.filename} has no header of its own")
    name, extra = struct.unpack("<HH", header[26:30])
    return info.header_offset + 30 + name + extra
