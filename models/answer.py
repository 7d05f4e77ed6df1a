"""Asks a server for a file or for the rest of it, and reads what its answer promises."""

import queue
import re
import threading
from typing import NamedTuple

import requests

from models.errors import Cut, Unusable

# Seconds for one address to accept a connection.
CONNECT_S = 5

# Seconds for the name look-up, every address of the name and the first line of the answer together. requests bounds each but not their sum.
ANSWER_S = 9

# Seconds between two pieces of a download, after which it counts as cut.
READ_S = 15

CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Answer(NamedTuple):
    """A body that waits to be read."""

    response: requests.Response
    start: int  # its first byte's place in the file
    total: int | None  # bytes of the whole file; None: the server does not say
    validator: str | None  # what the server calls this version of the file; None: the rest cannot be asked for


def ask(url: str, start: int = 0, validator: str | None = None) -> Answer:
    """What `url` answers, from byte `start` on if its file still is the version `validator`. Raises Unusable, in a sentence."""
    # Compressed on the way, its length would not tell whether the file is whole.
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-"} | ({"If-Range": validator} if validator else {})
    response = _opened(url, headers)
    if response.status_code == requests.codes.ok:
        return Answer(response, 0, _length(response), _validator(response))
    total = _rest(response, start, validator)
    if total is not None:
        return Answer(response, start, total, validator)
    response.close()
    if start and response.status_code in (requests.codes.partial, requests.codes.requested_range_not_satisfiable):
        return ask(url)
    kind = Cut if response.status_code >= 500 or response.status_code == requests.codes.too_many_requests else Unusable
    raise kind(f"{url} answered {response.status_code} {response.reason}.")


def _opened(url: str, headers: dict[str, str]) -> requests.Response:
    answers: queue.Queue[requests.Response | Exception] = queue.Queue()
    # A thread that nobody waits for: a name look-up cannot be interrupted.
    threading.Thread(target=_open, args=(url, headers, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER_S)
    except queue.Empty:
        raise Cut(f"{url} did not answer in {ANSWER_S} seconds.") from None
    if isinstance(answer, requests.TooManyRedirects):
        raise Unusable(f"{url} leads round in a circle, or is redirected too often.") from answer
    if isinstance(answer, Exception):
        raise Cut(f"{url} cannot be reached ({type(answer).__name__}).") from answer
    return answer


def _open(url: str, headers: dict[str, str], answers: queue.Queue[requests.Response | Exception]) -> None:
    try:
        answers.put(requests.get(url, stream=True, timeout=(CONNECT_S, READ_S), headers=headers))
    except Exception as error:  # a strange address or header makes urllib3 raise more than what requests wraps: ValueError, UnicodeError, …
        answers.put(error)


def _rest(response: requests.Response, start: int, validator: str | None) -> int | None:
    """The size of the whole file when this is its rest from `start` on; None when it is not."""
    found = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status_code != requests.codes.partial or not start or not found or _encoded(response):
        return None
    if validator and response.headers.get("ETag", validator) != validator and validator.startswith('"'):
        return None
    first, last, total = found.groups()
    return int(total) if total.isdigit() and int(first) == start and int(last) == int(total) - 1 else None


def _length(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and not _encoded(response) else None


def _validator(response: requests.Response) -> str | None:
    if _encoded(response):
        return None
    tag = response.headers.get("ETag", "")
    # A weak tag (W/"…") stands for files that mean the same, not for the same bytes.
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _encoded(response: requests.Response) -> bool:
    """Whether the server compressed the body although it was asked not to."""
    return response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")
