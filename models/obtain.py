"""Gets one artifact from the best source at hand, and says what it does."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from models import describe, sources, store
from models.built import Effort
from models.cards import read_card, sha256_of
from models.errors import Unusable
from models.lock import locked
from models.places import Places
from models.plan import Artifact, Published, Weights
from models.sources import Made
from models.store import State

# There is something better to try: weights that have come within reach.
IMPROVABLE = (State.STAND_IN, State.OFF)


class Options(NamedTuple):
    """What the user asked for."""

    effort: Effort
    offline: bool = False  # fetch nothing
    rebuild: bool = False  # make again what was made before


def obtain(artifact: Artifact, places: Places, options: Options) -> State:
    """Leaves `artifact` at its place unless nothing works; returns what is there in the end.

    Raises CannotWrite when the place takes no files.
    """
    if _is_done(artifact, places, options):
        return _skipped(artifact, places)
    with locked(places.folder(artifact)):
        # Another run may have made it while this one waited.
        if _is_done(artifact, places, options):
            return _skipped(artifact, places)
        try:
            _make(artifact, places, options)
        except ModuleNotFoundError as error:
            print(f"{artifact.file} cannot be made: {_missing(error)}")
        except (Unusable, OSError) as error:
            print(f"{artifact.file} cannot be made: {error}")
    return state_in(places, artifact)


def state_in(places: Places, artifact: Artifact) -> State:
    """What lies at the artifact's place."""
    return store.state_of(places.target(artifact), places.made_from(artifact))


def _is_done(artifact: Artifact, places: Places, options: Options) -> bool:
    if hand := _by_hand(artifact, places):
        return places.target(artifact).is_file() and sha256_of(hand) == sha256_of(places.target(artifact))
    state = state_in(places, artifact)
    if state in IMPROVABLE:
        return not options.rebuild and not _may_improve(artifact, places, options)
    return state is State.BY_HAND or (state is State.FINISHED and not options.rebuild and not _was_by_hand(artifact, places))


def _may_improve(artifact: Artifact, places: Places, options: Options) -> bool:
    """Whether there is something to try in place of a stand-in or of nothing."""
    finished = any(store.state_of(path, places.made_from(artifact)) is State.FINISHED for path in places.finished_elsewhere(artifact))
    urls = _urls(artifact, places, options, True, artifact.weights) if artifact.weights else []
    return finished or bool(places.weights_at_hand(artifact)) or bool(urls)


def _skipped(artifact: Artifact, places: Places) -> State:
    state = state_in(places, artifact)
    print(f"{artifact.file} is {state.value}, skipping.")
    if state in IMPROVABLE and artifact.weights:
        for notice in places.missing_in_mirror(artifact.weights):
            print(notice)
    return state


def _make(artifact: Artifact, places: Places, options: Options) -> None:
    """Puts the best there is into place."""
    path = places.target(artifact)
    if hand := _by_hand(artifact, places):
        return describe.copy(artifact, hand, path)
    state = state_in(places, artifact)
    if state is State.CHANGED:
        print(f"{artifact.file} is {state.value}: kept as {store.set_aside(path).name}.")
    if not options.rebuild and _copied(artifact, places, State.FINISHED):
        return None
    keep = state in IMPROVABLE and not options.rebuild
    made = sources.from_weights(artifact, places, partial(_urls, artifact, places, options, keep))
    if made is None and keep:
        return print(f"{artifact.file} stays {state.value}.")
    # Training takes minutes: a stand-in that the checkout has already made will do.
    if made is None and not options.rebuild and _copied(artifact, places, State.STAND_IN):
        return None
    if made is None and artifact.may_be_off:
        return _leave_off(artifact, path)
    return describe.put(artifact, path, made or _made_here(artifact, places, options))


def _leave_off(artifact: Artifact, path: Path) -> None:
    """No weights, no model; one that was made before stays."""
    store.leave_off(path)
    print(f"{artifact.file} is {store.state_of(path).value}.")


def _made_here(artifact: Artifact, places: Places, options: Options) -> Made:
    if artifact.derived:
        return sources.from_artifact(artifact.derived, places.folder(artifact))
    return sources.from_nothing(artifact, options.effort)


def _copied(artifact: Artifact, places: Places, wanted: State) -> bool:
    for source in places.finished_elsewhere(artifact):
        if store.state_of(source, places.made_from(artifact)) is wanted:
            describe.copy(artifact, source, places.target(artifact))
            return True
    return False


def _by_hand(artifact: Artifact, places: Places) -> Path | None:
    """A finished file that somebody put into the checkout, when artifacts go elsewhere: it goes before all else."""
    return next((path for path in places.finished_elsewhere(artifact) if store.state_of(path) is State.BY_HAND), None)


def _was_by_hand(artifact: Artifact, places: Places) -> bool:
    """Whether the artifact is a copy of such a file, which has been taken away since."""
    card = read_card(places.target(artifact))
    return card is not None and card.source == describe.BY_HAND


def _urls(artifact: Artifact, places: Places, options: Options, keep: bool, wanted: Published | Weights) -> list[str]:
    """Where to fetch a file. What is kept is worth asking the user's mirror, not the world again, unless a download has begun."""
    if options.offline:
        return []
    elsewhere = [] if keep and not places.begun(artifact) else list(wanted.sources)
    return places.mirror_urls(wanted) + elsewhere


def _missing(error: ModuleNotFoundError) -> str:
    package = (error.name or "").partition(".")[0]
    command = "sh models/install_torch.sh pip" if package in ("torch", "torchvision") else "pip install '.[models]'"
    return f"the package {package} is missing. Run: {command}"
