"""Output that is whole or not there at all."""

from __future__ import annotations

import errno
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def replacing(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a new file beside `path` that takes its place when the block ends without error.

    Parameters
    ----------
    path : path
        The file to write.
    mode : str
        ``w`` for UTF-8 text without translation of line ends, ``wb`` for bytes.

    A device or a pipe is written to as it is; of a link, what it points to is replaced.

    Raises
    ------
    OSError
        Where the folder does not exist or cannot be written to.
    """
    path = Path(os.path.realpath(path))
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    if path.exists() and not path.is_file():
        with open(path, mode, **text) as file:
            yield file
        return
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115
        mode, dir=path.parent, prefix=f".{path.name}.", delete=False, **text
    )
    try:
        with _terminated_in_order(), file:
            yield file
        # A temporary file is private; what takes its place is an ordinary one.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(file.name, 0o666 & ~mask)
        os.replace(file.name, path)
    except BaseException:
        os.unlink(file.name)
        raise


@contextmanager
def _terminated_in_order() -> Iterator[None]:
    """Let SIGTERM end the process by an exception, so that what it would leave is cleaned up."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
