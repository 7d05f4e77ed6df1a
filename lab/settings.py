"""What the environment says about the lab."""

import math
import os
from pathlib import Path
from typing import NamedTuple, overload

from lab.errors import SettingError

CHECKOUT = Path(__file__).resolve().parent.parent


class Settings(NamedTuple):
    """Where the lab finds things."""

    state: Path
    """The folder that the gateway reads its routes from, and writes its journal to."""
    gateway: Path
    """The folder with upstreams.conf and the built-in routes.json."""
    sockets: Path
    """The folder of the service's socket, lab.sock, and of the services' own counts."""
    attribution_s: float = 3600.0
    """Seconds after a prediction within which feedback about it counts."""
    reward_cap: float | None = None
    """Most that one visitor's rewards may add up to in an analysis; None: no bound."""
    keep_days: float = 90.0
    """Age from which segments of the journals may be deleted."""
    keep_gb: float = 20.0
    """Size of all segments together from which the oldest may be deleted, in gigabytes (10^9 bytes)."""
    allow_exec: bool = False
    """Whether experiments may run commands on this machine."""
    url: str = "http://127.0.0.1:8080"
    """The gateway, as programs on this machine reach it after `make up`."""
    gateway_url: str = "http://127.0.0.1:8080"
    """The same gateway, as the lab's service reaches it to ask the models."""
    traffic: str = "nginx"
    """Who splits: nginx, or on a cluster istio or gateway."""
    weights: Path | None = None
    """On a cluster, the file that says where it keeps each variant's weight."""
    prometheus: str = ""
    """Address of the Prometheus that files' Metric resources ask, and that counts what a mesh splits; empty: the journals tell."""
    secrets: Path | None = None
    """Folder of the secrets that Metric resources name: for each a folder, with a file for each key."""

    @property
    def pages(self) -> str:
        """Where people find the lab's pages: under the name that they use for this machine, as a browser signs in to one name alone."""
        return f"{self.url.replace('//127.0.0.1:', '//localhost:')}/lab"


def from_environment() -> Settings:
    """Reads LAB_STATE (default: state/ in the checkout), LAB_GATEWAY (nginx/ in the checkout) and LAB_SOCKETS (run/ in the state, or where
    its link `sockets` leads).

    Also LAB_ATTRIBUTION_S, LAB_REWARD_CAP, LAB_KEEP_DAYS and LAB_KEEP_GB; LAB_ALLOW_EXEC (1 or not); LAB_BIND and LAB_PORT, and
    LAB_GATEWAY_URL where the service reaches the gateway elsewhere; LAB_PROMETHEUS and LAB_SECRETS; on a cluster LAB_TRAFFIC and
    LAB_WEIGHTS. Raises SettingError for what must be a number and is none.
    """
    url = _url(os.environ.get("LAB_BIND") or "127.0.0.1", os.environ.get("LAB_PORT") or "8080")
    state = Path(os.environ.get("LAB_STATE") or CHECKOUT / "state").resolve()
    gateway = Path(os.environ.get("LAB_GATEWAY") or CHECKOUT / "nginx").resolve()
    return Settings(
        state,
        gateway,
        _sockets(state),
        attribution_s=_number("LAB_ATTRIBUTION_S", 3600),
        reward_cap=_number("LAB_REWARD_CAP", None),
        keep_days=_number("LAB_KEEP_DAYS", 90),
        keep_gb=_number("LAB_KEEP_GB", 20),
        allow_exec=os.environ.get("LAB_ALLOW_EXEC", "").strip() == "1",
        url=url,
        gateway_url=os.environ.get("LAB_GATEWAY_URL") or url,
        traffic=os.environ.get("LAB_TRAFFIC") or "nginx",
        weights=Path(os.environ["LAB_WEIGHTS"]) if os.environ.get("LAB_WEIGHTS") else None,
        prometheus=os.environ.get("LAB_PROMETHEUS") or "",
        secrets=Path(os.environ["LAB_SECRETS"]) if os.environ.get("LAB_SECRETS") else None,
    )


def _url(bind: str, port: str) -> str:
    """Where every address is listened on, loopback is one of them."""
    return f"http://{'127.0.0.1' if bind == '0.0.0.0' else bind}:{port}"


def _sockets(state: Path) -> Path:
    """Where `make up` puts the sockets: in the state, or where its link leads, because a socket's path must be short."""
    link = state / "sockets"
    return Path(os.environ.get("LAB_SOCKETS") or (link.resolve() if link.is_symlink() else state / "run"))


@overload
def _number(name: str, default: float) -> float: ...
@overload
def _number(name: str, default: None) -> float | None: ...
def _number(name: str, default: float | None) -> float | None:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value >= 0 and math.isfinite(value)):
        usual = "no bound" if default is None else default
        raise SettingError(f"{name} is {text!r}, must be a number, 0 or more. Leave it out for {usual}.")
    return value
