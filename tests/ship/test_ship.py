"""The gateways' journals reach the lab, each line once, and the lab's routes reach the gateways."""

import json
import subprocess
import sys
import threading
import urllib.error
from collections.abc import Iterator
from datetime import datetime
from http.server import HTTPServer
from pathlib import Path

import pytest

from lab.errors import Refused
from lab.journal.append import Segments
from lab.ship.routes import Follower
from lab.ship.send import Sender
from lab.ship.take import server
from lab.ship.taken import Elsewhere, Source, Taken
from lab.traffic.nginx import NginxTraffic
from tests.support import eventually, free_ports, status_of
from tests.traffic.conftest import KNOWN, gateway, state, table

__all__ = ["gateway", "state"]

SEGMENT = "predictions-2026-11-20T19.jsonl"
ONE = Source("gateway-a", SEGMENT)
TWO = Source("gateway-b", SEGMENT)


def lines(name: str, count: int, first: int = 0) -> bytes:
    return b"".join(b'{"request_id": "%s-%d"}\n' % (name.encode(), number) for number in range(first, first + count))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "lab" / "journal"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def replica(tmp_path: Path) -> Path:
    folder = tmp_path / "replica" / "journal"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def lab(journal: Path) -> Iterator[HTTPServer]:
    made = server(journal, ("127.0.0.1", 0))
    threading.Thread(target=made.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()
    yield made
    made.shutdown()
    made.server_close()


def address(lab: HTTPServer) -> str:
    return f"http://127.0.0.1:{lab.server_port}"


def test_a_pod_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    taking = subprocess.Popen([sys.executable, "-m", "lab.ship.take", "--journal", str(tmp_path), "--port", str(port)])
    eventually(lambda: status_of(f"http://127.0.0.1:{port}/") == 503)

    taking.terminate()

    # As the first process of a container it would not hear a signal that it leaves to the system: only what it ends by itself is 0.
    assert taking.wait(10) == 0


def test_two_gateways_write_one_journal(lab: HTTPServer, journal: Path, replica: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (replica / SEGMENT).write_bytes(lines("a", 3))
    (other / SEGMENT).write_bytes(lines("b", 2))

    Sender(replica, address(lab), "gateway-a").send()
    Sender(other, address(lab), "gateway-b").send()

    assert (journal / SEGMENT).read_bytes() == lines("a", 3) + lines("b", 2)


def test_a_line_that_is_still_being_written_waits(lab: HTTPServer, journal: Path, replica: Path) -> None:
    sender = Sender(replica, address(lab), "gateway-a")
    whole, half = lines("a", 2), b'{"request_id": '
    (replica / SEGMENT).write_bytes(whole + half)

    sender.send()
    before = (journal / SEGMENT).read_bytes()
    (replica / SEGMENT).write_bytes(whole + half + b'"a-2"}\n')
    sender.send()

    assert before == whole
    assert (journal / SEGMENT).read_bytes() == lines("a", 3)


def test_a_sender_that_remembers_nothing_sends_nothing_twice(lab: HTTPServer, journal: Path, replica: Path) -> None:
    (replica / SEGMENT).write_bytes(lines("a", 1000))

    sent = [Sender(replica, address(lab), "gateway-a").send() for _ in range(2)]

    assert sent == [len(lines("a", 1000)), 0]
    assert (journal / SEGMENT).read_bytes() == lines("a", 1000)


def test_lines_wait_for_a_lab_that_is_away(lab: HTTPServer, journal: Path, replica: Path) -> None:
    sender = Sender(replica, "http://127.0.0.1:9", "gateway-a")
    (replica / SEGMENT).write_bytes(lines("a", 2))

    with pytest.raises(OSError, match=r"refused|Errno"):
        sender.send()
    sender = Sender(replica, address(lab), "gateway-a")
    sender.send()

    assert (journal / SEGMENT).read_bytes() == lines("a", 2)


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
@pytest.mark.parametrize("torn", [b"", b'{"request'])
def test_a_lab_that_dies_while_it_writes_has_each_line_once(journal: Path, kept: int, torn: bytes) -> None:
    taken = Taken(journal)
    taken.take(ONE, 0, lines("a", 2))
    sent = lines("a", 3, first=2)
    # It had noted what it was about to append, and had appended `kept` of three lines and perhaps a half.
    position = len(lines("a", 2))
    taken._note({"source": ONE.key, "segment": SEGMENT, "size": position, "position": position})
    with (journal / SEGMENT).open("ab") as file:
        file.write(b"".join(sent.splitlines(keepends=True)[:kept]) + (torn if kept < 3 else b""))

    again = Taken(journal)
    position = again.position(ONE)
    again.take(ONE, position, (lines("a", 5) + lines("a", 1, first=5))[position:])

    found = (journal / SEGMENT).read_bytes().splitlines()
    readable = [json.loads(line)["request_id"] for line in found if line.endswith(b"}")]
    assert readable == [f"a-{number}" for number in range(6)]


def test_what_is_not_next_is_refused_with_the_position_that_is(journal: Path) -> None:
    taken = Taken(journal)
    taken.take(ONE, 0, lines("a", 2))

    with pytest.raises(Elsewhere) as refused:
        taken.take(ONE, 0, lines("a", 2))

    assert refused.value.position == len(lines("a", 2))
    assert taken.position(TWO) == 0


@pytest.mark.parametrize(
    "source", [Source("../etc", SEGMENT), Source("a", "../shadow"), Source("a", "decisions.jsonl"), Source("", SEGMENT)]
)
def test_only_journals_of_gateways_are_taken(journal: Path, source: Source) -> None:
    with pytest.raises(Refused, match="is no journal of a gateway"):
        Taken(journal).take(source, 0, b"{}\n")

    assert list(journal.iterdir()) == []


def test_a_segment_is_deleted_when_the_lab_has_it_whole_and_its_hour_is_over(lab: HTTPServer, replica: Path) -> None:
    sender = Sender(replica, address(lab), "gateway-a")
    (replica / SEGMENT).write_bytes(lines("a", 2))
    sender.send()

    sender.tidy(datetime(2026, 11, 20, 20, 30))
    early = (replica / SEGMENT).exists()
    sender.tidy(datetime(2026, 11, 20, 23, 0))

    assert early
    assert not (replica / SEGMENT).exists()


def test_a_segment_that_the_lab_does_not_have_whole_stays(lab: HTTPServer, replica: Path) -> None:
    sender = Sender(replica, address(lab), "gateway-a")
    (replica / SEGMENT).write_bytes(lines("a", 2))
    sender.send()
    Segments(replica, "predictions").append([b"{}\n"], datetime.fromisoformat("2026-11-20T19:59:00+00:00").timestamp())

    sender.tidy(datetime(2026, 11, 21, 9, 0))

    assert (replica / SEGMENT).exists()


def test_a_change_of_the_routes_reaches_a_gateway_at_the_next_look(routes: "Routes", state: Path, gateway: Path) -> None:
    follower = Follower(state, routes.address, KNOWN)
    routes.text = json.dumps(table(epoch=4, weights={"svc": 75, "forest": 25}))

    changed = [follower.look(), follower.look()]

    assert changed == [True, False]
    assert NginxTraffic(state, gateway).read().routes["iris"].weights == {"svc": 75, "forest": 25}


def test_a_table_that_the_gateway_would_refuse_never_reaches_it(routes: "Routes", state: Path) -> None:
    follower = Follower(state, routes.address, KNOWN)
    routes.text = json.dumps(table(epoch=4))
    follower.look()
    routes.text = json.dumps(table(epoch=5, weights={"svc": 75, "nobody": 25}))

    with pytest.raises(Refused):
        follower.look()

    assert json.loads((state / "routes.json").read_text())["routes"]["iris"]["epoch"] == 4


def test_without_a_table_a_gateway_does_what_it_came_with(routes: "Routes", state: Path) -> None:
    routes.text = None

    assert Follower(state, routes.address, KNOWN).look() is False
    assert not (state / "routes.json").exists()


def test_a_lab_that_is_away_changes_nothing(state: Path) -> None:
    with pytest.raises(urllib.error.URLError):
        Follower(state, "http://127.0.0.1:9/routes.json", KNOWN).look()


class Routes:
    """Serves routes.json."""

    def __init__(self) -> None:
        from http.server import BaseHTTPRequestHandler

        here = self
        self.text: str | None = None

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = (here.text or "").encode()
                self.send_response(200 if here.text is not None else 404)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *arguments: object) -> None:
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/routes.json"
        threading.Thread(target=self.server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()


@pytest.fixture
def routes() -> Iterator[Routes]:
    made = Routes()
    yield made
    made.server.shutdown()
    made.server.server_close()
