"""The address /feedback as a process of its own, for tests that kill it: python -m tests.feedback.server JOURNAL PORT"""

import sys
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from lab.feedback.accept import Acceptor
from lab.feedback.predictions import Said
from lab.journal.append import Segments
from lab.web.feedback import router
from tests.feedback.conftest import FakePredictions, feedback_lines


class Everything(FakePredictions):
    """Knows every prediction, and what the journal held when it was read last."""

    def __init__(self, journal: Path) -> None:
        super().__init__()
        self._folder = journal

    def seen(self, ids: Collection[str]) -> Mapping[str, float]:
        """All of them were answered a minute ago."""
        return dict.fromkeys(ids, time.time() - 60)

    def read_on(self) -> None:
        """Takes the feedback of the processes before this one."""
        kept = [record for record in feedback_lines(self._folder) if record["outcome"] in ("stored", "late", "unknown")]
        for record in kept:
            self.kept.setdefault((record["request_id"], record["metric"]), record["value"])
        self.said = [
            Said(record["request_id"], record["metric"], record["value"], datetime.fromisoformat(record["time"]).timestamp())
            for record in kept
        ]


def main(journal: Path, port: int) -> None:
    """Serves until it is killed."""
    acceptor = Acceptor(Everything(journal), Segments(journal, "feedback"), time.time, 3600.0)

    @asynccontextmanager
    async def open_and_close(app: FastAPI) -> AsyncIterator[None]:
        yield
        await acceptor.close()

    app = FastAPI(lifespan=open_and_close)
    app.include_router(router(acceptor))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
