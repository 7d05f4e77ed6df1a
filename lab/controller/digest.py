"""A short text for what a look has seen: the same wherever the same journals are read. Pure."""

import hashlib
import json

from lab.controller.story import standing_json
from lab.judge import digest as looks
from lab.judge.block import Look
from lab.judge.decision import Standing


def beginning(text: str) -> str:
    """What the first look's digest goes on from: the file itself."""
    return _short(text)


def digest(previous: str, after: float, before: Standing, look: Look) -> str:
    """16 hex digits for all that went into a look's decision. `previous` is the last look's, and with it everything seen before."""
    said = [previous, after, standing_json(before), looks.digest(look)]
    return _short(json.dumps(said, sort_keys=True, separators=(",", ":")))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
