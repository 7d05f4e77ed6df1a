"""Servers that are started, and those that do not start."""

import os
import sys
from pathlib import Path

import pytest

from bench.errors import Failure
from bench.processes import free_port, running
from bench.usage import cpu_s, memory

# Answers 200 to everything.
SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def test_a_server_lives_as_long_as_the_measurement(tmp_path: Path) -> None:
    port = free_port()

    with running([sys.executable, "-c", SERVER, str(port)], port, tmp_path / "log", {}) as server:
        assert server.ready_s > 0
        assert memory(server.pid).rss >= memory(server.pid).pss > 1
        assert cpu_s(server.pid) >= 0

    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)


def test_a_server_that_dies_at_its_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('The model is missing.')"]

    with pytest.raises(Failure, match=r"svc ended .*The model is missing\."), running(command, free_port(), tmp_path / "svc.log", {}):
        pass
