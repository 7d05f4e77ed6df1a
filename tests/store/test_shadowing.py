"""A shadow's copies are held against the answers that visitors saw, the newest of them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from lab.store import shadowing
from lab.store.about import about
from lab.store.shadowing import Copies, Shadow
from tests.store.conftest import START, Lab, feedback, moment, prediction

NOW = START.timestamp() + 10_000
XGBOOST = Shadow("iris", "xgboost")


def copy(number: int, **fields: Any) -> dict[str, Any]:
    """What the shadow said to the copy of a prediction."""
    attempts = [{"variant": "xgboost", "status": 200, "seconds": 0.002}]
    return prediction(
        number, **{"variant": "xgboost", "served_by": "xgboost", "reason": "shadow", "weight": 0.25, "attempts": attempts} | fields
    )


def dropped(number: int) -> dict[str, Any]:
    return copy(number, status=503, complete=False, attempts=[], label=None, probability=None, served_by=None)


def fill(lab: Lab, lines: Iterable[dict[str, Any]]) -> None:
    lab.write(*lines)
    lab.store.read_on()


def look(lab: Lab) -> shadowing.Shadowing:
    found = shadowing.shadowing(lab.store, XGBOOST, NOW)
    assert found is not None
    return found


def test_a_copy_and_the_visitors_answer_are_a_pair(lab: Lab) -> None:
    fill(lab, [prediction(1, label="setosa"), copy(1, label="virginica", probability=0.6)])

    (pair,) = look(lab).pairs

    assert (pair.label, pair.shadow_label) == ("setosa", "virginica")
    assert (pair.probability, pair.shadow_probability) == (0.9, 0.6)
    assert (pair.answer_s, pair.shadow_answer_s) == (0.004, 0.002)
    assert pair.served_by == "svc"


def test_the_copy_may_be_answered_first(lab: Lab) -> None:
    fill(lab, [copy(1, time=moment(1)), prediction(1, time=moment(40))])

    assert len(look(lab).pairs) == 1


def test_an_answer_without_the_other_is_no_pair(lab: Lab) -> None:
    fill(lab, [copy(1), prediction(2), prediction(3, label=None, status=502), copy(3), prediction(4), dropped(4)])

    assert look(lab).pairs == []


def test_other_routes_and_shadows_are_left_out(lab: Lab) -> None:
    fill(lab, [prediction(1), copy(1), copy(1, variant="forest"), prediction(2, route="fruit"), copy(2, route="fruit")])

    assert len(look(lab).pairs) == 1
    assert shadowing.shadows(lab.store, NOW) == [Shadow("fruit", "xgboost"), Shadow("iris", "forest"), Shadow("iris", "xgboost")]


def test_copies_are_counted_by_what_became_of_them(lab: Lab) -> None:
    failed = copy(3, status=502, complete=False, label=None)
    fill(lab, [copy(1), copy(2), failed, dropped(4)])

    copies = look(lab).copies

    assert copies == Copies(sent=4, answered=2, dropped=1, share=0.25)
    assert copies.failed == 1


def test_only_the_newest_copies_are_looked_at(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadowing, "COPIES", 20)
    fill(lab, [line for number in range(300) for line in (prediction(number), copy(number))])

    found = look(lab)

    assert 20 <= found.copies.sent <= 30
    assert len(found.pairs) == found.copies.sent
    assert found.start >= START + timedelta(seconds=270)


def test_a_shadow_of_few_copies_does_not_make_everything_be_searched(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadowing, "SEARCHED", 50)
    fill(lab, [prediction(1), copy(1), *(prediction(number) for number in range(2, 300)), prediction(299), copy(299)])

    found = look(lab)

    assert found.start >= START + timedelta(seconds=240)
    assert found.copies.sent == 1


def test_a_shadow_that_has_ended_shows_its_last_copies(lab: Lab) -> None:
    fill(lab, [prediction(1), copy(1), *(prediction(number) for number in range(5000, 5100))])

    assert len(look(lab).pairs) == 1


def test_who_never_got_a_copy_is_no_shadow(lab: Lab) -> None:
    fill(lab, [prediction(1)])

    assert shadowing.shadowing(lab.store, XGBOOST, NOW) is None
    assert shadowing.shadows(lab.store, NOW) == []


def test_all_that_is_known_of_a_request_is_told_together(lab: Lab) -> None:
    fill(lab, [prediction(1), copy(1), prediction(2)])
    lab.write(feedback(5, 1), feedback(6, 1, outcome="duplicate"), feedback(7, 2), kind="feedback")
    lab.store.read_on()

    found = about(lab.store, f"{1:032x}")

    assert found is not None
    assert found.prediction is not None
    assert found.prediction["variant"] == "svc"
    assert [one["variant"] for one in found.copies] == ["xgboost"]
    assert [(one.outcome, one.reward) for one in found.feedback] == [("stored", 1.0), ("duplicate", 1.0)]


def test_a_copy_whose_prediction_is_not_there_yet_is_told(lab: Lab) -> None:
    fill(lab, [copy(1)])

    found = about(lab.store, f"{1:032x}")

    assert found is not None
    assert found.prediction is None
    assert len(found.copies) == 1


def test_of_an_unknown_request_nothing_is_told(lab: Lab) -> None:
    fill(lab, [prediction(1)])

    assert about(lab.store, f"{9:032x}") is None
