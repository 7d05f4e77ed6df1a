"""lab log: one line for each prediction, which says what was wrong with it."""

from typing import Any

import pytest

from lab.cli.evidence_tables import log_lines
from tests.store.conftest import prediction


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, ""),
        ({"complete": False}, "(broken off)"),
        # Journals of older gateways call a whole error incomplete.
        ({"complete": False, "status": 503}, ""),
        ({"rescued": True, "variant": "forest", "served_by": "svc"}, "(forest failed, svc answered)"),
        ({"reason": "shadow", "complete": False, "status": 503, "attempts": []}, "(dropped: too many waited)"),
        ({"reason": "shadow", "complete": False, "status": 502}, "(no answer)"),
    ],
)
def test_what_was_wrong_stands_behind_the_request_id(fields: dict[str, Any], word: str) -> None:
    row = prediction(1) | fields

    (line,) = log_lines([row], head=False)

    assert line.partition(row["request_id"])[2].strip() == word
