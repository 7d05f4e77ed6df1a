"""What the acceptance of feedback asks about predictions."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol


class Said(NamedTuple):
    """Feedback that was kept."""

    request_id: str
    metric: str
    value: float | str
    accepted_at: float
    """In seconds since 1970."""


class Predictions(Protocol):
    """Blocking calls, from two threads at once."""

    def seen(self, ids: Collection[str]) -> Mapping[str, float]:
        """When each prediction was answered, in seconds since 1970; ids that nobody knows are left out."""

    def read_on(self) -> object:
        """Reads the prediction journal to its present end."""

    def given(self, ids: Collection[str]) -> Mapping[tuple[str, str], float | str]:
        """The first feedback that is kept (stored, late or unknown), by request id and metric."""

    def said_last(self, most: int) -> Sequence[Said]:
        """The newest feedback that is kept, the oldest of it first; `most` records of it, or all if there are fewer."""

    def only_of(self, visitor: str, since: float) -> str | None:
        """The request id of the visitor's only prediction since then; None if there are none or several."""
