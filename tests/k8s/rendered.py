"""The overlays of k8s/ as kubectl would apply them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from tests.support import REPOSITORY

FOLDER = REPOSITORY / "k8s" / "overlays"
OVERLAYS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())

# A JSON object.
Object = dict[str, Any]


@cache
def objects(overlay: str) -> list[Object]:
    """Every object of an overlay. Nobody changes them."""
    # The parser in C: a tenth of the time.
    return [one for one in yaml.load_all(_text(overlay), Loader=yaml.CSafeLoader) if one]


def of_kind(overlay: str, kind: str, namespace: str | None = None) -> dict[str, Object]:
    """Those of a kind, by name."""
    wanted = [one for one in objects(overlay) if one["kind"] == kind and namespace in (None, one["metadata"].get("namespace"))]
    return {one["metadata"]["name"]: one for one in wanted}


def pods(overlay: str) -> Iterator[tuple[str, Object]]:
    """The name and the specification of every kind of pod."""
    for one in objects(overlay):
        name = f"{one['kind']} {one['metadata'].get('namespace')}/{one['metadata']['name']}"
        if one["kind"] in ("Deployment", "StatefulSet"):
            yield name, one["spec"]["template"]["spec"]
        elif one["kind"] == "Pod":
            yield name, one["spec"]


def containers(pod: Object) -> list[Object]:
    """Those that stay, the helpers among the init containers included."""
    return [*pod["containers"], *(one for one in pod.get("initContainers", []) if one.get("restartPolicy") == "Always")]


def _text(overlay: str) -> str:
    done = subprocess.run([*_command(), str(FOLDER / overlay)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]
    assert not done.stderr, done.stderr[:2000]
    return done.stdout


def _command() -> list[str]:
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    if shutil.which("kubectl"):
        return ["kubectl", "kustomize"]
    reason = "Neither kubectl (1.27 or later) nor kustomize is there, and only they render the overlays."
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
