"""Old segments go, with their rows and no others, and what they told of does not look lost."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab.journal.segments import Segment
from lab.store import account, retention
from lab.store.answers import Tried
from lab.store.digest import digest
from lab.store.retention import Bounds, Sized, superfluous
from tests.store.conftest import START, Lab, feedback, moment, prediction

NOW = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
ENDLESS = 1e6


def sized(*sizes: int, until: int = 19) -> list[Sized]:
    """Segments of the hours up to 19 o'clock, with their sizes in GB."""
    hours = [START.replace(hour=until) - timedelta(hours=back) for back in range(len(sizes) - 1, -1, -1)]
    return [Sized(Segment(Path(f"predictions-{hour:%Y-%m-%dT%H}.jsonl"), "predictions", hour), int(size * 1e9))
            for hour, size in zip(hours, sizes, strict=True)]  # fmt: skip


def hours(doomed: list[Sized]) -> list[int]:
    return [one.hour.hour for one in doomed]


def test_what_is_too_old_goes() -> None:
    assert hours(superfluous(sized(1, 1, 1, 1, 1), Bounds(3 / 24, ENDLESS), NOW, None)) == [15, 16]


def test_the_oldest_go_until_the_rest_is_small_enough() -> None:
    assert hours(superfluous(sized(5, 5, 5, 5), Bounds(ENDLESS, 11), NOW, None)) == [16, 17]


def test_the_present_hour_stays_whatever_its_size_and_age() -> None:
    assert hours(superfluous(sized(5, 5), Bounds(0, 0), NOW, None)) == [18]


def test_what_a_running_experiment_needs_stays() -> None:
    since = NOW.replace(hour=17, minute=10)

    assert hours(superfluous(sized(1, 1, 1, 1, 1), Bounds(0, 0), NOW, since)) == [15, 16]


@pytest.fixture
def old(lab: Lab) -> Lab:
    """Three hours; lines that were written in the hour after theirs; feedback on all of them."""
    for hour in range(3):
        name = f"2026-11-20T{10 + hour}"
        lab.write(prediction(hour * 10, time=moment(hour * 3600 - 1)), prediction(hour * 10 + 1, time=moment(hour * 3600 + 5)), hour=name)
        lab.write(feedback(hour * 10, hour * 10), feedback(hour * 10 + 1, hour * 10 + 1), b"bad\n", kind="feedback", hour=name)
    lab.write(feedback(50, 11, metric="truth", value=None, truth="setosa"), kind="feedback", hour="2026-11-20T12")
    lab.write(prediction(100, time=moment(3 * 3600), experiment="other"), hour="2026-11-20T13")
    lab.store.read_on()
    return lab


def test_a_database_after_it_is_the_one_that_would_be_made_anew(old: Lab) -> None:
    gone = retention.tidy(old.store, Bounds(7.6 / 24, ENDLESS), NOW, frozenset())
    old.store.read_on()

    assert set(gone) == {f"{kind}-2026-11-20T{hour}.jsonl" for hour in (10, 11) for kind in ("feedback", "predictions")}
    assert old.ask("select count(*) from predictions") == [3]
    assert old.ask("select sum(n)::INT from blocks") == [3]
    assert digest(old.store) == old.rebuild()


def test_reading_goes_on_after_it(old: Lab) -> None:
    retention.tidy(old.store, Bounds(7.6 / 24, ENDLESS), NOW, frozenset())

    old.write(prediction(101, time=moment(3 * 3600 + 1)), hour="2026-11-20T13")
    old.store.read_on()

    assert old.ask("select sum(n)::INT from blocks") == [4]
    assert digest(old.store) == old.rebuild()


def test_a_running_experiment_keeps_its_segments(old: Lab) -> None:
    assert retention.tidy(old.store, Bounds(0, 0), NOW, frozenset({"iris"})) == []
    assert len(retention.tidy(old.store, Bounds(0, 0), NOW, frozenset({"other"}))) == 6


def test_answers_that_a_deleted_segment_told_of_are_not_missing(old: Lab, tmp_path: Path) -> None:
    (tmp_path / "svc.answers").write_text(f"{7:020}\n")
    before = account.account(old.store, tmp_path).answers

    retention.tidy(old.store, Bounds(7.6 / 24, ENDLESS), NOW, frozenset())
    old.store.read_on()
    after = account.account(old.store, tmp_path).answers
    old.rebuild()

    assert before == after == account.account(old.store, tmp_path).answers
    assert (after[0].journalled, after[0].missing) == (7, 0)


def test_attempts_that_were_given_up_in_a_deleted_segment_are_still_known(lab: Lab, tmp_path: Path) -> None:
    late = {"status": 504, "attempts": [{"variant": "svc", "status": 504, "seconds": 10.0}]}
    lab.write(prediction(0, time=moment(0), **late), hour="2026-11-20T10")
    lab.write(prediction(100, time=moment(3 * 3600)), hour="2026-11-20T13")
    lab.store.read_on()
    (tmp_path / "svc.answers").write_text(f"{2:020}\n")
    before = account.account(lab.store, tmp_path).answers

    retention.tidy(lab.store, Bounds(7.6 / 24, ENDLESS), NOW, frozenset())
    lab.store.read_on()

    assert before == account.account(lab.store, tmp_path).answers
    assert (before[0].given_up, before[0].missing, before[0].unexplained) == (1, 1, 0)


def test_a_deletion_that_was_announced_but_did_not_happen_counts_nothing_twice(old: Lab, tmp_path: Path) -> None:
    (tmp_path / "svc.answers").write_text("7")
    retention._write_down(old.store.journal, "predictions-2026-11-20T10.jsonl", Tried(Counter(svc=2), Counter()), NOW)
    old.store.read_on()

    assert account.account(old.store, tmp_path).answers[0].journalled == 7


def test_nothing_is_deleted_when_nothing_is_too_old(old: Lab) -> None:
    assert retention.tidy(old.store, Bounds(90, 20), NOW, frozenset()) == []
    assert not (old.state / "journal" / "decisions.jsonl").exists()
