"""What is no line of a journal is set aside, and spoils nothing beside it."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.store.digest import digest
from lab.store.tables import LINE_MAX_BYTES
from tests.store.conftest import Lab, feedback, lab_in, line, prediction

GOOD = line(prediction(1)).rstrip(b"\n")

NO_LINES = {
    "not JSON": b"half a l",
    "two objects": GOOD + GOOD,
    "two objects, apart": GOOD + b" " + GOOD,
    "a line and half of one": GOOD + GOOD[:50],
    "a NUL inside": GOOD[:40] + b"\0" + GOOD[40:],
    "zeros of a power cut": b"\0" * 5000,
    "invalid UTF-8": GOOD.replace(b"setosa", b"\xff\xfe"),
    "half a surrogate": GOOD.replace(b"setosa", b"\\ud800"),
    "a list": b"[" + GOOD + b"]",
    "a number": b"1",
    "nothing": b"null",
    "no fields": b"{}",
    "a field twice": GOOD[:-1] + b',"status":500}',
    "a time that is none": GOOD.replace(b"2026-11-20T", b"soon"),
    "a time before there were computers": GOOD.replace(b"2026-11-20T", b"1926-11-20T"),
    "endless time": line(prediction(1, time="infinity")).rstrip(b"\n"),
    "no request id": line(prediction(1, request_id=None)).rstrip(b"\n"),
    "a status that is none": line(prediction(1, status=99)).rstrip(b"\n"),
    "attempts that are none": line(prediction(1, attempts="x")).rstrip(b"\n"),
    "a number beyond counting": line(prediction(1, bytes=10**30)).rstrip(b"\n"),
    "a probability that is none": line(prediction(1, probability=float("nan"))).rstrip(b"\n"),
    "an infinite latency": GOOD.replace(b'"request_s":0.005', b'"request_s":Infinity'),
    "a number too large for any": GOOD.replace(b'"request_s":0.005', b'"request_s":1e400'),
    "a line that is too long": GOOD[:-1] + b',"more":"' + b"a" * LINE_MAX_BYTES + b'"}',
    "a line of 3 MB": b"a" * 3_000_000,
}


@pytest.mark.parametrize("name", NO_LINES)
def test_it_is_set_aside_and_its_neighbours_are_kept(name: str, tmp_path: Path) -> None:
    with lab_in(tmp_path) as lab:
        lab.write(prediction(2), NO_LINES[name] + b"\n", prediction(3))

        added = lab.store.read_on()

        assert added == (2, 1)
        assert lab.ask("select request_id from predictions order by 1") == [f"{2:032x}", f"{3:032x}"]
        assert lab.ask("select position, length from quarantine") == [(len(line(prediction(2))), len(NO_LINES[name]))]


# Odd, but DuckDB reads them: so they are lines, whichever way they come.
ODD = {
    "a comma at the end": GOOD[:-1] + b",}",
    "a number as text": GOOD.replace(b'"status":200', b'"status":"200"'),
    "more fields": GOOD[:-1] + b',"more":[[1]]}',
    "deep brackets": GOOD[:-1] + b',"more":' + b"[" * 3000 + b"]" * 3000 + b"}",
    "a carriage return": GOOD + b"\r",
    "a features list with NaN": GOOD.replace(b"[5.1", b"[NaN"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_line_fares_the_same_alone_and_beside_bad_ones(name: str, tmp_path: Path) -> None:
    with lab_in(tmp_path / "alone") as alone, lab_in(tmp_path / "beside") as beside:
        alone.write(ODD[name] + b"\n")
        beside.write(b"bad\n", ODD[name] + b"\n", b"worse\n")

        assert alone.store.read_on() == (1, 0)
        assert beside.store.read_on() == (1, 2)


def test_what_is_shown_of_it_harms_no_terminal(lab: Lab) -> None:
    lab.write(b"\x1b[2J\x00\xff" + b"x" * 1000 + b"\n")

    lab.store.read_on()

    (shown,) = lab.ask("select start from quarantine")
    assert shown.startswith("\\x1b[2J\\x00\\xff")
    assert len(shown) < 1000


def test_other_journals_have_bad_lines_too(lab: Lab) -> None:
    lab.write(feedback(1, 1), b"bad\n", feedback(2, 2, value=1e999), feedback(3, 3, time=None), kind="feedback")
    decisions = b'{"time":"2026-11-20T10:00:00.000Z","kind":"weights"}\nbad\n{"kind":"weights"}\n'
    (lab.state / "journal" / "decisions.jsonl").write_bytes(decisions)

    lab.store.read_on()

    assert lab.counts() == (7, 2, 5)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A valid line after an accident."""
    record = prediction(draw(st.integers(0, 99)))
    if draw(st.booleans()):
        record[draw(st.sampled_from(sorted(record)))] = draw(VALUES)
        return json.dumps(record, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    content = bytearray(line(record)[:-1])
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content) - 1))
        content[at : at + draw(st.integers(0, 30))] = draw(st.binary(max_size=4))
    return bytes(content)


LINES = st.lists(st.just(GOOD) | spoiled() | st.binary(max_size=30) | st.sampled_from([b"", b" ", b"\r"]), max_size=12)


@settings(max_examples=15)
@given(LINES)
def test_no_bytes_stop_the_reading_and_the_counts_add_up(written: list[bytes]) -> None:
    content = b"".join(one + b"\n" for one in written)
    lines = [one for one in content.split(b"\n") if one.strip()]

    with tempfile.TemporaryDirectory() as folder, lab_in(Path(folder)) as lab:
        lab.write(content, prediction(1000))
        added = lab.store.read_on()
        at_once = digest(lab.store)

        assert added.stored + added.quarantined == len(lines) + 1
        assert added.stored >= lines.count(GOOD) + 1
        assert lab.counts() == (len(lines) + 1, *added)

        lab.journal().unlink()
        lab.store.read_on()
        for one in [*content.splitlines(keepends=True), line(prediction(1000))]:
            lab.write(one)
            lab.store.read_on()
        assert digest(lab.store) == at_once
