"""The newest predictions, remembered in memory: feedback mostly speaks of one of them."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress

# Predictions that are remembered at least; up to twice as many are, in some twenty megabytes.
KEPT = 50_000


class Recent:
    """When each of the newest predictions was answered, by request id. One writer; readers may ask at the same time."""

    def __init__(self, kept: int = KEPT) -> None:
        self.kept = kept
        self._young: dict[bytes, float] = {}
        self._old: dict[bytes, float] = {}

    def add(self, rows: Iterable[tuple[str, float]]) -> None:
        """Takes request ids (hex) with their times in unix seconds, `kept` at most; forgets the oldest ones."""
        fresh = _packed(rows)
        if len(self._young) + len(fresh) > self.kept:
            # Forgetting half of them at once costs nothing; one by one, a dictionary would be searched for the oldest each time.
            self._old, self._young = self._young, fresh
        else:
            self._young.update(fresh)

    def seen(self, ids: Collection[str]) -> Mapping[str, float]:
        """The times of those that are remembered."""
        found = ((request_id, self._time(_key(request_id))) for request_id in ids)
        return {request_id: time for request_id, time in found if time is not None}

    def _time(self, key: bytes | None) -> float | None:
        if key is None:
            return None
        time = self._young.get(key)
        return self._old.get(key) if time is None else time


def _packed(rows: Iterable[tuple[str, float]]) -> dict[bytes, float]:
    rows = list(rows)
    with suppress(ValueError):
        return {bytes.fromhex(request_id): time for request_id, time in rows}
    # Few journals hold such ids.
    keyed = ((_key(request_id), time) for request_id, time in rows)
    return {key: time for key, time in keyed if key is not None}


def _key(request_id: str) -> bytes | None:
    """Sixteen bytes take half the room of their text."""
    try:
        return bytes.fromhex(request_id)
    except ValueError:
        return None
