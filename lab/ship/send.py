"""Sends each line of a gateway's journal to the lab, once: python -m lab.ship.send --journal … --to http://lab:8092 --replica NAME

The lab knows how far it has got, so a sender remembers nothing: what is sent again is refused, with the position to go on from.
"""

import argparse
import json
import logging
import signal
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from lab.journal.segments import Segment, listed, whole_until

log = logging.getLogger("lab.ship")

# Seconds between looks at the journal, and until the lab is asked again after a failure.
LOOK_S = 0.2
RETRY_S = 2.0
# Bytes that are sent together.
PIECE = 1024 * 1024
# Seconds without an answer.
PATIENCE_S = 20
# A segment that is in the lab's journal is deleted so long after its hour has begun: NGINX may have kept it open for a while.
KEPT = timedelta(hours=3)


class Sender:
    """One gateway's folder of journals."""

    def __init__(self, journal: Path, to: str, replica: str) -> None:
        self._journal = journal
        self._to = to.rstrip("/")
        self._replica = replica
        self._positions: dict[str, int] = {}

    def send(self) -> int:
        """Sends what is whole and not there yet; returns how many bytes. Raises OSError when the lab cannot take it now."""
        return sum(self._send(one) for one in listed(self._journal) if one.kind == "predictions")

    def tidy(self, now: datetime) -> None:
        """Deletes old segments that are with the lab to their last byte. `now` is in UTC, without a zone."""
        for one in listed(self._journal):
            is_old = one.kind == "predictions" and one.hour is not None and now - one.hour > KEPT
            if is_old and self._positions.get(one.name) == one.path.stat().st_size:
                one.path.unlink()

    def _send(self, segment: Segment) -> int:
        if segment.name not in self._positions:
            self._positions[segment.name] = self._ask(segment, None, b"")
        sent = 0
        while piece := _piece(segment.path, self._positions[segment.name]):
            before = self._positions[segment.name]
            self._positions[segment.name] = self._ask(segment, before, piece)
            sent += max(self._positions[segment.name] - before, 0)
        return sent

    def _ask(self, segment: Segment, position: int | None, piece: bytes) -> int:
        """Where the lab wants to go on."""
        said = {"replica": self._replica, "segment": segment.name} | ({} if position is None else {"position": position})
        request = urllib.request.Request(f"{self._to}/?{urlencode(said)}", data=None if position is None else piece)
        # No proxy, whatever the environment says: it is the same cluster.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE_S) as answer:
                return int(json.load(answer)["position"])
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 409:
                    raise
                return int(json.load(error)["position"])


def _piece(path: Path, position: int) -> bytes:
    """Whole lines from there on, as many as fit."""
    if path.stat().st_size <= position:
        return b""
    end = whole_until(path, position, position + PIECE)
    with path.open("rb") as file:
        file.seek(position)
        return file.read(end - position)


def main() -> None:
    """Until it is told to end; then it sends what is still there."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journal", type=Path, required=True, help="the gateway's folder of journals")
    parser.add_argument("--to", required=True, help="the lab's address for journals")
    parser.add_argument("--replica", required=True, help="this gateway's name, of its own")
    said = parser.parse_args()
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    _run(Sender(said.journal, said.to, said.replica), ending)


def _run(sender: Sender, ending: threading.Event) -> None:
    trouble: str | None = None
    while True:
        # Looked at before sending: what was written until the end is sent.
        last = ending.is_set()
        try:
            sender.send()
            sender.tidy(datetime.now(UTC).replace(tzinfo=None))
            if trouble is not None:
                log.info("The lab takes journal lines again.")
            trouble = None
        except (OSError, ValueError, KeyError) as error:
            if trouble is None:
                log.error("The lab takes no journal lines (%s). They are kept, and sent when it does.", error)
            trouble = str(error)
        if last:
            return
        ending.wait(LOOK_S if trouble is None else RETRY_S)


if __name__ == "__main__":
    main()
