"""When a rule decided: the first look at which something holds."""

import math

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
NEVER = math.inf


def first(holds: Bools, units: NDArray[np.int64] | None = None) -> Floats:
    """The first look, from 1, at which `holds` (runs, looks) is true; with `units` (looks), the units seen by then; else infinite."""
    marks = np.arange(1.0, holds.shape[1] + 1) if units is None else units.astype(np.float64)
    return np.where(holds.any(axis=1), marks[holds.argmax(axis=1)], NEVER)


def at_end(holds: Bools, units: NDArray[np.int64] | None = None) -> Floats:
    """As `first`, for a rule that looks once, at the end."""
    return first(np.concatenate([np.zeros_like(holds[:, :-1]), holds[:, -1:]], axis=1), units)


def every(holds: Bools, looks: int) -> Bools:
    """The same at only so many, equally spaced, of the looks; the last one is always among them."""
    chosen = np.unique(np.ceil(np.arange(1, looks + 1) * holds.shape[1] / looks).astype(int)) - 1
    return holds[:, chosen]


def before(one: Floats, other: Floats) -> Floats:
    """When `one` happened, if it happened before `other`; else infinite."""
    return np.where(one < other, one, NEVER)
