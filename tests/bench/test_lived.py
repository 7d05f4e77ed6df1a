"""States of labs that are made up for measurements."""

from contextlib import closing
from pathlib import Path

import pytest

from bench.journals import request_id
from bench.lived import FRUIT, HOURS, IRIS, LOOKS, Lived, run_experiments, take_experiments
from lab.controller.records import read
from lab.store.store import Store
from tests.controller.conftest import START

LINES = 2_000
END = START + HOURS * 3600


@pytest.fixture
def lived(tmp_path: Path) -> Lived:
    return Lived(tmp_path / "lab", LINES, START)


def test_copies_and_feedback_are_about_predictions_that_are_there(lived: Lived) -> None:
    lived.go_on(END)

    with closing(Store(lived.state)) as store:
        store.read_on()
        with store.cursor() as cursor:
            seen = cursor.execute("select count(*) from predictions where reason <> 'shadow'").fetchall()
            alone = "reason = 'shadow' and request_id not in (select request_id from predictions where reason <> 'shadow')"
            copies = cursor.execute(f"select count(*), count(*) filter (where {alone}) from predictions where reason = 'shadow'").fetchall()
            feedback = cursor.execute("select count(*), count(predicted_at) from feedback where outcome = 'stored'").fetchall()
    assert seen == [(LINES,)]
    assert copies[0][0] > LINES / 50
    assert copies[0][1] == 0
    assert feedback == [(LINES / 10, LINES / 10)]


def test_what_has_come_due_is_written_once(lived: Lived) -> None:
    for until in (START + 60, START + 60, END, END):
        lived.go_on(until)

    lines = [line for file in lived.journal.glob("predictions-*.jsonl") for line in file.read_bytes().splitlines()]
    visible = [line for line in lines if b'"shadow"' not in line]
    assert len({request_id(line) for line in visible}) == len(visible) == lived.written == LINES


def test_one_experiment_has_ended_and_one_is_at_its_middle_and_another_lab_can_have_both(lived: Lived, tmp_path: Path) -> None:
    lived.go_on(END)
    lived.read()

    run_experiments(lived.state, END)
    take_experiments(tmp_path / "other", lived.state)

    records = list(read(tmp_path / "other" / "journal"))
    kinds = {run: [one.kind for one in records if one.run == run] for run in (IRIS, FRUIT)}
    assert kinds[IRIS].count("look") == LOOKS
    assert kinds[IRIS][-1] == "finish"
    assert kinds[FRUIT].count("look") == LOOKS // 2
    assert "finish" not in kinds[FRUIT]
    assert max(one.at for one in records) == pytest.approx(END, abs=1)
