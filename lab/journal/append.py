"""Appends lines to a journal so that whoever is told "done" finds them after a crash, and nobody ever finds half of one."""

import asyncio
import fcntl
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from lab import files
from lab.errors import Refused, StateError

# Lines that may wait for the disk. Beyond this, whoever comes is told to try again: memory is finite, too.
WAITING_MAX = 50_000


class Unwritten(StateError):
    """Some lines could not be written. The first `written` ones of those that were given are on disk, the others are not."""

    def __init__(self, sentence: str, written: int) -> None:
        super().__init__(sentence)
        self.written = written


class Overloaded(Refused):
    """More waits than can be kept; it is worth trying again in a second."""


class Segments:
    """The files `<folder>/<kind>-<YYYY-MM-DDTHH>.jsonl`, one per hour (UTC); or `<kind>.jsonl`, for ever."""

    def __init__(self, folder: Path, kind: str, hourly: bool = True) -> None:
        self._folder = folder
        self._kind = kind
        self._hourly = hourly
        # Files whose names this process has made last.
        self._settled: set[Path] = set()

    def append(self, lines: Sequence[bytes], now: float) -> None:
        """Returns when all lines are on disk. Each ends with a line feed. `now`, in seconds since 1970, chooses the file.

        Raises Unwritten when the disk is full or fails. Of a group that did not fit whole, the lines that did fit stay: a reader may have
        seen them already, and what a reader has seen must never vanish. Half a line is taken back. When the disk cannot even say what it
        keeps (fsync fails), no line counts as written, though some may be.
        """
        path = self._folder / (f"{self._kind}-{hour(now)}.jsonl" if self._hourly else f"{self._kind}.jsonl")
        done = 0
        try:
            with files.saving(path):
                handle = _opened(path)
                try:
                    # Whoever cuts half a line off must be alone.
                    fcntl.flock(handle, fcntl.LOCK_EX)
                    _close_torn_line(handle)
                    failure, fitted = _write(handle, lines)
                    os.fsync(handle)
                    self._settle(path)
                    done = fitted
                    if failure is not None:
                        raise failure
                finally:
                    os.close(handle)
        except StateError as error:
            raise Unwritten(str(error), done) from error

    def _settle(self, path: Path) -> None:
        """A new file lasts only when its folder has been written, too. One that another process has made counts as new."""
        if path in self._settled:
            return
        files.settle(path.parent)
        # An hour is enough to remember.
        self._settled = {path}


class _Group(NamedTuple):
    lines: Sequence[bytes]
    done: "asyncio.Future[None]"


class GroupCommit:
    """Collects what arrives while the disk is busy into one write: a disk that syncs 200 times a second takes thousands of lines."""

    def __init__(self, segments: Segments, clock: Callable[[], float], waiting_max: int = WAITING_MAX) -> None:
        self._segments = segments
        self._clock = clock
        self._waiting_max = waiting_max
        self._waiting: deque[_Group] = deque()
        self._lines = 0
        self._writer: asyncio.Task[None] | None = None
        # One thread: groups are written in the order in which they came.
        self._thread = ThreadPoolExecutor(1, "journal")

    def append(self, lines: Sequence[bytes]) -> "asyncio.Future[None]":
        """Is done when all of them are on disk; the order of calls is the order of lines.

        Otherwise it holds Unwritten, as `Segments.append` raises it, with the count of these very lines. Raises Overloaded at once when too
        many lines wait already.
        """
        if self._lines and self._lines + len(lines) > self._waiting_max:
            raise Overloaded(f"{self._lines} lines wait for the disk already. Try again in a second.")
        loop = asyncio.get_running_loop()
        group = _Group(lines, loop.create_future())
        self._waiting.append(group)
        self._lines += len(lines)
        if self._writer is None or self._writer.done():
            self._writer = loop.create_task(self._write_all())
        return group.done

    async def close(self) -> None:
        """Returns when everything that came is written."""
        if self._writer is not None:
            await self._writer
        self._thread.shutdown()

    async def _write_all(self) -> None:
        while self._waiting:
            groups = list(self._waiting)
            self._waiting.clear()
            lines = [line for group in groups for line in group.lines]
            failure: Exception | None = None
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._segments.append, lines, self._clock())
            except Exception as error:
                failure = error
            self._lines -= len(lines)
            _tell(groups, failure)


def hour(now: float) -> str:
    """The hour of a segment's name: 2026-11-20T19."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H")


def _tell(groups: Sequence[_Group], failure: Exception | None) -> None:
    """Tells each group what became of its own lines."""
    left = failure.written if isinstance(failure, Unwritten) else 0
    for group in groups:
        mine = min(left, len(group.lines))
        left -= mine
        # Nobody listens any more when the asking task was cancelled.
        if group.done.done():
            continue
        if failure is None or (mine == len(group.lines) and mine):
            group.done.set_result(None)
        else:
            group.done.set_exception(Unwritten(str(failure), mine) if isinstance(failure, Unwritten) else failure)


def _opened(path: Path) -> int:
    """Opened anew for every write: the file may have been deleted or put back from a backup meanwhile."""
    try:
        return _open(path)
    except FileNotFoundError:
        # The gateway makes this folder when it starts; the lab may be first.
        path.parent.mkdir(exist_ok=True)
        return _open(path)


def _open(path: Path) -> int:
    # To read as well: the last byte tells whether somebody died in the middle of a line.
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _close_torn_line(handle: int) -> None:
    """Ends the line that a killed process left without its end, so that it spoils no other."""
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        os.write(handle, b"\n")


def _write(handle: int, lines: Sequence[bytes]) -> tuple[OSError | None, int]:
    """Writes whole lines only; returns what went wrong, and how many lines are there."""
    content = b"".join(lines)
    begin = os.fstat(handle).st_size
    written = 0
    try:
        while written < len(content):
            written += os.write(handle, memoryview(content)[written:])
    except OSError as failure:
        whole = content.rfind(b"\n", 0, written) + 1
        # Making a file shorter needs no room.
        with suppress(OSError):
            os.ftruncate(handle, begin + whole)
        return failure, content.count(b"\n", 0, whole)
    return None, len(lines)
