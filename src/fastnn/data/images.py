"""A folder of images: a sub-folder for each class."""

import contextlib
import importlib.util
import math
import os
import warnings

import numpy as np

from fastnn.checks import as_integer

from .dataset import Dataset
from .problems import Explained, check_bytes

FORMATS = "PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP"  # which start no other program
GREY = "1", "L", "LA"
COLOUR = "P", "RGB", "RGBA", "CMYK", "YCbCr"
IGNORED = "thumbs.db", "desktop.ini"
LARGEST_SIDE = 2**15
BILINEAR = 2  # PIL.Image.Resampling.BILINEAR


def load_folder(path, max_bytes, size=None, channels=None):
    """Read a folder of images; see `load`."""
    if size is not None:
        sizes = size if isinstance(size, (tuple, list)) else (size, size)
        if len(sizes) != 2:
            raise ValueError(f"expected size as one number or (height, width), got {size!r}")
        size = tuple(as_integer("load", "size", side, 1, LARGEST_SIDE) for side in sizes)
    if channels not in (None, 1, 3):
        raise ValueError(f"expected channels 1 or 3, got {channels!r}")
    classes, files = _files(path)
    if importlib.util.find_spec("PIL") is None:
        raise ImportError("load: images need Pillow: pip install 'fastnn[images]'")
    found, all_grey = size, True
    for name, _ in files:  # their headers first: nothing is decoded before all sizes are known
        with _opened(path, name) as image:
            if image.mode not in GREY + COLOUR:
                raise Explained(f"{name} has pixels of mode {image.mode}, not of bytes")
            all_grey = all_grey and image.mode in GREY
            own = image.height, image.width
        check_bytes(name, 3 * own[0] * own[1], max_bytes)
        if size is None and found not in (None, own):
            raise Explained(
                f"{name} has {own[0]} x {own[1]} pixels, {files[0][0]} {found[0]} x {found[1]}; "
                f"give size=(height, width) to resize all"
            )
        found = found or own
    channels = channels or (1 if all_grey else 3)
    shape = (len(files), *found, channels)
    check_bytes(f"{len(files)} images of {found[0]} x {found[1]}", math.prod(shape), max_bytes)
    x = np.empty(shape, np.uint8)
    for row, (name, _) in zip(x, files, strict=True):
        with _opened(path, name) as image:
            image = image.convert("L" if channels == 1 else "RGB")
            if (image.height, image.width) != found:
                image = image.resize((found[1], found[0]), BILINEAR)
            row[...] = np.asarray(image).reshape(row.shape)
    y = np.array(classes)[[index for _, index in files]]
    return Dataset(x, y, source=path)


def _files(path):
    """The names of the classes, and of all files with the index of their class, sorted."""
    classes = [name for name in _visible(path) if os.path.isdir(os.path.join(path, name))]
    files = []
    for index, name in enumerate(classes):
        inside = _visible(os.path.join(path, name))
        for file in inside:
            if os.path.isdir(os.path.join(path, name, file)):
                raise Explained(
                    f"{os.path.join(name, file)} is a folder; expected images in {name}, whose "
                    f"class it is"
                )
        if not inside:
            raise Explained(f"{name} holds no images")
        files += [(os.path.join(name, file), index) for file in inside]
    if not files:
        raise Explained("expected the files of MNIST, or a sub-folder of images for each class")
    return classes, files


def _visible(path):
    return sorted(
        name for name in os.listdir(path) if name[0] != "." and name.lower() not in IGNORED
    )


@contextlib.contextmanager
def _opened(path, name):
    """Give an image while it is read; all that may go wrong names its file."""
    from PIL import Image, UnidentifiedImageError

    full = os.path.join(path, name)
    if not os.path.isfile(full):
        raise Explained(f"{name} is not a regular file")
    with warnings.catch_warnings():
        # Pillow's guard against small files of enormous images: a warning below its error
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(full, formats=FORMATS) as image:
                yield image
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise Explained(f"{name} is too large an image: {error}") from error
        except UnidentifiedImageError as error:
            raise Explained(f"{name} is no image of a known format") from error
        except Exception as error:  # decoders raise whatever they stumble over
            if isinstance(error, Explained) or getattr(error, "errno", None) is not None:
                raise
            raise Explained(f"{name} is a damaged image ({error})") from error
