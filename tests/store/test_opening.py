"""Whatever lies where the database should be, the lab opens it or makes it anew; and says so when it cannot."""

import errno
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from lab.errors import StateError
from lab.follower import Follower
from lab.journal.segments import whole_until
from lab.store import reading, tables, transaction
from lab.store.digest import digest
from lab.store.retention import Bounds
from lab.store.store import Store
from tests.store.conftest import Lab, feedback, lab_in, prediction, some_predictions
from tests.support import REPOSITORY, eventually

SOME = some_predictions(1, 300)


@pytest.fixture
def closed(tmp_path: Path) -> tuple[Path, str]:
    """A database that was closed, and the digest of what is in it."""
    with lab_in(tmp_path) as lab:
        lab.write(*some_predictions(1, 400))
        lab.store.read_on()
        return tmp_path, digest(lab.store)


def digest_of(state: Path) -> str:
    """After reading, as the follower does: once more when something is wrong."""
    with lab_in(state) as lab:
        for _ in range(2):
            try:
                lab.store.read_on()
                return digest(lab.store)
            except duckdb.Error:
                continue
        lab.store.read_on()
        return digest(lab.store)


@pytest.mark.parametrize("content", [b"", b"no database", bytes(100_000), b"x" * 100_000])
def test_garbage_is_replaced(content: bytes, closed: tuple[Path, str]) -> None:
    state, told = closed
    (state / "lab.duckdb").write_bytes(content)

    assert digest_of(state) == told


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_half_a_database_is_replaced(share: float, closed: tuple[Path, str]) -> None:
    state, told = closed
    os.truncate(state / "lab.duckdb", int((state / "lab.duckdb").stat().st_size * share))

    assert digest_of(state) == told


@pytest.mark.parametrize("seed", range(6))
def test_a_database_that_the_disk_has_spoiled_is_replaced(seed: int, closed: tuple[Path, str]) -> None:
    state, told = closed
    content = bytearray((state / "lab.duckdb").read_bytes())
    luck = random.Random(seed)
    at = luck.randrange(len(content) - 64)
    content[at : at + 64] = luck.randbytes(64)
    (state / "lab.duckdb").write_bytes(content)

    assert digest_of(state) == told


def test_a_spoiled_log_of_the_database_is_no_obstacle(closed: tuple[Path, str]) -> None:
    state, told = closed
    (state / "lab.duckdb.wal").write_bytes(b"garbage" * 1000)

    assert digest_of(state) == told


def test_a_database_of_another_version_is_replaced(closed: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    state, told = closed
    monkeypatch.setattr(tables, "VERSION", tables.VERSION + 1)

    assert digest_of(state) == told


def test_a_folder_in_its_place_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "lab.duckdb").mkdir()

    with pytest.raises(StateError, match=r"lab\.duckdb cannot be written: is a directory"):
        Store(tmp_path)


def test_a_missing_state_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="LAB_STATE"):
        Store(tmp_path / "away")


def test_a_second_lab_on_the_same_state_is_a_sentence_and_leaves_the_first_alone(tmp_path: Path) -> None:
    # The word is in the path, too: the message of any error would hold it.
    state = tmp_path / "lock"
    with lab_in(state) as lab:
        marker = state / "ingest" / "under way"
        marker.touch()
        program = "import sys, pathlib; from lab.store.store import Store; Store(pathlib.Path(sys.argv[1]))"

        second = subprocess.run([sys.executable, "-c", program, str(state)], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)

        assert "is in use by another process. Is another lab running on this state?" in second.stderr
        assert marker.exists()
        lab.write(prediction(1))
        assert lab.store.read_on() == (1, 0)


def test_a_state_with_a_quote_in_its_name_works(tmp_path: Path) -> None:
    with lab_in(tmp_path / "o'hara's lab") as lab:
        lab.write(prediction(1), b"bad\n")

        assert lab.store.read_on() == (1, 1)


def follower(lab: Lab) -> Follower:
    return Follower(lab.store, Bounds(1e6, 1e6), frozenset)


def test_a_full_disk_is_said_and_reading_goes_on_when_there_is_room_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    lab.write(prediction(1))
    with monkeypatch.context() as patched:
        patched.setattr(reading, "link", lambda source, target: False)
        patched.setattr(os, "sendfile", full)
        following = follower(lab)
        following.start()
        eventually(lambda: following.trouble is not None)
        assert "the disk is full. Free some space" in str(following.trouble)

    eventually(lambda: following.trouble is None)
    following.stop()

    assert lab.counts() == (1, 1, 0)


