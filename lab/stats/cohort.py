"""Which units count at a look when rewards come late: those whose time for a reward is over, each once, with its entry's epoch.

Counting a unit as "no reward" while its window is open punishes the arm with the younger traffic: under a ramp, the candidate. All times
are in seconds on one clock; none is read here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Cohort(NamedTuple):
    """Entry times from `start` (included) to `end` (not included), in seconds: whoever entered then, and only they, are due."""

    start: float
    end: float


def due(previous_s: float, now_s: float, window_s: float) -> Cohort:
    """Who has matured since the previous look. Consecutive looks give neighbouring cohorts: nobody is missed or counted twice.

    previous_s: -inf at the first look. ValueError if time runs backwards or the window is negative.
    """
    if not window_s >= 0:
        raise ValueError(f"The window is {window_s} s, must be 0 or more.")
    if not now_s >= previous_s:
        raise ValueError(f"The look is at {now_s} s, must not be before the previous one at {previous_s} s.")
    return Cohort(previous_s - window_s, now_s - window_s)


def matured(entered_s: ArrayLike, now_s: float, window_s: float) -> NDArray[np.bool_]:
    """Whose window has closed: entry + window < now. A unit exactly at the end is left for the next look, as in `due`."""
    return np.asarray(entered_s, dtype=np.float64) < now_s - window_s


def within(cohort: Cohort, entered_s: ArrayLike) -> NDArray[np.bool_]:
    """Who belongs to the cohort."""
    times = np.asarray(entered_s, dtype=np.float64)
    return (cohort.start <= times) & (times < cohort.end)


def in_time(entered_s: ArrayLike, happened_s: ArrayLike, window_s: float) -> NDArray[np.bool_]:
    """Whether a reward counts: at or after entry, and at most `window_s` later. nan, for none, does not."""
    waited = np.asarray(happened_s, dtype=np.float64) - np.asarray(entered_s, dtype=np.float64)
    return (waited >= 0) & (waited <= window_s)
