"""What computes here, by name and version: kept with every run, because another version may compute something else."""

import platform
from importlib import metadata

PACKAGES = {"lab": "ab-lab", "numpy": "numpy", "scipy": "scipy", "duckdb": "duckdb"}


def software() -> dict[str, str]:
    """A package that is not installed as such, the lab's own in a container for example, is `unknown`."""
    return {"python": platform.python_version(), **{name: _version(package) for name, package in PACKAGES.items()}}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"
