"""Files that are written as a whole, or not at all."""

import contextlib
import os


def write_whole(path, content):
    """Write bytes to a file, or leave what was there if that fails.

    They go to a new file in the same folder, which then takes the place of the old one; once this
    returns, they have reached the disk. A link stays a link.

    Parameters
    ----------
    path : path-like
    content : bytes, or iterable of bytes

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
    temporary = f"{path}.{secrets.token_hex(4)}.partial"
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    _sync_folder(os.path.dirname(path))


def _sync_folder(folder):
    """Have the new name of a file reach the disk, where the system can do that."""
    with contextlib.suppress(OSError):  # some file systems cannot
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
