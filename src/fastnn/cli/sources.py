"""What commands read: models, runs, data; and whether they may write where they shall."""

import os
import tempfile
import warnings
from pathlib import Path

import numpy as np

import fastnn as fn
from fastnn.cli.errors import UserError, user_errors
from fastnn.finite import all_finite

DIGITS = "digits"
MODEL_FILE, CONFIG_FILE = "model.safetensors", "config.toml"


def load_model(path):
    """Return the network of a model file, or of the folder of a run."""
    file = os.path.join(path, MODEL_FILE) if os.path.isdir(path) else path
    if file != path and not os.path.exists(file):
        raise UserError(f"cannot read {path}: a folder without {MODEL_FILE}, so not that of a run")
    with user_errors(f"cannot read {file}"):
        try:
            return fn.load(file)
        except ValueError as error:
            reason = str(error).removeprefix("load: ")
            if file in reason:
                raise UserError(reason) from error
            raise


def run_config(path):
    """Return the settings of the run that a model is of, or {}."""
    from fastnn.cli import settings

    folder = path if os.path.isdir(path) else os.path.dirname(path)
    file = os.path.join(folder, CONFIG_FILE)
    return settings.read(file) if os.path.exists(file) else {}


def load_data(path, *, target=None, labels=None, size=None):
    """Return the Dataset of a path, or the digits."""
    if path == DIGITS and not os.path.exists(path):
        for name, value in (("--target", target), ("--labels", labels), ("--size", size)):
            if value is not None:
                raise UserError(f"{name} is for data of your own, not for {DIGITS}")
        from fastnn.datasets import digits_split

        x, y, x_test, y_test = digits_split()
        test = fn.data.Dataset(x_test, y_test, source=DIGITS)
        return fn.data.Dataset(x, y, source=DIGITS, test=test)
    if not os.path.exists(path):
        raise UserError(f"cannot read {path}: No such file or directory; expected data, or digits")
    with user_errors(f"cannot read {path}"):
        try:
            return fn.data.load(path, target=target, labels=labels, size=size)
        except ValueError as error:
            raise UserError(str(error).removeprefix("load: ")) from error


def labelled(data, path):
    """Return the Dataset, if there are labels."""
    if data.y is None:
        raise UserError(
            f"{path}: no labels; give --labels FILE, or put them beside it ({Path(path).stem}_y)"
        )
    return data


def samples_for(net, model, path, *, target=None, labels=None):
    """Return the samples that a network is to predict, labelled or not."""
    if is_npy(path):
        return _load_array(path)
    if path == DIGITS and not os.path.exists(path):
        return load_data(path).test.x
    config = run_config(model)
    names = config.get("features")
    target = config.get("target") if target is None and names else target
    try:
        data = _of_a_kind(path, target, labels, config.get("size"))
    except UserError:
        if not names:
            raise
        data = _of_a_kind(path, False, labels, None)  # there is no such column
    wanted = len(names) if names else net.input_shape[-1]
    if data.feature_names and data.x.shape[1] == wanted - 1:
        data = _without_labels(path, names) or data
    return _in_order(data, names, path).x


def data_for(net, model, path, *, target=None, labels=None):
    """Return the Dataset to compare a network with: the part to test with, where there is one."""
    config = run_config(model)
    names = config.get("features")
    if names and target is None:
        target = config.get("target")
    data = _of_a_kind(path, target, labels, config.get("size"))
    data = labelled(data.test or data, path)
    short = names and data.feature_names and not set(names) <= {*data.feature_names}
    if short and _without_labels(path, names) is not None:
        raise UserError(f"{path}: no column of labels beside {', '.join(names[:10])}")
    return _in_order(data, names, path)


def _without_labels(path, names):
    """Return a table all of whose columns are features, with these names among them, or None."""
    try:
        data = _of_a_kind(path, False, None, None)
    except UserError:
        return None
    return data if names is None or set(names) <= {*data.feature_names} else None


def _of_a_kind(path, target, labels, size):
    """Load data, without the options that this kind of data does not have."""
    if os.path.isdir(path):
        return load_data(path, size=size)
    table = not is_npy(path) and path != DIGITS
    return load_data(path, target=target if table else None, labels=labels)


def _in_order(data, names, path):
    """Return the Dataset with the columns that a network was trained on, in their order."""
    if not names or not data.feature_names or list(data.feature_names) == list(names):
        return data
    missing = [name for name in names if name not in data.feature_names]
    if missing:
        raise UserError(
            f"{path}: no column {missing[0]!r}, which the model was trained on; "
            f"there are {', '.join(data.feature_names[:10])}"
        )
    places = [data.feature_names.index(name) for name in names]
    return fn.data.Dataset(data.x[:, places], data.y, names, data.source)


def is_npy(path):
    """Whether a path is an `.npy` file, by its first bytes."""
    if not os.path.isfile(path):
        return False
    with user_errors(f"cannot read {path}"), open(path, "rb") as file:
        return file.read(6) == np.lib.format.MAGIC_PREFIX


def _load_array(path):
    """Return the one array of an `.npy` file; nothing is allocated before its size is checked."""
    with user_errors(f"cannot read {path}"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file written by Python 2 or by an old NumPy is no news
        try:
            x = np.array(np.load(path, mmap_mode="r", allow_pickle=False))
        except Exception as error:  # NumPy's parser of headers raises whatever it stumbles over
            raise ValueError("damaged, cut short, or an array of Python objects") from error
        if not all_finite(x):
            where = tuple(np.argwhere(~np.isfinite(x))[0].tolist())
            raise ValueError(f"element {where} is {x[where]}; expected finite numbers only")
    return x


def check_writable(path):
    """Fail before any work where `path` cannot be written, and leave what is there untouched."""
    with user_errors(f"cannot write {path}"):
        existed = os.path.lexists(path)
        if existed and not Path(path).is_file():
            raise ValueError("it is not a regular file")
        with open(path, "ab"):
            pass
        if not existed:
            os.unlink(path)
        with tempfile.TemporaryFile(dir=os.path.dirname(os.path.realpath(path))):
            pass  # saving a model writes a new file beside the old one and renames it


def set_threads(threads):
    """Use this many threads, if any number is given."""
    if threads is not None:
        fn.set_num_threads(threads)


def count(n, what):
    """Return a number of things as text."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
