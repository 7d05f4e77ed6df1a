"""Goes over the looks of a run again: the same stretches of the journals, the same evidence, the same verdict."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lab.controller.digest import beginning, digest
from lab.controller.judge import Ask, Judge, run_of
from lab.controller.story import LookTold, Story
from lab.errors import Refused
from lab.judge.block import Answers, Look
from lab.spec.experiment import Experiment

# Relative difference up to which two numbers are the same.
SAME = 1e-12


class NoLook(Refused):
    """Nothing had been decided by then."""


class Replayed(NamedTuple):
    """Evidence, made again."""

    evidence: Any
    digest: str
    differs_from: int | None
    """The first look whose inputs are not what they were; None: all are."""


def replayed(judge: Judge, story: Story, experiment: Experiment, looks: Sequence[LookTold], ask: Ask) -> Replayed:
    """Asks for every look's blocks again."""
    run = run_of(story.run, experiment, story.reward_cap, story.began_at or 0.0)
    evidence, made, differs_from = judge.evidence(experiment), beginning(story.text), None
    for look in looks:
        seen = Look(look.at, look.through, ask(run, look.after, look.through), answers_told(look, experiment))
        made = digest(made, look.after, look.before, seen)
        if made != look.digest and differs_from is None:
            differs_from = look.number
        evidence = evidence.seen(seen)
    return Replayed(evidence, made, differs_from)


def answers_told(look: LookTold, experiment: Experiment) -> Answers:
    """What a provider said then: the look's record has it, so nobody is asked again, who may have forgotten or be away."""
    found: dict[str, dict[str, float | None]] = {}
    for one in look.decision.get("measured", ()):
        if one["metric"] in experiment.questions:
            found.setdefault(one["variant"], {})[one["metric"]] = one["value"]
    return found


def verdict_at(judge: Judge, story: Story, experiment: Experiment, ask: Ask, at: float, software: Mapping[str, str]) -> dict[str, Any]:
    """The verdict that was in force at a moment, computed again from journals and file. Raises NoLook."""
    looks = [look for look in story.looks if look.at <= at]
    if not looks:
        raise NoLook(f"{story.run} had not decided anything by then: {_first(story)}.")
    again, last = replayed(judge, story, experiment, looks, ask), looks[-1]
    said = dict(judge.said(judge.decide(experiment, again.evidence, last.before, last.at)))
    apart = differ_by(last.decision, said)
    return {
        "name": story.run,
        "at": at,
        "look": last.number,
        "looked_at": last.at,
        "digest": again.digest,
        "recorded_digest": last.digest,
        "is_same": again.digest == last.digest and apart <= SAME,
        "verdict": said["kind"],
        "recorded_verdict": last.decision["kind"],
        "numbers_differ_by": apart if math.isfinite(apart) else None,
        "versions": {"recorded": dict(story.software), "here": dict(software)},
        "decision": said,
    }


def differ_by(one: Any, other: Any) -> float:  # noqa: ANN401 - any JSON
    """The largest relative difference of two numbers at the same place; infinite where something else differs."""
    if _is_number(one) and _is_number(other):
        return 0.0 if one == other else abs(one - other) / max(abs(one), abs(other))
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        return max((differ_by(one[name], other[name]) for name in one), default=0.0)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        return max(map(differ_by, one, other), default=0.0)
    return 0.0 if one == other and type(one) is type(other) else math.inf


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _first(story: Story) -> str:
    return f"its first look was at {story.looks[0].at:.3f} (seconds since 1970)" if story.looks else "no look has been made"
