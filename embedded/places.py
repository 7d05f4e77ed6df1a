"""Where the embedded lab keeps its things and which addresses it has."""

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

# What needs no quoting anywhere.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+=,~-]+")

# A unix socket's path has room for about 100 characters, its file name included.
FOLDER_LENGTH_MAX = 70


class Places(NamedTuple):
    """Folders and addresses of one embedded lab."""

    checkout: Path
    state: Path
    """Everything that must be kept: journals, the installation's secret, logs."""
    run: Path
    """Everything that is made anew at each start: sockets, generated configuration."""
    bind: str
    port: int

    @property
    def url(self) -> str:
        """The gateway as people on this machine reach it."""
        return f"http://{'localhost' if self.bind in ('127.0.0.1', '0.0.0.0') else self.bind}:{self.port}"


def from_environment(checkout: Path) -> Places:
    """Reads LAB_STATE (default: state/ in the checkout), LAB_BIND (127.0.0.1) and LAB_PORT (8080).

    Raises SystemExit when a path has characters that the configuration files of NGINX or supervisord would misread.
    """
    state = Path(os.environ.get("LAB_STATE") or checkout / "state").resolve()
    for path in (checkout, state):
        if not PLAIN_PATH.fullmatch(str(path)):
            raise SystemExit(f"The path {path} may hold only letters, digits and / . _ + = , ~ - (no spaces). Move it, or set LAB_STATE.")
    return Places(checkout, state, _run_folder(state), os.environ.get("LAB_BIND") or "127.0.0.1", int(os.environ.get("LAB_PORT") or 8080))


def _run_folder(state: Path) -> Path:
    near = state / "run"
    if len(str(near)) <= FOLDER_LENGTH_MAX:
        return near
    return Path(tempfile.gettempdir()) / f"ab-lab-{hashlib.sha256(str(state).encode()).hexdigest()[:12]}"
