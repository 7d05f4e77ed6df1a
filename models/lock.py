"""Lets one run at a time work in a folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from models.saving import saving, shown


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Waits until no other run holds `folder`, and holds it; creates it if need be. Raises CannotWrite when it takes no files.

    The kernel lets go when the process ends, however it ends. A program started meanwhile does not hold the folder.
    """
    path = folder / ".lock"
    handle = _held(path)
    try:
        yield
    finally:
        # While it is still held: afterwards it may be another run's.
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def _held(path: Path) -> int:
    """The handle of the locked file."""
    while True:
        handle = _opened(path)
        _lock(handle, path.parent)
        if _is_same(handle, path):
            return handle
        # The run before deleted it when it ended.
        os.close(handle)


def _opened(path: Path) -> int:
    with saving(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # To read only: it may be the file of another user. Python marks the handle as not to be inherited.
        return os.open(path, os.O_RDONLY | os.O_CREAT, 0o666)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"Another run is at work in {shown(folder)}; waiting for it to end …", flush=True)
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        # Some network disks have no locks. To work is better than not to.
        print(f"{shown(folder)} lies on a disk without locks: start no second run before this one ends.")


def _is_same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
