"""TOML as runs write it: numbers, text, lists, tables. Reading is the standard library's tomllib.

>>> from fastnn.cli.toml import dumps
>>> print(dumps({"epochs": 3, "layers": [{"name": "Dense", "units": 2}]}))
epochs = 3
<BLANKLINE>
[[layers]]
name = "Dense"
units = 2
<BLANKLINE>
"""

import json
import re
import tomllib

from fastnn.cli.errors import UserError, user_errors

BARE = re.compile(r"[A-Za-z0-9_-]+")


def dumps(document):
    """Return a dict as TOML: lists of dicts become tables behind the rest, None is left out."""
    lines, tables = [], []
    for name, value in document.items():
        if value is None:
            continue
        if isinstance(value, (list, tuple)) and value and all(isinstance(v, dict) for v in value):
            for table in value:
                rows = [f"{_key(k)} = {_value(v)}" for k, v in table.items() if v is not None]
                tables += ["", f"[[{_key(name)}]]", *rows]
        else:
            lines.append(f"{_key(name)} = {_value(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def _key(name):
    return name if BARE.fullmatch(name) else _value(name)


def _value(value):
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):  # JSON escapes all that TOML asks for, but one character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)  # also of inf and nan
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        rows = (f"{_key(name)} = {_value(v)}" for name, v in value.items() if v is not None)
        return f"{{{', '.join(rows)}}}"
    raise TypeError(f"TOML has no {type(value).__name__}: {value!r}")


def read(path):
    """Return what a TOML file holds, and its text."""
    with user_errors(f"cannot read {path}"), open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        return tomllib.loads(text), text
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{path}: {error}") from error


def lines_of(text, table):
    """Return the numbers of the lines on which the tables of a list begin."""
    head = re.compile(rf"\s*\[\[\s*{table}\s*\]\]")
    return [number for number, line in enumerate(text.splitlines(), 1) if head.match(line)]
