"""Reads what a browser's form says."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

# Most bytes of a form, and most fields.
FORM_MAX_BYTES = 16_384
FIELDS_MAX = 20


async def fields(request: Request) -> Mapping[str, str]:
    """By name; of several with one name the last. Nothing of a body that no form of ours sends: too long, or of another kind."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_MAX_BYTES:
            return {}
    try:
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        return {}
