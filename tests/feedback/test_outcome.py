"""What becomes of an item follows from what is known, and lateness from its arrival."""

import pytest

from lab.feedback.item import Item
from lab.feedback.outcome import STATUS, Known, Outcome, decide
from lab.feedback.predictions import Said
from lab.feedback.recent import MARGIN_S, Recent
from tests.feedback.conftest import ONE, THREE, TWO

WINDOW_S = 60.0


@pytest.mark.parametrize(
    ("known", "outcome", "late"),
    [
        (Known(100, None, 130), "stored", False),
        (Known(100, None, 160), "stored", False),
        (Known(100, None, 160.1), "late", True),
        # The gateway's clock may be ahead of ours.
        (Known(100, None, 99), "stored", False),
        (Known(100, 1.0, 130), "duplicate", False),
        (Known(100, 1.0, 200), "duplicate", True),
        (Known(100, 0.0, 130), "conflicting", False),
        (Known(None, None, 130), "unknown", False),
        (Known(None, 0.0, 130), "unknown", False),
    ],
)
def test_an_item_with_an_id(known: Known, outcome: str, late: bool) -> None:
    answer = decide(Item(ONE, "reward", 1.0), known, WINDOW_S)

    assert (answer.outcome, answer.late, answer.request_id, answer.metric) == (outcome, late, ONE, "reward")


def test_an_item_without_one_is_unattributed() -> None:
    assert decide(Item(None, "reward", 1.0), Known(None, None, 1), WINDOW_S).outcome is Outcome.unattributed


def test_a_conflict_names_both_values() -> None:
    answer = decide(Item(ONE, "truth", "svc"), Known(100, "forest", 130), WINDOW_S)

    assert answer.detail == f'truth of {ONE} was "forest" before, which counts; "svc" does not.'


def test_every_outcome_has_a_status() -> None:
    assert set(STATUS) == set(Outcome)


def test_the_first_value_is_remembered() -> None:
    recent = Recent(complete_since=0)

    recent.add((ONE, "reward"), 0.0, 1)
    recent.add((ONE, "reward"), 1.0, 2)

    assert recent.get((ONE, "reward")) == 0.0
    assert recent.get((ONE, "truth")) is None


def test_what_was_kept_before_the_start_is_remembered_and_vouched_for() -> None:
    recent = Recent(complete_since=100, kept_max=3)

    recent.recall([Said(ONE, "reward", 0.5, 10), Said("no id", "reward", 1.0, 20)])

    assert recent.get((ONE, "reward")) == 0.5
    assert recent.is_authority(MARGIN_S + 1)


def test_where_more_was_kept_than_is_remembered_only_the_newest_is_vouched_for() -> None:
    recent = Recent(complete_since=100, kept_max=2)

    recent.recall([Said(ONE, "reward", 0.5, 10), Said(TWO, "reward", 1.0, 20)])

    assert recent.complete_since == 10


def test_the_oldest_is_forgotten_and_no_longer_vouched_for() -> None:
    recent = Recent(complete_since=100, kept_max=2)

    for second, one in enumerate((ONE, TWO, THREE)):
        recent.add((one, "reward"), 1.0, 200 + second)

    assert len(recent) == 2
    assert recent.get((ONE, "reward")) is None
    assert recent.complete_since == 200
    assert recent.is_authority(200 + MARGIN_S + 1)
    assert not recent.is_authority(200 + MARGIN_S)
