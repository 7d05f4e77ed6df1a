"""Whether a world says everything that an experiment asks of it."""

from collections.abc import Iterator

from lab.errors import Refused
from lab.simulate.world import World
from lab.spec.experiment import Experiment, Metric

NEEDED = {
    "latency mean": "latency", "latency percentile": "latency", "inference mean": "inference", "accuracy": "accuracy",
}  # fmt: skip


def check(experiment: Experiment, world: World) -> tuple[str, ...]:
    """What to know beforehand. Refused if a verdict would need what the world is silent about."""
    if wrong := tuple(_missing(experiment, world)):
        raise Refused("\n".join(dict.fromkeys(wrong)))
    return tuple(_doubts(experiment, world))


def _missing(experiment: Experiment, world: World) -> Iterator[str]:
    variants = [version.variant for version in experiment.versions]
    named = {*world.variants, *(fault.variant for fault in world.faults), *(world.weights or {})}
    for name in sorted(named - set(variants)):
        yield f"The world speaks of {name}, which is not in the experiment {experiment.name}. It has {', '.join(variants)}."
    for metric in _judged(experiment):
        yield from _silent(metric, world, variants)
    if world.truth is None and any(metric.kind == "accuracy" for metric in _judged(experiment)):
        yield "The world has no truth, and accuracy is judged. Add: truth: {share: 0.5}"


def _silent(metric: Metric, world: World, variants: list[str]) -> Iterator[str]:
    if metric.kind in ("conversion", "reward mean") and world.reward is None and world.truth is None:
        yield f"The world has no reward, and {metric.name} is judged. Add: reward: {{base: 0.1}}"
    field = NEEDED.get(metric.kind)
    for name in variants if field else ():
        if getattr(world.of(name), str(field)) is None:
            yield f"The world says nothing of the {field} of {name}, and {metric.name} is judged. Add it under variants.{name}."


def _judged(experiment: Experiment) -> Iterator[Metric]:
    if experiment.reward:
        yield experiment.reward.metric
    yield from (one.metric for one in experiment.objectives)
    yield from (one.metric for one in experiment.strength.guards)


def _doubts(experiment: Experiment, world: World) -> Iterator[str]:
    window = experiment.strength.maturation_s
    for what, some in (("rewards", world.reward and world.reward.delay_s), ("truths", world.truth and world.truth.delay_s)):
        if some and (late := 1 - some.share_within(window)) > 0.1:
            yield f"{late:.0%} of the {what} come later than the maturation of {window:g} s, and count for nothing."
    if window >= experiment.interval_s * experiment.iterations_in_all:
        yield f"The maturation of {window:g} s is as long as the experiment: no reward will ever count."
