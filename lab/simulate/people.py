"""The visitors of one run, one row each, in the order in which they came."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

KINDS = {
    "first": np.float64,  # when they came, in seconds since the start
    "bucket": np.int64,  # what their key is hashed to
    "variant": np.int64,  # the number of the one that they met first; -1: they never arrived
    "reward": np.float64,  # sum of what counts
    "known": np.int64,  # predictions whose truth is known
    "right": np.int64,  # those of them that were right
    "covered": np.bool_,  # there was feedback of any kind
}
# Standard normal each: how their rewards, errors and latencies differ from others'.
LUCK = ("reward_luck", "errors_luck", "latency_luck")


class People:
    """Columns that grow. Rows never change places, so that a row's number names a visitor."""

    first: Floats
    bucket: Ints
    variant: Ints
    reward: Floats
    known: Ints
    right: Ints
    covered: Bools
    reward_luck: Floats
    errors_luck: Floats
    latency_luck: Floats

    def __init__(self) -> None:
        self.n = 0
        self._room = 0
        for name, kind in (KINDS | dict.fromkeys(LUCK, np.float64)).items():
            setattr(self, name, np.zeros(0, dtype=kind))

    def come(self, first: Floats, bucket: Ints, variant: Ints) -> slice:
        """New visitors; returns their rows."""
        rows = slice(self.n, self.n + first.size)
        self._make_room(rows.stop)
        self.first[rows], self.bucket[rows], self.variant[rows] = first, bucket, variant
        self.n = rows.stop
        return rows

    def _make_room(self, rows: int) -> None:
        if rows <= self._room:
            return
        self._room = max(2 * self._room, rows, 1024)
        for name in (*KINDS, *LUCK):
            old = getattr(self, name)
            new = np.zeros(self._room, dtype=old.dtype)
            new[: old.size] = old
            setattr(self, name, new)
