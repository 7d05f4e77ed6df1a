"""Remembers what was said lately, in bounded memory, so that the same post a moment later is known before the database knows it."""

from collections.abc import Sequence
from contextlib import suppress

from lab.feedback.predictions import Said

# What is remembered at most; one takes some 250 bytes.
KEPT_MAX = 100_000

# Clocks of gateway and lab may differ by so many seconds, and a prediction's line follows its answer.
MARGIN_S = 5.0

Key = tuple[str, str]


class Recent:
    """Values by request id and metric, the oldest forgotten first."""

    def __init__(self, complete_since: float, kept_max: int = KEPT_MAX) -> None:
        """`complete_since`: from when on everything that is accepted will be told to this object, in seconds since 1970."""
        self.complete_since = complete_since
        self.kept_max = kept_max
        self._kept: dict[bytes, tuple[float | str, float]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> float | str | None:
        """What was said first; None if nothing was, or if that is forgotten."""
        found = self._kept.get(_packed(key))
        return None if found is None else found[0]

    def is_authority(self, predicted_at: float) -> bool:
        """Whether nothing can have been said of a prediction of that time that is not in here."""
        return predicted_at > self.complete_since + MARGIN_S

    def recall(self, said: Sequence[Said]) -> None:
        """Takes what was kept before this object was there: the last `kept_max` records of it, or all."""
        self.complete_since = said[0].accepted_at if len(said) >= self.kept_max else 0.0
        for one in said:
            with suppress(ValueError):  # an id that nobody can send
                self.add((one.request_id, one.metric), one.value, one.accepted_at)

    def add(self, key: Key, value: float | str, accepted_at: float) -> None:
        """Only the first value of a key counts."""
        self._kept.setdefault(_packed(key), (value, accepted_at))
        while len(self._kept) > self.kept_max:
            _, forgotten_at = self._kept.pop(next(iter(self._kept)))
            self.complete_since = max(self.complete_since, forgotten_at)


def _packed(key: Key) -> bytes:
    """Half the size of the text."""
    request_id, metric = key
    return bytes.fromhex(request_id) + metric.encode()
