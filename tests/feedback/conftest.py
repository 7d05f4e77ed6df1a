"""An acceptance of feedback that knows some predictions, and what it has written."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import FastAPI

from lab.errors import StateError
from lab.feedback.accept import Acceptor
from lab.feedback.predictions import Said
from lab.journal.append import Segments
from lab.web.feedback import router
from tests.support import REPOSITORY

VALIDATOR = jsonschema.Draft202012Validator(json.loads((REPOSITORY / "docs" / "feedback.schema.json").read_text()))

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32
NOBODY = "f" * 32
VISITOR = "c" * 32

WINDOW_S = 3600.0


class FakePredictions:
    """Predictions in a dictionary. What stands in `journal` is only seen after reading on."""

    def __init__(self) -> None:
        self.known: dict[str, float] = {}
        self.journal: dict[str, float] = {}
        self.kept: dict[tuple[str, str], float | str] = {}
        self.said: list[Said] = []
        self.visitors: dict[str, list[str]] = {}
        self.reads = 0
        self.asked = 0
        self.broken = False
        self.disk_is_full = False
        self.reading_s = 0.0
        self._lock = threading.Lock()

    def seen(self, ids: Collection[str]) -> Mapping[str, float]:
        """As the protocol says."""
        if self.broken:
            raise RuntimeError("the database is gone")
        with self._lock:
            self.asked += 1
            return {one: self.known[one] for one in ids if one in self.known}

    def read_on(self) -> None:
        """As the protocol says."""
        time.sleep(self.reading_s)
        if self.disk_is_full:
            raise StateError("scratch cannot be written: the disk is full.")
        with self._lock:
            self.reads += 1
            self.known.update(self.journal)

    def given(self, ids: Collection[str]) -> Mapping[tuple[str, str], float | str]:
        """As the protocol says."""
        return {key: value for key, value in self.kept.items() if key[0] in ids}

    def said_last(self, most: int) -> Sequence[Said]:
        """As the protocol says."""
        return self.said[-most:]

    def only_of(self, visitor: str, since: float) -> str | None:
        """As the protocol says."""
        theirs = [one for one in self.visitors.get(visitor, []) if self.known.get(one, 0) >= since]
        return theirs[0] if len(theirs) == 1 else None


class Desk:
    """The address /feedback with everything behind it, on one event loop."""

    def __init__(self, folder: Path, predictions: FakePredictions, **limits: Any) -> None:
        self.journal = folder
        self.predictions = predictions
        self.acceptor = Acceptor(predictions, Segments(folder, "feedback"), time.time, WINDOW_S, **limits)
        app = FastAPI()
        app.include_router(router(self.acceptor))
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lab")

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        """JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/feedback", content=content, headers={"Content-Type": "application/json"} | names)

    def lines(self) -> list[dict[str, Any]]:
        """Every line of the journal; each is valid."""
        return feedback_lines(self.journal)

    @property
    def counts(self) -> dict[str, int]:
        """The outcomes that there were."""
        return {name: count for name, count in self.acceptor.counts.items() if count}


def feedback_lines(folder: Path) -> list[dict[str, Any]]:
    """Every whole line, in the order of writing. Half ones, which only a killed process leaves, are left out."""
    found = []
    for segment in sorted(folder.glob("feedback-*.jsonl")):
        for line in segment.read_bytes().split(b"\n")[:-1]:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            VALIDATOR.validate(record)
            found.append(record)
    return found


Visit = Callable[[Desk], Awaitable[None]]


@pytest.fixture
def predictions() -> FakePredictions:
    made = FakePredictions()
    made.known = {ONE: time.time(), TWO: time.time(), THREE: time.time() - WINDOW_S - 100}
    return made


@pytest.fixture
def at_desk(tmp_path: Path, predictions: FakePredictions) -> Callable[..., Desk]:
    """Runs a visit to a desk from its opening to its close."""

    def run(visit: Visit, **limits: Any) -> Desk:
        async def whole() -> Desk:
            desk = Desk(tmp_path / "journal", predictions, **limits)
            await visit(desk)
            await desk.acceptor.close()
            await desk.client.aclose()
            return desk

        return asyncio.run(whole())

    return run
