"""Keeps the beginning of a download, and what is needed to go on with it."""

import json
import os
from pathlib import Path
from typing import NamedTuple


class Origin(NamedTuple):
    """Whose beginning it is."""

    url: str
    validator: str | None  # what the server calls this version of the file: a strong ETag or a date; None: nothing


class Beginning(NamedTuple):
    """What need not be asked for again."""

    size: int  # bytes
    validator: str | None


class Part(NamedTuple):
    """The file `<target>.part`, and the note `<target>.part.json` beside it."""

    path: Path

    @property
    def note(self) -> Path:
        """Where the origin is written down."""
        return self.path.with_name(self.path.name + ".json")

    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def origin(self) -> Origin | None:
        """What the note says; None when there is none, or it is damaged."""
        try:
            fields = json.loads(self.note.read_text())
            return Origin(str(fields["url"]), fields["validator"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def beginning(self, url: str, sha256: str | None) -> Beginning:
        """What a request to `url` for a file of this digest can go on from."""
        origin = self.origin()
        validator = origin.validator if origin and origin.url == url else None
        # Without a digest to find it out, a mixture of two versions would pass for the file.
        return Beginning(self.size() if validator or sha256 else 0, validator)

    def begin(self, origin: Origin) -> None:
        """Forgets what is there, and notes where the new bytes will come from."""
        # In this order: stopped in between, no bytes are taken for those of another origin.
        self.note.unlink(missing_ok=True)
        self.path.write_bytes(b"")
        self.note.write_text(json.dumps(origin._asdict()) + "\n")

    def finish(self, target: Path) -> None:
        """Gives the file its final name."""
        # Onto the disk first: after a power cut, the name must not stand for bytes that never got there.
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(self.path, target)
        self.note.unlink(missing_ok=True)

    def drop(self) -> None:
        """Deletes both."""
        self.note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def tidy(self, sha256: str | None) -> None:
        """Deletes both if no later request for a file of this digest could go on from them."""
        origin = self.origin()
        if not sha256 and not (origin and origin.validator):
            self.drop()
