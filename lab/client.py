"""Asks the lab's service, over its socket on this machine."""

from pathlib import Path
from typing import Any

import httpx

from lab import settings
from lab.errors import Refused

# Seconds until no answer is one; questions in SQL may take ten.
PATIENCE_S = 30

# In the state: what whoever wants to move the traffic must know. The service makes it at its first start, for this user alone.
TOKEN = "lab.token"


class Silent(Refused):
    """The lab's service does not answer."""


class Client:
    """Speaks with one service. Every method raises Silent without an answer, and Refused with the service's own words."""

    def __init__(self, socket: Path, token: Path, patience_s: float = PATIENCE_S) -> None:
        self._socket, self._token, self._patience_s = socket, token, patience_s
        # A command asks once or every second: no connection is worth keeping, nor forgetting to close.
        way = httpx.HTTPTransport(uds=str(socket), limits=httpx.Limits(max_keepalive_connections=0))
        self._http = httpx.Client(transport=way, base_url="http://lab", timeout=patience_s, trust_env=False)

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """What GET answers; parameters that are None are left out."""
        return self._ask("GET", path, params={name: _said(value) for name, value in query.items() if value is not None})

    def post(self, path: str, content: object) -> tuple[int, Any]:
        """Status and answer of POST; a refusal is an answer, too."""
        answer = self._send("POST", path, json=content)
        return answer.status_code, _json(answer)

    def command(self, path: str, content: object) -> Any:  # noqa: ANN401 - JSON
        """What POST answers to somebody with the token. Raises Refused without one, too."""
        return self._ask("POST", path, json=content, headers={"Authorization": f"Bearer {_read(self._token)}"})

    def _ask(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        answer = self._send(method, path, **options)
        if answer.is_error:
            raise Refused(sentence(_json(answer)))
        return _json(answer)

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        # httpx leaves its own socket open when there is none to connect to.
        if not self._socket.exists():
            raise self._silent()
        try:
            return self._http.request(method, path, **options)
        except httpx.TimeoutException as error:
            raise Silent(f"The lab's service has not answered within {self._patience_s:g} s.") from error
        except httpx.HTTPError as error:
            raise self._silent() from error

    def _silent(self) -> Silent:
        where = f"The lab's service does not answer at {self._socket}."
        return Silent(f"{where} Start the lab (make up), or set LAB_STATE to its folder.")


def here(patience_s: float = PATIENCE_S) -> Client:
    """The service of this checkout, or of LAB_STATE."""
    found = settings.from_environment()
    return Client(found.sockets / "lab.sock", found.state / TOKEN, patience_s)


def _read(token: Path) -> str:
    """The token. Raises Refused where it cannot be had."""
    try:
        said = token.read_text("ascii").strip()
    except FileNotFoundError as error:
        raise Refused(
            f"{token} is missing: the lab's service makes it at its first start. Start the lab (make up), or set LAB_STATE to its folder."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or "unknown error").lower() if isinstance(error, OSError) else "it is no text"
        raise Refused(f"{token} cannot be read: {reason}. Give this command as the user who started the lab.") from error
    if not said:
        raise Refused(f"{token} is empty. Delete it and start the lab again: it makes a new one.")
    return said


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
