"""The newest predictions, remembered in memory: feedback mostly speaks of one of them."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from lab.feedback.fields import REQUEST_ID

# Predictions that are remembered at least; up to some twice as many are, most of them in 24 bytes each.
KEPT = 50_000


class Newest(NamedTuple):
    """Some predictions."""

    ids: Sequence[str]
    """Their request ids."""
    times: NDArray[np.float64]
    """When they were answered, in seconds since 1970."""


NONE = Newest([], np.empty(0))


class Recent:
    """When each of the newest predictions was answered, by request id. One writer; readers may ask at the same time."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        # The newest ones: many small additions would make many small arrays.
        self._young: dict[str, float] = {}
        # Older ones, the oldest first; replaced as a whole, for whoever reads it meanwhile.
        self._old: tuple[_Packed, ...] = ()

    def add(self, fresh: Newest) -> None:
        """Takes the next ones, and forgets the oldest if there are too many."""
        young_max = self._kept // 10
        if len(self._young) + len(fresh.ids) > young_max:
            self._pack(Newest([*self._young], np.array([*self._young.values()])))
            self._young = {}
        if len(fresh.ids) > young_max:
            self._pack(fresh)
        else:
            self._young.update(zip(fresh.ids, fresh.times.tolist(), strict=True))

    def seen(self, ids: Collection[str]) -> Mapping[str, float]:
        """The times of those that are remembered."""
        # First: what is packed meanwhile is in both.
        young = self._young
        found = {one: young[one] for one in ids if one in young}
        missing = [one for one in ids if one not in found and REQUEST_ID.fullmatch(one)]
        if missing:
            keys = _keys(missing)
            for packed in self._old:
                found |= packed.times_of(missing, keys)
        return found

    def _pack(self, some: Newest) -> None:
        packed = _Packed.of(some)
        if not len(packed.keys):
            return
        old = [*self._old, packed]
        while len(old) > 1 and sum(len(one.times) for one in old[1:]) >= self._kept:
            del old[0]
        self._old = tuple(old)


class _Packed(NamedTuple):
    """Predictions in the order of their request ids, but those whose id the gateway did not make: they are left to the database."""

    keys: NDArray[np.bytes_]
    times: NDArray[np.float64]

    @classmethod
    def of(cls, some: Newest) -> Self:
        fits = [place for place, one in enumerate(some.ids) if REQUEST_ID.fullmatch(one)]
        keys = _keys([some.ids[place] for place in fits])
        order = np.argsort(keys)
        return cls(keys[order], some.times[fits][order])

    def times_of(self, ids: Sequence[str], keys: NDArray[np.bytes_]) -> Mapping[str, float]:
        """Of those of these ids that are in here; `keys` are the same ids."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return {ids[one]: float(self.times[places[one]]) for one in np.flatnonzero(self.keys[places] == keys)}


def _keys(ids: Sequence[str]) -> NDArray[np.bytes_]:
    """Sixteen bytes take half the room of their text, and an array of them no more than that."""
    return np.frombuffer(bytes.fromhex("".join(ids)), dtype="S16")
