"""What a service says, read: of itself, and of one input."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# Of more classes than these nobody compares the rest.
SHOWN = 5

Share = Annotated[float, Field(ge=0, le=1.000001, allow_inf_nan=False)]

# queue;dur=0.026, inference;dur=0.292
INFERENCE = re.compile(r"inference;dur=([0-9]{1,9}(?:\.[0-9]{1,9})?)")

# How a service begins to say that the lab is meant to run without its model.
OFF = re.compile(r"The model \w+ is off\b")

# A picture that was made anew and small; whatever else it might be is not shown.
PREVIEW = re.compile(r"data:image/jpeg;base64,[A-Za-z0-9+/]+={0,2}")
PREVIEW_MAX = 350_000

REQUEST_ID = re.compile(r"[0-9a-f]{32}")


class Service(NamedTuple):
    """One variant of one route."""

    route: str
    variant: str

    @property
    def path(self) -> str:
        """Where this very variant answers."""
        return f"/{self.route}/{self.variant}"


class _Said(BaseModel):
    """Types are checked; keys that nobody here needs are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Parity(_Said):
    """How far the probabilities are from those of what the model was made from."""

    against: str | None = None
    max_abs_dp: float
    agreement: float | None = None
    count: int
    of: str


class Accuracy(_Said):
    """The share of right answers."""

    value: float
    count: int
    of: str


class Cost(_Said):
    """What a prediction costs where the model was made."""

    latency_p50_ms: float | None = None
    latency_p90_ms: float | None = None
    memory_mb: float | None = None


class Card(_Said):
    """docs/card.schema.json, as far as it is shown."""

    file: str | None = None
    sha256: str
    size_bytes: int | None = None
    stand_in: bool
    source: str | None = None
    built_at: str | None = None
    input: str | None = None
    labels: tuple[str, ...] | None = None
    notes: str | None = None
    parity: Parity | None = None
    accuracy: Accuracy | None = None
    cost: Cost | None = None

    @property
    def version(self) -> str:
        """As the services abbreviate the digest."""
        return self.sha256[:12]


class Asked(_Said):
    """One number that a form asks for."""

    name: str
    label: str
    sample: float


class Form(_Said):
    """What a form for the model asks for. `labels`: of the probabilities that it answers with, where they come without names."""

    takes: Literal["picture", "measurements"]
    fields: tuple[Asked, ...] = ()
    labels: tuple[str, ...] = ()


class Metadata(_Said):
    """GET /metadata?card=1&form=1"""

    card: Card
    form: Form


class Guess(NamedTuple):
    """A class and how probable it is, from 0 to 1."""

    label: str
    probability: float


class Prediction(NamedTuple):
    """What a model says of one input."""

    guesses: tuple[Guess, ...]
    """The most probable first, at least one, at most SHOWN."""
    is_outlier: bool | None
    outlier_score: float | None
    model_ms: float | None
    """In the model alone."""
    version: str
    """As the response header names the route's version of it: `iris-v1`; empty where the route gives none."""
    request_id: str
    """As in the journal."""
    preview: str
    """The picture in small, as an address; empty where there is none."""


class _Class(_Said):
    label: str
    probability: Share


class _Answer(_Said):
    probabilities: dict[str, Share] = {}
    top: tuple[_Class, ...] = ()
    prediction: tuple[Share, ...] = ()
    is_outlier: bool | None = None
    outlier_score: float | None = None
    preview: str = ""


def metadata(body: bytes) -> Metadata | None:
    """None for what is none."""
    try:
        return Metadata.model_validate_json(body)
    except ValidationError:
        return None


def prediction(body: bytes, headers: Mapping[str, str], labels: Sequence[str]) -> Prediction | None:
    """None for what is none. labels: of an answer that names no classes."""
    try:
        said = _Answer.model_validate_json(body)
    except ValidationError:
        return None
    guesses = _guesses(said, labels)
    if not guesses:
        return None
    time = INFERENCE.search(headers.get("server-timing", ""))
    return Prediction(
        guesses=guesses,
        is_outlier=said.is_outlier,
        outlier_score=said.outlier_score,
        model_ms=float(time[1]) if time else None,
        version=headers.get("version", "")[:200],
        request_id=request_id(headers),
        preview=said.preview if len(said.preview) <= PREVIEW_MAX and PREVIEW.fullmatch(said.preview) else "",
    )


def request_id(headers: Mapping[str, str]) -> str:
    """Under which the journal knows the request; empty where the gateway did not say."""
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else ""


def _guesses(said: _Answer, labels: Sequence[str]) -> tuple[Guess, ...]:
    named = [Guess(one.label, one.probability) for one in said.top] or [Guess(*one) for one in said.probabilities.items()]
    listed = [Guess(*one) for one in zip(labels, said.prediction, strict=True)] if len(labels) == len(said.prediction) else []
    return tuple(sorted(named or listed, key=lambda guess: -guess.probability)[:SHOWN])
