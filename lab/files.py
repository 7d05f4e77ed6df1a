"""Replaces files so that a reader, a second writer or a power cut never meets half of one."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.errors import StateError

# Seconds to wait for another writer. Each needs milliseconds, and the kernel lets go of one that dies.
LOCK_WAIT_S = 10.0
LOCK_POLL_S = 0.01

FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def read(path: Path) -> str | None:
    """The text of a file, None if there is none. Raises StateError when it cannot be read."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise StateError(f"{path} is not text in UTF-8.") from error
    except OSError as error:
        raise StateError(f"{path} cannot be read: {_reason(error)}.") from error


def replace(path: Path, text: str) -> None:
    """Puts a text in place of a file, at once and for good.

    Raises StateError, and leaves the file as it was, when that fails. If all but its last step, making the new name last, has worked,
    the new text is there, and the error says so.
    """
    fresh = path.with_name(f"{path.name}.new")
    with saving(path):
        try:
            _write(fresh, text)
            fresh.replace(path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise
    try:
        settle(path.parent)
    except OSError as error:
        raise StateError(f"{path} is written, but may not survive a power cut: {_reason(error)}. See what counts: lab weight") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits until no other process holds this lock, and holds it. Raises StateError when that takes too long."""
    with saving(path):
        # To read only: it may be the file of another user.
        handle = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _wait_for(handle, path)
        yield
    finally:
        os.close(handle)


@contextmanager
def saving(path: Path) -> Iterator[None]:
    """Turns an OSError inside into StateError. `path` is the file being saved."""
    try:
        yield
    except OSError as error:
        raise StateError(_sentence(path, error)) from error


def _write(path: Path, text: str) -> None:
    with path.open("wb") as file:
        file.write(text.encode())
        # Whoever runs the gateway must be able to read it; nothing in it is secret.
        os.fchmod(file.fileno(), 0o644)
        file.flush()
        # Otherwise a power cut could leave the name without the content.
        os.fsync(file.fileno())


def settle(folder: Path) -> None:
    """Makes the new name last as well."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems have nothing to do here, and say so.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(handle)


def _wait_for(handle: int, path: Path) -> None:
    end = time.monotonic() + LOCK_WAIT_S
    while not _is_ours(handle, path):
        if time.monotonic() > end:
            raise StateError(f"Another program has been changing {path.parent} for {LOCK_WAIT_S:g} s. Nothing is changed; try again.")
        time.sleep(LOCK_POLL_S)


def _is_ours(handle: int, path: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StateError(f"{path.parent} lies on a disk without locks: {_reason(error)}. Set LAB_STATE to another folder.") from error
    return True


def _sentence(path: Path, error: OSError) -> str:
    if error.errno in FULL:
        return f"{path} cannot be written: the disk is full. Free some space and try again; what was there still counts."
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"The folder {path.parent} is missing. Start the lab (make up), or set LAB_STATE to its folder."
    advice = "Make the folder writable, or set LAB_STATE to another." if error.errno in CLOSED else "Set LAB_STATE to another folder."
    return f"{path} cannot be written: {_reason(error)}. {advice}"


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else "unknown error"
