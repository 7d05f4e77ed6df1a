"""Remembers for a few seconds what the services say of themselves, and for good what they said last."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from lab.services.client import Client, Portrait
from lab.services.said import Service

# Seconds: a page that is loaded again and again asks the models no more often.
FRESH_S = 5.0
# The same of one that did not answer: it may just have started.
SILENT_S = 1.0


class Entry(NamedTuple):
    """How a service is now, and what it said of itself when it last answered."""

    now: Portrait
    last: Portrait | None


class Directory:
    """Asks one gateway. The services are the gateway's, so there are never many."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic, fresh_s: float = FRESH_S) -> None:
        """`clock` tells seconds; for `fresh_s` of them what a service said counts."""
        self._client = client
        self._clock = clock
        self._fresh_s = fresh_s
        self._asked: dict[Service, float] = {}
        self._entries: dict[Service, Entry] = {}

    async def entries(self, services: Sequence[Service]) -> list[Entry]:
        """In their order. Raises Unreachable."""
        now = self._clock()
        old = [one for one in services if not self._is_fresh(one, now)]
        for said in await self._client.describe(old) if old else []:
            before = self._entries.get(said.service)
            self._entries[said.service] = Entry(said, said if said.card else before and before.last)
            self._asked[said.service] = now
        return [self._entries[one] for one in services]

    def remembered(self, service: Service) -> Portrait | None:
        """How it was when it was last asked."""
        entry = self._entries.get(service)
        return entry.now if entry else None

    def _is_fresh(self, service: Service, now: float) -> bool:
        entry = self._entries.get(service)
        return entry is not None and 0 <= now - self._asked[service] < (self._fresh_s if entry.now.card else SILENT_S)
