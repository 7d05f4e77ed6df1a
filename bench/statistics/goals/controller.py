"""G11: the whole decision under a ramp and drift: promote what is better, roll back what harms, and nothing else."""

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from bench.statistics import ours, peers
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import NEVER, at_end, before, first
from bench.statistics.summary import Median, Share
from bench.statistics.worlds import RAMP, Binary, Floats, Ints, Seen, simulate, staged
from lab.stats.verdict import Guardrail, Objective, Reward, Rule, Split, judged

ERRORS_LIMIT, SLOW_LIMIT = 0.01, 0.05
NAIVE, FLAGGER = "z tests at every look", "threshold 5 (Flagger)"
ITER8, COUNTS = "best estimate at the end (Iter8 v2)", "most counts (Iter8 v2)"
HARMS = ("errors", "more errors", "slow", "slower", "worse")


class Release(NamedTuple):
    """A candidate: its reward beside the baseline's, its errors and slow requests in equally long stages."""

    lift: float = 1.0
    errors: tuple[float, ...] = (0.005,)
    slow: float = 0.03
    margin: float = 1.0
    """How many times the baseline's odds of an error are allowed."""
    split: str = "exact"


class Day(NamedTuple):
    """What is seen of one release, shape (runs, looks): rewards, errors and slow requests of both variants."""

    reward: Seen
    errors: Seen
    slow: Seen


def decisions(release: Release, rng: np.random.Generator, runs: int) -> Samples:
    """Requests at which each rule promotes or rolls back."""
    reward = simulate(Binary(100, 1000, (0.08, 0.12), lift=release.lift, shares=RAMP, split=release.split), rng, runs)
    day = Day(reward, _harm(reward, 0.005, release.errors, rng), _harm(reward, 0.03, (release.slow,), rng))
    units = np.arange(1, 101) * 1000
    said = {"ours": _ours(day, release.margin, units), NAIVE: _naive(day, units), FLAGGER: _flagger(day, units)}
    said |= {ITER8: _iter8(day, units, peers.best_estimate), COUNTS: _iter8(day, units, peers.most_counts)}
    return {f"{rule} {verb}": sample for rule, (up, down) in said.items() for verb, sample in (("promotes", up), ("rolls back", down))}


def _harm(traffic: Seen, rate_a: float, rates_b: tuple[float, ...], rng: np.random.Generator) -> Seen:
    bad_b = rng.binomial(traffic.n_b, staged(rates_b, traffic.n_b.shape[1]))
    return Seen(traffic.n_a, rng.binomial(traffic.n_a, rate_a), traffic.n_b, bad_b)


def _ours(day: Day, margin: float, units: Ints) -> tuple[Floats, Floats]:
    log_e = evidence(day, margin)
    largest = {name: np.maximum.accumulate(values, axis=1) for name, values in log_e.items()}
    verdicts = [_decided(_of(log_e, run), _of(largest, run)) for run in range(len(day.reward.n_a))]
    promoted, rolled_back = (
        np.array([float(units[look]) if kind == wanted else NEVER for kind, look in verdicts]) for wanted in ("promote", "roll back")
    )
    return promoted, rolled_back


def _of(paths: dict[str, Floats], run: int) -> dict[str, Floats]:
    return {name: values[run] for name, values in paths.items()}


def evidence(day: Day, margin: float) -> dict[str, Floats]:
    """Log e-values of every claim and harm."""
    reward, errors, slow = day
    return {
        "better": ours.binary(reward, "greater"),
        "worse": ours.binary(reward, "less"),
        "errors": ours.violated(errors.s_b, errors.n_b, ERRORS_LIMIT),
        "errors kept": ours.satisfied(errors.s_b, errors.n_b, ERRORS_LIMIT),
        "more errors": ours.binary(errors, "greater", null=math.log(margin), prior_scale=0.5),
        "slow": ours.violated(slow.s_b, slow.n_b, SLOW_LIMIT),
        "slow kept": ours.satisfied(slow.s_b, slow.n_b, SLOW_LIMIT),
        "slower": ours.binary(slow, "greater", prior_scale=0.5),
        "split": ours.split(reward.n_a, reward.n_b, staged(RAMP, reward.n_a.shape[1])),
    }


