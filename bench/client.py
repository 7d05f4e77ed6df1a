"""One client that asks the same question again and again on one kept connection."""

import http.client
from collections.abc import Callable
from typing import NamedTuple

from bench.errors import Failure

# Seconds without an answer after which a server counts as broken.
TIMEOUT_S = 30


class Question(NamedTuple):
    """A POST."""

    path: str
    body: bytes
    content_type: str


# One iris, as the README sends it.
IRIS = Question("/predict", b'{"data": [[6.7, 3.0, 5.2, 2.3]]}', "application/json")


def asking(port: int, question: Question, **headers: str) -> Callable[[], None]:
    """A function that asks once and reads the whole answer. It raises Failure unless that is a 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    sent = {"Content-Type": question.content_type} | headers

    def ask() -> None:
        connection.request("POST", question.path, question.body, sent)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise Failure(f"POST {question.path} on port {port} answered {answer.status}: {said[:200]!r}")

    return ask
