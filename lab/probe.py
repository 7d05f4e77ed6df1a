"""Asks the lab's service on this machine whether it lives; the exit code is the answer."""

import socket
import sys
from pathlib import Path

from lab import settings

# Seconds until no answer is an answer.
PATIENCE_S = 4


def main() -> None:
    """Exits with 0 when it lives, else with the reason."""
    path = settings.from_environment().sockets / "lab.sock"
    try:
        status = _status(path)
    except OSError as error:
        sys.exit(f"No answer at {path}: {error}")
    if b" 200 " not in status:
        sys.exit(f"{path} answers {status.decode(errors='replace')}")


def _status(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(str(path))
        connection.sendall(b"GET /health HTTP/1.0\r\nHost: lab\r\n\r\n")
        return connection.makefile("rb").readline().strip()


if __name__ == "__main__":
    main()
