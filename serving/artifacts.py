"""Finds a model's file and reads what is known about it."""

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Any

from serving import cards
from serving.contract import Artifact, ModelOff, ModelUnavailable


def find(app: str, file: str, override: str = "MODEL_FILEPATH") -> Artifact:
    """The artifact `file` of folder `app`, or the file that the environment variable `override` names.

    Raises ModelUnavailable when it is not there; ModelOff when the folder's artifacts.toml knows nothing that could stand in for it.
    """
    path = Path(os.environ.get(override) or folder(app) / file)
    if not path.is_file():
        raise _missing(app, path, override)
    sha256 = _sha256(path)
    card = cards.beside(path, sha256)
    return Artifact(path, sha256, card.stand_in, card)


def folder(app: str) -> Path:
    """Where the artifacts of a model folder are: one root for all in a container, beside the code elsewhere."""
    root = os.environ.get("LAB_ARTIFACTS")
    return Path(root) / app if root else Path(app) / "artifacts"


def _missing(app: str, path: Path, override: str) -> ModelUnavailable:
    if os.environ.get(override):
        return ModelUnavailable(f"{path} is missing. Check {override}.")
    if weights := _published_only(app, path.name):
        return ModelOff(_how_to_get(app, path.stem, weights))
    return ModelUnavailable(f"{path} is missing. Run: python download_models.py")


def _published_only(app: str, file: str) -> dict[str, Any] | None:
    """What artifacts.toml says of the weights of an artifact that is made from them and from nothing else."""
    plan = Path(app) / "artifacts.toml"
    tables = tomllib.loads(plan.read_text(encoding="utf-8"))["artifact"] if plan.is_file() else []
    return next((table.get("weights") for table in tables if table["file"] == file and "build" not in table), None)


def _how_to_get(app: str, name: str, weights: dict[str, Any]) -> str:
    wanted = [weights, *weights.get("beside", [])]
    files = " and ".join(f"{one['file']} ({one['sources'][0]})" if one["sources"] else one["file"] for one in wanted)
    return (
        f"The model {name} is off: its published weights were in no reach when the models were made, and nothing can honestly stand in for "
        f"them. Everything else runs. To get it, put {files} into {app}/artifacts/, or name a folder or an address that has the files as "
        f"LAB_MODEL_MIRROR; with a connection, 'python download_models.py --rebuild --only {name}' fetches them (under Docker, put "
        f"'docker-compose run --rm models' before it). Then start the lab again."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
