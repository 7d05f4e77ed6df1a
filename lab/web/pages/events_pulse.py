"""Notices, once for everybody who waits, that something has changed which a page can show."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

# Seconds between two looks. A look reads a few fields and the age of one file.
PACE_S = 0.25

# Seconds between two beats at least: nobody reads faster.
BEAT_S = 1.0

# Streams at once: each has a connection of the gateway's, which has 1,000 for the lab, feedback included.
SEATS = 64


class Pulse:
    """Beats when what `look` returns is another. Belongs to one event loop, and stands still until `beating`."""

    def __init__(self, look: Callable[[], object], clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds since whenever."""
        self.is_over = False
        self._look = look
        self._clock = clock
        # Another process counts from 0 again: whoever comes from the one before has missed something.
        self._name = uuid.uuid4().hex[:8]
        self._beats = 0
        self._last = clock()
        self._seen: object = None
        self._next = asyncio.Event()
        self._taken = 0

    @property
    def beat(self) -> str:
        """Names the last one."""
        return f"{self._name}.{self._beats}"

    @property
    def age_s(self) -> float:
        """Seconds since the last one, or since the start."""
        return self._clock() - self._last

    async def after(self, beat: str, patience_s: float) -> bool:
        """Whether there is another beat, or the end, within so many seconds."""
        if self.beat == beat and not self.is_over:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._next.wait(), patience_s)
        return self.beat != beat or self.is_over

    async def beating(self) -> None:
        """Looks until it is cancelled."""
        self._seen = self._look()
        while True:
            await asyncio.sleep(PACE_S)
            self.look()

    def look(self) -> None:
        """Beats if something has changed, and the last beat is long enough ago."""
        if self._beats and self.age_s < BEAT_S:
            return
        found = self._look()
        if found != self._seen:
            self._seen, self._last = found, self._clock()
            self._beats += 1
            self._wake()

    def end(self) -> None:
        """Nobody waits any longer."""
        self.is_over = True
        self._wake()

    @contextmanager
    def seat(self) -> Iterator[bool]:
        """One of SEATS; False: none is free."""
        is_free = self._taken < SEATS
        self._taken += is_free
        try:
            yield is_free
        finally:
            self._taken -= is_free

    def _wake(self) -> None:
        self._next.set()
        self._next = asyncio.Event()
