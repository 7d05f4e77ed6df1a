"""Runs the lab's service: python -m lab"""

import logging
import os
import socket
from pathlib import Path

import uvicorn

from lab import settings
from lab.app import create_app
from lab.errors import Refused
from lab.traffic.nginx import NginxTraffic
from lab.web.pages.events import end_streams

SOCKET = "lab.sock"

# Seconds an idle connection stays open: longer than NGINX keeps its own (30), or it would send feedback into closing ones.
KEEP_ALIVE_S = 75

# Seconds that requests under way get to finish after SIGTERM.
GRACE_S = 5


def main() -> None:
    """Listens on `lab.sock` until it is told to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        here = settings.from_environment()
        # Says at the start what is wrong with the gateway's folder, not at the first request.
        notes = NginxTraffic(here.state, here.gateway).examine().notes
        app = create_app(here)
    except Refused as refused:
        raise SystemExit(str(refused)) from refused
    print("\n".join((*notes, f"The lab listens on {here.sockets / SOCKET}")), flush=True)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        loop="uvloop",
        http="httptools",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    _Server(config).run(sockets=[_unix(here.sockets / SOCKET)])


class _Server(uvicorn.Server):
    """Waits at its end for requests, not for the streams of open pages."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end_streams(self.config.app)
        await super().shutdown(sockets)


def _unix(path: Path) -> socket.socket:
    """A socket at `path`, put there in one step: a service that takes over from a dead one leaves no gap without a file."""
    listener = socket.socket(socket.AF_UNIX)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        listener.bind(str(fresh))
    except OSError as error:
        raise SystemExit(f"Cannot make the socket {path}: {error}. LAB_SOCKETS must be a writable folder with a short path.") from error
    # Nobody but this user has anything to ask: the health probe runs as the same one.
    fresh.chmod(0o600)
    fresh.rename(path)
    return listener


if __name__ == "__main__":
    main()
