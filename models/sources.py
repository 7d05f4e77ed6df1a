"""Where a model can come from: weights at hand, weights that are published, another artifact, or nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from models import store
from models.built import Build, Built, Convert, Effort
from models.cards import MadeFrom, read_card, sha256_of
from models.errors import Unusable
from models.fetch import fetch
from models.places import Places
from models.plan import Artifact, Derived, Published, Weights, load_function

STAND_IN = "stand-in: trained on rendered pictures, no claim on photos"


class Made(NamedTuple):
    """A model that is ready to be put into place."""

    built: Built
    source: str
    stand_in: bool
    made_from: MadeFrom | None = None


# Where a published file can be fetched.
Urls = Callable[[Published | Weights], list[str]]


def from_weights(artifact: Artifact, places: Places, urls: Urls) -> Made | None:
    """Converts the first weights that fit: those at hand, then those that `urls` names. None when there are none."""
    if artifact.weights is None:
        return None
    for notice in places.missing_in_mirror(artifact.weights):
        print(notice)
    at_hand = places.weights_at_hand(artifact)
    if not (at_hand or urls(artifact.weights)):
        return None
    # Before anything is fetched: it imports PyTorch, which may be missing.
    function = load_function(artifact.weights.convert)
    beside = [_beside(wanted, artifact, places, urls) for wanted in artifact.weights.beside]
    if None in beside:
        return None

    def convert(weights: Path) -> Built:
        return function(weights, *beside)

    for path in at_hand:
        if made := _converted(convert, path, f"converted from {path.name} (SHA-256 {sha256_of(path)}), which was at hand"):
            return made
    for url in urls(artifact.weights):
        if made := _fetched(convert, url, places.folder(artifact), artifact.weights):
            return made
    return None


def from_artifact(derived: Derived, folder: Path) -> Made:
    """Makes an artifact from another one in `folder`. Raises Unusable when that is missing."""
    other = folder / derived.file
    if not other.is_file():
        raise Unusable(f"it is made from {derived.file}, which is missing.")
    convert: Convert = load_function(derived.by)
    print(f"Deriving from {derived.file} …")
    card = read_card(other)
    made_from = MadeFrom(derived.file, sha256_of(other))
    return Made(convert(other), f"derived from {derived.file} by {derived.by}", bool(card and card.stand_in), made_from)


def from_nothing(artifact: Artifact, effort: Effort) -> Made:
    """Trains a model; a stand-in when there are published weights."""
    assert artifact.build is not None
    build: Build = load_function(artifact.build)
    if artifact.weights is None:
        return Made(build(effort), f"trained by {artifact.build}", stand_in=False)
    print(f"No source has {artifact.weights.file}. Building a stand-in, trained on rendered pictures: a minute or two …")
    return Made(build(effort), STAND_IN, stand_in=True)


def _beside(wanted: Published, artifact: Artifact, places: Places, urls: Urls) -> Path | None:
    """A file that the conversion reads, too: one that is at hand, else from the first address that has it."""
    path = places.folder(artifact) / wanted.file
    for found in places.at_hand(artifact, wanted):
        return found
    for url in urls(wanted):
        print(f"Fetching {url} …")
        try:
            fetch(url, path, wanted.sha256, wanted.size)
            return path
        except Unusable as error:
            print(f"  {error}")
    print(f"No source has {wanted.file}, without which {artifact.file} cannot be made.")
    return None


def _converted(convert: Convert, path: Path, source: str) -> Made | None:
    print(f"Converting {path} …")
    try:
        return Made(convert(path), source, stand_in=False, made_from=MadeFrom(path.name, sha256_of(path)))
    except Unusable as error:
        print(f"  {error}")
        return None


def _fetched(convert: Convert, url: str, folder: Path, weights: Weights) -> Made | None:
    path = folder / weights.file
    if path.exists():
        # It could not be used, but whoever put it there may want it back.
        print(f"{path.name} is kept as {store.set_aside(path).name}.")
    print(f"Fetching {url} …")
    try:
        fetch(url, path, weights.sha256, weights.size)
    except Unusable as error:
        print(f"  {error}")
        return None
    made = _converted(convert, path, url)
    if made is None:
        path.unlink()
    return made
