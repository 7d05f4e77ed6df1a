"""Blocks, histograms, labels, visitors and rewards are what a slow and plain count of the lines says."""

from pathlib import Path

import numpy as np
import pytest

from lab.stats.histogram import bin_of
from lab.store import sums
from lab.store.recent import Recent
from lab.store.report import report
from tests.store import reference
from tests.store.conftest import Lab, feedback, lab_in, prediction, some_feedback, some_predictions

SEEDS = range(4)


def test_latencies_fall_in_the_bins_of_the_statistics(lab: Lab) -> None:
    every = np.arange(0, 100_001)

    counted = lab.ask(f"select {sums.BIN} from (select range / 1000 as request_s from range(0, 100001)) order by request_s")

    assert counted == bin_of(every / 1000).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_are_those_of_a_plain_count(seed: int, lab: Lab) -> None:
    lines = some_predictions(seed, 200)
    for part in range(4):
        lab.write(*lines[part::4])
        lab.store.read_on()

    assert set(lab.ask("from blocks")) == reference.blocks(lines)
    assert {tuple(row[:-1]): row[-1] for row in lab.ask("from latency")} == reference.latency(lines)
    assert {tuple(row[:-1]): row[-1] for row in lab.ask("from labels")} == reference.labels(lines)
    assert set(lab.ask("from attempts")) == reference.attempts(lines)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cap", [None, 1.0])
def test_visitors_and_rewards_are_those_of_a_plain_count(seed: int, cap: float | None, tmp_path: Path) -> None:
    lines = reference.apart(some_predictions(seed, 80))
    said = some_feedback(seed, 80)
    with lab_in(tmp_path, reward_cap=cap) as lab:
        for part in range(3):
            lab.write(*said[part::3], kind="feedback")
            lab.write(*lines[part::3])
            lab.store.read_on()

        given = {request: (reward, late) for request, reward, late in lab.ask("select request_id, reward, late from rewards")}
        rows = lab.ask(
            "select route, experiment, visitor, variant, epoch, weight, n, failed, sum_ms::BIGINT, rewarded, reward from visitors"
        )

    assert given == reference.rewards(lines, said)
    assert set(rows) == reference.visitors(lines, said, cap)
    assert len(rows) > 3


def of_visitor(lab: Lab, columns: str) -> list[object]:
    lab.store.read_on()
    return lab.ask(f"select {columns} from visitors")


ANNA = {"visitor": "a" * 32}


def test_a_visitor_belongs_to_the_variant_and_epoch_of_the_first_exposure(lab: Lab) -> None:
    lab.write(prediction(2, **ANNA, variant="forest", epoch=2), prediction(1, **ANNA, epoch=1))

    assert of_visitor(lab, "variant, epoch, n") == [("svc", 1, 1)]


def test_an_override_to_another_variant_ends_a_visitors_part(lab: Lab) -> None:
    lab.write(prediction(1, **ANNA), prediction(2, **ANNA, variant="forest", reason="override"), prediction(3, **ANNA))

    assert of_visitor(lab, "variant, n") == [("svc", 1)]


def test_an_override_to_the_own_variant_ends_nothing_and_counts_for_nothing(lab: Lab) -> None:
    lab.write(prediction(1, **ANNA), prediction(2, **ANNA, reason="override"), prediction(3, **ANNA))

    assert of_visitor(lab, "variant, n") == [("svc", 2)]


def test_who_came_by_an_override_first_is_no_visitor_of_the_experiment(lab: Lab) -> None:
    lab.write(prediction(1, **ANNA, reason="override"), prediction(2, **ANNA))

    assert of_visitor(lab, "variant") == []


def test_a_rescue_is_the_failure_of_the_assigned_variant(lab: Lab) -> None:
    lab.write(prediction(1, **ANNA, rescued=True, served_by="forest", status=200))

    assert of_visitor(lab, "variant, n, failed") == [("svc", 1, 1)]


def test_the_answer_of_a_shadow_is_nobodys_prediction(lab: Lab) -> None:
    lab.write(prediction(1, **ANNA), prediction(1, **ANNA, variant="forest", reason="shadow", label="virginica"))
    lab.write(feedback(2, 1, metric="truth", value=None, truth="setosa"), kind="feedback")

    assert of_visitor(lab, "variant, n, reward") == [("svc", 1, 1.0)]
    assert lab.store.only_of("a" * 32, 0) == f"{1:032x}"


def test_a_late_reward_is_shown_and_counts_for_no_visitor(lab: Lab) -> None:
    lab.write(prediction(1, **ANNA), prediction(2, **ANNA))
    lab.write(feedback(5, 1, outcome="late"), feedback(6, 2, value=0.5), kind="feedback")

    assert of_visitor(lab, "rewarded, reward") == [(1, 0.5)]
    assert [one.rewards.late for one in report(lab.store)] == [1]


def test_of_several_rewards_the_first_counts(lab: Lab) -> None:
    lab.write(prediction(1, **ANNA))
    lab.write(feedback(9, 1, value=0.25, outcome="conflicting"), feedback(5, 1, value=0.75), kind="feedback")
    lab.write(feedback(7, 1, outcome="duplicate"), kind="feedback")

    assert of_visitor(lab, "rewarded, reward") == [(1, 0.75)]


def test_other_metrics_are_no_reward(lab: Lab) -> None:
    lab.write(prediction(1, **ANNA))
    lab.write(feedback(5, 1, metric="clicks", value=9.0), kind="feedback")

    assert of_visitor(lab, "rewarded, reward") == [(0, 0.0)]


def test_what_was_given_and_when_it_was_answered_is_known_from_the_database(lab: Lab) -> None:
    one, two = f"{1:032x}", f"{2:032x}"
    lab.write(prediction(1), prediction(2))
    lab.write(feedback(3, 1, value=0.5), feedback(4, 2, metric="truth", value=None, truth="iris"), kind="feedback")
    lab.store.read_on()
    lab.reopen()

    remembered = lab.store.seen([one, two, "f" * 32])
    lab.store.recent = Recent()

    assert remembered.keys() == {one, two}
    assert lab.store.seen([one, two, "f" * 32]) == remembered
    assert lab.store.given([one, two]) == {(one, "reward"): 0.5, (two, "truth"): "iris"}
    assert [(said.request_id, said.metric, said.value) for said in lab.store.said_last(5)] == [(one, "reward", 0.5), (two, "truth", "iris")]
    assert [said.request_id for said in lab.store.said_last(1)] == [two]
