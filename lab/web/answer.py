"""JSON answers."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response

OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Times without a zone are UTC; a number that is none becomes null."""
    return Response(orjson.dumps(content, option=OPTIONS, default=str), status, dict(headers or {}), media_type="application/json")
