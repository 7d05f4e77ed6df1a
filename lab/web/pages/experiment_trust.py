"""Whether what a run has measured can be trusted: the split, the feedback, rescues, leaks and the log itself. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lab.explain.claims import in_the_way
from lab.explain.words import listed
from lab.judge.decision import Decision
from lab.spec.experiment import Experiment
from lab.stats.verdict import Reason
from lab.store.answers import Account
from lab.web.pages.experiment_counts import Seen
from lab.web.pages.experiment_state import NOTHING, State

UNKNOWN = State("unknown", "idle")

# Answers without a line that a busy lab may have at any moment: a line is read about a second after its answer.
UNDER_WAY_MAX = 500


class Trusted(NamedTuple):
    """One thing that may be wrong, with its number."""

    what: str
    number: str
    state: State
    sentence: str


def trust(experiment: Experiment, decision: Decision | None, seen: Seen) -> tuple[Trusted, ...]:
    """Each of the five, also where nothing is known of it yet."""
    wrong = [*decision.trust, *(one for each in decision.judgements for one in each.verdict.notes)] if decision else []
    return (
        _split(experiment, decision, wrong),
        _coverage(experiment, seen, wrong),
        _rescued(experiment, seen),
        _leaks(experiment, decision, wrong),
        _log(seen),
    )


def too_late(answers: Sequence[Account]) -> str:
    """An attempt that the gateway gave up on may have been answered later, or never."""
    late = listed([f"{one.late_max:,} of {one.variant}" for one in answers if one.late_max])
    return f" At most {late} came after the gateway had given up, as after a time-out." if late else ""


def _found(wrong: list[Reason], *what: str) -> Reason | None:
    return next((one for one in wrong if one.what in what), None)


def _split(experiment: Experiment, decision: Decision | None, wrong: list[Reason]) -> Trusted:
    """The sample ratio."""
    name, number = "The split", _shares(experiment, decision)
    if experiment.pattern in ("Shadow", "Conformance"):
        why = "A shadow gets copies: nobody is split for it." if experiment.candidates else "There is one variant: nobody is split for it."
        return Trusted(name, NOTHING, State("nothing is split", "idle"), why)
    found = _found(wrong, "split off", "split in doubt")
    if found is not None:
        state = State("off", "bad") if found.what == "split off" else State("in doubt", "warn")
        return Trusted(name, number, state, _sentence(in_the_way(found, experiment)))
    if number == NOTHING:
        return Trusted(name, number, UNKNOWN, "Nobody was split yet.")
    if experiment.strength.method == "iter8":
        return Trusted(name, number, State("not checked", "idle"), "Iter8's rule does not check the split; compare the shares yourself.")
    words = "Nothing speaks against it. Checked at every look, by the first prediction of each visitor (sample ratio)."
    return Trusted(name, number, State("as planned", "good"), words)


def _shares(experiment: Experiment, decision: Decision | None) -> str:
    """`forest 30.1 % of 4,000 predictions (planned 30 %)`"""
    epochs = [one for one in (decision.epochs if decision else ()) if one.weights and sum(one.requests.values())]
    total = sum(sum(one.requests.values()) for one in epochs)
    if not total or not experiment.candidates:
        return NOTHING
    parts = []
    for version in experiment.candidates:
        got = sum(one.requests.get(version.variant, 0) for one in epochs)
        planned = sum(sum(one.requests.values()) * one.weights.get(version.variant, 0.0) for one in epochs) / total
        parts.append(f"{version.variant} {100 * got / total:.1f} % (planned {planned:.1f} %)")
    return f"{', '.join(parts)} of {total:,} predictions"


def _coverage(experiment: Experiment, seen: Seen, wrong: list[Reason]) -> Trusted:
    name = "Feedback"
    parts = [f"{one} {_percent(seen.with_feedback, seen.predictions, one)}" for one in _variants(experiment) if seen.predictions.get(one)]
    number = f"{', '.join(parts)} of the predictions" if parts else NOTHING
    found = _found(wrong, "uneven coverage")
    if found is not None:
        return Trusted(name, number, State("uneven", "bad"), _sentence(in_the_way(found, experiment)))
    if not parts:
        return Trusted(name, number, UNKNOWN, "There are no predictions that anybody could say something about.")
    if not any(seen.with_feedback.values()):
        return Trusted(name, number, State("none", "idle"), "Nobody has said anything about a prediction.")
    words = "Feedback that is lost for one variant would make the other look better. No sign of that."
    return Trusted(name, number, State("even", "good"), words)


def _rescued(experiment: Experiment, seen: Seen) -> Trusted:
    name = "Rescued and failed predictions"
    if not sum(seen.predictions.values()):
        return Trusted(name, NOTHING, UNKNOWN, "There are no predictions yet.")
    met = [one for one in _variants(experiment) if seen.predictions.get(one)]
    return Trusted(name, f"{', '.join(_lost(one, seen) for one in met)} predictions", *_errors(seen))


def _lost(variant: str, seen: Seen) -> str:
    """`forest 69 rescued and 488 failed of 1,204`"""
    rescued, failed = seen.rescued.get(variant, 0), seen.unrescued.get(variant, 0)
    return f"{variant} {rescued:,} rescued and {failed:,} failed of {seen.predictions[variant]:,}"


def _errors(seen: Seen) -> tuple[State, str]:
    """Whether visitors saw any."""
    rescued = "Rescued: it failed, and the baseline answered instead; each counts as a failure of its own variant."
    failed = sum(seen.unrescued.values())
    if failed:
        many = "prediction" if failed == 1 else "predictions"
        visitors = f"Visitors got an error, or an answer that was cut off, for {failed:,} {many}: nobody rescued them."
        return State("visitors got errors", "bad"), f"{visitors} {rescued}"
    if sum(seen.rescued.values()):
        return State("some rescued", "warn"), f"{rescued} Nothing failed without that."
    return State("none", "good"), "Visitors saw no error."


def _leaks(experiment: Experiment, decision: Decision | None, wrong: list[Reason]) -> Trusted:
    name = "Leaks"
    if decision is None or not decision.epochs:
        return Trusted(name, NOTHING, UNKNOWN, "No look has seen a prediction yet.")
    if experiment.strength.method == "iter8":
        return Trusted(name, NOTHING, State("not checked", "idle"), "Iter8's rule does not look for predictions at a weight of 0 %.")
    leaked = {one.name: one.n for one in wrong if one.what == "leaked"}
    if leaked:
        number = listed([f"{variant} {n:,}" for variant, n in leaked.items()])
        words = "They met a variant whose weight was 0 %, so the traffic does not go where it should."
        return Trusted(name, f"{number} predictions or visitors", State("leaked", "bad"), words)
    return Trusted(name, "0 predictions", State("none", "good"), "Nobody met a variant while its weight was 0 %.")


def _log(seen: Seen) -> Trusted:
    """What the services count themselves, beside the lines of the journal."""
    name = "The log"
    if not seen.answers:
        return Trusted(name, NOTHING, UNKNOWN, "The services' own counts cannot be read here.")
    answered, missing, unexplained = (sum(getattr(one, field) for one in seen.answers) for field in ("answered", "missing", "unexplained"))
    number = f"{answered - missing:,} of {answered:,} answers of these variants, ever"
    late = too_late(seen.answers)
    if not missing:
        return Trusted(name, number, State("complete", "good"), "Every answer that the services count has its line in the journal.")
    if not unexplained:
        return Trusted(name, number, State("complete", "good"), f"No answer that the services count is known to be lost.{late}")
    which = listed([f"{one.variant} {one.unexplained:,}" for one in seen.answers if one.unexplained])
    words = f"No line yet: {which}. Of requests under way right now, or lost.{late}"
    return Trusted(name, number, State(f"{unexplained:,} not in it", "idle" if unexplained <= UNDER_WAY_MAX else "warn"), words)


def _percent(part: Mapping[str, int], whole: Mapping[str, int], variant: str) -> str:
    return f"{100 * part.get(variant, 0) / whole[variant]:.1f} % of {whole[variant]:,}"


def _variants(experiment: Experiment) -> list[str]:
    return [one.variant for one in experiment.versions]


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."
