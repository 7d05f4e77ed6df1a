"""Lines are whole and on disk, whatever the disk and the processes do."""

import asyncio
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.errors import StateError
from lab.journal.append import GroupCommit, Overloaded, Segments, Unwritten
from tests.support import REPOSITORY

# 2026-11-20T19:30:00Z
NOW = 1795203000.0
NAME = "feedback-2026-11-20T19.jsonl"


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """Files of this process cannot grow beyond `size` bytes: the system cuts writes short, then refuses them, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def lines(*words: str) -> list[bytes]:
    return [f"{word}\n".encode() for word in words]


def test_lines_go_to_the_file_of_their_hour(tmp_path: Path) -> None:
    segments = Segments(tmp_path / "journal", "feedback")

    segments.append(lines("a", "b"), NOW)
    segments.append(lines("c"), NOW + 1)
    segments.append(lines("d"), NOW + 1800)

    files = {file.name: file.read_text() for file in (tmp_path / "journal").iterdir()}
    assert files == {NAME: "a\nb\nc\n", "feedback-2026-11-20T20.jsonl": "d\n"}


def test_a_line_that_a_killed_process_left_torn_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('a\n{"half')

    Segments(tmp_path, "feedback").append(lines("b"), NOW)

    assert (tmp_path / NAME).read_text() == 'a\n{"half\nb\n'


def test_a_segment_that_was_deleted_meanwhile_is_made_again(tmp_path: Path) -> None:
    segments = Segments(tmp_path / "journal", "feedback")
    segments.append(lines("a"), NOW)
    (tmp_path / "journal" / NAME).unlink()
    (tmp_path / "journal").rmdir()

    segments.append(lines("b"), NOW)

    assert (tmp_path / "journal" / NAME).read_text() == "b\n"


def test_of_a_group_that_does_not_fit_the_first_lines_stay_and_no_half_one(tmp_path: Path) -> None:
    segments = Segments(tmp_path, "feedback")
    segments.append(lines("0123456"), NOW)

    with file_limit(29), pytest.raises(Unwritten) as caught:
        segments.append(lines("0123456", "1234567", "2345678"), NOW)

    assert caught.value.written == 2
    assert str(caught.value).startswith(f"{tmp_path / NAME} cannot be written: ")
    assert (tmp_path / NAME).read_text() == "0123456\n0123456\n1234567\n"
    segments.append(lines("2345678"), NOW)
    assert (tmp_path / NAME).read_text() == "0123456\n0123456\n1234567\n2345678\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"A disk can only be mounted by root: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_named_and_a_freed_one_is_used_again(disk: Path) -> None:
    segments = Segments(disk / "journal", "feedback")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(56 << 10))
    segments.append(lines("w" * 999), NOW)

    with pytest.raises(Unwritten, match=r"cannot be written: the disk is full\. Free some space and try again") as caught:
        segments.append(lines(*(f"{number:0999}" for number in range(100))), NOW)
    ballast.unlink()
    segments.append(lines("z" * 999), NOW)

    assert 0 < caught.value.written < 10
    found = (disk / "journal" / NAME).read_text().split("\n")
    assert found == ["w" * 999, *(f"{number:0999}" for number in range(caught.value.written)), "z" * 999, ""]


def test_a_missing_state_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"The folder .*/away/journal is missing\. Start the lab"):
        Segments(tmp_path / "away" / "journal", "feedback").append(lines("a"), NOW)


# Writes numbered lines of different lengths as fast as it can, and tells which are done.
WRITER = """
import sys
from pathlib import Path
from lab.journal.append import Segments
segments = Segments(Path(sys.argv[1]), "feedback")
for number in range(10**9):
    segments.append([b"%s-%d-%s\\n" % (sys.argv[2].encode(), number, b"x" * (number * 7919 % 9000))], 0)
    print(number, flush=True)
"""


def test_two_processes_that_are_killed_leave_every_acknowledged_line_whole(tmp_path: Path) -> None:
    told: dict[str, str] = {}
    for turn in range(3):
        names = (f"a{turn}", f"b{turn}")
        commands = [[sys.executable, "-c", WRITER, tmp_path, name] for name in names]
        running = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) for command in commands]
        for name, process in zip(names, running, strict=True):
            assert process.stdout is not None
            for _ in range(40):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            told[name] = process.communicate()[0]

    (segment,) = tmp_path.iterdir()
    found = set(segment.read_bytes().split(b"\n"))
    for name, text in told.items():
        # The last number may have been cut off.
        for number in map(int, text.split("\n")[:-1]):
            assert b"%s-%d-%s" % (name.encode(), number, b"x" * (number * 7919 % 9000)) in found


class SlowSegments(Segments):
    """Waits for a signal before each write, and counts the writes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "feedback")
        self.go = threading.Event()
        self.writes: list[int] = []

    def append(self, lines: Sequence[bytes], now: float) -> None:
        self.go.wait(30)
        self.writes.append(len(lines))
        super().append(lines, now)


def test_what_comes_while_the_disk_is_busy_shares_one_write(tmp_path: Path) -> None:
    segments = SlowSegments(tmp_path)

    async def visit() -> None:
        commit = GroupCommit(segments, lambda: NOW)
        first = commit.append(lines("a"))
        await asyncio.sleep(0.05)
        others = [commit.append(lines(word, word)) for word in "bcd"]
        await asyncio.sleep(0.05)
        assert not first.done()
        segments.go.set()
        await asyncio.gather(first, *others)
        await commit.close()

    asyncio.run(visit())

    assert segments.writes == [1, 6]
    assert (tmp_path / NAME).read_text() == "a\nb\nb\nc\nc\nd\nd\n"


def test_each_waiter_learns_what_became_of_its_own_lines(tmp_path: Path) -> None:
    async def visit() -> list[object]:
        commit = GroupCommit(Segments(tmp_path, "feedback"), lambda: NOW)
        waiters = [commit.append(lines(*words)) for words in (["1", "2"], ["3", "4", "5"], ["6"])]
        with file_limit(6):
            told = await asyncio.gather(*waiters, return_exceptions=True)
        await commit.append(lines("7"))
        await commit.close()
        return list(told)

    first, second, third = asyncio.run(visit())

    assert first is None
    assert isinstance(second, Unwritten)
    assert isinstance(third, Unwritten)
    assert (second.written, third.written) == (1, 0)
    assert (tmp_path / NAME).read_text() == "1\n2\n3\n7\n"


def test_too_many_lines_may_not_wait(tmp_path: Path) -> None:
    segments = SlowSegments(tmp_path)

    async def visit() -> None:
        commit = GroupCommit(segments, lambda: NOW, waiting_max=3)
        waiters = [commit.append(lines("a", "b"))]
        with pytest.raises(Overloaded, match=r"2 lines wait for the disk already\. Try again in a second\."):
            commit.append(lines("c", "d"))
        waiters.append(commit.append(lines("e")))
        segments.go.set()
        await asyncio.gather(*waiters)
        await commit.append(lines("f", "g", "h", "i"))
        await commit.close()

    asyncio.run(visit())

    assert (tmp_path / NAME).read_text() == "a\nb\ne\nf\ng\nh\ni\n"


def test_a_failure_that_nobody_expected_reaches_the_waiter(tmp_path: Path) -> None:
    class Broken(Segments):
        def append(self, lines: Sequence[bytes], now: float) -> None:
            raise RuntimeError("broken")

    async def visit() -> None:
        commit = GroupCommit(Broken(tmp_path, "feedback"), lambda: NOW)
        with pytest.raises(RuntimeError, match="broken"):
            await commit.append(lines("a"))
        await commit.close()

    asyncio.run(visit())


