"""The card beside an artifact: what it is, where it comes from, what was measured.

docs/card.schema.json describes the fields.
"""

import logging
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

log = logging.getLogger("serving.cards")

# What the source says when nobody wrote a card.
BY_HAND = "put there by hand; nothing else is known about it"

# What the log adds when a card is not believed.
CONSEQUENCE = "The model is served as one put there by hand. Run: python download_models.py"

# The largest whole number that every reader of JSON understands.
COUNT_MAX = 2**53

Count: TypeAlias = Annotated[int, Field(ge=0, le=COUNT_MAX)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Amount: TypeAlias = Annotated[float, Field(ge=0)]
Digest: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Described(BaseModel):
    """A part of a card: types are checked, keys of a later version are passed over, what an earlier one lacked is None."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class MadeFrom(Described):
    """The file that an artifact was made from: published weights, or another artifact."""

    file: str
    sha256: Digest


class Parity(Described):
    """How far an artifact's probabilities are from those of what it was made from."""

    against: str | None = None
    max_abs_dp: Amount
    mean_abs_dp: Amount | None = None
    agreement: Share | None = None
    count: Count
    of: str


class Accuracy(Described):
    """The share of right answers on inputs that training has not seen."""

    value: Share
    count: Count
    of: str


class Cost(Described):
    """What one prediction costs where the artifact was made."""

    latency_p50_ms: Amount | None = None
    latency_p90_ms: Amount | None = None
    count: Count | None = None
    threads: Count | None = None
    load_s: Amount | None = None
    memory_mb: Amount | None = None
    cpu: str | None = None


class Card(Described):
    """One artifact described."""

    name: str | None = None
    file: str | None = None
    sha256: Digest
    size_bytes: Count | None = None
    stand_in: bool
    source: str | None = None
    made_from: MadeFrom | None = None
    built_at: str | None = None
    input: str | None = None
    preprocessing: str | None = None
    labels: tuple[str, ...] | None = None
    notes: str | None = None
    parity: Parity | None = None
    accuracy: Accuracy | None = None
    cost: Cost | None = None

    def or_else(self, **defaults: object) -> "Card":
        """The card with these values where it has none."""
        return self.model_copy(update={name: value for name, value in defaults.items() if getattr(self, name) in (None, ())})


def beside(path: Path, sha256: str) -> Card:
    """The card of the artifact at `path`, whose digest is `sha256`; without one to believe, what the file itself tells."""
    card = _read(path.with_suffix(".json"))
    if card and card.sha256 != sha256:
        log.warning("%s describes another file than %s: the SHA-256 differs. %s", path.with_suffix(".json"), path.name, CONSEQUENCE)
        card = None
    # The file knows its own name and size best.
    return (card or by_hand(sha256)).model_copy(update={"file": path.name, "size_bytes": path.stat().st_size})


def by_hand(sha256: str, stand_in: bool = False) -> Card:
    """The card of a file that nobody described."""
    return Card.model_construct(sha256=sha256, stand_in=stand_in, source=BY_HAND)


def _read(path: Path) -> Card | None:
    try:
        return Card.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror
    except ValidationError as error:
        reason = _first(error)
    log.warning("%s is no card that can be read: %s. %s", path, reason, CONSEQUENCE)
    return None


def _first(error: ValidationError) -> str:
    """The first complaint: `accuracy.value: Input should be a valid number`."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
