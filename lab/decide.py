"""Decides what happens to the split next: promote, roll back, continue, hold or inconclusive, and the weights that follow.

`decide` is pure: the experiment, what was seen of it, how far it has come, and the time. The rules, in the order in which they count:

- A look that brought nothing changes nothing. At the last look the time is up, and whatever is not decided stays with the baseline.
- A candidate with a violated guardrail has no visitors any more (`lab.stats.verdict`), the others go on. A candidate of which nothing
  worth having is left goes, too.
- The first candidate whose every claim is shown gets everybody; of several at one look, the one with the largest difference.
- Else those candidates grow whose verdict is "continue", who got predictions since the last look, of whom no harm is suspected, and only
  while the evidence itself is sound. A hold is a hold: nothing grows while evidence is missing.
- A fixed split, a shadow and a conformance test keep their weights whatever comes out.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lab.judge import iter8, verdicts
from lab.judge.decision import Decision, Judgement, Measured, Standing
from lab.judge.evidence import Evidence
from lab.judge.reading import Values, shown
from lab.judge.said import metrics_of
from lab.judge.verdicts import Case, Found, rule_of, split_reasons, trust
from lab.judge.weights import all_for, first_weights, gates, grown, waits_for
from lab.judge.words import VERBS, amount, fact, metric_of, percent, sentence
from lab.spec.experiment import Experiment
from lab.spec.experiment import Objective as Limits
from lab.stats.evalue import bonferroni_alpha
from lab.stats.verdict import Kind, Reason, Verdict


def initial(experiment: Experiment) -> Standing:
    """Before the first look. No weights: those that the route has stay as they are."""
    return Standing(1, first_weights(experiment) if moves(experiment) else {})


def moves(experiment: Experiment) -> bool:
    """Whether its decisions change weights."""
    return experiment.deployment == "Progressive" and experiment.pattern not in ("Shadow", "Conformance") and bool(experiment.candidates)


class Outcome(NamedTuple):
    """Of a look, for all candidates together."""

    kind: Kind
    ends: bool
    winner: str | None
    """The candidate that is promoted, or the baseline that conforms."""
    retired: frozenset[str]


def decide(experiment: Experiment, evidence: Evidence, standing: Standing, now: float, is_shown: bool = True) -> Decision:
    """What follows from everything seen, by the look that was made last. now: in seconds since 1970.

    is_shown: whether somebody reads the intervals and the time left; without them the decision is the same, and sooner made.
    """
    time_is_up = standing.iteration >= experiment.iterations_in_all
    measured = _measured(experiment, evidence) if is_shown else ()
    if experiment.strength.method == "iter8":
        return iter8.decided(experiment, evidence, standing, time_is_up, measured)
    values, gate = Values(evidence.totals), gates(experiment, standing, now)
    found = [verdicts.found(Case(experiment, evidence, name, values, gate, time_is_up, is_shown)) for name in evidence.tests]
    judged = tuple(one.judgement for one in found)
    outcome, doubts = _outcome(experiment, judged, standing.retired, time_is_up), _trust(experiment, evidence)
    after = _after(experiment, evidence, standing, outcome, _growing(evidence, standing, found, doubts), now)
    decision = Decision(
        kind=outcome.kind,
        weights=after.weights,
        judgements=judged,
        measured=measured,
        ends=outcome.ends,
        winner=_kept(experiment, outcome) if outcome.ends else None,
        recommended=_recommended(experiment, outcome.winner),
        why="",
        standing=after,
        trust=doubts,
        new_units=sum(evidence.latest.values()),
        satisfied=_satisfied(experiment, values) if is_shown else {},
        epochs=evidence.epoch_counts if is_shown else (),
    )
    return decision._replace(why=_why(experiment, evidence, standing, decision, waits_for(experiment, standing, now)))


def _outcome(experiment: Experiment, judged: Sequence[Judgement], before: frozenset[str], time_is_up: bool) -> Outcome:
    """Who wins, who goes, and whether anything is left to find out."""
    winner = _winner(experiment, judged, before)
    if not experiment.candidates:
        kind = judged[0].verdict.kind
        return Outcome(kind, kind in ("promote", "roll back", "inconclusive"), winner, before)
    retired = before | {one.variant for one in judged if _is_out(one.verdict)}
    if winner:
        return Outcome("promote", True, winner, retired)
    kinds = [one.verdict.kind for one in judged]
    active = [one.verdict.kind for one in judged if one.variant not in retired]
    if not active:
        return Outcome("roll back" if "roll back" in kinds else "inconclusive", True, None, retired)
    if time_is_up:
        return Outcome("roll back" if _is_silence_fatal(experiment, judged) else "inconclusive", True, None, retired)
    return Outcome("continue" if "continue" in active else "hold", False, None, retired)


def _after(
    experiment: Experiment, evidence: Evidence, standing: Standing, outcome: Outcome, growing: Sequence[str], now: float
) -> Standing:
    """What the next look begins with. A look that brought nothing changes nothing but their number."""
    # The first step, a pause say, began with the experiment, one interval before its first look.
    began = standing.step_began or now - experiment.interval_s
    after = standing._replace(iteration=standing.iteration + 1, retired=outcome.retired, step_began=began)
    if not moves(experiment):
        return after
    if outcome.ends:
        return after._replace(weights=all_for(experiment, outcome.winner or experiment.baseline.variant))
    if not evidence.is_new:
        return after
    weights, place = grown(experiment, after, growing, now)
    is_open = standing.is_gate_open and place.step == standing.step
    return after._replace(weights=weights, step=place.step, step_began=place.began, is_gate_open=is_open)


def _is_out(verdict: Verdict) -> bool:
    """Whether a candidate has no future here."""
    return verdict.kind == "roll back" or (verdict.kind == "inconclusive" and any(one.what == "futile" for one in verdict.reasons))


def _winner(experiment: Experiment, judged: Sequence[Judgement], retired: frozenset[str]) -> str | None:
    """The promotable candidate with the largest difference; who was rolled back once does not come back."""
    ready = [one for one in judged if one.verdict.kind == "promote" and one.variant not in retired]
    return max(ready, key=lambda one: _gain(experiment, one)).variant if ready else None


def _gain(experiment: Experiment, one: Judgement) -> float:
    """The difference that its first claim, the reward's, says, turned so that more is better; 0 without a reward."""
    return (one.verdict.reasons[0].value or 0.0) if experiment.reward else 0.0


