"""Reads from `app_*/artifacts.toml` which files there must be and where they come from."""

import importlib
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Published(NamedTuple):
    """A file that somebody publishes."""

    file: str
    sources: tuple[str, ...]  # URLs, tried in this order
    sha256: str | None  # None: unknown, nothing to compare with
    size: int | None  # bytes


class Weights(NamedTuple):
    """Published weights from which an artifact is converted."""

    file: str
    sources: tuple[str, ...]  # URLs, tried in this order
    convert: str  # "module:function", called with the path of the weights, then those of the files in `beside`
    sha256: str | None  # None: unknown, nothing to compare with
    size: int | None  # bytes
    beside: tuple[Published, ...] = ()  # what the conversion reads, too: the names of the classes


class Derived(NamedTuple):
    """How an artifact is made from another one of the same folder."""

    file: str  # the other artifact, which stands above this one in the plan
    by: str  # "module:function", called with the path of the other one


class Artifact(NamedTuple):
    """One file that a model folder needs."""

    app: str
    name: str
    file: str
    build: str | None  # "module:function", called with an Effort; a stand-in if there are published weights, None: nothing stands in
    weights: Weights | None = None
    derived: Derived | None = None  # instead of the two above

    @property
    def may_be_off(self) -> bool:
        """Whether the lab runs without it: it is made from published weights only."""
        return self.build is None and self.derived is None


class PlanError(Exception):
    """An artifacts.toml that cannot be followed; its text is a sentence."""


def read_plan(root: Path) -> tuple[Artifact, ...]:
    """The artifacts of every model folder in `root`, in alphabetical order of the folders. Raises PlanError."""
    return tuple(artifact for path in sorted(root.glob("app_*/artifacts.toml")) for artifact in _read(path))


def load_function(reference: str) -> Callable[..., Any]:
    """The function that "module:function" names."""
    module, _, function = reference.partition(":")
    return getattr(importlib.import_module(module), function)


def _read(path: Path) -> list[Artifact]:
    place = f"{path.parent.name}/{path.name}"
    try:
        tables = tomllib.loads(path.read_text())["artifact"]
        artifacts = [_artifact(path.parent.name, table) for table in tables]
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{place}: {error}.") from error
    except KeyError as error:
        raise PlanError(f"{place}: {error} is missing.") from error
    _check_order(place, artifacts)
    return artifacts


def _check_order(place: str, artifacts: list[Artifact]) -> None:
    above: set[str] = set()
    for artifact in artifacts:
        if artifact.derived and artifact.derived.file not in above:
            raise PlanError(f"{place}: {artifact.file} is made from {artifact.derived.file}, which must stand above it.")
        above.add(artifact.file)


def _artifact(app: str, table: dict[str, Any]) -> Artifact:
    weights, derived = table.get("weights"), table.get("derived")
    if derived:
        return Artifact(app, table["name"], table["file"], build=None, derived=Derived(derived["from"], derived["by"]))
    # Without published weights there must be a way to make it.
    build = table.get("build") if weights else table["build"]
    return Artifact(app, table["name"], table["file"], build, _weights(weights) if weights else None)


def _weights(table: dict[str, Any]) -> Weights:
    beside = tuple(_source(other) for other in table.get("beside", []))
    file, sources, sha256, size = _source(table)
    return Weights(file, sources, table["convert"], sha256, size, beside)


def _source(table: dict[str, Any]) -> Published:
    return Published(table["file"], tuple(table["sources"]), table.get("sha256"), table.get("size"))
