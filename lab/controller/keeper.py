"""Lets the controller look whether something is due, in a thread of its own."""

import logging
import threading

from lab.controller.controller import Controller

log = logging.getLogger("lab.controller")

# Seconds between two ticks: less than the shortest interval, one second, by enough.
PACE_S = 0.2


class Keeper:
    """Ticks until it is stopped."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="controller", daemon=True)

    def start(self) -> None:
        """Begins in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when the tick under way has ended."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(PACE_S):
            try:
                self._controller.tick()
            except Exception:
                # Each run has its own troubles, and none of them ends up here. Should one do so, the next tick must come.
                log.exception("A tick has failed.")
