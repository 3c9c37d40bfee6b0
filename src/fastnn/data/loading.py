"""load: what a path holds, found out from its first bytes, and read.

    bytes of a file            read by
    \\x93NUMPY                  arrays.py   an array, and the one with its labels beside it
    PK                         arrays.py   an archive of arrays (.npz)
    0 0 type rank              idx.py      IDX, and the file with its labels beside it
    \\x1f\\x8b (gzip)            idx.py, or table.py if there is text in it
    anything else              table.py    text with separators (CSV)
    a folder                   idx.py if it holds the files of MNIST, else images.py

Nothing is ever unpickled, and no memory is taken before the sizes that a header states have been
compared with the file's.
"""

import os
import stat

from fastnn.checks import integer

from . import arrays, idx
from .problems import problems

MOST_BYTES = 2**33
KINDS = "an .npy or .npz file, IDX, text with separators (CSV), a folder of images"


def load(path, *, target=None, labels=None, size=None, channels=None, max_bytes=MOST_BYTES):
    """Read a data set; what kind of file or folder it is shows in its first bytes.

    ======================  =======================================================================
    `.npy`                  x, memory-mapped; y from `labels`, or from the file beside it with y
                            for x in its name (`x.npy` and `y.npy`, `train_x.npy` and
                            `train_y.npy`), `_y` or `_labels` behind it (`a.npy` and `a_y.npy`)
    `.npz`                  members x and y, data and target, images and labels, or alike; those
                            with train and test in their names (`x_train`) give both parts; what is
                            not compressed is memory-mapped where it is aligned
    IDX, IDX in gzip        images (N, height, width, 1); y from the file beside it, named as
                            MNIST's are; memory-mapped where bytes and not compressed
    a folder of MNIST       both parts of it, from their four files, in gzip or not
    CSV, also in gzip       a header, a column of labels, others of numbers (as float64)
    a folder of folders     images, classes named by their folders, as uint8 (N, height, width, 1
                            or 3); needs ``pip install 'fastnn[images]'``
    ======================  =======================================================================

    Parameters
    ----------
    path : path-like
    target : str or False, optional
        The column of a CSV file, or the member of an `.npz`, with the labels; False for none. By
        default the column called label, target, class or y, else the last one.
    labels : path-like, optional
        The file (`.npy` or IDX) with the labels of an `.npy` or IDX file.
    size : int or (int, int), optional
        Height and width that images are resized to (bilinear); else all need to have one size.
    channels : {1, 3}, optional
        Grey or colour; by default 1 if all images are grey.
    max_bytes : int
        Most bytes of memory that arrays may take (8 GiB); what is mapped counts nothing.

    Returns
    -------
    Dataset
        With `test` where the source sets samples aside to test with.

    Raises
    ------
    ValueError
        In one line, what is wrong: with an unknown, damaged or shortened file, a cell that is no
        number, a missing value, images of several sizes, too many bytes.
    OSError
        If the path cannot be read.

    Examples
    --------
    >>> import pathlib, fastnn as fn
    >>> _ = pathlib.Path("iris.csv").write_text("sepal,petal,class\\n5.1,1.4,setosa\\n7,4.7,other")
    >>> data = fn.data.load("iris.csv")
    >>> data.x.tolist(), data.y.tolist(), data.feature_names
    ([[5.1, 1.4], [7.0, 4.7]], ['setosa', 'other'], ('sepal', 'petal'))
    """
    path = os.fspath(path)
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    max_bytes = integer("load", "max_bytes", max_bytes, 0, 2**63 - 1)
    given = {"target": target, "labels": labels, "size": size, "channels": channels}
    with problems(path):
        kind, read = _kind(path)
        takes = {name: given.pop(name) for name in TAKES[kind]}
        for name, value in given.items():
            if value is not None:
                who = [known for known, names in TAKES.items() if name in names]
                raise ValueError(f"{name} is for {' and '.join(who)}; this is {kind}")
        return read(path, max_bytes, **takes)


TAKES = {  # which options each kind has
    "an .npy file": ("labels",),
    "an .npz file": ("target",),
    "an IDX file": ("labels",),
    "a CSV file": ("target",),
    "a folder of MNIST": (),
    "a folder of images": ("size", "channels"),
}


def _kind(path):
    """What a path holds, and the function that reads it."""
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        if idx.is_mnist(path):
            return "a folder of MNIST", idx.load_folder
        from .images import load_folder

        return "a folder of images", load_folder
    if not stat.S_ISREG(mode):
        raise ValueError("not a regular file")
    with open(path, "rb") as file:
        head = file.read(8)
    if not head:
        raise ValueError("an empty file")
    if head.startswith(arrays.NPY):
        return "an .npy file", arrays.load_npy
    if head.startswith(arrays.ZIP):
        return "an .npz file", arrays.load_npz
    if head.startswith(idx.GZIP):
        head = idx.head_in_gzip(path)
    if idx.is_idx(head):
        return "an IDX file", idx.load_file
    if b"\0" in head or head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"%PDF", b"GIF8")):
        raise ValueError(f"unknown kind of file; expected {KINDS}")
    from .table import load_table

    return "a CSV file", load_table
