"""Journals of made-up predictions and feedback, and the database that follows them."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.store.digest import digest
from lab.store.store import Store

START = datetime(2026, 11, 20, 10)
HOUR = "2026-11-20T10"

# A clock that is ahead of every line.
LATER = datetime(2026, 11, 25).timestamp()


def prediction(number: int, **fields: Any) -> dict[str, Any]:
    """One line of the prediction journal, as docs/journal.schema.json says."""
    return {
        "time": moment(number), "request_id": f"{number:032x}", "client_request_id": None, "route": "iris", "experiment": "iris",
        "epoch": 1, "table": "current", "variant": "svc", "weight": 0.5, "reason": "split", "served_by": "svc", "rescued": False,
        "visitor": f"{number % 7:032x}", "method": "POST", "path": "/iris/predict", "status": 200, "complete": True,
        "attempts": [{"variant": "svc", "status": 200, "seconds": 0.004}], "request_s": 0.005, "bytes": 120, "model": "svc",
        "artifact": "abc", "stand_in": False, "label": "setosa", "probability": 0.9, "outlier": False, "outlier_score": 0.1,
        "input": "0" * 16,
        "features": [5.1, 3.5, 1.4, 0.2], "queue_us": 10, "inference_us": 900,
    } | fields  # fmt: skip


def feedback(number: int, request: int | None, **fields: Any) -> dict[str, Any]:
    """One line of the feedback journal, as docs/feedback.schema.json says."""
    return {
        "time": moment(number), "id": f"{10**9 + number:032x}", "request_id": None if request is None else f"{request:032x}",
        "metric": "reward", "value": 1.0, "truth": None, "at": None, "outcome": "stored", "attributed_by": "id", "source": "program",
        "route": None, "variant": None, "address": None, "visitor": None,
    } | fields  # fmt: skip


def moment(seconds: float) -> str:
    """A time so long after START, as the journals write it."""
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds") + "Z"


def line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def some_predictions(seed: int, count: int = 60) -> list[dict[str, Any]]:
    """Predictions of few visitors who meet several variants in several ways, and the copies that shadows got."""
    luck = random.Random(seed)
    made = []
    for number in range(count):
        variant = luck.choice(["svc", "forest"])
        status = luck.choice([200] * 8 + [404, 502])
        fields = {
            "time": moment(luck.randrange(40) + luck.randrange(1000) / 1000), "variant": variant, "status": status,
            "reason": luck.choice(["split"] * 6 + ["override", "rule", "roundrobin"]), "epoch": luck.choice([1, 2]),
            "experiment": luck.choice(["iris", "iris", None]), "visitor": luck.choice([None, *(f"{one:032x}" for one in range(9))]),
            "rescued": luck.random() < 0.1, "complete": luck.random() > 0.05, "request_s": luck.randrange(1, 4000) / 1000,
            "label": luck.choice([None, "setosa", "virginica"]), "outlier": luck.choice([None, True, False]),
            "weight": luck.choice([0.25, 0.5]), "attempts": [{"variant": variant, "status": status, "seconds": 0.1}],
        }  # fmt: skip
        made.append(prediction(number, **fields))
        if luck.random() < 0.2:
            made.append(prediction(number, **fields | {"variant": "xgboost", "reason": "shadow", "label": "shadowed"}))
    return made


def some_feedback(seed: int, count: int = 60) -> list[dict[str, Any]]:
    """What was said about them; each request id and metric is kept once, as the acceptance of feedback sees to."""
    luck = random.Random(seed)
    kept: set[tuple[int, str]] = set()
    said = []
    for number in range(count):
        request, metric = luck.randrange(80), luck.choice(["reward", "truth", "clicks"])
        outcome = luck.choice(["duplicate", "conflicting"]) if (request, metric) in kept else luck.choice(["stored", "late", "unknown"])
        kept.add((request, metric))
        value = {"value": None, "truth": luck.choice(["setosa", "virginica"])} if metric == "truth" else {"value": luck.randrange(5) / 4}
        said.append(feedback(number, request, metric=metric, outcome=outcome, **value))
    return [*said, feedback(count, None, outcome="unattributed"), feedback(count + 1, None, metric=None, value=None, outcome="malformed")]


class Lab:
    """A state folder: its journals, and the database that follows them."""

    def __init__(self, state: Path, **options: Any) -> None:
        self.state = state
        self.options = {"clock": lambda: LATER} | options
        (state / "journal").mkdir(parents=True, exist_ok=True)
        self.store = Store(state, **self.options)

    def journal(self, kind: str = "predictions", hour: str = HOUR) -> Path:
        """The file of one hour."""
        return self.state / "journal" / f"{kind}-{hour}.jsonl"

    def write(self, *records: dict[str, Any] | bytes, kind: str = "predictions", hour: str = HOUR) -> None:
        """Appends records, or bytes as they are."""
        with self.journal(kind, hour).open("ab") as file:
            file.write(b"".join(one if isinstance(one, bytes) else line(one) for one in records))

    def reopen(self) -> None:
        """Closes the database and opens it again."""
        self.store.close()
        self.store = Store(self.state, **self.options)

    def rebuild(self) -> str:
        """The digest of a database that is made anew."""
        self.store.close()
        (self.state / "lab.duckdb").unlink()
        self.store = Store(self.state, **self.options)
        self.store.read_on()
        return digest(self.store)

    def ask(self, sql: str) -> list[Any]:
        """Rows; of one column, its values."""
        with self.store.cursor() as cursor:
            rows = cursor.execute(sql).fetchall()
        return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows

    def counts(self) -> tuple[int, int, int]:
        """Lines, stored and set aside."""
        return self.ask("select sum(lines)::INT, sum(stored)::INT, sum(quarantined)::INT from segments")[0]


@contextmanager
def lab_in(folder: Path, **options: Any) -> Iterator[Lab]:
    """A lab that is closed in the end."""
    made = Lab(folder, **options)
    try:
        yield made
    finally:
        made.store.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with lab_in(tmp_path) as made:
        yield made
