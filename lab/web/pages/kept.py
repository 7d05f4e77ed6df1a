"""Makes once what several readers ask for at the same time."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from lab.web.pages.events import shown
from lab.web.pages.parts import Parts

# Names whose values are kept: of those that nobody asks for any more, the oldest go.
NAMES = 8

Value = TypeVar("Value")


class _Last(Generic[Value]):
    """Of one name."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made: tuple[object, Value] | None = None


class Kept(Generic[Value]):
    """The last value of each name, with what it was made of. Any thread may ask, and one makes each at a time: pages must not take all the
    processor's time from feedback, however many are open.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, _Last[Value]] = {}

    def get(self, name: str, of: object, make: Callable[[], Value]) -> Value:
        """What was made of the same, or a new one. Whoever comes meanwhile waits for it."""
        last = self._named(name)
        # One lock per name: who asks for another page does not wait.
        with last.lock:
            if not last.made or last.made[0] != of:
                last.made = of, make()
            return last.made[1]

    def _named(self, name: str) -> "_Last[Value]":
        with self._lock:
            last = self._last[name] = self._last.pop(name, None) or _Last()
            if len(self._last) > NAMES:
                self._last.pop(next(iter(self._last)))
            return last


def present(parts: Parts, now: float) -> object:
    """Is another with every second, and when a page may be another: twenty open pages ask at the same event, and see the same."""
    # A run has its record a moment before the database has it.
    told = [(case.name, case.story.changed_at) for case in parts.controller.cases()]
    return int(now), shown(parts), told