def _decided(now: dict[str, Floats], largest: dict[str, Floats]) -> tuple[str, int]:
    """The first verdict that is not to go on, and its look."""
    # No verdict of these two before any of its e-values (or, for their mean, any of the harms') has reached 20.
    may = np.max([largest[name] for name in ("better", *HARMS)], axis=0) >= math.log(20)
    for look in np.flatnonzero(may):
        reward = Reward("reward", None, float(largest["better"][look]))
        objectives = [Objective(name, None, 0.0, float(largest[name][look])) for name in ("errors kept", "slow kept")]
        guardrails = [Guardrail(name, None, 0.0, float(now[name][look]), float(largest[name][look])) for name in HARMS]
        kind = judged(reward, objectives, guardrails, Split(float(largest["split"][look])), Rule()).kind
        if kind in ("promote", "roll back"):
            return kind, int(look)
    return "inconclusive", len(now["better"]) - 1


def _naive(day: Day, units: Ints) -> tuple[Floats, Floats]:
    """One-sided z tests at 5 % of every harm, and of the reward, anew at every look; the limits by estimates."""
    reward, errors, slow = (seen.cumulative() for seen in day)
    down = peers.z_above(day.errors.s_b, day.errors.n_b, ERRORS_LIMIT)
    down |= peers.z_above(day.slow.s_b, day.slow.n_b, SLOW_LIMIT)
    down |= (peers.z_statistic(errors) > 1.645) | (peers.z_statistic(slow) > 1.645) | (peers.z_statistic(reward) < -1.645)
    up = (peers.z_statistic(reward) > 1.645) & _feasible(day)
    promoted, rolled_back = first(up, units), first(down, units)
    return before(promoted, rolled_back), np.where(rolled_back <= promoted, rolled_back, NEVER)


def _flagger(day: Day, units: Ints) -> tuple[Floats, Floats]:
    """Each window's values against the limits; promoted at the end."""
    failed = (day.errors.s_b > ERRORS_LIMIT * day.errors.n_b) | (day.slow.s_b > SLOW_LIMIT * day.slow.n_b)
    down = first(np.cumsum(failed, axis=1) >= 5, units)
    return np.where(np.isfinite(down), NEVER, float(units[-1])), down


def _iter8(day: Day, units: Ints, wins: object) -> tuple[Floats, Floats]:
    """The candidate is promoted at the end if its estimates are within the limits and its reward's is the best."""
    up = at_end(wins(day.reward.cumulative()) & _feasible(day), units)  # type: ignore[operator]
    return up, np.where(np.isfinite(up), NEVER, float(units[-1]))


def _feasible(day: Day) -> np.ndarray:
    high = peers.estimate_above(day.errors.s_b, day.errors.n_b, ERRORS_LIMIT)
    return ~(high | peers.estimate_above(day.slow.s_b, day.slow.n_b, SLOW_LIMIT))



def case(words: str, release: Release, *promises: tuple[str, Bound | None, Bound | None]) -> Case:
    """promises: verb, bound of the share, bound of the median."""
    bounds = {verb: (share, median) for verb, share, median in promises}
    lines = []
    for verb in ("promotes", "rolls back"):
        share, median = bounds.get(verb, (None, None))
        lines.append(Line("ours: decision rule", verb, f"ours {verb}", Share(), share))
        if median:
            lines.append(Line("ours: decision rule", f"{verb}, median requests", f"ours {verb}", Median("requests"), median))
    shown = [(rule, verb) for rule in (NAIVE, FLAGGER, ITER8, COUNTS) for verb in ("promotes", "rolls back")]
    lines += [Line(rule, verb, f"{rule} {verb}", Share()) for rule, verb in shown]
    return Case("G11", words, 1000, partial(decisions, release), tuple(lines), chunk=250)


AT_MOST, AT_LEAST = Bound(0.05), Bound(0.95, ">=")

CASES = [
    case("identical, each request drawn", Release(split="random"), ("promotes", AT_MOST, None), ("rolls back", AT_MOST, None)),
    case("reward 15 % higher", Release(1.15), ("promotes", AT_LEAST, Bound(60_000)), ("rolls back", AT_MOST, None)),
    case("reward 10 % lower", Release(0.9), ("promotes", Bound(0.01), None)),
    case("reward 15 % higher, but 2 % errors", Release(1.15, (0.02,)), ("rolls back", Bound(0.99, ">="), Bound(15_000))),
    case("reward 15 % higher, but 10 % beyond the 95th percentile's limit", Release(1.15, slow=0.1),
         ("rolls back", Bound(0.99, ">="), Bound(8_000))),
    case("identical, but 3 % errors from look 61 on", Release(errors=(0.005, 0.005, 0.005, 0.03, 0.03)), ("promotes", AT_MOST, None)),
    case("identical reward, 0.7 % errors (limit 1 %, margin 1.5 times the baseline's 0.5 %)", Release(errors=(0.007,), margin=1.5),
         ("promotes", AT_MOST, None), ("rolls back", AT_MOST, None)),
]
