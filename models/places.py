"""Where artifacts go, and where somebody may already have put what they are made of."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from models.plan import Artifact, Published, Weights


class Places(NamedTuple):
    """The folders of this machine, and the mirror."""

    root: Path  # the checkout that this program is part of
    artifacts: Path | None = None  # one folder for all artifacts, as in a container; None: beside each model's code
    checkout: Path | None = None  # the user's checkout, when the program runs from a copy of it
    mirror: str | None = None  # URL or folder that holds the published files

    def folder(self, artifact: Artifact) -> Path:
        """The folder that this artifact goes to."""
        return self.artifacts / artifact.app if self.artifacts else self.root / artifact.app / "artifacts"

    def target(self, artifact: Artifact) -> Path:
        """The file itself."""
        return self.folder(artifact) / artifact.file

    def made_from(self, artifact: Artifact) -> Path | None:
        """The file that a derived artifact is made from."""
        return self.folder(artifact) / artifact.derived.file if artifact.derived else None

    def finished_elsewhere(self, artifact: Artifact) -> list[Path]:
        """Where a finished file may lie outside the target."""
        paths = [checkout / artifact.app / "artifacts" / artifact.file for checkout in self._checkouts()]
        return [path for path in paths if path != self.target(artifact) and _is_readable(path)]

    def weights_at_hand(self, artifact: Artifact) -> list[Path]:
        """Published weights that were put here by hand, fetched before, or lie in a mirror that is a folder."""
        return self.at_hand(artifact, artifact.weights) if artifact.weights else []

    def at_hand(self, artifact: Artifact, wanted: Published | Weights) -> list[Path]:
        """The same for any published file that this artifact is made from."""
        # app_*/app/artifacts/ is where the lab's documents tell people to put the files.
        folders = [checkout / artifact.app / part for checkout in self._checkouts() for part in ("artifacts", "app/artifacts")]
        folders += self._mirror_folders()
        paths = [folder / wanted.file for folder in [self.folder(artifact), *folders]]
        return [path for path in dict.fromkeys(paths) if _is_readable(path)]

    def begun(self, artifact: Artifact) -> bool:
        """Whether a part of the published weights was fetched before."""
        return artifact.weights is not None and (self.folder(artifact) / f"{artifact.weights.file}.part").exists()

    def mirror_urls(self, wanted: Published | Weights) -> list[str]:
        """The mirror's address of this file, if it is a URL."""
        return [f"{self.mirror.rstrip('/')}/{wanted.file}"] if self.mirror and self._mirror_is_url() else []

    def missing_in_mirror(self, weights: Weights) -> list[str]:
        """A sentence when the mirror is a folder without these weights."""
        folders = self._mirror_folders()
        if not folders or any(_is_readable(folder / weights.file) for folder in folders):
            return []
        hint = " A folder outside the checkout reaches a container as LAB_MODEL_MIRROR_FOLDER." if self.checkout else ""
        return [f"The mirror {self.mirror} has no {weights.file} that can be read here.{hint}"]

    def _mirror_folders(self) -> list[Path]:
        if not self.mirror or self._mirror_is_url():
            return []
        # Relative to the checkout, as people type it: a container sees the checkout at another place.
        return [checkout / self.mirror for checkout in self._checkouts()]

    def _mirror_is_url(self) -> bool:
        return "://" in (self.mirror or "")

    def _checkouts(self) -> list[Path]:
        return [self.root, self.checkout] if self.checkout else [self.root]


def _is_readable(path: Path) -> bool:
    # In a container, the user's checkout may be closed to the container's user: then it holds nothing for us.
    return os.access(path, os.R_OK) and path.is_file()


def places_from(environment: Mapping[str, str], root: Path) -> Places:
    """Reads LAB_ARTIFACTS, LAB_CHECKOUT and LAB_MODEL_MIRROR or LAB_MODEL_MIRROR_FOLDER; empty means not set."""
    artifacts, checkout = (environment.get(name) for name in ("LAB_ARTIFACTS", "LAB_CHECKOUT"))
    mirror = environment.get("LAB_MODEL_MIRROR") or environment.get("LAB_MODEL_MIRROR_FOLDER") or None
    return Places(root, Path(artifacts) if artifacts else None, Path(checkout) if checkout else None, mirror)
