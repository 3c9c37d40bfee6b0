"""The settings of a run: arguments over a configuration file over what is usual."""

import difflib
import os
import zlib

from fastnn.cli import toml
from fastnn.cli.errors import UserError

NUMBER, TEXT = (int, float), (str,)
# name: (what it is by default, the types that it has in a file)
SETTINGS = {
    "data": (None, TEXT),
    "target": (None, TEXT),
    "labels": (None, TEXT),
    "size": (None, (int,)),
    "validation": (None, (int, float, str)),
    "model": (None, TEXT),
    "loss": (None, TEXT),
    "seed": (0, (int,)),
    "epochs": (20, (int,)),
    "batch_size": (32, (int,)),
    "gradient_accumulation_steps": (1, (int,)),
    "optimizer": ("adam", TEXT),
    "lr": (None, NUMBER),
    "schedule": (None, TEXT),
    "augment": (None, (list,)),
    "metrics": (None, TEXT),
    "early_stopping": (None, (int,)),
    "checkpoint_every": (None, TEXT),
    "out": (None, TEXT),
}
ENDS = 1000  # samples at either end of the data, whose checksum is kept
PATHS = ("data", "labels", "validation")
FACTS = {
    "fastnn": TEXT,
    "fingerprint": TEXT,
    "features": (list,),
    "layers": (list,),
}  # what a run adds
RESUMES_WITH = {"resume", "epochs", "threads", "quiet", "json", "checkpoint_every"}


def read(path):
    """Return the settings of a configuration file, checked."""
    found, text = toml.read(path)
    for name, value in found.items():
        kinds = FACTS.get(name) or SETTINGS.get(name, (None, None))[1]
        line = next((i for i, row in enumerate(text.splitlines(), 1) if row.startswith(name)), 1)
        if kinds is None:
            meant = difflib.get_close_matches(name, SETTINGS, n=1)
            hint = f"; did you mean {meant[0]!r}?" if meant else f": {', '.join(SETTINGS)}"
            raise UserError(f"{path}, line {line}: no setting {name!r}{hint}")
        if not isinstance(value, kinds) or isinstance(value, bool):
            names = " or ".join(kind.__name__ for kind in kinds)
            raise UserError(f"{path}, line {line}: expected {name} as {names}, got {value!r}")
    return found


def arguments_given(args):
    """Return the arguments that the user gave, by name."""
    given = {n: v for n, v in vars(args).items() if v is not None and v is not False}
    return {n: v for n, v in given.items() if n not in ("command", "module", "run")}


def of_arguments(args):
    """Return the settings of a run, and the folder that it goes on in, or None."""
    given = arguments_given(args)
    asked = {name: given[name] for name in SETTINGS if name in given}
    usual = {name: default for name, (default, _) in SETTINGS.items()}
    if args.resume is not None:
        others = given.keys() - RESUMES_WITH
        if others:
            raise UserError(
                f"--resume goes on as {args.resume}/config.toml says; leave out "
                f"{', '.join(sorted(others))}"
            )
        path = os.path.join(args.resume, "config.toml")
        return usual | read(path) | asked, args.resume
    config = {} if args.config is None else read(args.config)
    if args.config is not None and "model" in asked:
        config.pop("layers", None)
    found = usual | config | asked
    if found["data"] is None:
        raise UserError("expected a dataset to train on: a path, or digits (see fastnn train -h)")
    return found, None


def document(settings, data, layers):
    """Return what `config.toml` holds: all that the run depends on."""
    import fastnn

    kept = {name: settings[name] for name in SETTINGS if name not in ("out", "model")}
    for name in PATHS:
        if isinstance(kept[name], str) and os.path.exists(kept[name]):
            kept[name] = os.path.abspath(kept[name])
    features = list(data.feature_names) if data.feature_names else None
    about = {"features": features, "fingerprint": fingerprint(data)}
    return {"fastnn": fastnn.__version__, **kept, **about, "layers": layers}


def fingerprint(data):
    """Return a few words that other data do not have: shapes, and checksums of both ends."""
    words = []
    for array in (data.x, data.y):
        ends = [array] if len(array) <= 2 * ENDS else [array[:ENDS], array[-ENDS:]]
        checksum = 0
        for end in ends:
            checksum = zlib.crc32(end.tobytes(), checksum)
        words.append(f"{'x'.join(map(str, array.shape))} {array.dtype} {checksum:08x}")
    return ", ".join(words)
