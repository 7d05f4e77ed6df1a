"""Gets one artifact from the best source at hand, and says what it does."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from models import store
from models.built import Build, Built, Convert, Effort
from models.cards import Card, read_card, sha256_of
from models.errors import Unusable
from models.fetch import fetch
from models.places import Places
from models.plan import Artifact, Weights, load_function
from models.store import State

STAND_IN = "stand-in: trained on rendered pictures, no claim on photos"


class Options(NamedTuple):
    """What the user asked for."""

    effort: Effort
    offline: bool = False  # fetch nothing
    rebuild: bool = False  # make again what was made before


class Made(NamedTuple):
    """A model that is ready to be put into place."""

    built: Built
    source: str
    stand_in: bool


def obtain(artifact: Artifact, places: Places, options: Options) -> State:
    """Leaves `artifact` at its place unless nothing works; returns what is there in the end."""
    path = places.target(artifact)
    state = store.state_of(path)
    if state is State.BY_HAND or (state is State.FINISHED and not options.rebuild):
        print(f"{artifact.file} is {state.value}, skipping.")
        return state
    if state is State.CHANGED:
        print(f"{artifact.file} is {state.value}: kept as {store.set_aside(path).name}.")
    try:
        _improve(artifact, places, options, keep=state is State.STAND_IN and not options.rebuild)
    except ModuleNotFoundError as error:
        print(f"{artifact.file} cannot be made: {_missing(error)}")
    except (Unusable, OSError) as error:
        print(f"{artifact.file} cannot be made: {error}")
    return store.state_of(path)


def _improve(artifact: Artifact, places: Places, options: Options, keep: bool) -> None:
    """Puts the best there is into place; with `keep`, only what is better than a stand-in."""
    if not options.rebuild and _copied(artifact, places, State.FINISHED):
        return
    made = _from_weights(artifact, places, _urls(artifact, places, options, keep))
    if made is None and keep:
        print(f"{artifact.file} is there ({STAND_IN}), skipping.")
        return
    # Training takes minutes: a stand-in that the checkout has already made will do.
    if made is None and not options.rebuild and _copied(artifact, places, State.STAND_IN):
        return
    _put(artifact, places.target(artifact), made or _from_nothing(artifact, options.effort))


def _copied(artifact: Artifact, places: Places, wanted: State) -> bool:
    for source in places.finished_elsewhere(artifact):
        card = read_card(source)
        if card and store.state_of(source) is wanted:
            store.copy(source, places.target(artifact), card)
            print(f"{artifact.file} is copied from {source}.")
            return True
    return False


def _urls(artifact: Artifact, places: Places, options: Options, keep: bool) -> list[str]:
    """Where to fetch the weights. A stand-in that is there is worth asking the user's mirror, not the world again."""
    if artifact.weights is None or options.offline:
        return []
    return places.mirror_urls(artifact.weights) + ([] if keep else list(artifact.weights.sources))


def _from_weights(artifact: Artifact, places: Places, urls: list[str]) -> Made | None:
    at_hand = places.weights_at_hand(artifact)
    if artifact.weights is None or not (at_hand or urls):
        return None
    # Before anything is fetched: it imports PyTorch, which may be missing.
    convert: Convert = load_function(artifact.weights.convert)
    for path in at_hand:
        if made := _converted(convert, path, f"converted from {path.name} (SHA-256 {sha256_of(path)}), which was at hand"):
            return made
    for url in urls:
        if made := _fetched(convert, url, places.folder(artifact), artifact.weights):
            return made
    return None


def _converted(convert: Convert, path: Path, source: str) -> Made | None:
    print(f"Converting {path} …")
    try:
        return Made(convert(path), source, stand_in=False)
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


def _from_nothing(artifact: Artifact, effort: Effort) -> Made:
    build: Build = load_function(artifact.build)
    if artifact.weights is None:
        return Made(build(effort), f"trained by {artifact.build}", stand_in=False)
    print(f"No source has {artifact.weights.file}. Building a stand-in, trained on rendered pictures: a minute or two …")
    return Made(build(effort), STAND_IN, stand_in=True)


def _put(artifact: Artifact, path: Path, made: Made) -> None:
    built = made.built
    content = built.graph.SerializeToString(deterministic=True)
    card = Card(
        name=artifact.name,
        file=artifact.file,
        sha256=sha256(content).hexdigest(),
        stand_in=made.stand_in,
        source=made.source,
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        input=built.input,
        labels=built.labels,
        notes=built.notes,
        parity=built.parity,
        accuracy=built.accuracy,
    )
    store.put(content, path, card)
    print(f"{artifact.file} is made{_measured(built)}.")


def _measured(built: Built) -> str:
    if built.accuracy is None:
        return ""
    return f", {built.accuracy.value:.1%} right on {built.accuracy.count} {built.accuracy.of}"


def _missing(error: ModuleNotFoundError) -> str:
    package = (error.name or "").partition(".")[0]
    command = "sh models/install_torch.sh pip" if package in ("torch", "torchvision") else "pip install '.[models]'"
    return f"the package {package} is missing. Run: {command}"
