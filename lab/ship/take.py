"""Takes the gateways' journal lines over HTTP, beside the lab: python -m lab.ship.take --journal /state/journal --port 8092"""

import argparse
import json
import logging
import signal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lab.errors import Refused
from lab.ship.taken import Elsewhere, Source, Taken

log = logging.getLogger("lab.ship")

# Longest piece, in bytes; senders send less.
PIECE_MAX = 8 * 1024 * 1024
# Seconds for which a sender may be silent in the middle of a piece.
SILENCE_S = 10


def server(journal: Path, address: tuple[str, int]) -> HTTPServer:
    """Answers one request at a time: the order of appends is the order of answers."""
    taken = Taken(journal)
    return HTTPServer(address, type("Handler", (_Handler,), {"taken": taken}))


def main() -> None:
    """Until it is told to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journal", type=Path, required=True, help="the lab's folder of journals")
    parser.add_argument("--port", type=int, required=True, help="to listen on")
    said = parser.parse_args()
    said.journal.mkdir(exist_ok=True)
    # As the first process of a container it would not hear SIGTERM otherwise, and be waited for until it is killed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server(said.journal, ("", said.port)).serve_forever()
    except KeyboardInterrupt:
        return


class _Handler(BaseHTTPRequestHandler):
    """GET: how far a file is here. POST: what follows."""

    taken: Taken
    timeout = SILENCE_S

    def do_GET(self) -> None:
        self._answered(lambda source, _: self.taken.position(source))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > PIECE_MAX:
            return self._say(413, {"detail": f"A piece has at most {PIECE_MAX} bytes."})
        content = self.rfile.read(length)
        if len(content) < length:
            return self._say(400, {"detail": "The piece broke off."})
        return self._answered(lambda source, position: self.taken.take(source, position, content))

    def _answered(self, deed: Any) -> None:  # noqa: ANN401 - of a source and a position
        said = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        try:
            source = Source(said.get("replica", ""), said.get("segment", ""))
            self._say(200, {"position": deed(source, int(said.get("position", "0")))})
        except Elsewhere as error:
            self._say(409, {"position": error.position, "detail": str(error)})
        except ValueError:
            self._say(400, {"detail": f"position is {said['position'][:40]!r}, must be a whole number."})
        except Refused as error:
            log.error("%s", error)
            self._say(503, {"detail": str(error)})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: ANN401 - as the standard library has it
        """A line for each piece would say nothing."""


if __name__ == "__main__":
    main()
