"""Tells what is known of a running model: a card for each of its files, also where nobody wrote one."""

from typing import NamedTuple

from serving import cards
from serving.cards import Card
from serving.contract import Artifact, Measurements, Model, Takes


class Cards(NamedTuple):
    """The cards of one model."""

    model: Card
    """Of the file that names the classes."""
    parts: tuple[Card, ...]
    """Of the files that help it."""


def describe(model: Model, variant: str) -> Cards:
    """The cards of a model that runs under the wire name `variant`; what a card does not say the model does, if it can."""
    own = _card(model.artifact).or_else(name=variant, input=_input(model.takes), labels=model.labels)
    return Cards(own, tuple(_card(part).or_else(name=part.path.stem) for part in parts(model)))


def parts(model: Model) -> tuple[Artifact, ...]:
    """The files that a model needs beside its artifact; most need none and do not say so."""
    found: tuple[Artifact, ...] = getattr(model, "parts", ())
    return found


def _card(artifact: Artifact) -> Card:
    # A model may bring an artifact that it found in its own way.
    return artifact.card or cards.by_hand(artifact.sha256, artifact.stand_in).or_else(file=artifact.path.name)


def _input(takes: Takes) -> str:
    if isinstance(takes, Measurements):
        return f"float32 [batch, {len(takes.names)}]: {', '.join(takes.names)}"
    return f"an RGB picture, of which it looks at {takes.side} pixels on the shorter side"