def test_a_disk_too_full_for_the_database_is_said_in_a_sentence(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise duckdb.TransactionException('Failed to commit: Could not write file "lab.duckdb.wal": No space left on device')

    lab.write(prediction(1))
    with monkeypatch.context() as patched:
        patched.setattr(transaction, "note", full)
        with pytest.raises(StateError, match=r"lab\.duckdb cannot be written: the disk is full\. Free some space"):
            lab.store.read_on()

    assert lab.store.read_on() == (1, 0)


def test_a_mistake_of_ours_does_not_end_the_following(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*arguments: object) -> None:
        raise KeyError("mistake")

    lab.write(prediction(1))
    with monkeypatch.context() as patched:
        patched.setattr(reading, "link", mistaken)
        following = follower(lab)
        following.start()
        eventually(lambda: following.trouble == "KeyError: see the lab's log.")

    eventually(lambda: following.is_current)
    following.stop()

    assert lab.counts() == (1, 1, 0)


def test_a_journal_that_grows_while_it_is_read_where_it_lies_is_read_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write(prediction(1))
    os.utime(lab.journal(), (1, 1))
    usual = reading.link

    def growing(source: Path, target: Path) -> bool:
        lab.write(prediction(2))
        return usual(source, target)

    monkeypatch.setattr(reading, "link", growing)
    lab.store.read_on()
    lab.store.read_on()

    assert lab.ask("select request_id from predictions order by 1") == [f"{1:032x}", f"{2:032x}"]


def test_the_end_of_the_last_whole_line_is_found_whatever_the_lengths(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_bytes(b"a" * 200_000 + b"\nb\n" + b"c" * 100_000)

    assert whole_until(file, 0) == 200_003
    assert whole_until(file, 200_003) == 200_003
    assert whole_until(file, 0, 10) == 200_001
    assert whole_until(file, 0, 200_002) == 200_001
    assert whole_until(file, 200_001, 200_002) == 200_003


def test_the_newest_predictions_are_remembered_again_and_no_more_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "KEPT", 3)
    with lab_in(tmp_path) as lab:
        lab.write(*(prediction(number) for number in range(8)), prediction(9, reason="shadow"))
        lab.store.read_on()
        lab.reopen()

        remembered = lab.store.recent.seen([f"{number:032x}" for number in range(10)])

    assert sorted(remembered) == [f"{number:032x}" for number in (6, 7)]


class Settings(NamedTuple):
    """Of a database."""

    threads: int
    memory: str
    is_locked: bool


def settings(connection: duckdb.DuckDBPyConnection) -> Settings:
    wanted = "current_setting('threads'), current_setting('memory_limit'), current_setting('lock_configuration')"
    (found,) = connection.execute(f"select {wanted}").fetchall()
    return Settings(*found)


def test_sums_and_what_comes_after_the_start_take_less_than_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def noting(name: str) -> None:
        of_reading = getattr(reading, name)

        def noted(connection: duckdb.DuckDBPyConnection, *given: object) -> object:
            found.append((name, *settings(connection)))
            return of_reading(connection, *given)

        monkeypatch.setattr(reading, name, noted)

    noting("add")
    noting("look")
    with lab_in(tmp_path) as lab:
        lab.write(*SOME)
        lab.write(feedback(5, 1), kind="feedback")
        lab.store.read_on()
        at_start, found[:] = list(found), []
        lab.write(*SOME)
        lab.store.read_on()

    assert at_start == [("add", 2, "143.0 MiB", False), ("look", 2, "95.3 MiB", False)] * 2
    assert found == [("add", 1, "133.5 MiB", True), ("look", 1, "133.5 MiB", True)]


class Stingy:
    """A connection that finds no memory for the first `failing` of statements that begin with some words."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, words: str, failing: int) -> None:
        self._connection = connection
        self._words = words
        self._failing = failing

    def execute(self, sql: str, *values: object) -> duckdb.DuckDBPyConnection:
        if sql.startswith(self._words) and self._failing:
            self._failing -= 1
            raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block")
        return self._connection.execute(sql, *values)

    def close(self) -> None:
        self._connection.close()


def test_a_transaction_that_could_not_be_undone_is_undone_before_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lab_in(tmp_path) as lab:
        lab.write(*SOME)
        lab.store.read_on()
        lab.write(*SOME)
        monkeypatch.setattr(lab.store, "_reader", Stingy(lab.store._reader, "rollback", 1))
        with monkeypatch.context() as broken:
            broken.setattr(transaction, "note", too_little_memory)
            with pytest.raises(duckdb.OutOfMemoryException):
                lab.store.read_on()
        assert stored(lab) == len(SOME)

        lab.store.read_on()

        assert stored(lab) == 2 * len(SOME)


def test_a_limit_that_cannot_be_lowered_keeps_no_line_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lab_in(tmp_path) as lab:
        lab.write(*SOME)
        opened = lab.store.cursor

        @contextmanager
        def stingy() -> Iterator[Stingy]:
            with opened() as cursor:
                yield Stingy(cursor, "set memory_limit", 1)

        monkeypatch.setattr(lab.store, "cursor", stingy)

        assert lab.store.read_on() == (len(SOME), 0)


@pytest.mark.parametrize("small", [True, False])
def test_a_file_that_cannot_be_counted_leaves_no_rows(small: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(given: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with lab_in(tmp_path) as lab:
        lab.write(*SOME)
        with monkeypatch.context() as broken:
            broken.setattr(reading, "_count_each", unreadable)
            broken.setattr(reading, "BESIDE_BYTES", 1 << 40 if small else 0)
            with pytest.raises(OSError, match=os.strerror(errno.EIO)):
                lab.store.read_on()
        assert stored(lab) == 0

        assert lab.store.read_on() == (len(SOME), 0)


def stored(lab: Lab) -> int:
    return int(lab.ask("select count(*) from predictions")[0])


def too_little_memory(*given: object) -> None:
    raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block")


def test_too_little_memory_is_no_damage(closed: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    state, _ = closed
    kept = (state / "lab.duckdb").stat().st_ino

    monkeypatch.setattr(transaction, "newest", too_little_memory)
    with pytest.raises(duckdb.OutOfMemoryException):
        Store(state)

    assert (state / "lab.duckdb").stat().st_ino == kept