def _is_silence_fatal(experiment: Experiment, judged: Sequence[Judgement]) -> bool:
    """Whether the file wants a rollback where evidence is missing at the end. The weights are the same; the verdict is not."""
    missing = any(reason.what in ("missing", "no data") for one in judged for reason in one.verdict.reasons)
    return experiment.strength.on_no_data == "rollback" and missing


def _growing(evidence: Evidence, standing: Standing, found: Sequence[Found], doubts: Sequence[Reason]) -> tuple[str, ...]:
    """Who may have more, if nothing is doubtful."""
    return () if doubts else tuple(one.judgement.variant for one in found if _may_grow(evidence, standing, one))


def _may_grow(evidence: Evidence, standing: Standing, found: Found) -> bool:
    """Whose verdict is to go on, with predictions since the last look and nothing suspicious; and who has not begun yet."""
    variant, verdict = found.judgement.variant, found.judgement.verdict
    if not standing.weights.get(variant, 0.0):
        return not _is_out(verdict)
    goes_on = verdict.kind == "continue" or _waits_only(verdict)
    return goes_on and evidence.latest.get(variant, 0) > 0 and not found.is_suspect


def _waits_only(verdict: Verdict) -> bool:
    """Whether nothing but a gate is in the way: then the steps go on to it."""
    return verdict.kind == "hold" and all(reason.what == "gate" for reason in verdict.reasons)


def _trust(experiment: Experiment, evidence: Evidence) -> tuple[Reason, ...]:
    """All that is wrong with the evidence, each once."""
    reasons = [*split_reasons(evidence, rule_of(experiment))] if experiment.pattern != "Shadow" else []
    for name in evidence.tests:
        reasons += trust(evidence, name)
    if not evidence.is_new:
        reasons.append(Reason("no data", "experiment"))
    return tuple(dict.fromkeys(reasons))


def _kept(experiment: Experiment, outcome: Outcome) -> str | None:
    """Who gets everybody: the baseline if nobody else, but not one that has failed its own conformance test."""
    return outcome.winner or (experiment.baseline.variant if experiment.candidates else None)


