"""The images of a cluster's pods, built as docs/cluster.md says, in podman's store."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.support import REPOSITORY

# Debian's NGINX has the doors' `stream` as a module of its own package; in the public image it is built in.
WITH_STREAM = """\
FROM ab-lab/nginx:0.1.0
USER root
RUN mkdir -p /etc/nginx/modules-enabled && apt-get update -qq && apt-get install -y -qq --no-install-recommends libnginx-mod-stream
USER 10001
"""
LOAD_STREAM = "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
BUILDER = "docker" if shutil.which("docker") else "podman"


class Image(NamedTuple):
    """A name, and what `docker build` needs to make it."""

    name: str
    arguments: tuple[str, ...]


IMAGES = (
    Image("models", ("-f", "models/Dockerfile", ".")),
    Image("nginx", ("nginx",)),
    Image("lab", ("-f", "lab/Dockerfile", ".")),
    Image("app_custom", ("-f", "serving/Dockerfile", "--build-arg", "APP=app_custom", ".")),
    Image("app_iris", ("-f", "serving/Dockerfile", "--build-arg", "APP=app_iris", ".")),
)


def build(folder: Path) -> bool:
    """Builds what changed and loads what podman does not have. Returns whether NGINX needs a line that loads `stream`."""
    for image in IMAGES:
        _said(BUILDER, "build", "-q", "-t", f"ab-lab/{image.name}:0.1.0", *image.arguments)
    dynamic = "--with-stream=dynamic" in _said(BUILDER, "run", "--rm", "--entrypoint", "sh", "ab-lab/nginx:0.1.0", "-c", "nginx -V 2>&1")
    if dynamic:
        _said(BUILDER, "build", "-q", "-t", "ab-lab/nginx:0.1.0-stream", "-", stdin=WITH_STREAM)
    if BUILDER == "docker":
        names = {f"ab-lab/{image.name}:0.1.0": f"ab-lab/{image.name}:0.1.0" for image in IMAGES}
        names["ab-lab/nginx:0.1.0"] += "-stream" if dynamic else ""
        _load(names, folder / "images.tar")
    elif dynamic:
        _said("podman", "tag", "ab-lab/nginx:0.1.0-stream", "localhost/ab-lab/nginx:0.1.0")
    return dynamic


def _load(names: dict[str, str], archive: Path) -> None:
    """Each name of a pod's image, as what Docker calls the value."""
    identifiers = {name: _identifier(built) for name, built in names.items()}
    missing = [names[name] for name, identifier in identifiers.items() if not _is_there(identifier)]
    if missing:
        _said("docker", "save", "-o", str(archive), *missing)
        _said("podman", "load", "-i", str(archive))
        archive.unlink()
    for name, identifier in identifiers.items():
        _said("podman", "tag", identifier, f"localhost/{name}")


def _identifier(name: str) -> str:
    return _said("docker", "image", "inspect", "-f", "{{.Id}}", name).strip().removeprefix("sha256:")


def _is_there(identifier: str) -> bool:
    return subprocess.run(["podman", "image", "exists", identifier]).returncode == 0


def _said(*command: str, stdin: str = "") -> str:
    done = subprocess.run(command, cwd=REPOSITORY, input=stdin, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
