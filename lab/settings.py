"""What the environment says about the lab."""

import os
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent


class Settings(NamedTuple):
    """Where the lab finds things."""

    state: Path
    """The folder that the gateway reads its routes from, and writes its journal to."""
    gateway: Path
    """The folder with upstreams.conf and the built-in routes.json."""
    sockets: Path
    """The folder of the service's socket, lab.sock."""


def from_environment() -> Settings:
    """Reads LAB_STATE (default: state/ in the checkout), LAB_GATEWAY (nginx/ in the checkout) and LAB_SOCKETS (run/ in the state)."""
    state = Path(os.environ.get("LAB_STATE") or CHECKOUT / "state").resolve()
    gateway = Path(os.environ.get("LAB_GATEWAY") or CHECKOUT / "nginx").resolve()
    return Settings(state, gateway, Path(os.environ.get("LAB_SOCKETS") or state / "run"))
