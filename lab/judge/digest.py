"""A digest of what a look has seen: equal for equal inputs, on any machine."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lab.judge.block import Arm, Block, Look
from lab.stats.histogram import Histogram

# Floating-point sums may be added up in another order elsewhere and differ in the last of 16 digits. So many count.
DIGITS = 9
NOTHING = Arm()


def digest(look: Look) -> str:
    """SHA-256, in hex, of the look's canonical JSON: keys sorted, histograms by their filled bins, floats to 9 digits, and what is
    empty left out."""
    return hashlib.sha256(canonical(look).encode()).hexdigest()


def canonical(look: Look) -> str:
    """The text that the digest is of."""
    said = {"at": _plain(look.at), "through": _plain(look.through), "blocks": [_block(block) for block in look.blocks]}
    if look.answers:
        said["answers"] = {name: _plain(answers) for name, answers in look.answers.items()}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _block(block: Block) -> dict[str, Any]:
    arms = {name: told for name, arm in block.arms.items() if (told := _arm(arm))}
    return {"epoch": block.epoch, "weights": {name: _plain(weight) for name, weight in block.weights.items()}, "arms": arms}


def _arm(arm: Arm) -> dict[str, Any]:
    """Only what was seen."""
    pairs = zip(arm._fields, arm, NOTHING, strict=True)
    return {name: _plain(value) for name, value, nothing in pairs if value != nothing}


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever an arm is made of
    """Numbers as text where they are not whole, so that 0.1 + 0.2 is 0.3; a whole float is the number that it is."""
    if isinstance(value, Histogram):
        return [[bin_, _plain(count)] for bin_, count in value.to_json()["bins"]]
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if value is None:
        return None
    number = float(value)
    return int(number) if number.is_integer() else f"{number:.{DIGITS}g}"
