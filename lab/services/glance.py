"""Tells who is off and who is silent, to those who cannot wait for it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from lab.services.client import Portrait, Unreachable
from lab.services.directory import Directory
from lab.services.said import Service

# Seconds: a page that tells other things, too, is not held up for longer.
PATIENCE_S = 0.2


class Glance:
    """Asks the services, each for itself; whoever takes longer is asked on, for those who look next."""

    def __init__(self, directory: Directory, patience_s: float = PATIENCE_S) -> None:
        self._directory = directory
        self._patience_s = patience_s
        self._asking: dict[Service, asyncio.Task[Portrait | None]] = {}

    async def look(self, services: Sequence[Service]) -> Mapping[Service, Portrait]:
        """Those of whom something is known: what they said, or that they did not when last asked, and have not yet."""
        tasks = {one: self._asked(one) for one in services}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self._patience_s)
        return {one: known for one, task in tasks.items() if (known := self._known(one, task))}

    def _known(self, service: Service, task: asyncio.Task[Portrait | None]) -> Portrait | None:
        if task.done():
            return task.result()
        before = self._directory.remembered(service)
        # That one has answered before does not mean that it will now.
        return before if before and not before.card else None

    def _asked(self, service: Service) -> asyncio.Task[Portrait | None]:
        task = self._asking.get(service)
        if task is None or task.done():
            task = self._asking[service] = asyncio.create_task(self._ask(service))
        return task

    async def _ask(self, service: Service) -> Portrait | None:
        """None where the gateway itself is not there."""
        with suppress(Unreachable):
            return (await self._directory.entries([service]))[0].now
        return None
