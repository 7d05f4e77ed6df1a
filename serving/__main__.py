"""Runs one variant: APP=app_vgg16 PORT=8008 python -m serving"""

import os
import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from serving import record, settings
from serving.answers import Counted, Tally
from serving.app import create_app
from serving.settings import Settings

# Connections that may wait while the process is busy.
BACKLOG = 2048

# Seconds an idle connection stays open: longer than NGINX keeps its own (30), or it would send predictions into closing ones.
KEEP_ALIVE_S = 75

# Seconds that requests under way get to finish after SIGTERM.
GRACE_S = 10


def main() -> None:
    """Loads the model first, listens second: until then the gateway sees a refused connection and asks another variant."""
    here = settings.from_environment()
    record.configure(here.log_level)
    tcp = _tcp(here.host, here.port)
    app = _counted(create_app(here), here)
    sockets = [tcp] + ([_unix(here.sockets / f"{here.variant}.sock")] if here.sockets else [])
    config = uvicorn.Config(
        app,
        log_config=None,
        loop="uvloop",
        http="httptools",
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    uvicorn.Server(config).run(sockets=sockets)


def _counted(app: ASGIApp, here: Settings) -> ASGIApp:
    """Only behind a gateway is there a journal whose lines can be compared with what was answered."""
    return Counted(app, Tally(here.sockets / f"{here.variant}.answers")) if here.sockets else app


def _tcp(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise SystemExit(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another port: PORT=… python -m serving") from error
    return listener


def _unix(path: Path) -> socket.socket:
    """A socket at `path`, put there in one step: a service that takes over from a dead one leaves no gap without a file."""
    listener = socket.socket(socket.AF_UNIX)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        listener.bind(str(fresh))
    except OSError as error:
        raise SystemExit(f"Cannot make the socket {path}: {error}. LAB_SOCKETS must be a writable folder with a short path.") from error
    # NGINX may run as another user.
    fresh.chmod(0o666)
    fresh.rename(path)
    return listener


if __name__ == "__main__":
    main()
