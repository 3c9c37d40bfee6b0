"""Damaged files: whatever their bytes, `load` ends soon, with data or with one plain error.

Small sound files are changed at random and cut short. Only ValueError and OSError may come out, and
no memory may be taken that the file does not fill.
"""

import gzip
import io
import os
import random
import struct
import sys
import time
import tracemalloc

import numpy as np
import pytest

import fastnn as fn

TIMES = 250  # a kind of file
MOST_SECONDS = 2.0  # of a processor, for a file; 2 ms is usual
MOST_MEMORY = 2**24  # bytes, for files of some hundred


def idx(array):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.tobytes()


def saved(save, *arrays, **named):
    file = io.BytesIO()
    save(file, *arrays, **named)
    return file.getvalue()


def image(kind):
    Image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 3)).astype(np.uint8)
    return saved(lambda file: Image.fromarray(pixels).save(file, kind))


IMAGES = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
LABELS = np.arange(5, dtype=np.uint8)
ARRAYS = {"x": np.ones((3, 2)), "y": np.arange(3), "x_test": np.ones((1, 2), np.float32)}
TABLE = 'a,b,"c"\n' + '1,2.5,red\n-3,1e5,"green ""x"""\n0.5,7,blau\n' * 3

KINDS = {  # name of the file, what is in it, files beside it
    "npy": ("x.npy", lambda: saved(np.save, np.ones((3, 2), np.float32)), {}),
    "npy of text": (
        "x.npy",
        lambda: saved(np.save, np.ones((2, 2))),
        {"y.npy": np.array(["a", "b"])},
    ),
    "labels": ("y.npy", lambda: saved(np.save, LABELS), {"x.npy": np.ones((5, 2))}),
    "npz": ("a.npz", lambda: saved(np.savez, **ARRAYS), {}),
    "npz compressed": ("a.npz", lambda: saved(np.savez_compressed, **ARRAYS), {}),
    "idx": ("train-images-idx3-ubyte", lambda: idx(IMAGES), {"train-labels-idx1-ubyte": LABELS}),
    "idx.gz": ("a.gz", lambda: gzip.compress(idx(IMAGES), mtime=0), {}),
    "idx in gzip": ("a.gz", lambda: idx(IMAGES), {}),
    "csv": ("a.csv", lambda: TABLE.encode(), {}),
    "csv.gz": ("a.csv.gz", lambda: gzip.compress(TABLE.encode(), mtime=0), {}),
    "csv in gzip": ("a.csv.gz", lambda: TABLE.encode(), {}),
    **{
        kind: (f"images/cat/0.{kind}", lambda kind=kind: image(kind), {})
        for kind in ("png", "jpeg", "bmp", "gif", "ppm", "tiff", "webp")
    },
}


def changed(content, random):
    """Content with some bytes changed, cut out, put in, or cut off."""
    content = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 5, 20))):
        at = random.randrange(len(content)) if content else 0
        how = random.randrange(6)
        if how == 0:
            del content[at:]
        elif how == 1:
            del content[at : at + random.randrange(1, 9)]
        elif how == 2:
            content[at:at] = random.randbytes(random.randrange(1, 9))
        elif content:
            value = random.choice((0, 1, 0x7F, 0x80, 0xFF, 10, 44, random.randrange(256)))
            content[at] = content[at] ^ (1 << random.randrange(8)) if how == 3 else value
    return bytes(content)


def prepare(kind, folder):
    """Write the files of a kind; return the one to change, its content, and what to load."""
    name, make, beside = KINDS[kind]
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    for other, array in beside.items():
        content = saved(np.save, array) if other.endswith("npy") else idx(array)
        with open(os.path.join(folder, other), "wb") as file:
            file.write(content)
    content = make()
    with open(path, "wb") as file:
        file.write(content)
    target = os.path.join(folder, "images") if name.startswith("images") else path
    if kind == "labels":
        target = os.path.join(folder, "x.npy")
    if " in gzip" not in kind:
        fn.data.load(target)
    return path, content, target


def fuzz(kind, folder, times, seed=0):
    """Load changed files; return how many of them were read, and the longest time it took."""
    source = random.Random(f"{kind} {seed}")
    path, content, target = prepare(kind, folder)
    read, longest = 0, 0.0
    options = {"size": 8} if target.endswith("images") else {}
    for _ in range(times):
        broken = changed(content, source)
        if " in gzip" in kind:
            broken = gzip.compress(broken, 1)
        with open(path, "wb") as file:
            file.write(broken)
        started = time.process_time()
        try:
            data = fn.data.load(target, **options)
        except (ValueError, OSError) as error:
            text = str(error)
            assert "\n" not in text
            assert text.startswith("load: ") or isinstance(error, OSError)
        else:
            read += 1
            assert len(data) == data.x.shape[0]
            data.x.sum(dtype=np.float64)
            repr(data)
        longest = max(longest, time.process_time() - started)
    return read, longest


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of sums of infinities
def test_changed_files_are_read_or_refused(kind, tmp_path):
    prepare(kind, tmp_path / "first")  # what is imported on the way is not counted
    tracemalloc.start()
    try:
        read, longest = fuzz(kind, tmp_path, TIMES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read < TIMES
    assert longest < MOST_SECONDS
    assert peak < MOST_MEMORY


if __name__ == "__main__":
    import tempfile

    np.seterr(all="ignore")
    for name in KINDS:
        with tempfile.TemporaryDirectory() as place:
            print(name, *fuzz(name, place, int(sys.argv[1]), 1), flush=True)
