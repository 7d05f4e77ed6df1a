"""An experiment's blocks are what a slow and plain count of the lines says, whatever stretches of time they are asked for."""

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.judge.block import Arm, Block
from lab.stats.histogram import Histogram
from lab.store.exposed import Run, blocks
from tests.store import reference
from tests.store.conftest import START, Lab, feedback, lab_in, moment, prediction, some_feedback, some_predictions
from tests.store.reference import Record, time_of

BEGIN = START.replace(tzinfo=UTC).timestamp()
VARIANTS = ("svc", "forest")
SEEDS = range(4)


def run(unit: Any = "visitor", maturation_s: float = 8.0, cap: float | None = None) -> Run:
    return Run("iris", "iris", VARIANTS, unit, maturation_s, cap)


def asked(lab: Lab, of: Run, after: float, through: float) -> dict[tuple[int, str], Arm]:
    """The arms of a stretch of seconds since START, by epoch and variant."""
    found = blocks(lab.store, of, BEGIN + after, BEGIN + through)
    return {(block.epoch, variant): arm for block in found for variant, arm in block.arms.items()}


def only(found: tuple[Block, ...]) -> Block:
    (block,) = found
    return block


def within(record: Record, after: float, through: float) -> bool:
    return START + timedelta(seconds=after) <= time_of(record) < START + timedelta(seconds=through)


def arrived(record: Record) -> datetime:
    return time_of(record) - timedelta(milliseconds=reference.ms(record))


def ours(lines: list[Record]) -> list[Record]:
    return [line for line in lines if line["experiment"] == "iris" and line["reason"] != "shadow"]


