"""Says in a sentence why a file cannot be saved, and what to do."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import disk_usage

from models.errors import CannotWrite, NoRoom

FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)

AGAIN = "Free some space and run this again."


@contextmanager
def saving(path: Path, needed: int | None = None) -> Iterator[None]:
    """Turns an OSError inside into CannotWrite. `path` is the file being saved, `needed` the bytes that it will have."""
    try:
        yield
    except OSError as error:
        raise _refusal(path, needed, error) from error


def check_room(path: Path, missing: int, needed: int) -> None:
    """Raises NoRoom when the disk has less than `missing` bytes, out of the `needed` that `path` will have."""
    usage = disk_usage(path.parent)
    # Some mounts cannot tell and answer 0.
    if usage.total and usage.free < missing:
        raise NoRoom(f"The disk that holds {shown(path)} has {amount(usage.free)} left, {amount(missing)} {_of(missing, needed)}. {AGAIN}")


def shown(path: Path) -> str:
    """A path as the user would type it: relative when it lies in the current folder."""
    absolute = Path(os.path.abspath(path))
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute)


def amount(count: int) -> str:
    """Bytes for people: `541 MB`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}" if count < 1000 * factor else f"{count // factor} {unit}"
    return f"{count} bytes"


def _of(missing: int, needed: int) -> str:
    return "are needed" if missing == needed else f"of {amount(needed)} are still needed"


def _refusal(path: Path, needed: int | None, error: OSError) -> CannotWrite:
    if error.errno in FULL:
        wanted = f", {amount(needed)} are needed" if needed else ""
        return NoRoom(f"The disk that holds {shown(path)} is full: {amount(_written(path))} were written{wanted}. {AGAIN}")
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    advice = "Make its folder writable, or set LAB_ARTIFACTS to another" if error.errno in CLOSED else "Set LAB_ARTIFACTS to another folder"
    return CannotWrite(f"{shown(path)} cannot be written: {reason}. {advice}, and run this again.")


def _written(path: Path) -> int:
    """The bytes that made it into the file beside `path`."""
    part = path.with_name(path.name + ".part")
    return part.stat().st_size if part.exists() else 0
