"""Clients that do nothing but ask, on connections that they keep and renew when one breaks."""

import json
import socket
from contextlib import suppress
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def request_id(self) -> str:
        return self.headers[b"x-request-id"].decode()


class Client:
    """One connection at a time to one port of loopback."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stream: Any = None

    def get(self, path: str, **headers: str) -> Answer | None:
        """None when the connection broke before the answer was whole."""
        return self._ask("GET", path, b"", headers)

    def post(self, path: str, content: object) -> Answer | None:
        """Sends JSON."""
        return self._ask("POST", path, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer | None:
        said = {"Host": "x", "Content-Length": str(len(body))} | headers
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
        try:
            if self._stream is None:
                with socket.create_connection(("127.0.0.1", self._port), timeout=60) as connection:
                    # The connection lives on in its stream.
                    self._stream = connection.makefile("rwb")
            self._stream.write("\r\n".join([*lines, "", ""]).encode() + body)
            self._stream.flush()
            return _answer(self._stream)
        except (OSError, ValueError, IndexError):
            self.close()
            return None

    def close(self) -> None:
        """Ends the connection; the next question opens another one."""
        if self._stream is not None:
            with suppress(OSError):  # what was being sent is lost with it
                self._stream.close()
            self._stream = None


def _answer(stream: Any) -> Answer:
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.partition(b": ")
        headers[name.lower()] = value
    body = stream.read(int(headers.get(b"content-length", b"0")))
    if headers.get(b"connection") == b"close":
        raise OSError("the server ends this connection")
    return Answer(status, headers, body)