@pytest.fixture(params=SEEDS)
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A lab, its predictions and its feedback."""
    lines, said = reference.apart(some_predictions(request.param, 300)), some_feedback(request.param, 80)
    with lab_in(tmp_path) as lab:
        lab.write(*lines)
        lab.write(*said, kind="feedback")
        lab.store.read_on()
        yield lab, lines, said


def test_predictions_are_those_of_a_plain_count(filled: tuple[Lab, list[Record], list[Record]]) -> None:
    lab, lines, _ = filled
    found = asked(lab, run(), 0.5, 2.5)

    for (epoch, variant), arm in found.items():
        of = [
            line for line in ours(lines)
            if within(line, 0.5, 2.5) and (line["epoch"], line["variant"], line["reason"]) == (epoch, variant, "split")
        ]  # fmt: skip
        assert arm.requests == (len(of), sum(map(reference.failed, of)))
        assert arm.outliers == (sum(line["outlier"] is not None for line in of), sum(line["outlier"] is True for line in of))
        assert arm.latency == Histogram.of([line["request_s"] for line in of])
        assert math.isclose(arm.latency_total_s, sum(line["request_s"] for line in of), abs_tol=1e-9)


@pytest.mark.parametrize("cap", [None, 0.5])
def test_units_are_those_of_a_plain_count(filled: tuple[Lab, list[Record], list[Record]], cap: float | None) -> None:
    lab, lines, said = filled

    found = asked(lab, run(maturation_s=1.0, cap=cap), 1.5, 3.5)

    expected = plain_units([line for line in lines if within(line, 0, 3.5)], said, 0.5, 2.5, 1.0, cap)
    assert {key for key, arm in found.items() if arm.rewards.n} == expected.keys()
    for key, rewards in expected.items():
        assert found[key].rewards.n == found[key].converted.n == len(rewards)
        assert math.isclose(found[key].rewards.mean, math.fsum(rewards) / len(rewards), abs_tol=1e-12)
        assert found[key].converted.successes == sum(reward > 0 for reward in rewards)


def plain_units(
    lines: list[Record], said: list[Record], after: float, through: float, window_s: float, cap: float | None
) -> dict[tuple[int, str], list[float]]:
    """Rewards of the visitors whose first prediction arrived in a stretch of time, by epoch and variant."""
    found: dict[tuple[int, str], list[float]] = {}
    for visitor in {line["visitor"] for line in ours(lines) if line["visitor"]}:
        theirs = sorted((line for line in ours(lines) if line["visitor"] == visitor), key=lambda line: (arrived(line), line["request_id"]))
        first = theirs[0]
        came = (arrived(first) - START).total_seconds()
        if first["reason"] != "split" or not after <= came < through:
            continue
        until = arrived(first) + timedelta(seconds=window_s)
        mine = [line for line in theirs if line["reason"] == "split" and arrived(line) <= until]
        in_time = [one for one in said if one["outcome"] != "late" and time_of(one) <= until]
        given = reference.rewards(lines, in_time)
        reward = sum(given[line["request_id"]][0] for line in mine if line["request_id"] in given)
        found.setdefault((first["epoch"], first["variant"]), []).append(reward if cap is None else min(reward, cap))
    return found


@pytest.mark.parametrize("unit", ["visitor", "request"])
@pytest.mark.parametrize("seed", SEEDS)
def test_neighbouring_stretches_have_everything_once(seed: int, unit: str, lab: Lab) -> None:
    lab.write(*(line | {"request_s": 0.01} for line in reference.apart(some_predictions(seed, 300))))
    lab.write(*some_feedback(seed, 80), kind="feedback")
    lab.store.read_on()
    of = run(unit, 1.0)

    whole = asked(lab, of, -1, 20)
    parts = [asked(lab, of, start, start + 1.5) for start in (-1, 0.5, 2, 3.5, 5, 6.5, 8, 9.5, 11, 12.5, 14, 15.5, 17, 18.5)]

    assert sum(arm.visitors for arm in whole.values()) > 0
    for key, arm in whole.items():
        shares = [part[key] for part in parts if key in part]
        assert sum(share.requests.n for share in shares) == arm.requests.n
        assert sum(share.visitors for share in shares) == arm.visitors
        assert sum(share.pairs.n for share in shares) == arm.pairs.n
        assert sum(share.converted.successes for share in shares) == arm.converted.successes
        assert sum(share.covered.n for share in shares) == arm.covered.n


def test_the_visitors_of_a_slow_variant_are_not_missing(lab: Lab) -> None:
    quick = [prediction(number, visitor=f"{number:032x}", request_s=0.0) for number in range(20)]
    slow = [
        prediction(number + 6, request_id=f"{100 + number:032x}", visitor=f"{100 + number:032x}", variant="forest", request_s=6.0)
        for number in range(20)
    ]
    lab.write(*quick, *slow)
    lab.store.read_on()

    arms = asked(lab, run(), -60, 22)

    assert arms[1, "svc"].visitors == arms[1, "forest"].visitors == 12


def test_blocks_do_not_depend_on_when_the_journals_were_read(tmp_path: Path) -> None:
    lines, said = reference.apart(some_predictions(7, 200)), some_feedback(7, 80)
    with lab_in(tmp_path) as lab:
        for part in range(5):
            lab.write(*said[part::5], kind="feedback")
            lab.write(*lines[part::5])
            lab.store.read_on()
        piecemeal = blocks(lab.store, run(), BEGIN, BEGIN + 5)
        lab.rebuild()

        assert blocks(lab.store, run(), BEGIN, BEGIN + 5) == piecemeal


def test_a_visitor_is_counted_in_the_epoch_in_which_they_came(lab: Lab) -> None:
    lab.write(prediction(1, visitor="a" * 32, epoch=1), prediction(20, visitor="a" * 32, epoch=2))
    lab.write(feedback(21, 20), kind="feedback")
    lab.store.read_on()

    arms = asked(lab, run(maturation_s=30), 30, 60)

    assert arms[1, "svc"].converted == (1, 1)
    assert (2, "svc") not in arms


def test_a_visitor_who_was_forced_first_is_no_unit(lab: Lab) -> None:
    lab.write(prediction(1, visitor="a" * 32, reason="override"), prediction(2, visitor="a" * 32), prediction(3, visitor="b" * 32))
    lab.store.read_on()

    arms = asked(lab, run(maturation_s=5), 0, 60)

    assert arms[1, "svc"].visitors == arms[1, "svc"].converted.n == 1
    assert arms[1, "svc"].requests.n == 2


def test_a_visitor_counts_for_the_variant_that_they_met_first_whoever_answers_later(lab: Lab) -> None:
    theirs = {"visitor": "a" * 32}
    lab.write(prediction(1, **theirs), prediction(2, variant="forest", **theirs))
    lab.write(feedback(4, 2), kind="feedback")
    lab.store.read_on()

    found = asked(lab, run(maturation_s=30), 0, 60)

    assert found[1, "svc"].converted == (1, 1)
    assert found[1, "forest"].converted.n == 0


def test_what_somebody_forced_does_not_count(lab: Lab) -> None:
    lab.write(prediction(1, visitor="a" * 32), prediction(2, visitor="a" * 32, variant="forest", reason="override"))
    lab.write(feedback(4, 2), kind="feedback")
    lab.store.read_on()

    assert asked(lab, run(maturation_s=30), 0, 60)[1, "svc"].converted == (1, 0)


def test_a_reward_after_the_window_does_not_count(lab: Lab) -> None:
    lab.write(prediction(1, visitor="a" * 32), prediction(2, visitor="b" * 32))
    lab.write(feedback(10, 1), feedback(13, 2), kind="feedback")
    lab.store.read_on()

    arm = asked(lab, run(maturation_s=10), 0, 60)[1, "svc"]

    assert arm.converted == (2, 1)
    assert arm.covered == (2, 1)


def test_truths_are_counted_per_visitor_and_per_prediction(lab: Lab) -> None:
    lab.write(*(prediction(number, visitor="a" * 32) for number in (1, 2, 3)))
    truths = [feedback(4, number, metric="truth", value=None, truth=truth) for number, truth in ((1, "setosa"), (2, "virginica"))]
    lab.write(*truths, kind="feedback")
    lab.store.read_on()

    arm = asked(lab, run(maturation_s=30), 0, 60)[1, "svc"]

    assert arm.judged == (2, 1)
    assert (arm.truths.n, arm.truths.mean_x, arm.truths.mean_y) == (1, 2.0, 1.0)


def test_a_pair_is_a_copy_and_the_answer_that_the_visitor_saw(lab: Lab) -> None:
    copies = [prediction(number, variant="xgboost", reason="shadow", label=label) for number, label in ((1, "setosa"), (2, "virginica"))]
    lab.write(prediction(1), prediction(2), prediction(3), *copies, prediction(3, variant="xgboost", reason="shadow", label=None))
    lab.store.read_on()

    assert asked(lab, run(), 0, 60)[1, "xgboost"].pairs == (2, 1)


def test_feedback_for_a_variant_is_counted_apart(lab: Lab) -> None:
    lab.write(prediction(1))
    sent = feedback(2, None, outcome="unattributed", route="iris", variant="svc")
    lab.write(sent, sent | {"id": "f" * 32}, sent | {"id": "e" * 32, "route": "fruit"}, kind="feedback")
    lab.store.read_on()

    arm = asked(lab, run(), 0, 60)[1, "svc"]

    assert arm.sent == 2
    assert arm.covered.successes == 0


def test_feedback_for_a_seldon_deployment_is_counted_for_the_variant_that_it_is(lab: Lab) -> None:
    sent = feedback(2, None, outcome="unattributed", address="ns-candidate/iris")
    lab.write(sent, sent | {"id": "e" * 32, "address": "ns-else/iris"}, kind="feedback")
    lab.store.read_on()
    of = run()._replace(addresses={"ns-candidate/iris": "forest"})

    assert asked(lab, of, 0, 60) == {(0, "forest"): Arm(sent=1)}


def test_feedback_for_a_variant_counts_without_predictions_too(lab: Lab) -> None:
    lab.write(feedback(2, None, outcome="unattributed", route="iris", variant="forest"), kind="feedback")
    lab.store.read_on()

    assert asked(lab, run(), 0, 60)[0, "forest"].sent == 1


def test_a_leak_is_a_prediction_that_the_split_gave_to_a_variant_without_weight(lab: Lab) -> None:
    lab.write(prediction(1, variant="forest", weight=0.0), prediction(2))
    lab.store.read_on()

    arms = asked(lab, run(), 0, 60)

    assert (arms[1, "forest"].leaked, arms[1, "svc"].leaked) == (1, 0)


def test_weights_are_those_that_were_decided(lab: Lab) -> None:
    lab.write(prediction(1))
    decided = {"time": moment(0), "id": "1" * 32, "kind": "weights", "route": "iris", "experiment": "iris", "epoch": 1, "who": "x",
               "why": None, "weights": {"svc": 90, "forest": 10}, "detail": {}}  # fmt: skip
    (lab.state / "journal" / "decisions.jsonl").write_bytes(json.dumps(decided).encode() + b"\n")
    lab.store.read_on()

    assert only(blocks(lab.store, run(), BEGIN, BEGIN + 60)).weights == {"svc": 90.0, "forest": 10.0}


def test_without_decisions_the_weights_are_what_predictions_say(lab: Lab) -> None:
    lab.write(prediction(1, weight=0.25))
    lab.store.read_on()

    assert only(blocks(lab.store, run(), BEGIN, BEGIN + 60)).weights == {"svc": 25.0}
