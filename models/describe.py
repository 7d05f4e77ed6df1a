"""Puts what was made into place, with a card that describes it."""

from datetime import UTC, datetime
from pathlib import Path

from models import cost, store
from models.cards import Card, read_card, sha256_of
from models.plan import Artifact
from models.sources import Made

# What the card of a copied file says of its origin.
BY_HAND = "put there by hand"


def put(artifact: Artifact, path: Path, made: Made) -> None:
    """Writes the artifact to `path`, measures it, and writes its card."""
    part = store.write_part(made.built.graph.SerializeToString(deterministic=True), path)
    card = _card(artifact, part, made)
    store.settle(part, path, card)
    print(f"{artifact.file} is made{_measured(card)}.")


def copy(artifact: Artifact, source: Path, path: Path) -> None:
    """Copies a finished artifact and its card; a file without a card gets one that says so."""
    part = store.copy_part(source, path)
    store.settle(part, path, read_card(source) or _by_hand(artifact, part))
    print(f"{artifact.file} is copied from {source}.")


def _card(artifact: Artifact, part: Path, made: Made) -> Card:
    built = made.built
    return Card(
        name=artifact.name,
        file=artifact.file,
        sha256=sha256_of(part),
        stand_in=made.stand_in,
        source=made.source,
        built_at=_now(),
        input=built.input,
        labels=built.labels,
        notes=built.notes,
        size_bytes=part.stat().st_size,
        preprocessing=built.preprocessing,
        made_from=made.made_from,
        parity=built.parity,
        accuracy=built.accuracy,
        cost=cost.measure(part, built.threads),
    )


def _by_hand(artifact: Artifact, part: Path) -> Card:
    """All that is known of somebody else's file."""
    return Card(
        name=artifact.name,
        file=artifact.file,
        sha256=sha256_of(part),
        stand_in=False,
        source=BY_HAND,
        built_at=_now(),
        input="as its maker says",
        labels=(),
        notes="",
        size_bytes=part.stat().st_size,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _measured(card: Card) -> str:
    told = []
    if card.accuracy:
        told.append(f"{card.accuracy.value:.1%} right on {card.accuracy.count} {card.accuracy.of}")
    if card.parity:
        told.append(f"within {card.parity.max_abs_dp:.0e} of {card.parity.against}")
    if card.cost:
        told.append(f"{card.cost.latency_p50_ms:.3g} ms a prediction")
    return "".join(f", {words}" for words in told)
