"""Runs of tests: an experiment and looks of it, as the journal tells them."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lab.controller.case import Case
from lab.controller.story import Ending, LookTold, Story
from lab.judge.decision import Decision, Judgement, Measured, Standing
from lab.judge.said import as_json
from lab.spec.experiment import Experiment, Guard, Metric, Objective, Reward, Strength, Version
from lab.stats.interval import Interval
from lab.stats.verdict import Kind, Verdict

# 21 November 2026, 19:33:20 UTC.
START = 1_795_289_600.0
INTERVAL_S = 5.0

CONVERSION = Metric("conversion", "conversion", "conversion")
ERRORS = Metric("error-rate", "error-rate", "rate")
P95 = Metric("latency-95th-percentile", "latency-95th-percentile", "latency percentile", "ms", 1000.0, 0.95)

AB = Experiment(
    name="iris-progressive",
    target="iris",
    route="iris",
    pattern="A/B",
    deployment="Progressive",
    baseline=Version("iris-v1", "svc"),
    candidates=(Version("iris-v2", "forest"),),
    reward=Reward(CONVERSION),
    objectives=(Objective(ERRORS, upper=0.01), Objective(P95, upper=250.0)),
    strength=Strength(smallest=0.01, guards=(Guard(ERRORS, 1.5),)),
    interval_s=INTERVAL_S,
    iterations=36,
)
ABN = replace(AB, pattern="A/B/N", candidates=(Version("iris-v2", "forest"), Version("iris-v3", "xgboost")))
CANARY = replace(AB, pattern="Canary", reward=None)
CONFORMANCE = replace(CANARY, pattern="Conformance", candidates=())
ITER8 = replace(AB, strength=Strength(method="iter8"))

# What one candidate is said to be at a look.
Judged = Callable[[int, str], Judgement]


def judged(number: int, variant: str) -> Judgement:
    """A candidate that looks better and better."""
    log_e = {
        "conversion better": 0.1 * number,
        "conversion worse": -0.1 * number,
        "error-rate kept": 0.2 * number,
        "latency-95th-percentile kept": 100.0 * number,
        "error-rate violated": -0.2 * number,
        "latency-95th-percentile violated": -0.1,
        "error-rate against the baseline": 0.0,
    }
    wide = 0.5 / math.sqrt(number)
    largest = {name: max(value, 0.0) for name, value in log_e.items()}
    return Judgement(variant, Verdict("continue", ()), 0.023, Interval(0.023 - wide, 0.023 + wide, 0.05), log_e, largest)


def run(experiment: Experiment = AB, looks: int = 12, judged: Judged = judged, ends: Kind | None = None, **parts: Any) -> Case:
    """A run after so many looks. ends: how the last one decided."""
    kinds: list[Kind] = ["hold" if number < 3 else "continue" for number in range(1, looks + 1)]
    kinds[-1:] = [ends] if ends and kinds else kinds[-1:]
    told = tuple(_look(experiment, number, kind, judged) for number, kind in enumerate(kinds, start=1))
    first = Standing(1, _weights(experiment, 1)) if looks or "began_at" not in parts else None
    story = Story(experiment.name, experiment.name, "iris", "iris", "", {}, None, {}, "jane", START - 1,
                  **{"began_at": START, "first": first, "looks": told, **parts})  # fmt: skip
    return Case(story, experiment, ())


def aborted(case: Case, why: str) -> Case:
    """Ended by a person."""
    at = START + 1000
    case.story = replace(case.story, ending=Ending("aborted", None, "svc", why, at), ended_at=at)
    return case


def _look(experiment: Experiment, number: int, kind: Kind, judged: Judged) -> LookTold:
    at, standing = START + INTERVAL_S * number, Standing(number, _weights(experiment, number))
    after = standing._replace(iteration=number + 1, weights=_weights(experiment, number + 1))
    decision = Decision(kind, after.weights, tuple(_judgements(experiment, number, judged)), tuple(_measured(experiment, number)), False,
                        "forest" if kind == "promote" else None, "svc", "Why.", after)  # fmt: skip
    epoch = 1 + min(number // 4, 3)
    return LookTold(
        number, at, at - 5, at, "", standing, epoch, as_json(decision), after.weights, after, kind in ("promote", "roll back"), False
    )


def _judgements(experiment: Experiment, number: int, judged: Judged) -> Iterator[Judgement]:
    if experiment.strength.method != "iter8":
        yield from (judged(number, one.variant) for one in experiment.candidates or (experiment.baseline,))


def _measured(experiment: Experiment, number: int) -> Iterator[Measured]:
    for place, one in enumerate(experiment.versions):
        yield Measured(CONVERSION, one.variant, 0.1 + 0.02 * place, 100 * number, 0.05, 0.2)
        yield Measured(ERRORS, one.variant, 0.004, 100 * number, 0.001, 0.02)
        yield Measured(P95, one.variant, 180.0 + number, 100 * number, 150.0, None)


def _weights(experiment: Experiment, number: int) -> dict[str, float]:
    each = min(20.0 * (1 + number // 4), 50.0) / max(len(experiment.candidates), 1)
    shares = {one.variant: each for one in experiment.candidates}
    return {experiment.baseline.variant: 100.0 - sum(shares.values()), **shares}
