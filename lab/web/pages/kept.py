"""Makes once what several readers ask for at the same time."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from lab.web.pages.events import shown
from lab.web.pages.parts import Parts

# Names whose values are kept: of those that nobody asks for any more, the oldest go.
NAMES = 8

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The last value of each name, with what it was made of. Any thread may ask, and one makes at a time: pages must not take all the
    processor's time from feedback, however many are open.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, tuple[object, Value]] = {}

    def get(self, name: str, of: object, make: Callable[[], Value]) -> Value:
        """What was made of the same, or a new one. Whoever comes meanwhile waits for it."""
        with self._lock:
            known = self._last.pop(name, None)
            if known is None or known[0] != of:
                known = of, make()
            self._last[name] = known
            if len(self._last) > NAMES:
                self._last.pop(next(iter(self._last)))
            return known[1]


def present(parts: Parts, now: float) -> object:
    """Is another with every second, and when a page may be another: twenty open pages ask at the same event, and see the same."""
    # A run has its record a moment before the database has it.
    told = [(case.name, case.story.changed_at) for case in parts.controller.cases()]
    return int(now), shown(parts), told
