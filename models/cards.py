"""The card beside each artifact: what it is, where it comes from, what was measured."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Parity:
    """How far the exported graph's probabilities are from those of the model it was made from."""

    max_abs_dp: float
    count: int
    of: str  # what was counted: "pictures"


@dataclass(frozen=True)
class Accuracy:
    """The share of right answers on inputs that training has not seen."""

    value: float  # 0..1
    count: int
    of: str  # what was counted: "rendered pictures"


@dataclass(frozen=True)
class Card:
    """One artifact described."""

    name: str
    file: str
    sha256: str
    stand_in: bool
    source: str
    built_at: str  # ISO 8601, UTC
    input: str
    labels: tuple[str, ...]
    notes: str
    parity: Parity | None = None
    accuracy: Accuracy | None = None


def card_path(artifact: Path) -> Path:
    """`custom.onnx` → `custom.json`."""
    return artifact.with_suffix(".json")


def read_card(artifact: Path) -> Card | None:
    """The card beside `artifact`; None when there is none, or it is not one of ours."""
    try:
        return _parsed(json.loads(card_path(artifact).read_text()))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_card(artifact: Path, card: Card) -> None:
    """Puts the card beside `artifact`."""
    card_path(artifact).write_text(json.dumps(asdict(card), indent=2) + "\n")


def sha256_of(path: Path) -> str:
    """The digest of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parsed(fields: dict[str, Any]) -> Card:
    parity, accuracy = fields.pop("parity"), fields.pop("accuracy")
    labels = tuple(fields.pop("labels"))
    return Card(**fields, labels=labels, parity=Parity(**parity) if parity else None, accuracy=Accuracy(**accuracy) if accuracy else None)
