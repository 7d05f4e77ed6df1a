"""Decisions and looks as text: what is written is what was decided, and equal looks have equal digests."""

import json
import math

import numpy as np
import pytest

from lab.judge.block import Arm, Block, Look
from lab.judge.digest import digest
from lab.judge.said import as_json, of_json
from lab.spec.experiment import Guard, Objective, Pause, Reward, SetWeight
from lab.stats.counts import Counts
from lab.stats.histogram import Histogram
from lab.stats.moments import Moments
from tests.judge.worlds import BASELINE, CANDIDATE, FAST, FEW_ERRORS, NOT_SLOWER, Run, arm, experiment, metric, strength

EVERYTHING = (
    experiment(objectives=(FEW_ERRORS, FAST), strength=strength(guards=(NOT_SLOWER,)), indicators=(metric("request-count"),)),
    experiment("svc", "forest", "xgboost"),
    experiment(
        reward=Reward(metric("latency-95th-percentile"), "Low", 10.0), strength=strength(guards=(Guard(metric("mean-latency"), 2.0),))
    ),
    experiment(pattern="Canary", reward=None, steps=(SetWeight(10), Pause())),
    experiment(pattern="Conformance", candidates=(), reward=None),
    experiment(strength=strength(method="iter8"), reward=Reward(metric("feedback-count"))),
)


@pytest.mark.parametrize("one", EVERYTHING, ids=lambda one: f"{one.pattern}, {one.strength.method}")
@pytest.mark.parametrize("kind", [{}, {"converted": 0.3}, {"errors": 0.3}])
def test_a_decision_comes_back_from_json(one: object, kind: dict[str, float]) -> None:
    run = Run(one)
    names = [version.variant for version in one.versions]
    for _ in range(3):
        run.evenly(**{name: arm(500, **(kind if name != BASELINE else {})) for name in names})

    back = [of_json(json.loads(json.dumps(as_json(decision), allow_nan=False)), one) for decision in run.decisions]

    assert back == run.decisions


def test_what_is_infinite_or_not_there_is_null() -> None:
    run = Run(experiment(objectives=(Objective(metric("error-rate"), upper=0.0),)))
    decision = run.look(custom=arm(450), vgg16=arm(50, errors=0.5))

    said = as_json(decision)
    back = of_json(said, run.experiment)

    assert said["judgements"][0]["log_e"]["error-rate violated"] is None
    assert math.isnan(back.judgements[0].log_e["error-rate violated"])
    assert json.dumps(said, allow_nan=False)


def test_a_metric_that_the_experiment_does_not_have_is_refused_by_name() -> None:
    run = Run(experiment())
    said = as_json(run.look(custom=arm(900), vgg16=arm(100)))

    with pytest.raises(ValueError, match="conversion is no metric of this experiment: mean-latency, error-rate"):
        of_json(said, experiment(reward=Reward(metric("mean-latency"), "Low")))


def looks(arms: dict[str, Arm], **changes: object) -> Look:
    return Look(100.0, 98.0, (Block(3, {BASELINE: 90.0, CANDIDATE: 10.0}, arms),))._replace(**changes)


def test_equal_looks_have_equal_digests_whatever_order_or_number_type_they_come_in() -> None:
    a, b = arm(900), arm(100)
    wide = b._replace(requests=Counts(np.int64(100), np.int64(0)), latency_total_s=b.latency_total_s * (1 + 1e-15))

    one = digest(looks({BASELINE: a, CANDIDATE: b._replace(requests=Counts(100, 0))}))

    assert len(one) == 64
    assert digest(looks({CANDIDATE: wide, BASELINE: a})) == one
    assert digest(looks({CANDIDATE: wide, BASELINE: a, "svc": Arm()})) == one


@pytest.mark.parametrize(
    "changed",
    [
        {"requests": Counts(100, 1)},
        {"visitors": 99},
        {"latency": Histogram.of([0.1] * 99 + [0.2])},
        {"rewards": Moments(100, 0.11, 9.0)},
        {"sent": 1},
        {"leaked": 1},
    ],
)
def test_another_count_is_another_digest(changed: dict[str, object]) -> None:
    a, b = arm(900), arm(100)

    assert digest(looks({BASELINE: a, CANDIDATE: b})) != digest(looks({BASELINE: a, CANDIDATE: b._replace(**changed)}))


def test_another_time_or_epoch_is_another_digest() -> None:
    arms = {BASELINE: arm(900), CANDIDATE: arm(100)}
    usual = digest(looks(arms))

    assert digest(looks(arms, through=98.5)) != usual
    assert digest(looks(arms, blocks=(Block(4, {BASELINE: 90.0, CANDIDATE: 10.0}, arms),))) != usual


def test_a_digest_stays_the_same_over_versions() -> None:
    # Written down in journals: a change of this text makes every look written before it look forged.
    look = Look(100.0, 98.5, (Block(3, {BASELINE: 90.0, CANDIDATE: 10.0}, {BASELINE: Arm(Counts(2, 1), visitors=2, latency_total_s=0.3)}),))

    assert digest(look) == "39d22aaacc92d4fa5302ff57b43d51e96be54de0151fac9ef1668dd6b5e99ef7"
