"""Two gateways in front of the same upstream: the lab's, and one that does nothing but hand on."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.processes import REPOSITORY, Server, free_port, running

HERE = Path(__file__).resolve().parent / "nginx"


class Gateways(NamedTuple):
    """Both, running."""

    bare: Server
    lab: Server


@contextlib.contextmanager
def gateways(folder: Path) -> Iterator[Gateways]:
    """Starts the upstream and both gateways; each is NGINX with one worker per core."""
    with _plain("upstream", folder), _plain("bare", folder) as bare, _lab(folder) as lab:
        yield Gateways(bare, lab)


def _plain(name: str, folder: Path) -> contextlib.AbstractContextManager[Server]:
    """NGINX with a configuration from bench/nginx/."""
    port = free_port()
    configuration = folder / f"{name}.conf"
    text = (HERE / f"{name}.conf").read_text()
    configuration.write_text(text.replace("@FOLDER@", str(folder)).replace("@PORT@", str(port)).replace("@USER@", _user()))
    command = ["nginx", "-p", str(folder), "-c", str(configuration), "-e", "stderr", "-g", "daemon off;"]
    return running(command, port, folder / f"{name}.log", {}, signal.SIGQUIT)


def _lab(folder: Path) -> contextlib.AbstractContextManager[Server]:
    """NGINX as nginx/start.sh starts it for `make up`."""
    port = free_port()
    settings = {
        "LAB_LISTEN": f"127.0.0.1:{port}",
        "LAB_SOCKETS": str(folder),
        "LAB_STATE": str(folder / "state"),
        "LAB_NGINX_RUN": str(folder / "run"),
    }
    return running([str(REPOSITORY / "nginx" / "start.sh")], port, folder / "lab.log", settings, signal.SIGQUIT)


def _user() -> str:
    """Only root may name the user of the workers, and has to."""
    return "user root root;" if os.getuid() == 0 else ""
