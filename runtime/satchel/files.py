"""Output that is whole or not there at all."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import sys
import tempfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

# Signals that end a process, where the system has them.
_ENDING = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
]
_PREFIX = ".satchel-"


@contextmanager
def replacing(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a new file beside `path` that takes its place when the block ends without error.

    Parameters
    ----------
    path : path
        The file to write. The new one keeps the mode of the old one and, where that is allowed,
        its owner. A device or a pipe is written to as it is; of a link, what it points to is
        replaced.
    mode : str
        ``w`` for UTF-8 text without translation of line ends, ``wb`` for bytes.

    Raises
    ------
    OSError
        Where the folder does not exist or cannot be written to.
    """
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    if _is_stream(path):
        with open(path, mode, **text) as file:
            yield file
        return
    path = Path(os.path.realpath(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))
    own = f"{_PREFIX}{_machine()}-{os.getpid()}-"
    _sweep(path.parent)
    with _ended_in_order():
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115
            mode, dir=path.parent, prefix=own, delete=False, **text
        )
        try:
            with file:
                yield file
            _take_over(path, file.name)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def _is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a device, a pipe, or a name of an open file such as /dev/stdout."""
    named = Path(path)
    if str(named).startswith(("/dev/std", "/dev/fd/", "/proc/")):
        return True
    return named.exists() and not named.is_file() and not named.is_dir()


def _take_over(path: Path, new: str) -> None:
    """Give a new file the mode and owner of the one that it replaces, or ordinary ones."""
    try:
        old = path.stat()
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(new, 0o666 & ~mask)
        return
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):  # only root may give files away
            os.chown(new, old.st_uid, old.st_gid)
    os.chmod(new, stat.S_IMODE(old.st_mode))


def _machine() -> str:
    """Return what tells this machine from others that write to the same folder."""
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return f"{zlib.crc32(name.encode()):08x}"


def _sweep(folder: Path) -> None:
    """Remove what processes of this machine that are gone left behind: killed, they could not."""
    if os.name != "posix":  # elsewhere to ask whether a process is there may end it
        return
    start = f"{_PREFIX}{_machine()}-"
    with contextlib.suppress(OSError):
        for left in folder.iterdir():
            name = left.name
            number = name.removeprefix(start).partition("-")[0]
            if not name.startswith(start) or not number.isdecimal():
                continue
            try:
                os.kill(int(number), 0)
            except ProcessLookupError:
                with contextlib.suppress(OSError):
                    left.unlink()
            except (OSError, OverflowError):  # it is there, as somebody else's
                continue


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let ending signals raise an exception, so that what the process would leave is removed."""
    found = []
    if threading.current_thread() is threading.main_thread():
        found = [one for one in _ENDING if signal.getsignal(one) is signal.SIG_DFL]
    for one in found:
        signal.signal(one, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        for one in found:
            signal.signal(one, signal.SIG_DFL)
