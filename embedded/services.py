"""Reads which model services there are from docker-compose.yml, so that a model is declared once."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

DOCKERFILE = "serving/Dockerfile"

# ${NAME}, ${NAME:-default}: what our compose file uses of Compose's interpolation.
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


class Service(NamedTuple):
    """One model service."""

    name: str
    """As in docker-compose.yml: `app_vgg16`."""
    variant: str
    port: int
    """On loopback."""
    environment: dict[str, str]


def read(file: Path, environment: Mapping[str, str] = os.environ) -> list[Service]:
    """The services of a compose file that are built from serving/Dockerfile, in its order."""
    document = yaml.safe_load(_interpolated(file.read_text(), environment))
    return [_service(name, entry) for name, entry in document["services"].items() if _is_model(entry)]


def _is_model(entry: Mapping[str, Any]) -> bool:
    build = entry.get("build")
    return isinstance(build, dict) and build.get("dockerfile") == DOCKERFILE


def _service(name: str, entry: Mapping[str, Any]) -> Service:
    own = {key: str(value) for key, value in entry.get("environment", {}).items()}
    app = entry["build"]["args"]["APP"]
    published = [str(port).split(":")[-2] for port in entry.get("ports", [])]
    port = int(published[0]) if published else int(own["PORT"])
    variant = own.get("VARIANT") or app.removeprefix("app_")
    return Service(name, variant, port, own | {"APP": app, "VARIANT": variant, "PORT": str(port)})


def _interpolated(text: str, environment: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda found: environment.get(found["name"]) or found["default"] or "", text)
