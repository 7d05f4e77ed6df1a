"""Whatever a client sends: an answer below 500, one line for each item that is acknowledged, and counts that add up."""

import asyncio
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.feedback.conftest import NOBODY, ONE, THREE, TWO, VISITOR, Desk, FakePredictions

IDS = st.sampled_from([ONE, TWO, THREE, NOBODY, ONE.upper(), "", "x", None])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["1", "nan", "setosa", 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["reward", "truth", "metric", "value", "at", "response", "request", "groundTruthData", "eventMetadata", "other"])
SELDON = st.fixed_dictionaries({"response": st.fixed_dictionaries({"meta": st.fixed_dictionaries({"puid": IDS | ANYTHING})})})
REWARDS, TRUTHS = st.sampled_from([0, 1, "1"]), st.sampled_from(["x", 2])
PLAUSIBLE = st.fixed_dictionaries({"request_id": IDS}, optional={"reward": REWARDS, "truth": TRUTHS})
ENTRY = PLAUSIBLE | st.dictionaries(NAMES, ANYTHING, max_size=5) | SELDON | ANYTHING
JSON = (ENTRY | st.lists(ENTRY, max_size=5)).map(lambda value: json.dumps(value).encode())
FORM = st.lists(st.tuples(st.sampled_from(["request_id", "reward", "truth", "x"]), st.text(max_size=10))).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
)
CUT = st.tuples(JSON, st.integers(0, 30)).map(lambda both: both[0][: both[1]])
BODIES = st.lists(JSON | FORM | CUT | st.binary(max_size=100), min_size=1, max_size=8)
KINDS = st.sampled_from(["application/json", "application/x-www-form-urlencoded", "application/jsonlines", "", "text/html"])
ACCEPTS = st.sampled_from(["*/*", "text/html"])
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40) | st.sampled_from(["iris", "ns/iris", VISITOR])


@given(BODIES, KINDS, ACCEPTS, st.dictionaries(st.sampled_from(["X-Lab-Route", "X-Lab-Pin", "X-Lab-Seldon", "X-Lab-Visitor"]), HEADER))
@settings(max_examples=150, deadline=None)
def test_whatever_is_sent_is_answered_counted_and_kept(bodies: list[bytes], kind: str, accept: str, headers: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder, patch("lab.feedback.accept.PATIENCE_S", 0.0):
        told, desk = asyncio.run(_visit(Path(folder), bodies, {"Content-Type": kind, "Accept": accept} | headers))

        lines = desk.lines()
        assert Counter(line["outcome"] for line in lines) == desk.counts
        if accept != "text/html":
            assert Counter(item["outcome"] for item in told) == desk.counts
        stored = [(line["request_id"], line["metric"]) for line in lines if line["outcome"] in ("stored", "late")]
        assert len(stored) == len(set(stored))


async def _visit(folder: Path, bodies: list[bytes], headers: dict[str, str]) -> tuple[list[dict[str, Any]], Desk]:
    """Posts all bodies at once; what each item was told."""
    predictions = FakePredictions()
    predictions.known = {ONE: time.time(), TWO: time.time(), THREE: 0}
    predictions.visitors[VISITOR] = [ONE]
    desk = Desk(folder, predictions)
    sent = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    answers = await asyncio.gather(*(desk.client.post("/feedback", content=body, headers=sent) for body in bodies))
    await desk.acceptor.close()
    await desk.client.aclose()
    assert all(answer.status_code < 500 for answer in answers)
    told = [answer.json() for answer in answers if answer.headers["Content-Type"] == "application/json"]
    return [item for one in told for item in one.get("items", [one])], desk
