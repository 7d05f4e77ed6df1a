"""The reward's difference between each candidate and the baseline, with the interval that holds however often one looks."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lab.controller.case import Case
from lab.controller.story import LookTold
from lab.explain.words import between, clock, difference
from lab.spec.experiment import Metric, Reward
from lab.stats.interval import Interval
from lab.web.pages.figures import course
from lab.web.pages.figures.figure import Figure, Table
from lab.web.pages.figures.shown import Number, end, reach, scaled, settled, with_unit_of_difference
from lab.web.plot import Axis, Band, Chart, Layer, Level, Line, drawn
from lab.web.plot.ticks import MINUS

KEY = "difference"


class Seen(NamedTuple):
    """One candidate's differences, look by look, as the axis shows them."""

    variant: str
    place: int
    values: list[Number]
    lows: list[Number]
    highs: list[Number]


def interval(case: Case, reward: Reward) -> Figure:
    """The picture, or why there is none."""
    title = f"Difference in {reward.metric.name}: {_who(case)}"
    if not case.story.looks:
        return Figure(KEY, title, course.nothing_yet(case))
    sentence = _sentence(case, reward)
    found = [_seen(case, reward.metric, one.variant, place) for place, one in enumerate(case.experiment.candidates, start=1)]
    if not any(value is not None for one in found for value in one.values):
        return Figure(KEY, title, sentence)
    return Figure(KEY, title, sentence, drawn(_chart(case, reward, found, title, sentence)), _table(case, reward.metric))


def _who(case: Case) -> str:
    candidates, baseline = case.experiment.candidates, case.experiment.baseline.variant
    return _pair(candidates[0].variant, baseline) if len(candidates) == 1 else f"each candidate {MINUS} {baseline}"


def _pair(candidate: str, baseline: str) -> str:
    return f"{candidate} {MINUS} {baseline}"


def _seen(case: Case, metric: Metric, variant: str, place: int) -> Seen:
    said = [course.judgement(look, variant) for look in case.story.looks]
    return Seen(
        variant,
        place,
        [scaled(one.get("difference"), metric) for one in said],
        [_end(one, "low", -math.inf, metric) for one in said],
        [_end(one, "high", math.inf, metric) for one in said],
    )


def _end(said: Mapping[str, Any], which: str, beyond: float, metric: Metric) -> Number:
    return end(said["interval"][which], beyond, metric) if said.get("interval") else None


def _chart(case: Case, reward: Reward, found: Sequence[Seen], title: str, sentence: str) -> Chart:
    better = "lower" if reward.direction == "Low" else "higher"
    low, high = _reach(reward, case, found)
    y = Axis(f"{with_unit_of_difference('Difference', reward.metric)} ({better} is better)", low=low, high=high, is_signed=True)
    layers: list[Layer] = [*course.epochs(case), *_bands(case, found), *_lines(case, reward, found), *_levels(reward, case)]
    said = f"{sentence} The band is what is not ruled out at that look."
    return Chart(f"picture-{KEY}", title, said, course.time_axis(case, is_first=True), y, (*layers, *course.decisions(case)))


def _bands(case: Case, found: Sequence[Seen]) -> list[Layer]:
    times = course.look_times(case)
    return [Band(times, one.lows, one.highs, "", one.place) for one in found]


def _lines(case: Case, reward: Reward, found: Sequence[Seen]) -> list[Layer]:
    times, baseline = course.look_times(case), case.experiment.baseline.variant
    return [Line(times, one.values, _pair(one.variant, baseline), one.place, _latest(case, reward, one.variant)) for one in found]


def _levels(reward: Reward, case: Case) -> list[Level]:
    """No difference; what a candidate may be worse by; what is worth a change."""
    worse = -1 if reward.direction == "High" else 1
    levels = [Level(0.0, "no difference")]
    if reward.margin:
        levels.append(Level(_level(worse * reward.margin, reward.metric), "no worse than this"))
    if case.experiment.strength.smallest:
        levels.append(Level(_level(-worse * case.experiment.strength.smallest, reward.metric), "worth a change"))
    return levels


def _level(value: float, metric: Metric) -> float:
    return scaled(value, metric) or 0.0


def _reach(reward: Reward, case: Case, found: Sequence[Seen]) -> tuple[float, float]:
    """Early intervals are so wide that what they come to could not be seen: they leave the picture."""
    rows = [row for one in found for row in (one.values, one.lows, one.highs)]
    return reach([value for row in rows for value in settled(row)], [level.at for level in _levels(reward, case)])


def _sentence(case: Case, reward: Reward) -> str:
    look, baseline = case.story.looks[-1], case.experiment.baseline.variant
    told = [f"{_pair(one.variant, baseline)}: {_told(look, reward.metric, one.variant)}" for one in case.experiment.candidates]
    return f"{'; '.join(told)}. At look {look.said}, {clock(look.at)}."


def _told(look: LookTold, metric: Metric, variant: str) -> str:
    """`+2.3 percentage points, between -0.4 and +5.0 percentage points at 90 % certainty`"""
    said = course.judgement(look, variant)
    if said.get("difference") is None:
        return "nothing to compare yet"
    if not said["interval"]:
        return difference(said["difference"], metric)
    low, high, alpha = (said["interval"][name] for name in ("low", "high", "alpha"))
    ends = Interval(-math.inf if low is None else low, math.inf if high is None else high, alpha)
    wide = between(ends, metric).removeprefix("it is ")
    return f"{difference(said['difference'], metric)}, {wide} at {100 * (1 - alpha):.3g} % certainty"


def _latest(case: Case, reward: Reward, variant: str) -> str:
    value = course.judgement(case.story.looks[-1], variant).get("difference")
    return course.UNKNOWN if value is None else difference(value, reward.metric)


def _table(case: Case, metric: Metric) -> Table:
    names = [one.variant for one in case.experiment.candidates]
    columns = [cell for name in names for cell in (with_unit_of_difference(f"{name}: difference", metric), "from", "to")]
    return course.last_looks(case, columns, lambda look: [cell for name in names for cell in _cells(look, metric, name)])


def _cells(look: LookTold, metric: Metric, variant: str) -> list[str]:
    said = course.judgement(look, variant)
    ends = said.get("interval") or {"low": None, "high": None}
    return [_cell(value, metric) for value in (said.get("difference"), ends["low"], ends["high"])]


def _cell(value: Number, metric: Metric) -> str:
    return course.UNKNOWN if value is None else difference(value, metric).partition(" ")[0]
