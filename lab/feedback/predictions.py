"""What the acceptance of feedback asks about predictions."""

from collections.abc import Collection, Mapping
from typing import Protocol


class Predictions(Protocol):
    """Blocking calls, from two threads at once."""

    def seen(self, ids: Collection[str]) -> Mapping[str, float]:
        """When each prediction was answered, in seconds since 1970; ids that nobody knows are left out."""

    def read_on(self) -> object:
        """Reads the prediction journal to its present end."""

    def given(self, ids: Collection[str]) -> Mapping[tuple[str, str], float | str]:
        """The first feedback that is kept (stored, late or unknown), by request id and metric."""

    def only_of(self, visitor: str, since: float) -> str | None:
        """The request id of the visitor's only prediction since then; None if there are none or several."""
