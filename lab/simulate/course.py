"""A number that may change while an experiment runs."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

FORMS = "a number, {knots: {second: value, …}} joined by straight lines, or {stages: {second: value, …}} held until the next"


class Course(NamedTuple):
    """Values at moments, in seconds since the start; before the first moment and after the last, the nearest value holds."""

    moments: tuple[float, ...]
    values: tuple[float, ...]
    is_held: bool = False
    """Each value holds until the next moment; otherwise straight lines join them."""
    every_s: float | None = None
    """After so many seconds it starts anew: a day, a week."""

    def at(self, second: float) -> float:
        """The value then."""
        if len(self.values) == 1:
            return self.values[0]
        second = second % self.every_s if self.every_s else second
        place = bisect_right(self.moments, second)
        if place == 0 or self.is_held or place == len(self.values):
            return self.values[max(place - 1, 0)]
        return self._between(place, second)

    def _between(self, place: int, second: float) -> float:
        begin, end = self.moments[place - 1], self.moments[place]
        share = (second - begin) / (end - begin)
        return self.values[place - 1] + share * (self.values[place] - self.values[place - 1])

    def jumps(self, until: float) -> Iterator[float]:
        """When it changes at once, before `until`."""
        rounds = math.ceil(until / self.every_s) if self.every_s else 1
        jumping = self.moments if self.is_held else (0.0,) if self.every_s else ()
        yield from (turn * (self.every_s or 0.0) + moment for turn in range(rounds) for moment in jumping)


def always(value: float) -> Course:
    """One value at all times."""
    return Course((0.0,), (value,))


def course(said: Any) -> Course:  # noqa: ANN401 - whatever the file says
    """What a world's file says, in any of the three forms. ValueError completes the sentence “… is …, must be …”."""
    if isinstance(said, Course):
        return said
    if is_number(said):
        return always(float(said))
    if not isinstance(said, Mapping) or len(set(said) & {"knots", "stages"}) != 1 or set(said) - {"knots", "stages", "every_s"}:
        raise ValueError(FORMS)
    return _over_time("knots" if "knots" in said else "stages", said)


def _over_time(form: str, said: Mapping[str, Any]) -> Course:
    points, every_s = said[form], said.get("every_s")
    if not isinstance(points, Mapping) or not points or not all(map(is_number, points.values())):
        raise ValueError(f"{FORMS}; values are numbers")
    moments = [_second(moment) for moment in points]
    if moments != sorted(set(moments)) or moments[0] < 0:
        raise ValueError(f"{FORMS}; the seconds are 0 or more and each is later than the one before")
    if every_s is not None and not (is_number(every_s) and every_s > 0 and every_s >= moments[-1]):
        raise ValueError(f"{FORMS}; every_s is a number of seconds, no less than the last moment")
    return Course(tuple(moments), tuple(float(value) for value in points.values()), form == "stages", every_s)


def _second(key: object) -> float:
    """The key of a table, which YAML gives as text."""
    try:
        moment = float(str(key))
    except ValueError:
        moment = math.nan
    if not math.isfinite(moment):
        raise ValueError(f"{FORMS}; {key!r} is no number of seconds")
    return moment


def is_number(value: object) -> bool:
    """A finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
