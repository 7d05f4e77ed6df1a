"""Tells a slow download from one that is stuck."""

import time

from models.errors import Unusable

# How long a download is watched before it is judged, in seconds: connections pause, and recover.
WINDOW_S = 60

# What it must bring on average in that time, in bytes per second. At 1 kB/s, 100 MB take a day.
FLOOR_BYTES_PER_S = 1000


class Pace:
    """Counts the bytes of one window after the other."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._begin()

    def add(self, count: int) -> None:
        """Counts bytes that arrived. Raises Unusable at the end of a window in which too few did."""
        self._count += count
        seconds = time.monotonic() - self._since
        if seconds < WINDOW_S:
            return
        if self._count < FLOOR_BYTES_PER_S * seconds:
            raise Unusable(f"{self.url} is stuck: {self._count} bytes in {seconds:.3g} seconds. Run this again later.")
        self._begin()

    def _begin(self) -> None:
        self._since, self._count = time.monotonic(), 0
