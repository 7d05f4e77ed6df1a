"""Brings the lab's table of routes to a gateway, each second: python -m lab.ship.routes --state … --from http://lab:8091/routes.json"""

import argparse
import logging
import signal
import threading
import urllib.error
import urllib.request
from pathlib import Path

from lab import files, settings
from lab.errors import Refused
from lab.routes import parse
from lab.routes.table import Known
from lab.traffic.nginx import FILE, PREVIOUS, NginxTraffic

log = logging.getLogger("lab.ship")

# Seconds between two questions, and without an answer.
LOOK_S = 1.0
PATIENCE_S = 5


class Follower:
    """One gateway's state folder."""

    def __init__(self, state: Path, source: str, known: Known) -> None:
        self._state = state
        self._source = source
        self._known = known
        self._tag: str | None = None

    def look(self) -> bool:
        """Takes over what has changed; whether anything has. Raises OSError or Refused; what was there still counts then."""
        text = self._fetched()
        if text is None or text == files.read(self._state / FILE):
            return False
        # What the gateway would refuse must never reach it.
        parse(text, self._known)
        if before := files.read(self._state / FILE):
            files.replace(self._state / PREVIOUS, before)
        files.replace(self._state / FILE, text)
        return True

    def _fetched(self) -> str | None:
        """None: it has not changed, or nobody has ever changed a route."""
        request = urllib.request.Request(self._source, headers={"If-None-Match": self._tag} if self._tag else {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE_S) as answer:
                text: str = answer.read().decode()
                self._tag = answer.headers.get("ETag")
                return text
        except urllib.error.HTTPError as error:
            with error:
                if error.code in (304, 404):
                    return None
                raise


def main() -> None:
    """Until it is told to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the gateway's state folder")
    parser.add_argument("--from", dest="source", required=True, help="the address of the lab's routes.json")
    said = parser.parse_args()
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    known = NginxTraffic(said.state, settings.from_environment().gateway).known()
    _run(Follower(said.state, said.source, known), ending)


def _run(follower: Follower, ending: threading.Event) -> None:
    trouble: str | None = None
    while not ending.is_set():
        try:
            if follower.look():
                log.info("The routes have changed.")
            trouble = None
        except (OSError, Refused, ValueError) as error:
            if trouble != str(error):
                log.error("The lab's routes cannot be had (%s). Those of before count.", error)
            trouble = str(error)
        ending.wait(LOOK_S)


if __name__ == "__main__":
    main()
