"""What arrived: one input for the model, and what must be remembered of it."""

import hashlib
from typing import NamedTuple

from PIL import Image

from serving.contract import Array


class Upload(NamedTuple):
    """A picture as it was sent."""

    filename: str
    content_type: str
    content: bytes


class Item(NamedTuple):
    """One input of one request."""

    row: Array
    """One row of a batch, as the model prepared it."""
    digest: str
    """First 16 hex digits of the SHA-256 of what was sent: equal inputs are recognised without being kept."""
    described: str | None
    """The input in one line of printable text for the log; None for the model's own sample."""
    features: tuple[float, ...] | None = None
    """The measurements, if the input is measurements."""
    upload: Upload | None = None
    """The file, if the input is a picture."""
    preview: Image.Image | None = None
    """The picture, small enough to keep while it waits and to show."""


def digest(content: bytes) -> str:
    """First 16 hex digits of the SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()[:16]
