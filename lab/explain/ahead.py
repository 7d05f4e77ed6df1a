"""What is to come: what would change the verdict, whether the time suffices, and what happens next."""

from lab.explain.claims import merged, strongest_harm, wanted
from lab.explain.progress import Progress
from lab.explain.words import UNITS, clock, duration, listed, weights
from lab.judge.decision import Decision, Judgement
from lab.spec.experiment import Experiment

# What stays wrong with an experiment's evidence.
LASTING = ("split off", "leaked", "uneven coverage")


def changes(experiment: Experiment, decision: Decision, progress: Progress) -> list[str]:
    """What it would take, for each candidate."""
    return [f"What would change it{_for(one, decision)}: {_change(one, experiment, decision, progress)}" for one in decision.judgements]


def shares(experiment: Experiment, decision: Decision) -> dict[str, float]:
    """The weights from now on, the baseline first; none where the route keeps its own."""
    return {one.variant: decision.weights[one.variant] for one in experiment.versions if one.variant in decision.weights}


def time_left(experiment: Experiment, decision: Decision, progress: Progress) -> list[str]:
    """Looks and minutes, and how far they reach at the present pace."""
    if decision.ends or progress.stage == "Completed":
        return []
    left = progress.iterations_left
    looks = f"{left} {'look' if left == 1 else 'looks'}, {duration(left * experiment.interval_s)}"
    return [f"Time left: {looks}.{''.join(_reach(one, experiment, decision, progress) for one in decision.judgements)}"]


def next_step(experiment: Experiment, decision: Decision, progress: Progress) -> str:
    """Weights from now on, and when somebody looks again."""
    name = progress.run or experiment.name
    if progress.intervention:
        return f"Next: the experiment has ended. Who has which share now: lab weight {experiment.route}. To take it back: lab undo {name}"
    if decision.ends or progress.stage == "Completed":
        return f"Next: the experiment has ended, {_ended(experiment, decision)}. To take that back: lab undo {name}"
    if progress.is_paused:
        return f"Next: it is paused, and the weights stay{_shown(experiment, decision)}; harm still rolls back. To go on: lab resume {name}"
    when = ""
    if progress.next_look_at is not None:
        when = f"; the next look is in {duration(progress.next_look_at - progress.now)}, at {clock(progress.next_look_at)}"
    return f"Next: {_moved(experiment, decision)}{when}."


def _for(one: Judgement, decision: Decision) -> str:
    return f" for {one.variant}" if len(decision.judgements) > 1 else ""


def _shown(experiment: Experiment, decision: Decision) -> str:
    said = weights(shares(experiment, decision))
    return f" ({said})" if said else ""


def _change(one: Judgement, experiment: Experiment, decision: Decision, progress: Progress) -> str:
    name = progress.run or experiment.name
    if one.verdict.kind == "promote":
        return f"nothing; what was shown stays shown. If you know better: lab undo {name}"
    if one.verdict.kind == "roll back":
        return f"nothing in this experiment; a harm that was shown stays shown. Mend {one.variant}, and start a new one."
    if any(reason.what == "futile" for reason in one.verdict.reasons):
        return f"nothing in this experiment; more of the same visitors would not make {one.variant} worth it."
    missing = [reason for reason in one.verdict.would_change or one.verdict.reasons if reason.what != "time is up"]
    # Evidence that cannot be trusted does not become better by more of it.
    missing = [reason for reason in missing if reason.what in LASTING] or missing
    takes = listed([wanted(reason, experiment) for reason in merged(missing)])
    if decision.ends or progress.stage == "Completed":
        return f"a new experiment, with more traffic or more time. To promote {one.variant}, it would have taken {takes or 'evidence'}."
    harm = strongest_harm(one, experiment)
    back = f" Harm rolls back at any look; the strongest sign of it: {harm}." if harm else " Harm that is shown rolls back at any look."
    return f"to promote {one.variant}, it takes {takes or 'evidence'}.{back}"


def _reach(one: Judgement, experiment: Experiment, decision: Decision, progress: Progress) -> str:
    """Whether what is left suffices for what is missing, at the present pace."""
    if one.remaining is None or experiment.strength.method == "iter8":
        return ""
    more = f"{one.remaining:,} more {UNITS[experiment.strength.unit][1]}"
    needs = f" At the present estimate {one.variant} needs about {more} in each variant"
    pace = _pace(one, experiment, decision, progress)
    if not pace:
        return f"{needs}."
    lasts, left = one.remaining / pace, progress.iterations_left * experiment.interval_s
    longer = "That is longer than is left, so it will probably end inconclusive: plan more time, or send it more traffic."
    return f"{needs}; at the present pace that takes {duration(lasts)}. {'That fits.' if lasts <= left else longer}"


def _pace(one: Judgement, experiment: Experiment, decision: Decision, progress: Progress) -> float | None:
    """Units per second in the smaller arm, since the start."""
    if experiment.reward is None or progress.started_at is None or progress.now <= progress.started_at:
        return None
    name, arms = experiment.reward.metric.name, (experiment.baseline.variant, one.variant)
    seen = [value.n for value in decision.measured if value.metric.name == name and value.variant in arms]
    return min(seen, default=0) / (progress.now - progress.started_at)


def _ended(experiment: Experiment, decision: Decision) -> str:
    """How it has ended."""
    shown, baseline = _shown(experiment, decision), experiment.baseline.variant
    if not experiment.candidates:
        return f"and {baseline} goes on as before"
    if decision.kind == "promote" and (experiment.pattern == "Shadow" or experiment.deployment == "FixedSplit"):
        return f"{decision.winner} has won; the weights stay{shown} unless a task of the file moves them"
    if decision.kind == "promote" and decision.winner is not None:
        return f"{decision.winner} is promoted{shown}"
    if decision.kind == "roll back":
        names = listed([one.variant for one in experiment.candidates])
        return f"{names} {'is' if len(experiment.candidates) == 1 else 'are'} rolled back{shown}"
    return f"{baseline} stays{shown}"


def _moved(experiment: Experiment, decision: Decision) -> str:
    """What becomes of the weights."""
    before, after = decision.epochs[-1].weights if decision.epochs else {}, shares(experiment, decision)
    if not after:
        return "the weights stay as the route has them"
    if decision.kind == "hold" and not before:
        return f"the weights stay ({weights(after)})"
    if not before:
        return f"from now on {weights(after)}"
    names = [one.variant for one in experiment.candidates if before.get(one.variant) != after.get(one.variant)]
    moved = [f"{name} goes from {before.get(name, 0.0):.4g} to {after.get(name, 0.0):.4g} %" for name in names]
    return f"{listed(moved)} ({weights(after)})" if moved else f"the weights stay ({weights(after)})"
