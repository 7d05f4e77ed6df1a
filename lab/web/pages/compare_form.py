"""What somebody wants compared: reads the form, within bounds, each failure a sentence."""

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from lab.services.client import Input
from lab.services.said import PREVIEW, Form

# Longest body, as the gateway has it for uploads.
BODY_MAX_BYTES = 10 * 1024 * 1024
TOO_LONG = "The upload is larger than 10 MB. Send a smaller file."

# Most comparisons at a time: each holds its upload in memory while every model looks at it.
AT_ONCE = 4

# Longest text of one field that is a number.
NUMBER_MAX = 100

# A picture's type, as browsers send it; anything else is left to the picture itself to tell.
KIND = re.compile(r"[A-Za-z0-9.+-]{1,60}/[A-Za-z0-9.+-]{1,60}")

NO_FILE = "No file was chosen. Choose a JPEG or PNG picture, then press Compare."


class Wrong(Exception):
    """Its text is a sentence for whoever sent it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Given(NamedTuple):
    """What was sent."""

    input: Input
    is_copy: bool = False
    """Whether the picture is the small one of a result's page, not the file that was uploaded there."""


class Seats:
    """Bounds how many comparisons there are at a time."""

    def __init__(self, number: int = AT_ONCE) -> None:
        self._free = number

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One of them. Raises Wrong when there is none."""
        if self._free == 0:
            raise Wrong(503, "The lab is comparing other inputs just now. Try again in a few seconds.")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


async def read(request: Request, form: Form) -> Given:
    """What the form says. Raises Wrong."""
    sent = await _sent(request)
    try:
        return await _picture(sent) if form.takes == "picture" else Given(Input(fields=_numbers(sent, form)))
    finally:
        await sent.close()


async def _sent(request: Request) -> FormData:
    bounded = Request(request.scope, _bounded(request.receive, request.headers))
    try:
        return await bounded.form(max_files=4, max_fields=64)
    except HTTPException as error:
        raise Wrong(400, f"The form cannot be read: {str(error.detail).rstrip('.')}.") from error
    except UnicodeError as error:
        raise Wrong(400, "The form cannot be read in the charset that it declares. Send it in UTF-8.") from error


def _bounded(receive: Receive, headers: Headers) -> Receive:
    declared = headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() else 0
    read_so_far = 0

    async def bounded() -> Message:
        nonlocal read_so_far
        message = await receive() if size <= BODY_MAX_BYTES else {}
        read_so_far += len(message.get("body", b""))
        if max(size, read_so_far) > BODY_MAX_BYTES:
            raise Wrong(413, TOO_LONG)
        return dict(message)

    return bounded


async def _picture(sent: FormData) -> Given:
    file, copy = sent.get("file"), sent.get("picture")
    if isinstance(file, UploadFile) and (content := await file.read()):
        kind = file.content_type or ""
        return Given(Input(file=(_printable(file.filename or "unnamed"), content, kind if KIND.fullmatch(kind) else "")))
    if isinstance(file, UploadFile) and file.filename:
        raise Wrong(400, f"File '{_printable(file.filename)}' is empty. Upload a JPEG or PNG picture.")
    if isinstance(copy, str) and copy:
        return Given(Input(file=("picture.jpg", _decoded(copy), "image/jpeg")), is_copy=True)
    raise Wrong(422, NO_FILE)


def _decoded(address: str) -> bytes:
    if not PREVIEW.fullmatch(address):
        raise Wrong(400, "The field 'picture' must be a JPEG picture as a data: address. Send a file in the field 'file' instead.")
    try:
        return base64.b64decode(address.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise Wrong(400, "The field 'picture' is not valid base64. Send a file in the field 'file' instead.") from error


def _numbers(sent: FormData, form: Form) -> dict[str, str]:
    """The fields that are asked for. What they say is the models' to judge, and their sentence if it is no number."""
    texts = {asked.name: sent.get(asked.name) for asked in form.fields}
    return {name: _printable(text)[:NUMBER_MAX] for name, text in texts.items() if isinstance(text, str)}


def _printable(text: str) -> str:
    # Names come from strangers: control characters would forge headers and log lines.
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:255])
