"""Asks the lab's service, over its socket on this machine."""

from pathlib import Path
from typing import Any

import httpx

from lab import settings
from lab.errors import Refused

# Seconds until no answer is one; questions in SQL may take ten.
PATIENCE_S = 30


class Silent(Refused):
    """The lab's service does not answer."""


class Client:
    """Speaks with one service. Every method raises Silent without an answer, and Refused with the service's own words."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        way = httpx.HTTPTransport(uds=str(socket))
        self._http = httpx.Client(transport=way, base_url="http://lab", timeout=PATIENCE_S, trust_env=False)

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """What GET answers; parameters that are None are left out."""
        return self._ask("GET", path, params={name: _said(value) for name, value in query.items() if value is not None})

    def post(self, path: str, content: object) -> tuple[int, Any]:
        """Status and answer of POST; a refusal is an answer, too."""
        answer = self._send("POST", path, json=content)
        return answer.status_code, _json(answer)

    def _ask(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        answer = self._send(method, path, **options)
        if answer.is_error:
            raise Refused(sentence(_json(answer)))
        return _json(answer)

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        try:
            return self._http.request(method, path, **options)
        except httpx.TimeoutException as error:
            raise Silent(f"The lab's service has not answered within {PATIENCE_S} s.") from error
        except httpx.HTTPError as error:
            where = f"The lab's service does not answer at {self._socket}."
            raise Silent(f"{where} Start the lab (make up), or set LAB_STATE to its folder.") from error


def here() -> Client:
    """The service of this checkout, or of LAB_STATE."""
    return Client(settings.from_environment().sockets / "lab.sock")


def sentence(answer: object) -> str:
    """What a refusal says, as one text."""
    return str(answer.get("detail", answer) if isinstance(answer, dict) else answer)


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _json(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    try:
        return answer.json()
    except ValueError:
        return answer.text
