"""Files that are written as a whole, or not at all."""

import contextlib
import os
import shutil


def write_whole(path, content, *, keep_previous=False):
    """Write bytes to a file, or leave what was there if that fails.

    They go to a new file in the same folder, which then takes the place of the old one; once this
    returns, they have reached the disk. A link stays a link.

    Parameters
    ----------
    path : path-like
    content : bytes
    keep_previous : bool
        Keep the file that was there, as ``path + ".previous"``. There is a whole file at `path` at
        all times.

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "file")
    >>> write_whole(path, b"content")
    >>> path.read_bytes()
    b'content'
    """
    import secrets  # here, as it imports hashlib: 9 ms

    path = os.path.realpath(path)
    temporary, kept = (f"{path}.{secrets.token_hex(4)}.{end}" for end in ("partial", "kept"))
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep_previous and os.path.exists(path):
            _link(path, kept)
            os.replace(kept, f"{path}.previous")
        os.replace(temporary, path)
    finally:
        for name in (temporary, kept):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
    _sync_folder(os.path.dirname(path))


def _link(path, name):
    """Give a file another name; a copy, where the system knows no links."""
    try:
        os.link(path, name)
    except OSError:
        shutil.copyfile(path, name)


def _sync_folder(folder):
    """Have the new name of a file reach the disk, where the system can do that."""
    with contextlib.suppress(OSError):  # some file systems cannot
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
