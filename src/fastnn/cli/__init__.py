"""The command `fastnn`: train on your own data, evaluate, predict, look into networks.

Whatever the user gets wrong (arguments, files, shapes) ends as one line on stderr and exit code 2.
Results go to stdout, so that they can be piped, progress to stderr. Modules are imported by the
command that needs them: `fastnn --help` does not wait for NumPy.

    arguments -> parser -> run of a module below -> UserError or End -> command -> exit code
"""

from fastnn.cli.command import main

__all__ = ["main"]
