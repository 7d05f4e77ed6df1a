"""Something that goes on in a thread of its own until it is stopped."""

import threading
from abc import ABC, abstractmethod


class Background(ABC):
    """Begins with `start`; `_run` does the work, and ends soon after `_stopped` is set."""

    def __init__(self, name: str) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when what is under way has ended."""
        self._stopped.set()
        self._thread.join()

    @abstractmethod
    def _run(self) -> None: ...
