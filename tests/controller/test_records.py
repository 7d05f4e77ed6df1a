"""The journal of decisions is all that a run needs, also when it is torn, and whoever else writes in it."""

import json

from lab.controller.records import parsed, read
from lab.controller.story import stories
from lab.web.experiments import status_of
from tests.controller.conftest import Lab, climb, text


def test_half_a_line_and_strange_ones_are_passed_over(lab: Lab) -> None:
    lab.start(text())
    lab.look(2)
    records = lab.records()
    path = lab.journal / "decisions.jsonl"
    whole = path.read_bytes()
    strange = (
        b'\n\xff\xfe\n[]\n{"kind":"look"}\n{"kind":"weights","experiment":"ab","time":"x","detail":{}}\nnull\n1e999\n' + b"[" * 5000 + b"\n"
    )

    path.write_bytes(strange + whole + whole.splitlines()[-1][:100])

    assert lab.records() == records
    lab.restarted()
    lab.look()
    assert lab.route().weight("forest") == 40
    assert len(lab.records()) == len(records) + 1


def test_a_look_whose_line_was_torn_is_made_again(lab: Lab) -> None:
    run = lab.start(text())
    lab.look(2)
    path = lab.journal / "decisions.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    # The second look's line was not finished, so nothing that comes after it has happened.
    cut = max(number for number, line in enumerate(lines) if json.loads(line)["kind"] == "look")
    path.write_bytes(b"".join(lines[:cut]) + lines[cut][:-20])
    lab.traffic.set_weights("iris", {"forest": 20})

    lab.restarted()
    lab.tick()

    assert lab.kinds(run) == ["start", "look", "look"]
    assert lab.route().weight("forest") == 30


def test_records_of_a_run_without_its_beginning_are_passed_over(lab: Lab) -> None:
    lab.start(text())
    lab.look()

    assert stories(one for one in lab.records() if one.kind != "start") == {}


def test_a_record_that_was_written_twice_counts_once(lab: Lab) -> None:
    run = lab.start(text())
    lab.look(5)
    records = lab.records()

    twice = stories(one for record in records for one in (record, record))

    assert twice[run] == stories(records)[run]


def test_what_is_written_is_what_is_read(lab: Lab) -> None:
    run = lab.start(text(), why="a “reason”\n")
    lab.look(2)

    (case,) = lab.controller.cases()

    assert stories(read(lab.journal))[run] == case.story
    assert lab.records()[0].why == "a “reason”\n"


def test_a_start_tells_all_that_a_run_was_made_of(lab: Lab) -> None:
    file = text()
    lab.start(file, who="ann", why="try it")

    (start,) = lab.records()

    assert (start.kind, start.who, start.why, start.route) == ("start", "ann", "try it", "iris")
    assert (start.detail["text"], start.detail["mapping"]) == (file, {"svc": "svc", "forest": "forest"})
    assert start.detail["before"]["weights"] == {"svc": 60.0, "forest": 40.0}
    assert start.detail["software"] == {"lab": "1"}


def test_a_run_whose_file_is_not_understood_any_more_stops_no_other(lab: Lab) -> None:
    lab.start(text("old", route="fruit"))
    path = lab.journal / "decisions.jsonl"
    path.write_text(path.read_text().replace("kind: Experiment", "kind: Something"))

    lab.restarted()
    lab.start(text("new"))
    lab.look()

    assert list(lab.controller.unreadable) == ["old"]
    assert [(case.name, status_of(lab.controller, case)["iteration"]) for case in lab.controller.cases()] == [("new", 1)]


def test_a_long_line_of_somebody_else_is_no_record() -> None:
    assert parsed(b'{"kind":"look","experiment":"x","time":"2026-11-20T10:00:00Z","route":"r","who":"w","why":null,"detail":5}') is None
    assert climb is not None
