"""`fastnn demo`: what networks do, and why, in ten to twenty lines and a picture each."""

import dataclasses
import difflib
import os

from fastnn import demos
from fastnn.cli.errors import UserError, user_errors
from fastnn.cli.predicting import document, tell
from fastnn.cli.sources import check_writable
from fastnn.demos._shared import NO_PICTURE, can_draw, save

ALL = "all"


def run(args):
    """Show demos, or list them."""
    if args.list:
        return _list(args)
    chosen = _chosen(args.names)
    pictures = _pictures(chosen, args.out) if can_draw() else dict.fromkeys(chosen)
    shown = []
    for number, (name, path) in enumerate(pictures.items(), 1):
        tell(f"{name} ({number}/{len(chosen)}) …", args.quiet or len(chosen) == 1)
        shown.append(_show(name, path, args.json, first=number == 1))
    if args.json:
        print(document({"demos": shown}))
    if not can_draw():
        tell(NO_PICTURE)
    return 0


def _list(args):
    titles = {name: demos.title(demos.load(name)) for name in demos.names()}
    if args.names:
        raise UserError(f"demo: --list shows all; leave out {' '.join(args.names)}")
    if args.json:
        print(document({"demos": [{"name": n, "title": text} for n, text in titles.items()]}))
        return
    width = max(map(len, titles))
    for name, text in titles.items():
        print(f"{name:<{width}}  {text}")
    tell(f"each is a file to copy and change, in {demos.__path__[0]}", args.quiet)


def _chosen(asked):
    """Return the demos of these names, each once."""
    known, chosen = demos.names(), []
    if not asked:
        raise UserError("demo: expected the name of a demo, or all (fastnn demo --list shows them)")
    for text in asked:
        name = text.replace("_", "-").lower()
        if name not in (*known, ALL):
            meant = difflib.get_close_matches(name, [*known, ALL], n=1)
            hint = f"did you mean {meant[0]!r}? " if meant else ""
            raise UserError(f"unknown demo {text!r}: {hint}Known are {', '.join(known)}, {ALL}")
        chosen += known if name == ALL else [name]
    return list(dict.fromkeys(chosen))


def _pictures(chosen, folder):
    """Return the paths of the pictures, which can be written."""
    with user_errors(f"cannot write to {folder}"):
        os.makedirs(folder, exist_ok=True)
    paths = {name: os.path.normpath(os.path.join(folder, f"{name}.png")) for name in chosen}
    for path in paths.values():
        check_writable(path)
    return paths


def _show(name, path, as_json, *, first):
    """Run a demo, print its text or return all of it; write its picture, if it has a path."""
    module = demos.load(name)
    results = module.compute()
    lines = module.describe(results)
    if not as_json:
        title = demos.title(module)
        print(*([] if first else [""]), title, "-" * len(title), *lines, sep="\n", flush=True)
    if path is not None:
        with user_errors(f"cannot write {path}"):
            save(module, results, path)
        if not as_json:
            print(f"wrote {path}", flush=True)
    found = dataclasses.asdict(results) if dataclasses.is_dataclass(results) else results
    about = {"name": name, "title": demos.title(module), "text": lines, "picture": path}
    return about | {"results": _plain(found)}


def _plain(value):
    """Return arrays as lists, and whatever holds them."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value
