"""Who had which share of the traffic, and since when."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lab.controller.case import Case
from lab.controller.story import LookTold
from lab.explain.words import clock
from lab.web.pages.figures import course
from lab.web.pages.figures.figure import Figure, Table
from lab.web.plot import Axis, Chart, Line, drawn

KEY = "weights"
TITLE = "Weights: who gets which share of the visitors"
# Part of the run's time.
ROOM = 0.04


class Since(NamedTuple):
    """Percent by variant, from a moment on."""

    at: float
    weights: Mapping[str, float]


def weights(case: Case) -> Figure:
    """The picture, or why there is none."""
    told = list(_told(case))
    if not any(one.weights for one in told):
        return Figure(KEY, TITLE, _untold(case))
    if not case.experiment.candidates or case.experiment.pattern == "Shadow":
        has = "has" if case.story.ending is None else "had"
        return Figure(KEY, TITLE, f"No traffic moves: {course.weights_said(case, told[-1].weights)}, as the route {has} it.")
    sentence = _sentence(case, told)
    return Figure(KEY, TITLE, sentence, drawn(_chart(case, told, sentence)), _table(case))


def _told(case: Case) -> Iterator[Since]:
    story = case.story
    if story.first is not None:
        yield Since(course.began(case), story.first.weights)
    for look in story.looks:
        yield Since(look.at, _after(look))
    if story.finish is not None and story.finish["weights"] is not None:
        yield Since(course.latest(case), story.finish["weights"])


def _after(look: LookTold) -> Mapping[str, float]:
    """What the route has from this look on."""
    return look.before.weights if look.weights is None else look.weights


def _untold(case: Case) -> str:
    return "The route keeps its own weights." if case.story.looks or case.story.ending else course.nothing_yet(case)


def _chart(case: Case, told: list[Since], sentence: str) -> Chart:
    # What holds now goes on a little, so that it can be seen.
    end = course.latest(case) + ROOM * max(course.latest(case) - course.began(case), 1.0)
    rows = [*told, Since(end, told[-1].weights)]
    times = [one.at for one in rows]
    lines = [
        Line(times, [_share(one.weights, version.variant) for one in rows], version.variant, place, _latest(told, version.variant), True)
        for place, version in enumerate(case.experiment.versions)
    ]
    y = Axis("Weight, percent of the visitors", low=0.0, high=100.0, unit=" %")
    x = course.time_axis(case)._replace(high=end)
    return Chart(f"picture-{KEY}", TITLE, sentence, x, y, (*course.unnamed(case), *lines, *course.ending(case)))


def _latest(told: list[Since], variant: str) -> str:
    return _percent(told[-1].weights, variant)


def _percent(shares: Mapping[str, float], variant: str) -> str:
    share = _share(shares, variant)
    return course.UNKNOWN if share is None else f"{share:.4g} %"


def _share(shares: Mapping[str, float], variant: str) -> float | None:
    """Whom a split leaves out gets nothing; without a split nobody knows."""
    return shares.get(variant, 0.0) if shares else None


def _sentence(case: Case, told: list[Since]) -> str:
    last = told[-1].weights
    since = told[-1].at
    for one in reversed(told):
        if one.weights != last:
            break
        since = one.at
    end = "" if case.story.ending is None else " at its end"
    return f"{course.weights_said(case, last)}{end}, since {clock(since)}.{_undone(case)}"


def _undone(case: Case) -> str:
    """What the picture does not show: the route as it was before."""
    found = next((one for one in reversed(case.story.deeds) if one.kind == "undo"), None)
    return f" Undone at {clock(found.at)}: then the route got back what it had before." if found else ""


def _table(case: Case) -> Table:
    variants = [one.variant for one in case.experiment.versions]
    return course.last_looks(case, variants, lambda look: [_percent(_after(look), variant) for variant in variants])
