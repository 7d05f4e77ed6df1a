"""One look at the evidence: what it covers, what is decided, and what of it counts. Pure."""

from typing import NamedTuple

from lab.controller.splitting import everybody, leaves_weights, shares, variant_of
from lab.controller.story import Ending, How, Story
from lab.judge.decision import Decision, Standing
from lab.routes import Route
from lab.spec.experiment import Experiment

# Seconds after which a prediction that was answered is in the journal for certain.
LAG_S = 2.0


class Stretch(NamedTuple):
    """The time that a look covers: predictions answered from `after` on, before `through`."""

    at: float
    after: float
    through: float


class Counting(NamedTuple):
    """What of a decision counts."""

    weights: dict[str, float] | None
    """For the route; None: it stays as it is."""
    standing: Standing
    ends: bool
    held: bool


def stretch(story: Story, now: float) -> Stretch:
    """What a look covers now. No moment is covered twice, though the clock may have gone back."""
    last = story.looks[-1].at if story.looks else story.seen_through
    at = max(round(now, 3), last)
    return Stretch(at, story.seen_through, max(story.seen_through, round(at - LAG_S, 3)))


def standing(story: Story, experiment: Experiment, route: Route) -> Standing:
    """How far the run has come: the weights are those of the route, whoever has set them."""
    return story.standing._replace(weights={one.variant: route.weight(one.variant) for one in experiment.versions})


def counting(experiment: Experiment, decision: Decision, before: Standing, is_paused: bool) -> Counting:
    """While a run is paused, only harm counts."""
    if is_paused and decision.kind != "roll back":
        return _held(experiment, decision, before)
    ends = decision.ends or (before.iteration >= experiment.iterations_in_all and not is_paused)
    if leaves_weights(experiment):
        return Counting(None, decision.standing, ends, False)
    return Counting(_weights(experiment, decision, ends), decision.standing, ends, False)


def ending_of(experiment: Experiment, decision: Decision, at: float) -> Ending:
    """How a run ends by a decision. One that holds or would go on, but has no time left, is inconclusive."""
    how: How = decision.kind if decision.kind in ("promote", "roll back") else "inconclusive"  # type: ignore[assignment]
    return Ending(how, decision.winner, variant_of(experiment, decision.recommended), decision.why, at)


def _weights(experiment: Experiment, decision: Decision, ends: bool) -> dict[str, float]:
    if experiment.strength.method == "iter8":
        # Whether anybody gets everybody is the finish tasks' business.
        return shares(experiment, decision.computed or decision.weights)
    winner = everybody(experiment, ending_of(experiment, decision, 0.0)) if ends else None
    return shares(experiment, decision.weights if winner is None else {winner: 100.0})


def _held(experiment: Experiment, decision: Decision, before: Standing) -> Counting:
    """Candidates that have done harm lose their visitors; everything else, the count of iterations too, stands still."""
    harmful = decision.standing.retired - before.retired
    after = before._replace(retired=before.retired | harmful)
    if not harmful or leaves_weights(experiment):
        return Counting(None, after, False, True)
    weights = shares(experiment, {name: 0.0 if name in harmful else percent for name, percent in before.weights.items()})
    return Counting(weights, after._replace(weights=weights), False, True)
