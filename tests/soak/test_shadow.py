"""Shadows under load: every answer that a shadow gives is found beside the visitor's own."""

import json
from collections import Counter

import pytest

from tests.soak.conftest import Crowd, head
from tests.support import eventually

pytestmark = pytest.mark.soak

PREDICTIONS = 20_000


def test_99_of_100_answered_shadows_are_paired_by_their_request_id(crowd: Crowd) -> None:
    crowd.route("iris", weights={"svc": 100, "forest": 0}, lanes=["forest"], shadows={"forest": 100, "xgboost": 50})

    crowd.variants([head("/iris/predict/test", X_User_ID=f"shadowed-{number}") for number in range(PREDICTIONS)])

    eventually(lambda: sum(1 for line in lines(crowd) if line["reason"] == "shadow") >= 1.4 * PREDICTIONS)
    visitors = {line["request_id"] for line in lines(crowd) if line["reason"] == "split"}
    shadows = [line for line in lines(crowd) if line["reason"] == "shadow"]
    answered = [line for line in shadows if line["status"] == 200]
    counts = Counter((line["variant"], line["status"]) for line in shadows)
    print(f"\n{len(visitors)} predictions; shadows by variant and status: {dict(counts)}")
    assert len(visitors) == PREDICTIONS
    assert sum(line["request_id"] in visitors for line in answered) >= 0.99 * len(answered)
    # Every copy is a line: answered, dropped (503) because too many waited, or, of the one that nobody serves here, dead (502).
    assert counts.keys() <= {("forest", 200), ("forest", 503), ("xgboost", 502)}
    assert sum(n for (variant, _), n in counts.items() if variant == "forest") == PREDICTIONS
    assert counts["xgboost", 502] == pytest.approx(PREDICTIONS / 2, rel=0.05)


def lines(crowd: Crowd) -> list[dict[str, object]]:
    return [json.loads(line) for segment in crowd.journal.glob("predictions-*") for line in segment.read_text().splitlines()]
