"""Every line becomes a row exactly once, however it comes and whatever happens to the reader."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.store import reading
from lab.store import store as following
from lab.store.digest import digest
from tests.store.conftest import HOUR, Lab, feedback, lab_in, line, moment, prediction, some_feedback, some_predictions
from tests.support import REPOSITORY

NEXT_HOUR = "2026-11-20T11"

# Reads a journal again and again, and says when it has come to its end.
READER = """
import sys, time
from pathlib import Path
from lab.store.store import Store
store = Store(Path(sys.argv[1]), clock=lambda: 1764028800)
while True:
    print(store.read_on().stored, flush=True)
    time.sleep(0.01)
"""


def digest_at_once(*journals: tuple[str, str, bytes]) -> str:
    """Of journals that lie there whole: kind, hour, content."""
    with tempfile.TemporaryDirectory() as folder, lab_in(Path(folder)) as lab:
        for kind, hour, content in journals:
            lab.write(content, kind=kind, hour=hour)
        lab.store.read_on()
        return digest(lab.store)


def of_hour(number: int, record: dict[str, Any]) -> dict[str, Any]:
    """With ids that no other hour has."""
    return {name: f"{number:x}{value[1:]}" if name in ("id", "request_id") and value else value for name, value in record.items()}


def test_a_journal_cut_at_any_byte_gives_the_same_rows(lab: Lab) -> None:
    content = line(prediction(1)) + line(prediction(2, label="ä€𝄞")) + b"no line\n" + line(prediction(3))
    written = 0

    for cut in sorted({*range(0, len(content), 97), *range(1480, 1500), len(content)}):
        lab.write(content[written:cut])
        written = cut
        lab.store.read_on()

    assert lab.counts() == (4, 3, 1)
    assert digest(lab.store) == digest_at_once(("predictions", HOUR, content))


@settings(max_examples=6)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**9), min_size=1, max_size=8))
def test_small_readings_give_what_one_reading_gives(seed: int, cuts: list[int]) -> None:
    predictions = b"".join(map(line, some_predictions(seed)))
    said = b"".join(map(line, some_feedback(seed)))

    with tempfile.TemporaryDirectory() as folder, lab_in(Path(folder)) as lab:
        done = {"predictions": 0, "feedback": 0}
        for cut in [*cuts, -1, -1]:
            # Now one journal is ahead, now the other.
            kind, content = ("feedback", said) if cut % 2 and done["feedback"] < len(said) else ("predictions", predictions)
            until = len(content) if cut < 0 else max(done[kind], cut % len(content))
            lab.write(content[done[kind] : until], kind=kind)
            done[kind] = until
            lab.store.read_on()
            if cut % 3 == 0:
                lab.reopen()
        lab.write(predictions[done["predictions"] :])
        lab.write(said[done["feedback"] :], kind="feedback")
        lab.store.read_on()

        assert digest(lab.store) == digest_at_once(("predictions", HOUR, predictions), ("feedback", HOUR, said)) == lab.rebuild()


def test_lines_that_come_late_or_from_the_future_are_counted_like_all_others(lab: Lab) -> None:
    lab.write(prediction(1), prediction(50), prediction(100))
    lab.store.read_on()
    lab.write(prediction(2), prediction(3, time="2140-01-01T00:00:00.000Z"), prediction(4, time="2001-01-01T00:00:00.000Z"))
    lab.store.read_on()
    lab.write(prediction(5), prediction(200))
    lab.store.read_on()

    counted = digest(lab.store)

    assert lab.ask("select sum(n)::INT from blocks") == [8]
    assert counted == lab.rebuild()


def test_a_line_from_the_future_does_not_make_all_others_late(lab: Lab) -> None:
    lab.write(prediction(1, time="2140-01-01T00:00:00.000Z"))
    lab.store.read_on()

    assert lab.ask("select year(through) from progress") == [2026]


def test_feedback_that_is_read_before_its_prediction_is_joined_all_the_same(lab: Lab) -> None:
    lab.write(feedback(5, 1, outcome="unknown"), feedback(6, 2), kind="feedback")
    lab.store.read_on()
    assert lab.ask("select count(*) from rewards") == [0]

    lab.write(prediction(1), prediction(2, reason="shadow"))
    lab.store.read_on()

    assert lab.ask("select request_id, reward from rewards") == [(f"{1:032x}", 1.0)]
    assert digest(lab.store) == lab.rebuild()


def test_half_a_line_waits_for_its_end(lab: Lab) -> None:
    whole = line(prediction(1))
    lab.write(whole[:-1])
    assert lab.store.read_on() == (0, 0)

    lab.write(b"\n")

    assert lab.store.read_on() == (1, 0)


def test_blank_lines_are_none(lab: Lab) -> None:
    lab.write(b"\n  \n\r\n")
    assert lab.store.read_on() == (0, 0)

    lab.write(b"\n", prediction(1), b"\n\t\n", prediction(2))

    assert lab.store.read_on() == (2, 0)


def test_a_large_journal_is_read_in_pieces_of_any_size(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"".join(line(one) for one in some_predictions(1, 300))
    spoiled = content[: len(content) // 2] + b"\nhalf a line\n" + content[len(content) // 2 :]
    monkeypatch.setattr(following, "STRETCH_BYTES", 50_000)
    monkeypatch.setattr(following, "PIECE_BYTES", 3_000)
    lab.write(spoiled)

    lab.store.read_on()
    in_pieces = digest(lab.store)

    monkeypatch.undo()
    assert in_pieces == lab.rebuild()
    assert lab.counts()[2] in (2, 3)


def test_a_finished_journal_is_read_where_it_lies(lab: Lab) -> None:
    lab.write(*some_predictions(2))
    os.utime(lab.journal(), (1, 1))

    added = lab.store.read_on()

    assert added.stored == len(some_predictions(2))
    assert lab.journal().stat().st_nlink == 1
    assert list((lab.state / "ingest").iterdir()) == []


def test_finished_journals_are_read_together_and_a_bad_line_keeps_none_of_them_back(lab: Lab) -> None:
    hours = [f"2026-11-20T{hour:02}" for hour in range(10, 15)]
    for number, hour in enumerate(hours):
        lab.write(*(of_hour(number, one) for one in some_predictions(number)), hour=hour)
        lab.write(*(of_hour(number, one) for one in some_feedback(number)), kind="feedback", hour=hour)
    lab.write(b"half a line\n", hour=hours[3])
    for file in (lab.state / "journal").iterdir():
        os.utime(file, (1, 1))

    added = lab.store.read_on()

    stored = dict(lab.ask("select hour, count(*) from predictions group by hour"))
    assert stored == {datetime.fromisoformat(f"{hour}:00"): len(some_predictions(number)) for number, hour in enumerate(hours)}
    assert added.quarantined == 1
    assert sum(lab.ask("select lines from segments")) == added.stored + 1
    assert digest(lab.store) == lab.rebuild()


def test_a_disk_without_second_names_is_no_obstacle(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "link", lambda source, target: False)
    lab.write(prediction(1))
    os.utime(lab.journal(), (1, 1))

    assert lab.store.read_on() == (1, 0)


def test_a_journal_that_became_shorter_is_read_anew(lab: Lab) -> None:
    lab.write(*(prediction(number) for number in range(5)))
    lab.store.read_on()

    os.truncate(lab.journal(), len(line(prediction(0))) * 2)
    lab.store.read_on()

    assert lab.ask("select count(*) from predictions") == [2]
    assert digest(lab.store) == lab.rebuild()


def test_a_journal_that_was_replaced_by_a_longer_one_is_read_anew(lab: Lab) -> None:
    lab.write(prediction(1), prediction(2))
    lab.store.read_on()
    lab.reopen()

    lab.journal().write_bytes(b"".join(line(prediction(number)) for number in range(10, 20)))
    lab.store.read_on()

    assert lab.ask("select min(request_id) from predictions") == [f"{10:032x}"]
    assert digest(lab.store) == lab.rebuild()


def test_a_journal_that_disappeared_is_forgotten(lab: Lab) -> None:
    lab.write(prediction(1))
    lab.write(prediction(2, time=moment(3600)), hour=NEXT_HOUR)
    lab.write(feedback(3, 1), feedback(4, 2), kind="feedback")
    lab.store.read_on()

    lab.journal().unlink()
    lab.store.read_on()

    assert lab.ask("select request_id from rewards") == [f"{2:032x}"]
    assert digest(lab.store) == lab.rebuild()


def test_a_file_that_cannot_be_read_keeps_no_other_waiting(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write(prediction(1))
    lab.write(prediction(2), hour=NEXT_HOUR)
    broken = lab.journal()
    tail = following.segments.whole_until

    def failing(path: Path, position: int, limit: int | None = None) -> int:
        if path == broken:
            raise OSError(5, "Input/output error")
        return tail(path, position, limit)

    monkeypatch.setattr(following.segments, "whole_until", failing)
    with pytest.raises(OSError, match="Input/output error"):
        lab.store.read_on()

    assert lab.ask("select request_id from predictions") == [f"{2:032x}"]


def test_names_that_are_no_hour_and_folders_are_not_ours(lab: Lab) -> None:
    for name in ("predictions-2026-13-45T99.jsonl", "predictions-2026-11-20T10.jsonl.bak", "notes.txt"):
        (lab.state / "journal" / name).write_bytes(line(prediction(1)))
    (lab.state / "journal" / "predictions-2026-11-20T11.jsonl").mkdir()

    assert lab.store.read_on() == (0, 0)


def test_a_reader_that_is_killed_at_any_moment_has_read_every_line_once(tmp_path: Path) -> None:
    luck = random.Random(5)
    predictions = [line(one) for one in some_predictions(3, 4000)]
    said = [line(one) for one in some_feedback(3, 400)]
    state = tmp_path / "killed"
    journal = state / "journal"
    journal.mkdir(parents=True)

    for part in range(6):
        command = [sys.executable, "-c", READER, str(state)]
        reader = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE)
        assert reader.stdout is not None
        reader.stdout.readline()
        for piece in range(4):
            at = part * 4 + piece
            for kind, lines in (("feedback", said), ("predictions", predictions)):
                with (journal / f"{kind}-{HOUR}.jsonl").open("ab") as file:
                    file.write(b"".join(lines[at * len(lines) // 24 : (at + 1) * len(lines) // 24]))
            time.sleep(luck.random() * 0.05)
        os.kill(reader.pid, signal.SIGKILL)
        reader.communicate()

    with lab_in(state) as lab:
        lab.store.read_on()
        assert digest(lab.store) == digest_at_once(("predictions", HOUR, b"".join(predictions)), ("feedback", HOUR, b"".join(said)))
