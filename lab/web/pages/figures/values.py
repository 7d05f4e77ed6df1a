"""What a metric came to, look by look: of experiments without a reward's interval, which go by limits or by Iter8's rule."""

from lab.controller.case import Case
from lab.controller.story import LookTold
from lab.explain.words import amount, clock
from lab.spec.experiment import Metric, Objective
from lab.web.pages.figures import course
from lab.web.pages.figures.figure import Figure, Table
from lab.web.pages.figures.shown import reach, scaled, settled, with_unit
from lab.web.plot import Axis, Band, Chart, Level, Line, drawn


def value(case: Case, metric: Metric, number: int, objective: Objective | None = None, is_first: bool = False) -> Figure:
    """The picture, or why there is none. is_first: it has the decisions."""
    key, title = f"value-{number}", f"{metric.name} of each variant"
    if not case.story.looks:
        return Figure(key, title, course.nothing_yet(case))
    sentence = _sentence(case, metric, objective)
    lines = [line for line in _lines(case, metric) if any(y is not None for y in line.ys)]
    if not lines:
        return Figure(key, title, sentence)
    limits = _limits(objective) if objective else []
    bands = _bands(case, metric) if objective and case.experiment.strength.method != "iter8" else []
    low, high = _reach(lines, bands, limits)
    y = Axis(with_unit(metric.name, metric), low=low, high=high)
    marks = course.decisions(case) if is_first else course.ending(case)
    chart = Chart(
        f"picture-{key}", title, sentence, course.time_axis(case, is_first), y, (*course.epochs(case), *bands, *lines, *limits, *marks)
    )
    return Figure(key, title, sentence, drawn(chart), _table(case, metric))


def _lines(case: Case, metric: Metric) -> list[Line]:
    times, last = course.look_times(case), case.story.looks[-1]
    return [
        Line(times, _row(case, metric, one.variant, "value"), one.variant, place, _amount(last, metric, one.variant))
        for place, one in enumerate(case.experiment.versions)
    ]


def _variants(case: Case, metric: Metric) -> list[str]:
    """Those of which anything was counted; a shadow's agreement is none of the baseline's."""
    names, look = [one.variant for one in case.experiment.versions], case.story.looks[-1]
    said = {name: course.measured(look, metric, name) for name in names}
    return [name for name in names if said[name].get("n") or said[name].get("value") is not None] or names


def _bands(case: Case, metric: Metric) -> list[Band]:
    """Of those that are judged by the limit."""
    times, candidates = course.look_times(case), case.experiment.candidates
    return [
        Band(times, _row(case, metric, one.variant, "low"), _row(case, metric, one.variant, "high"), "", place)
        for place, one in enumerate(case.experiment.versions)
        if one in candidates or not candidates
    ]


def _row(case: Case, metric: Metric, variant: str, which: str) -> list[float | None]:
    return [scaled(course.measured(look, metric, variant).get(which), metric) for look in case.story.looks]


def _limits(one: Objective) -> list[Level]:
    ends = (("at most", one.upper), ("at least", one.lower))
    return [Level(scaled(end, one.metric) or 0.0, f"limit: {word} {amount(end, one.metric)}") for word, end in ends if end is not None]


def _reach(lines: list[Line], bands: list[Band], limits: list[Level]) -> tuple[float, float]:
    """Limits are in the picture, unless the values are so far from them that nothing of these could be seen."""
    rows: list[list[float | None]] = [list(line.ys) for line in lines] + [list(end) for band in bands for end in (band.lows, band.highs)]
    values = [y for row in rows for y in settled(row)]
    low, high = reach(values, [level.at for level in limits])
    return (max(low, 0.0) if all(y >= 0 for y in values) else low), high


def _sentence(case: Case, metric: Metric, objective: Objective | None) -> str:
    look = case.story.looks[-1]
    told = [f"{name} {_amount(look, metric, name)}{_of(look, metric, name)}" for name in _variants(case, metric)]
    limit = f" The limit: {', '.join(level.name.removeprefix('limit: ') for level in _limits(objective))}." if objective else ""
    return f"{metric.name}: {', '.join(told)}, at look {look.said}, {clock(look.at)}.{limit}"


def _n(look: LookTold, metric: Metric, variant: str) -> str:
    said = course.measured(look, metric, variant)
    n = said.get("n")
    # A provider answers with a value, and does not say of how many.
    is_counted = n is not None and (n > 0 or said["value"] is None)
    return f"{n:,}" if is_counted else course.UNKNOWN


def _of(look: LookTold, metric: Metric, variant: str) -> str:
    n = _n(look, metric, variant)
    return "" if n == course.UNKNOWN else f" (n = {n})"


def _amount(look: LookTold, metric: Metric, variant: str) -> str:
    found = course.measured(look, metric, variant).get("value")
    return course.UNKNOWN if found is None else amount(found, metric)


def _table(case: Case, metric: Metric) -> Table:
    variants = _variants(case, metric)
    columns = [f"{variant}{what}" for variant in variants for what in ("", ", n")]
    return course.last_looks(
        case, columns, lambda look: [cell for name in variants for cell in (_amount(look, metric, name), _n(look, metric, name))]
    )
