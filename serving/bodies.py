"""Reads request bodies: forms and JSON, each failure a sentence."""

from typing import Any

import orjson
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from serving.errors import Refusal

FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")


def is_form(request: Request) -> bool:
    """Whether the body says that it is a form."""
    return request.headers.get("content-type", "").lower().startswith(FORM_TYPES)


async def read_form(request: Request) -> FormData:
    """The form in the body; an empty one when there is no form. Raises Refusal (400) when it is malformed."""
    try:
        return await request.form(max_files=8, max_fields=64)
    except HTTPException as error:
        raise Refusal(400, f"The form cannot be read: {error.detail.rstrip('.')}.") from error
    except UnicodeError as error:  # a charset like punycode
        raise Refusal(400, "The form cannot be read in the charset that it declares. Send it in UTF-8.") from error


async def read_json(request: Request, expected: str) -> dict[str, Any]:
    """The JSON object in the body. Raises Refusal (422) naming what is `expected` when it is not one."""
    body = await request.body()
    if not body:
        raise Refusal(422, f"The body is empty. Send {expected}.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refusal(422, f"The body is not valid JSON: {error.msg} ({where}). Send {expected}.") from error
    if not isinstance(value, dict):
        raise Refusal(422, f"The body is JSON, but no object. Send {expected}.")
    return value
