"""Keeps the database up with the journals, and the journals within their bounds, in a thread of its own."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

import duckdb

from lab.background import Background
from lab.errors import Refused
from lab.store import retention
from lab.store.retention import Bounds
from lab.store.store import Store

log = logging.getLogger("lab.follower")

# Seconds between two looks at the journals: a reward is joined within one. What a look costs by itself is that of some two thousand lines.
PACE_S = 0.6

# Seconds between two looks at their age and size.
TIDY_S = 600.0


class Follower(Background):
    """Reads on until it is stopped; trouble is said once and tried again."""

    def __init__(self, store: Store, bounds: Bounds, in_use: Callable[[], frozenset[str]]) -> None:
        """`in_use` names the experiments whose journals must be kept."""
        super().__init__("follower")
        self.trouble: str | None = None
        """Why the journals cannot be read on; None while they can."""
        self.is_current = False
        """It has read everything that was there when it began."""
        self._store = store
        self._bounds = bounds
        self._in_use = in_use

    def _run(self) -> None:
        tidied = -TIDY_S
        while not self._stopped.is_set():
            begun = time.monotonic()
            try:
                self._store.read_on()
                self.is_current = True
                if begun - tidied >= TIDY_S:
                    tidied = begun
                    self._tidy()
                self._note(None)
            except (duckdb.Error, OSError, Refused) as error:
                self._note(str(error))
            except Exception as error:
                # Our own mistake: whatever it is, the next line may be read, and the mistake must be seen.
                if self.trouble is None:
                    log.exception("The journals cannot be read on.")
                self._note(f"{type(error).__name__}: see the lab's log.")
            # Always a pause: what takes long must not take everything.
            self._stopped.wait(max(PACE_S - (time.monotonic() - begun), PACE_S / 4))

    def _tidy(self) -> None:
        for name in retention.tidy(self._store, self._bounds, datetime.now(UTC), self._in_use()):
            log.warning("%s is deleted: it is older or larger than LAB_KEEP_DAYS and LAB_KEEP_GB allow.", name)

    def _note(self, trouble: str | None) -> None:
        if trouble is not None and self.trouble is None:
            log.error("The journals cannot be read on; trying again. %s", trouble)
        if trouble is None and self.trouble is not None:
            log.warning("The journals are read again.")
        self.trouble = trouble
