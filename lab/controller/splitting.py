"""What a run does to its route: takes it, moves its weights, gives it back. Each takes a route and returns another. Pure."""

from collections.abc import Mapping
from typing import Any

from lab.controller.story import Ending
from lab.errors import RoutesError
from lab.routes import Route
from lab.routes.check import troubles
from lab.spec.experiment import Experiment

# The task that gives the winner everybody.
PROMOTE = "lab/promote"


def leaves_weights(experiment: Experiment) -> bool:
    """Whether the weights are the route's own business."""
    return experiment.deployment == "FixedSplit" or experiment.pattern in ("Conformance", "Shadow")


def promotes(experiment: Experiment) -> bool:
    """Whether its file says that whoever is recommended at the end gets everybody."""
    return any(task.task == PROMOTE for task in experiment.actions.get("finish", ()))


def taken(route: Route, run: str, experiment: Experiment, weights: Mapping[str, float], known: tuple[str, ...]) -> Route:
    """The route as the run has it: its own name and salt, its baseline and lanes. Raises RoutesError when it cannot be.

    A salt of its own: who met the candidate in the last experiment shall not meet it again for that reason.
    """
    baseline = experiment.baseline.variant
    lanes = tuple(one.variant for one in experiment.candidates)
    fields: dict[str, Any] = {"experiment": run, "salt": run, "mode": "weighted", "baseline": baseline}
    if leaves_weights(experiment):
        others = (one for one in (*route.lanes, route.baseline) if one != baseline and (one in lanes or route.weight(one) > 0))
        fields |= {"lanes": tuple(dict.fromkeys(others)), "weights": {baseline: 0.0, **route.weights}}
    else:
        fields |= {"lanes": lanes, "weights": shares(experiment, weights)}
    if experiment.pattern == "Shadow":
        fields["shadows"] = {**route.shadows, **dict.fromkeys(lanes, experiment.candidate_weight_max)}
    return _checked(experiment.route, _with(route, **fields), known)


def reweighted(route: Route, experiment: Experiment, weights: Mapping[str, float]) -> Route:
    """Other weights of the same run. The mode stays: somebody may have switched the route off."""
    if 100 in weights.values():
        return alone(route, next(name for name, percent in weights.items() if percent == 100))
    return _with(route, weights=shares(experiment, weights))


def alone(route: Route, variant: str) -> Route:
    """One variant gets everybody. Only its own lane is left: a lane of several may be too narrow for all."""
    if variant == route.baseline:
        return _with(route, mode="weighted", weights={variant: 100.0}, lanes=())
    return _with(route, mode="weighted", weights={route.baseline: 0.0, variant: 100.0}, lanes=(variant,))


def variant_of(experiment: Experiment, said: str | None) -> str:
    """The variant of a version, under the name that the file gives it or its own; of nobody, the baseline."""
    names = {one.variant: one.variant for one in experiment.versions} | {one.name: one.variant for one in experiment.versions}
    return names.get(said or "", experiment.baseline.variant)


def everybody(experiment: Experiment, ending: Ending) -> str | None:
    """The variant that everybody gets at the end; None: the weights stay as they are."""
    baseline = experiment.baseline.variant
    if ending.how == "promoted":
        return ending.winner
    if ending.how in ("promote", "roll back", "inconclusive") and experiment.strength.method == "iter8":
        return ending.recommended if promotes(experiment) else None
    if leaves_weights(experiment):
        return (ending.winner or baseline) if promotes(experiment) and ending.how in ("promote", "inconclusive") else None
    return ending.winner or baseline


def released(route: Route, before: Route, experiment: Experiment, ending: Ending) -> Route:
    """The route after the run. Where nobody new has won, the mode is that of before the run."""
    winner = everybody(experiment, ending)
    if experiment.pattern == "Shadow":
        route = _with(route, shadows=_without_ours(route, before, experiment))
    route = _with(route, experiment=None)
    if winner is None:
        return _with(route, mode=before.mode) if leaves_weights(experiment) else route
    route = alone(route, winner)
    return _with(route, mode=before.mode) if winner == experiment.baseline.variant else route


def _without_ours(route: Route, before: Route, experiment: Experiment) -> dict[str, float]:
    candidates = [one.variant for one in experiment.candidates]
    others = {name: percent for name, percent in route.shadows.items() if name not in candidates}
    return others | {name: before.shadows[name] for name in candidates if name in before.shadows}


def shares(experiment: Experiment, weights: Mapping[str, float]) -> dict[str, float]:
    """Whole hundredths of a percent for each version; the baseline gets what the candidates leave."""
    candidates = {one.variant: round(weights.get(one.variant, 0.0), 2) for one in experiment.candidates}
    return {experiment.baseline.variant: round(100 - sum(candidates.values()), 2), **candidates}


def _checked(name: str, route: Route, known: tuple[str, ...]) -> Route:
    if wrong := troubles(name, route, known):
        raise RoutesError("\n".join(wrong))
    return route


def _with(route: Route, **fields: Any) -> Route:  # noqa: ANN401 - fields of any type, checked by the model
    return Route.model_validate(route.model_dump() | fields)
