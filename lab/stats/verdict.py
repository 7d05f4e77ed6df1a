"""The decision rule: promote, roll back, continue, hold or inconclusive, each with its numbers and what would change it.

It takes e-values and intervals, not the tests they come from. Evidence that is missing, None or nan, never promotes and never rolls
back: promotion needs every claim shown, and a guardrail without evidence counts as e = 1.

All objectives must be shown, so promotion needs no correction for their number (Schultzberg, Ankargren & Franberg 2024). Rolling back on
any of m guardrails needs one: their mean e-value must reach 1/alpha, which any one at m/alpha does alone (Vovk & Wang 2021).
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from lab.stats.evalue import bonferroni_alpha, mean_log_e, threshold
from lab.stats.futility import futile
from lab.stats.interval import Interval

Kind = Literal["promote", "roll back", "continue", "hold", "inconclusive"]
What = Literal[
    "violated",
    "jointly violated",
    "suspected",
    "shown",
    "not shown",
    "missing",
    "too few",
    "split off",
    "split in doubt",
    "futile",
    "time is up",
    "leaked",
    "uneven coverage",
    "no data",
    "gate",
]
# What counts where there is no evidence: below any threshold.
NONE = -math.inf


class Reward(NamedTuple):
    """What the candidate should be better at, turned so that a larger difference (candidate minus baseline) is better.

    log_e_max: the largest log e-value so far of the claim: better, or not worse than the margin. None: nothing was seen.
    interval: of the difference, in `unit`; for futility. n: units of the smaller arm. limit: the claim's bound: 0, or minus the margin.
    """

    name: str
    estimate: float | None
    log_e_max: float | None
    interval: Interval | None = None
    unit: str = ""
    n: int = 0
    limit: float = 0.0


class Objective(NamedTuple):
    """A claim that must be shown before promotion, say "error rate below 1 %". log_e_max: as in `Reward`."""

    name: str
    value: float | None
    limit: float
    log_e_max: float | None
    unit: str = ""
    n: int = 0


class Guardrail(NamedTuple):
    """A harm that ends the experiment, say "error rate above 1 %", or "reward worse". log_e: of the harm, now; log_e_max: its largest."""

    name: str
    value: float | None
    limit: float
    log_e: float | None
    log_e_max: float | None
    unit: str = ""
    n: int = 0


class Split(NamedTuple):
    """Whether the traffic was split as planned. log_e_max: the largest log e-value against that."""

    log_e_max: float | None
    n: int = 0


class Rule(NamedTuple):
    """alpha_promote: the probability, at most, to promote any candidate wrongly; alpha_rollback: to roll one back wrongly.

    alpha_split: at which a wrong split blocks promotion; alpha_doubt: at which it is mentioned. candidates: how many compete.
    units_min: per arm, before anything is promoted. smallest: the least difference worth a change, in the reward's unit; None: any.
    """

    alpha_promote: float = 0.05
    alpha_rollback: float = 0.05
    alpha_split: float = 0.001
    alpha_doubt: float = 0.05
    candidates: int = 1
    units_min: int = 0
    smallest: float | None = None


class Reason(NamedTuple):
    """One fact behind a verdict. value, limit: in `unit`. log_e and needed: the evidence and how much it takes, both natural logarithms.

    n: units seen; with "too few", `limit` is how many it takes.
    """

    what: What
    name: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    log_e: float | None = None
    needed: float | None = None
    n: int = 0


class Verdict(NamedTuple):
    """reasons: what made it so. would_change: what it would take to promote; empty where nothing would. notes: what else to know."""

    kind: Kind
    reasons: tuple[Reason, ...]
    would_change: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()


def judged(
    reward: Reward | None,
    objectives: Sequence[Objective],
    guardrails: Sequence[Guardrail],
    split: Split,
    rule: Rule = Rule(),  # noqa: B008 - immutable
    time_is_up: bool = False,
    distrust: Sequence[Reason] = (),
) -> Verdict:
    """The verdict on one candidate. reward: None where none was asked for; then the objectives decide. distrust: what else keeps it from
    being promoted: evidence that cannot be trusted, or a gate that is closed."""
    notes = _doubt(split, rule)
    if harms := violated(guardrails, rule.alpha_rollback):
        return Verdict("roll back", harms, notes=notes)
    claims = _claims(reward, objectives, rule)
    blocks = (*distrust, *_missing(claims, guardrails, split), *_blocked(split, rule), *_too_few(claims, rule))
    unmet = tuple(claim for claim in claims if claim.what == "not shown")
    return _without_harm(claims, blocks, unmet, _pointless(reward, rule), time_is_up)._replace(notes=notes)


def violated(guardrails: Sequence[Guardrail], alpha: float) -> tuple[Reason, ...]:
    """The harms that are shown, with the correction for their number; or all together, if only their mean is."""
    if not guardrails:
        return ()
    needed = threshold(bonferroni_alpha(alpha, len(guardrails)))
    alone = tuple(_harm(one, "violated", needed) for one in guardrails if _or(one.log_e_max, NONE) >= needed)
    mean = mean_log_e(_or(one.log_e, 0.0) for one in guardrails)
    if alone or mean < threshold(alpha):
        return alone
    seen = tuple(_harm(one, "suspected", needed) for one in guardrails if _or(one.log_e, 0.0) > 0)
    return (Reason("jointly violated", "guardrails", log_e=mean, needed=threshold(alpha)), *seen)


def sentence(reason: Reason) -> str:
    """A reason in words, with its numbers."""
    texts = {
        "violated": f"{_measured(reason)} violates the limit {_amount(reason.limit, reason.unit)}{_evidence(reason)}.",
        "suspected": f"{_measured(reason)} may violate the limit {_amount(reason.limit, reason.unit)}{_evidence(reason)}.",
        "jointly violated": f"Together the guardrails are violated{_evidence(reason)}.",
        "shown": f"{_measured(reason)} is shown against {_amount(reason.limit, reason.unit)}{_evidence(reason)}.",
        "not shown": f"{_measured(reason)} is not shown against {_amount(reason.limit, reason.unit)}{_evidence(reason)}.",
        "missing": f"{reason.name} has no evidence yet.",
        "too few": f"{reason.name}: {reason.n} of {_amount(reason.limit, '')} units in the smaller arm.",
        "split off": f"The traffic is not split as planned{_evidence(reason)}.",
        "split in doubt": f"The traffic may not be split as planned{_evidence(reason)}.",
        "futile": f"{reason.name} differs by at most {_amount(reason.value, reason.unit)}, {_amount(reason.limit, reason.unit)} is needed.",
        "time is up": "The time is up.",
        "leaked": f"{reason.name} got {reason.n} predictions or visitors at a weight of 0.",
        "uneven coverage": f"Feedback does not come from both variants alike{_evidence(reason)}.",
        "no data": "The last look brought no data.",
        "gate": f"{reason.name} is waited for.",
    }
    return texts[reason.what]


def _without_harm(
    claims: tuple[Reason, ...], blocks: tuple[Reason, ...], unmet: tuple[Reason, ...], pointless: tuple[Reason, ...], time_is_up: bool
) -> Verdict:
    if claims and not blocks and not unmet:
        return Verdict("promote", claims)
    if time_is_up:
        return Verdict("inconclusive", (Reason("time is up", "experiment"), *blocks, *unmet))
    if blocks or not claims:
        return Verdict("hold", blocks or (Reason("missing", "reward or objective"),), (*blocks, *unmet))
    if pointless:
        return Verdict("inconclusive", pointless)
    return Verdict("continue", unmet, unmet)


def _claims(reward: Reward | None, objectives: Sequence[Objective], rule: Rule) -> tuple[Reason, ...]:
    """Every claim that promotion needs, and whether it is shown. With several candidates each gets its part of alpha."""
    needed = threshold(bonferroni_alpha(rule.alpha_promote, rule.candidates))
    asked = [(one.name, one.value, one.limit, one.unit, one.log_e_max, one.n) for one in objectives]
    if reward is not None:
        asked.insert(0, (reward.name, reward.estimate, reward.limit, reward.unit, reward.log_e_max, reward.n))
    return tuple(_claim(needed, *one) for one in asked)


def _claim(needed: float, name: str, value: float | None, limit: float, unit: str, log_e: float | None, n: int) -> Reason:
    what: What = "missing" if _gone(log_e) else "shown" if _or(log_e, NONE) >= needed else "not shown"
    return Reason(what, name, _known(value), limit, unit, _known(log_e), needed, n)


def _harm(one: Guardrail, what: What, needed: float) -> Reason:
    return Reason(what, one.name, _known(one.value), one.limit, one.unit, _known(one.log_e_max), needed, one.n)


def _missing(claims: Sequence[Reason], guardrails: Sequence[Guardrail], split: Split) -> tuple[Reason, ...]:
    unseen = [Reason("missing", one.name, limit=one.limit, unit=one.unit) for one in guardrails if _gone(one.log_e_max)]
    unseen += [Reason("missing", "split")] if _gone(split.log_e_max) else []
    return (*(claim for claim in claims if claim.what == "missing"), *unseen)


def _blocked(split: Split, rule: Rule) -> tuple[Reason, ...]:
    return _against(split, "split off", rule.alpha_split)


def _doubt(split: Split, rule: Rule) -> tuple[Reason, ...]:
    """A doubt, unless it is certain enough to block."""
    return () if _blocked(split, rule) else _against(split, "split in doubt", rule.alpha_doubt)


def _against(split: Split, what: What, alpha: float) -> tuple[Reason, ...]:
    needed, log_e = threshold(alpha), _or(split.log_e_max, NONE)
    return (Reason(what, "split", log_e=log_e, needed=needed, n=split.n),) if log_e >= needed else ()


def _too_few(claims: Sequence[Reason], rule: Rule) -> tuple[Reason, ...]:
    few = [claim for claim in claims if claim.what != "missing" and claim.n < rule.units_min]
    return tuple(Reason("too few", claim.name, claim.value, rule.units_min, n=claim.n) for claim in few)


def _pointless(reward: Reward | None, rule: Rule) -> tuple[Reason, ...]:
    """Nothing worth having is left: all differences are below the smallest that is worth it, or below the claim's own bound."""
    if reward is None or reward.interval is None:
        return ()
    smallest = reward.limit if rule.smallest is None else max(rule.smallest, reward.limit)
    if not futile(reward.interval, smallest):
        return ()
    return (Reason("futile", reward.name, reward.interval.high, smallest, reward.unit, n=reward.n),)


def _gone(log_e: float | None) -> bool:
    return log_e is None or math.isnan(log_e)


def _known(value: float | None) -> float | None:
    return None if _gone(value) else value


def _or(log_e: float | None, otherwise: float) -> float:
    return otherwise if log_e is None or math.isnan(log_e) else log_e


def _measured(reason: Reason) -> str:
    n = f" (n = {reason.n})" if reason.n else ""
    return f"{reason.name} {_amount(reason.value, reason.unit)}{n}"


def _amount(value: float | None, unit: str) -> str:
    return "unknown" if value is None else f"{value:.4g} {unit}".strip()


def _evidence(reason: Reason) -> str:
    if reason.log_e is None or reason.needed is None:
        return ""
    return f" (e = {_power(reason.log_e)}, needed {_power(reason.needed)})"


def _power(log_e: float) -> str:
    """An e-value from its logarithm, also where it is beyond what a number can be."""
    if -9 < log_e < 14:
        return f"{math.exp(log_e):.3g}"
    return f"1e{log_e / math.log(10):+.0f}" if math.isfinite(log_e) else ("infinite" if log_e > 0 else "0")
