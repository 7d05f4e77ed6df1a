"""Visitors of whom some never arrive."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from lab.load import samples
from lab.load.gateway import Gateway
from lab.load.plan import Load
from lab.load.run import UNDER_WAY_MAX, Visitors
from lab.load.samples import Sample
from lab.load.tally import Answer
from tests.support import REPOSITORY


class Lossy(Gateway):
    """A way to the gateway on which some get lost, always the same ones."""

    def __init__(self, url: str, arrives: Callable[[str], bool]) -> None:
        super().__init__(url, "iris", UNDER_WAY_MAX)
        self._arrives = arrives

    async def predict(self, key: str, sample: Sample) -> Answer:
        """Nothing for those who get lost."""
        return await super().predict(key, sample) if self._arrives(key) else Answer(0)


@contextmanager
def crowd(url: str, arrives: Callable[[str], bool], rewards: Mapping[str, float]) -> Iterator[None]:
    """New visitors come while this lasts, sixty a second."""
    load = Load(route="iris", rate=60, planned=60 * 600, seed=5, rewards=rewards, delay_s=0.5)
    started: list[tuple[asyncio.AbstractEventLoop, Visitors]] = []
    is_started = threading.Event()

    async def come() -> None:
        async with Lossy(url, arrives) as gateway:
            visitors = Visitors(load, samples.rows(REPOSITORY / "sample_data"), gateway)
            started.append((asyncio.get_running_loop(), visitors))
            is_started.set()
            await visitors.run()

    thread = threading.Thread(target=asyncio.run, args=(come(),))
    thread.start()
    is_started.wait(10)
    try:
        yield
    finally:
        for loop, visitors in started:
            loop.call_soon_threadsafe(visitors.stop.set)
        thread.join()
