"""Lets the controller look whether something is due, in a thread of its own."""

import logging

from lab.background import Background
from lab.controller.controller import Controller

log = logging.getLogger("lab.controller")

# Seconds between two ticks: less than the shortest interval, one second, by enough.
PACE_S = 0.2


class Keeper(Background):
    """Ticks until it is stopped."""

    def __init__(self, controller: Controller) -> None:
        super().__init__("controller")
        self._controller = controller

    def _run(self) -> None:
        while not self._stopped.wait(PACE_S):
            try:
                self._controller.tick()
            except Exception:
                # Each run has its own troubles, and none of them ends up here. Should one do so, the next tick must come.
                log.exception("A tick has failed.")
