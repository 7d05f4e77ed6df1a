"""The card beside each artifact: what it is, where it comes from, what was measured.

docs/card.schema.json describes the fields.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar


@dataclass(frozen=True)
class Parity:
    """How far an artifact's probabilities are from those of what it was made from."""

    against: str  # what it was made from: "PyTorch in evaluation mode"
    max_abs_dp: float  # largest difference of a probability
    mean_abs_dp: float
    agreement: float  # 0..1, share of inputs with the same most probable label
    count: int
    of: str  # what was counted: "pictures"


@dataclass(frozen=True)
class Accuracy:
    """The share of right answers on inputs that training has not seen."""

    value: float  # 0..1
    count: int
    of: str  # what was counted: "rendered pictures"


@dataclass(frozen=True)
class Cost:
    """What one prediction costs on the machine that made the artifact."""

    latency_p50_ms: float
    latency_p90_ms: float
    count: int  # predictions measured, one input each
    threads: int
    load_s: float
    memory_mb: float  # what loading and predicting adds to a process, at its peak
    cpu: str


@dataclass(frozen=True)
class MadeFrom:
    """The file that an artifact was made from: published weights, or another artifact."""

    file: str
    sha256: str


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
    labels: tuple[str, ...]  # in the order of the outputs
    notes: str
    size_bytes: int | None = None
    preprocessing: str | None = None
    made_from: MadeFrom | None = None
    parity: Parity | None = None
    accuracy: Accuracy | None = None
    cost: Cost | None = None


def card_path(artifact: Path) -> Path:
    """`custom.onnx` → `custom.json`."""
    return artifact.with_suffix(".json")


def read_card(artifact: Path) -> Card | None:
    """The card beside `artifact`; None when there is none, or it is not one of ours."""
    try:
        return _parsed(json.loads(card_path(artifact).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_card(artifact: Path, card: Card) -> None:
    """Puts the card beside `artifact`; whole or not at all."""
    path = card_path(artifact)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(asdict(card), indent=2) + "\n")
    os.replace(part, path)


def sha256_of(path: Path) -> str:
    """The digest of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parsed(card: dict[str, Any]) -> Card:
    measured = {"made_from": MadeFrom, "parity": Parity, "accuracy": Accuracy, "cost": Cost}
    parts = {name: _part(kind, card.get(name)) for name, kind in measured.items()}
    return Card(**_known(Card, card) | parts | {"labels": tuple(card.get("labels", ()))})


Part = TypeVar("Part")


def _part(kind: type[Part], value: dict[str, Any] | None) -> Part | None:
    try:
        return kind(**_known(kind, value)) if value else None
    except TypeError:  # a card of an earlier version, which measured less
        return None


def _known(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in names}
