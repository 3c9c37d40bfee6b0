"""Objects by name and settings, as one word: `sgd:momentum=0.9`, `rotate:10`, `step:every=100`.

What stands behind the colon are arguments of the class, by place or by name, as Python writes them.
A schedule behind another one's, `linear_warmup:500+cosine`, is what the first goes over to.
"""

import ast
import difflib
import importlib
import inspect
import re

from fastnn.cli.errors import UserError, user_errors


def parse(text):
    """Return name, arguments by place and arguments by name.

    Examples
    --------
    >>> from fastnn.cli.specs import parse
    >>> parse("step:0.1,every=[10, 20]")
    ('step', [0.1], {'every': [10, 20]})
    """
    name, _, rest = text.partition(":")
    places, names = [], {}
    for part in _split(rest, ",") if rest else []:
        key, equals, value = part.partition("=")
        if equals and key.strip().isidentifier():
            names[key.strip()] = _literal(value.strip())
        else:
            places.append(_literal(part.strip()))
    return name.strip().replace("-", "_").lower(), places, names


def _split(text, separator):
    """Split where no bracket is open."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _literal(text):
    try:
        return ast.literal_eval({"true": "True", "false": "False"}.get(text, text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # brackets by the thousand too
        return text


def _make(what, text, kinds, **given):
    """Return an object of one of these classes; `given` are arguments, of those who take them."""
    name, places, names = parse(text)
    if name not in kinds:
        meant = difflib.get_close_matches(name, kinds, n=1)
        hint = f"did you mean {meant[0]!r}? " if meant else ""
        raise UserError(f"unknown {what} {name!r}: {hint}Known are {', '.join(sorted(kinds))}")
    parameters = inspect.signature(kinds[name]).parameters.values()
    given = {n: v for n, v in given.items() if n in [parameter.name for parameter in parameters]}
    free = [p.name for p in parameters if p.kind == p.POSITIONAL_OR_KEYWORD and p.name not in given]
    if len(places) > len(free):
        takes = ", ".join(free) or "nothing"
        raise UserError(f"{what} {text}: got {len(places)} settings; {name} takes {takes}")
    with user_errors(f"{what} {text}"):
        return kinds[name](**given | dict(zip(free, places, strict=False)) | names)


def _names(module, base):
    """The classes of a module's `__all__` that are no base class, by their names in small letters.

    `RandomCrop` is both random_crop and randomcrop.
    """
    kinds = {}
    for name in module.__all__:
        kind = getattr(module, name)
        if isinstance(kind, type) and name not in base:
            kinds[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()] = kind
    return kinds


def make_optimizer(text, rate=None, schedule=None):
    """Return the optimizer of these words, with a learning rate or a schedule that begins there."""
    from fastnn import optimizers

    name = parse(text)[0]
    kind = optimizers.OPTIMIZERS.get(name)
    if schedule is not None and kind is not None:
        if rate is None:
            rate = inspect.signature(kind).parameters["learning_rate"].default
        rate = make_schedule(schedule, rate)
    given = {} if rate is None else {"learning_rate": rate}
    return _make("optimizer", text, optimizers.OPTIMIZERS, **given)


def make_schedule(text, rate):
    """Return the schedule of these words."""
    kinds = _names(importlib.import_module("fastnn.schedules"), ("Schedule",))
    then = rate
    for part in reversed(_split(text, "+")):
        then = _make("schedule", part, kinds, rate=rate, then=then)
    return then


def make_changes(texts):
    """Return the changes of images that `fit` takes as `augment`."""
    kinds = _names(importlib.import_module("fastnn.augment"), ("Changes",))
    return [_make("change of images", text, kinds) for text in texts]