def _recommended(experiment: Experiment, winner: str | None) -> str:
    return next((one.name for one in experiment.versions if one.variant == winner), experiment.baseline.name)


def _measured(experiment: Experiment, evidence: Evidence) -> tuple[Measured, ...]:
    """Every metric that the file names, of every variant."""
    alpha = bonferroni_alpha(experiment.strength.alpha, max(len(experiment.candidates), 1))
    return tuple(shown(metric, name, arm, alpha) for metric in metrics_of(experiment) for name, arm in evidence.totals.items())


def _satisfied(experiment: Experiment, values: Values) -> Mapping[str, tuple[bool | None, ...]]:
    """By the present estimates, for `describe`."""
    names = [one.variant for one in experiment.versions]
    return {name: tuple(_meets(one, values.of(one.metric, name)) for one in experiment.objectives) for name in names}


def _meets(limits: Limits, value: float | None) -> bool | None:
    if value is None:
        return None
    return (limits.upper is None or value <= limits.upper) and (limits.lower is None or value >= limits.lower)


def _why(experiment: Experiment, evidence: Evidence, before: Standing, decision: Decision, pause: Sequence[Reason]) -> str:
    """One sentence: the verdict, the weight, and the facts that made it so."""
    speaking = _speaking(experiment, before, decision)
    facts = [
        fact(experiment, one.variant, reason, _bound(experiment, evidence, one.variant, reason))
        for one in decision.judgements
        if one.variant in speaking
        for reason in one.verdict.reasons
        if reason.what != "time is up" or len(one.verdict.reasons) == 1
    ]
    doubts = [one for one in decision.trust if one.what == "split in doubt"]
    first = [fact(experiment, "", one) for one in (*doubts, *([] if decision.ends else pause))]
    return sentence(_head(experiment, before, decision, speaking), [*first, *facts])


def _speaking(experiment: Experiment, before: Standing, decision: Decision) -> list[str]:
    """The candidates that the sentence is about: the winner, else those that go now, else those that are still in it."""
    if decision.kind == "promote":
        return [decision.winner] if decision.winner in {one.variant for one in decision.judgements} else []
    names = [one.variant for one in decision.judgements]
    gone = [name for name in names if name in decision.standing.retired - before.retired]
    return gone or [name for name in names if name not in before.retired]


def _head(experiment: Experiment, before: Standing, decision: Decision, speaking: Sequence[str]) -> str:
    """`Hold at 25 %`, `Roll back to 0 %`, `Promote vgg16 to 100 %`, `Continue with 35 %`."""
    baseline = experiment.baseline.variant
    if not experiment.candidates:
        words = {"promote": f"{baseline} conforms", "roll back": f"{baseline} does not conform"}
        return words.get(decision.kind, VERBS[decision.kind])
    stays = "" if moves(experiment) else ", weights unchanged"
    if decision.kind == "promote":
        return f"Promote {decision.winner}" + (stays or " to 100 %")
    if decision.kind == "inconclusive":
        return f"Inconclusive, {baseline} stays" + (stays or " at 100 %")
    gone = decision.standing.retired - before.retired
    if decision.kind == "roll back" or gone:
        return (f"Roll back {', '.join(sorted(gone))}" if gone and len(experiment.candidates) > 1 else "Roll back") + (stays or " to 0 %")
    weights = [decision.weights.get(name, 0.0) for name in speaking]
    said = " / ".join(percent(weight) for weight in weights) if weights and decision.weights else ""
    grows = any(decision.weights.get(name, 0.0) > before.weights.get(name, 0.0) for name in speaking)
    return f"{VERBS[decision.kind]} {'with' if grows else 'at'} {said}" if said else VERBS[decision.kind]


def _bound(experiment: Experiment, evidence: Evidence, variant: str, reason: Reason) -> str:
    """The end of a violated metric's interval that is nearer to its limit: what makes the violation certain."""
    metric = metric_of(experiment, reason.name)
    if reason.what != "violated" or metric is None or metric.name != reason.name or reason.value is None or reason.limit is None:
        return ""
    seen = shown(metric, variant, evidence.totals[variant], experiment.strength.alpha_rollback)
    end, name = (seen.low, "lower") if reason.value > reason.limit else (seen.high, "upper")
    return "" if end is None else f"{name} bound {amount(metric, end)}"
