"""Decisions of every kind on one experiment, and how far it had come: what the golden texts explain."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from lab.explain import Progress
from lab.judge.decision import Decision, EpochCount, Judgement, Measured, Standing
from lab.spec.experiment import Experiment, Guard, Metric, Objective, Reward, Strength, Version
from lab.stats.interval import Interval
from lab.stats.verdict import Kind, Reason, Verdict

CONVERSION = Metric("user-engagement", "conversion", "conversion")
MEAN_REWARD = Metric("basket", "mean-reward", "reward mean", unit="EUR")
ERRORS = Metric("error-rate", "error-rate", "rate")
P95 = Metric("latency-95th-percentile", "latency-95th-percentile", "latency percentile", "ms", 1000.0, 0.95)
FEEDBACK = Metric("feedback-count", "feedback-count", "count")

START = 1_700_000_000.0
NEEDED = math.log(20)
# A rollback has three guardrails to choose from.
NEEDED_HARM = math.log(60)


class Told(NamedTuple):
    """What `explained` is given."""

    experiment: Experiment
    decision: Decision | None
    progress: Progress


EXPERIMENT = Experiment(
    name="iris-progressive",
    target="iris",
    route="iris",
    pattern="A/B",
    deployment="Progressive",
    baseline=Version("iris-v1", "svc"),
    candidates=(Version("iris-v2", "forest"),),
    reward=Reward(CONVERSION),
    objectives=(Objective(ERRORS, upper=0.01), Objective(P95, upper=250.0)),
    strength=Strength(units_min=400, smallest=0.01, guards=(Guard(P95, 1.2),)),
    interval_s=20.0,
    iterations=15,
)
BASKET = replace(
    EXPERIMENT,
    name="basket",
    reward=Reward(MEAN_REWARD),
    objectives=(),
    strength=Strength(unit="request"),
    interval_s=60.0,
    iterations=30,
)
ITER8 = replace(
    EXPERIMENT,
    name="quickstart-exp",
    reward=Reward(FEEDBACK),
    objectives=(Objective(ERRORS, upper=0.01, rolls_back=False),),
    strength=Strength(method="iter8"),
    interval_s=10.0,
    iterations=10,
)

EPOCHS = (
    EpochCount(4, {"svc": 1312, "forest": 148}, {"svc": 90.0, "forest": 10.0}, {"svc": 905, "forest": 101}),
    EpochCount(5, {"svc": 1180, "forest": 301}, {"svc": 80.0, "forest": 20.0}, {"svc": 810, "forest": 204}),
)
GOOD = (
    Measured(ERRORS, "svc", 0.004, 2492, 0.002, 0.008),
    Measured(ERRORS, "forest", 0.0045, 449, 0.001, 0.0129),
    Measured(P95, "svc", 181.0, 2492, 170.0, 193.0),
    Measured(P95, "forest", 174.2, 449, 151.0, 205.0),
)
ENGAGED = (Measured(CONVERSION, "svc", 0.1012, 1715, 0.082, 0.123), Measured(CONVERSION, "forest", 0.1245, 305, 0.08, 0.18))
UNSHOWN = Reason("not shown", "user-engagement", 0.0233, 0.0, "", math.log(3.4), NEEDED, 305)
SHOWN = Reason("shown", "user-engagement", 0.0233, 0.0, "", math.log(31.2), NEEDED, 1410)
MET = Reason("shown", "error-rate", 0.0045, 0.01, "", math.log(48), NEEDED, 449)
FAST = Reason("shown", "latency-95th-percentile", 174.2, 250.0, "ms", math.log(900), NEEDED, 449)
UNMET = Reason("not shown", "error-rate", 0.0045, 0.01, "", math.log(2.1), NEEDED, 449)
LOG_E = {
    "user-engagement better": math.log(3.4),
    "user-engagement worse": math.log(0.2),
    "error-rate kept": math.log(2.1),
    "latency-95th-percentile kept": math.log(900),
    "error-rate violated": math.log(1.6),
    "latency-95th-percentile against the baseline": math.log(0.4),
}


def told(kind: Kind, *reasons: Reason, experiment: Experiment = EXPERIMENT, of: str = "forest", **said: Any) -> Told:
    """A decision on one candidate. said: fields of the verdict, of the judgement, of the decision and of the progress; others: judgements
    on other candidates."""
    verdict = Verdict(kind, reasons, said.pop("would_change", ()), said.pop("notes", ()))
    others = said.pop("others", ())
    judgement = Judgement(of, verdict, **{"log_e_max": LOG_E, **_taken(said, Judgement)})
    progress = Progress(**{"stage": "Running", "iteration": 6, "iterations": 15, "started_at": START, "now": START + 125.0,
                           "next_look_at": START + 140.0, **_taken(said, Progress)})  # fmt: skip
    decision = {"weights": {"svc": 70.0, "forest": 30.0}, "measured": (*ENGAGED, *GOOD), "ends": False, "winner": None,
                "recommended": "iris-v1", "why": f"{kind}.", "epochs": EPOCHS, "judgements": (judgement, *others), **said}  # fmt: skip
    return Told(experiment, Decision(kind, standing=Standing(7, decision["weights"]), **decision), progress)


def ended(kind: Kind, *reasons: Reason, winner: str = "svc", **said: Any) -> Told:
    """The same at the end."""
    weights = {name: 100.0 if name == winner else 0.0 for name in ("svc", "forest")}
    return told(kind, *reasons, **{"ends": True, "winner": winner, "weights": weights, "stage": "Completed", "next_look_at": None, **said})


def _taken(said: dict[str, Any], shape: type) -> dict[str, Any]:
    return {name: said.pop(name) for name in list(said) if name in shape._fields and name not in ("verdict", "weights")}  # type: ignore[attr-defined]


def _e(**values: float) -> Mapping[str, float]:
    """The usual e-values, some of them others: `better=31.2`."""
    names = {"better": "user-engagement better",
              "worse": "user-engagement worse", "kept": "error-rate kept", "violated": "error-rate violated",
             "slow": "latency-95th-percentile violated", "slower": "latency-95th-percentile against the baseline"}  # fmt: skip
    return LOG_E | {names[name]: math.log(value) for name, value in values.items()}


def _harm(name: str, value: float, limit: float, unit: str, n: int) -> Reason:
    return Reason("violated", name, value, limit, unit, math.log(5300), NEEDED_HARM, n)


FAILING = (*ENGAGED, GOOD[0], Measured(ERRORS, "forest", 0.041, 512, 0.026, 0.061), *GOOD[2:])
SLOW = (*ENGAGED, *GOOD[:3], Measured(P95, "forest", 612.0, 512, 540.0, 700.0))
UNWANTED = (ENGAGED[0], Measured(CONVERSION, "forest", 0.0512, 820, 0.034, 0.073), *GOOD)
BASKETS = (Measured(MEAN_REWARD, "svc", 10.31, 2100, 9.9, 10.7), Measured(MEAN_REWARD, "forest", 10.29, 900, 9.7, 10.9))
CLICKS = (Measured(FEEDBACK, "svc", 61.0, 61), Measured(FEEDBACK, "forest", 84.0, 84), *GOOD[:2])
SPLIT_OFF = Reason("split off", "split", log_e=math.log(5300), needed=math.log(1000), n=2020)
COVERAGE = Reason("uneven coverage", "feedback", log_e=math.log(5300), needed=math.log(1000), n=2020)
LEAKED = Reason("leaked", "forest", n=12)
AS_BEFORE = {"svc": 80.0, "forest": 20.0}
NO_DATA = Reason("no data", "experiment")
TIME_UP = Reason("time is up", "experiment")
SLIGHTLY_BETTER = {"difference": 0.0233, "interval": Interval(-0.0041, 0.0507, 0.05)}
CLEARLY_WORSE = {"difference": -0.05, "interval": Interval(-0.081, -0.019, 0.05)}

NOT_WORSE = replace(BASKET, reward=Reward(MEAN_REWARD, margin=0.5))
FASTER = replace(BASKET, reward=Reward(P95, "Low"), objectives=())
ALONE = replace(EXPERIMENT, pattern="Conformance", candidates=(), reward=None, strength=Strength())
THREE = replace(EXPERIMENT, pattern="A/B/N", candidates=(Version("iris-v2", "forest"), Version("iris-v3", "xgboost")))
SHADOW = replace(EXPERIMENT, pattern="Shadow", reward=None, objectives=(Objective(P95, upper=250.0),))

CASES: Mapping[str, Told] = {
    "promote": ended(
        "promote",
        SHOWN,
        MET,
        FAST,
        winner="forest",
        difference=0.0233,
        interval=Interval(0.0041, 0.0425, 0.05),
        log_e_max=_e(better=31.2, kept=48),
    ),
    "promote, not worse": ended(
        "promote",
        Reason("shown", "basket", -0.02, -0.5, "EUR", math.log(22), NEEDED, 900),
        winner="forest",
        experiment=NOT_WORSE,
        measured=BASKETS,
        difference=-0.02,
        interval=Interval(-0.31, 0.27, 0.05),
        log_e_max={"basket not worse": math.log(22)},
        epochs=(),
    ),
    "promote, low is better": ended(
        "promote",
        Reason("shown", "latency-95th-percentile", 6.8, 0.0, "ms", math.log(22), NEEDED, 900),
        winner="forest",
        experiment=FASTER,
        measured=GOOD[2:],
        difference=-6.8,
        interval=Interval(-11.0, -2.6, 0.05),
        epochs=(),
        log_e_max={"latency-95th-percentile better": math.log(22)},
    ),
    "roll back, errors": ended(
        "roll back", _harm("error-rate", 0.041, 0.01, "", 512), measured=FAILING, log_e_max=_e(violated=5300, kept=0.02), **SLIGHTLY_BETTER
    ),
    "roll back, latency": ended(
        "roll back", _harm("latency-95th-percentile", 612.0, 250.0, "ms", 512), measured=SLOW, log_e_max=_e(slow=5300), **SLIGHTLY_BETTER
    ),
    "roll back, slow for a while": ended(
        "roll back", _harm("latency-95th-percentile", 174.2, 250.0, "ms", 512), log_e_max=_e(slow=5300), **SLIGHTLY_BETTER
    ),
    "roll back, slower for a while": ended(
        "roll back",
        _harm("latency-95th-percentile against the baseline", 174.2, 217.2, "ms", 512),
        log_e_max=_e(slower=5300),
        **SLIGHTLY_BETTER,
    ),
    "roll back, worse for a while": ended(
        "roll back", _harm("user-engagement worse", 0.0233, 0.0, "", 820), log_e_max=_e(worse=5300), **SLIGHTLY_BETTER
    ),
    "roll back, worse reward": ended(
        "roll back",
        _harm("user-engagement worse", -0.05, 0.0, "", 820),
        measured=UNWANTED,
        log_e_max=_e(worse=5300, better=0.3),
        **CLEARLY_WORSE,
    ),
    "roll back, relative guard": ended(
        "roll back",
        _harm("latency-95th-percentile against the baseline", 238.0, 217.2, "ms", 512),
        measured=(*ENGAGED, *GOOD[:3], Measured(P95, "forest", 238.0, 512, 221.0, 249.0)),
        log_e_max=_e(slower=5300),
        **SLIGHTLY_BETTER,
    ),
    "roll back, all together": ended(
        "roll back",
        Reason("jointly violated", "guardrails", log_e=math.log(22), needed=NEEDED),
        Reason("suspected", "error-rate", 0.016, 0.01, "", math.log(31), NEEDED_HARM, 512),
        Reason("suspected", "user-engagement worse", -0.02, 0.0, "", math.log(34), NEEDED_HARM, 305),
        **SLIGHTLY_BETTER,
    ),
    "continue": told("continue", UNSHOWN, UNMET, would_change=(UNSHOWN, UNMET), remaining=420, **SLIGHTLY_BETTER),
    "continue, too slow": told("continue", UNSHOWN, would_change=(UNSHOWN,), remaining=42_000, iteration=14, **SLIGHTLY_BETTER),
    "continue, in doubt": told(
        "continue",
        UNSHOWN,
        would_change=(UNSHOWN,),
        **SLIGHTLY_BETTER,
        notes=(Reason("split in doubt", "split", log_e=math.log(40), needed=NEEDED, n=2020),),
    ),
    "continue, several": told(
        "continue",
        UNSHOWN,
        would_change=(UNSHOWN,),
        experiment=THREE,
        **SLIGHTLY_BETTER,
        weights={"svc": 60.0, "forest": 40.0, "xgboost": 0.0},
        epochs=(),
        measured=(*ENGAGED, *GOOD, Measured(CONVERSION, "xgboost", None, 0), Measured(ERRORS, "xgboost", 0.08, 301, 0.05, 0.12)),
        others=(Judgement("xgboost", Verdict("roll back", (_harm("error-rate", 0.08, 0.01, "", 301),)), log_e_max=_e(violated=5300)),),
    ),
    "hold, too few": told(
        "hold",
        Reason("too few", "user-engagement", 0.0233, 400, n=305),
        would_change=(Reason("too few", "user-engagement", 0.0233, 400, n=305), UNSHOWN),
        remaining=95,
        weights=AS_BEFORE,
        **SLIGHTLY_BETTER,
    ),
    "hold, no data": told(
        "hold",
        NO_DATA,
        trust=(NO_DATA,),
        weights={"svc": 90.0, "forest": 10.0},
        epochs=(),
        log_e_max={},
        measured=(Measured(CONVERSION, "svc", None, 0), Measured(CONVERSION, "forest", None, 0), Measured(ERRORS, "svc", None, 0)),
    ),
    "hold, split off": told("hold", SPLIT_OFF, would_change=(SPLIT_OFF, UNSHOWN), weights=AS_BEFORE, trust=(SPLIT_OFF,), **SLIGHTLY_BETTER),
    "hold, leak": told("hold", LEAKED, would_change=(LEAKED,), trust=(LEAKED,), weights={"svc": 100.0, "forest": 0.0}, **SLIGHTLY_BETTER),
    "hold, uneven coverage": told(
        "hold", COVERAGE, would_change=(COVERAGE, UNSHOWN), weights=AS_BEFORE, trust=(COVERAGE,), **SLIGHTLY_BETTER
    ),
    "hold, gate": told(
        "hold",
        Reason("gate", "resume"),
        would_change=(Reason("gate", "resume"),),
        weights=AS_BEFORE,
        difference=0.0233,
        interval=Interval(0.0041, 0.0425, 0.05),
        log_e_max=_e(better=31.2, kept=48),
    ),
    "inconclusive, futile": ended(
        "inconclusive",
        Reason("futile", "user-engagement", 0.002, 0.01, "", n=1410),
        difference=-0.011,
        interval=Interval(-0.024, 0.002, 0.05),
    ),
    "inconclusive, time is up": ended("inconclusive", TIME_UP, UNSHOWN, UNMET, iteration=15, now=START + 300, **SLIGHTLY_BETTER),
    "iter8": told(
        "continue",
        experiment=ITER8,
        judgements=(),
        measured=CLICKS,
        why="Iteration 6, svc 40 %, forest 60 %: found unique winner iris-v2.",
        message="Error: ; Warning: ; Info: found unique winner",
        iteration=6,
        iterations=10,
        epochs=(),
    ),
    "conformance": ended(
        "promote", MET, FAST, experiment=ALONE, of="svc", weights={}, log_e_max=_e(kept=48), measured=(GOOD[0], GOOD[2]), epochs=()
    ),
    "shadow": told(
        "continue",
        Reason("not shown", "latency-95th-percentile", 174.2, 250.0, "ms", math.log(2.1), NEEDED, 449),
        experiment=SHADOW,
        measured=GOOD[2:],
        weights={"svc": 100.0, "forest": 0.0},
        epochs=(),
        log_e_max={"latency-95th-percentile kept": math.log(2.1)},
    ),
    "paused": told("continue", UNSHOWN, would_change=(UNSHOWN,), is_paused=True, next_look_at=None, **SLIGHTLY_BETTER),
    "a person decides": ended(
        "continue",
        UNSHOWN,
        would_change=(UNSHOWN,),
        winner="forest",
        intervention="Promoted by jane: the customer wants it.",
        **SLIGHTLY_BETTER,
    ),
    "before the first look": Told(
        EXPERIMENT, None, Progress("Running", 0, 15, START, START + 8, START + 20, notices=("weightObjRef has no meaning here.",))
    ),
    "waiting": Told(EXPERIMENT, None, Progress("Waiting", 0, 15, None, START)),
}
