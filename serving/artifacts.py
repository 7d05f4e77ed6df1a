"""Finds a model's file and reads what is known about it."""

import hashlib
import os
from pathlib import Path

from serving import cards
from serving.contract import Artifact, ModelUnavailable


def find(app: str, file: str, override: str = "MODEL_FILEPATH") -> Artifact:
    """The artifact `file` of folder `app`, or the file that the environment variable `override` names.

    Raises ModelUnavailable when it is not there.
    """
    path = Path(os.environ.get(override) or folder(app) / file)
    if not path.is_file():
        hint = f"Check {override}." if os.environ.get(override) else "Run: python download_models.py"
        raise ModelUnavailable(f"{path} is missing. {hint}")
    sha256 = _sha256(path)
    card = cards.beside(path, sha256)
    return Artifact(path, sha256, card.stand_in, card)


def folder(app: str) -> Path:
    """Where the artifacts of a model folder are: one root for all in a container, beside the code elsewhere."""
    root = os.environ.get("LAB_ARTIFACTS")
    return Path(root) / app if root else Path(app) / "artifacts"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
