"""Asks Prometheus, or whoever a Metric resource names, over HTTP: with time-outs, TLS checked, and every failure as a sentence."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import orjson

from lab.errors import Refused
from lab.metrics.answer import Value, value_in
from lab.metrics.question import NO_SECRET, Question, QuestionError, Secret, question
from lab.spec.shapes import Metric

# Seconds for everything: Iter8's own patience.
PATIENCE_S: Final = 5.0
# Longest answer that is read, in bytes.
ANSWER_MAX: Final = 32 * 1024 * 1024


# Where every Prometheus, and what speaks like it, takes a query.
API: Final = "/api/v1/query"


class Unavailable(Refused):
    """Nobody answered, or not with what was asked for."""


class Declined(Unavailable):
    """The question itself was turned down: to ask it again is of no use."""


class Series(NamedTuple):
    """One time series: its labels, and samples of time (seconds since 1970) and value, the oldest first."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]


class Asker:
    """An HTTP client for questions of Metric resources."""

    def __init__(self, authority: Path | None = None, patience_s: float = PATIENCE_S) -> None:
        """`authority`: a file with certificates to trust beside the usual ones. TLS is always checked."""
        context = ssl.create_default_context()
        if authority is not None:
            context.load_verify_locations(authority)
        # No proxy, whatever the environment says; no redirects: a secret goes to whom the file names, and to nobody else.
        self._client = httpx.Client(verify=context, timeout=patience_s, trust_env=False, follow_redirects=False)

    def ask(self, asked: Question) -> bytes:
        """The body of an answer 200. Raises Unavailable."""
        host = httpx.URL(asked.url).host
        try:
            return self._answer(asked)
        except httpx.TimeoutException as error:
            raise Unavailable(f"{host} did not answer within {self._client.timeout.read:g} s.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{host} cannot be asked: {error}.") from error

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()

    def _answer(self, asked: Question) -> bytes:
        content = None if asked.body is None else asked.body.encode()
        headers = list(asked.headers) + ([("Content-Type", "application/json")] if content is not None else [])
        with self._client.stream(asked.method, asked.url, params=list(asked.params), headers=headers, content=content) as answer:
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > ANSWER_MAX:
                    raise Unavailable(f"{answer.url.host} answers more than {ANSWER_MAX} bytes.")
            if answer.status_code != 200:
                # Too many requests (429) and time-outs (408, 503) pass; a query that is wrong stays so.
                kind = Declined if answer.status_code < 500 and answer.status_code not in (408, 429) else Unavailable
                raise kind(f"{answer.url.host} answers {answer.status_code}: {body[:200].decode(errors='replace')}")
            return body


class Prometheus:
    """A Prometheus server, asked in its own way."""

    def __init__(self, url: str, asker: Asker) -> None:
        """`url`: http://prometheus:9090"""
        self._url = url.rstrip("/")
        self._asker = asker

    def samples(self, selector: str, after: float, through: float) -> list[Series]:
        """The raw samples of each series that a selector names, after one moment and up to another. Raises Unavailable."""
        window_ms = max(round((through - after) * 1000), 1)
        params = (("query", f"{selector}[{window_ms}ms]"), ("time", f"{through:.3f}"))
        body = self._asker.ask(Question("GET", self._url + API, params))
        return [_series(one) for one in _result(body)]


def value(
    metric: Metric, name: str, variables: Mapping[str, str], elapsed_s: float, asker: Asker, secrets: Callable[[str], Secret] | None = None
) -> Value:
    """What a Metric resource says of one version; raises nothing. `secrets` finds a Secret by the name in the resource."""
    try:
        return asked(metric, name, variables, elapsed_s, asker, secrets)
    except Unavailable as error:
        return Value(None, str(error))


def asked(
    metric: Metric, name: str, variables: Mapping[str, str], elapsed_s: float, asker: Asker, secrets: Callable[[str], Secret] | None = None
) -> Value:
    """The same, but raises Unavailable when nobody answers: whoever asks again may learn more."""
    try:
        secret = secrets(metric.spec.secret) if secrets and metric.spec.secret else NO_SECRET
        body = asker.ask(question(metric, name, variables, elapsed_s, secret))
    except (Declined, QuestionError) as error:
        return Value(None, str(error))
    return value_in(body, metric.spec.jq_expression)


def mounted(folder: Path) -> Callable[[str], Secret]:
    """Secrets that a cluster mounts as folders, one file for each key: `<folder>/<name>/<key>`."""

    def secret(name: str) -> Secret:
        # `namespace/name`, or the name alone.
        place = folder / name.rpartition("/")[2]
        try:
            return {path.name: path.read_text().rstrip("\n") for path in place.iterdir() if path.is_file()}
        except OSError as error:
            raise QuestionError(f"There is no secret {name} in {folder}. Mount it there, a file for each of its keys.") from error

    return secret


def _result(body: bytes) -> Sequence[Mapping[str, Any]]:
    try:
        answer = orjson.loads(body)
        if answer["status"] != "success":
            raise Unavailable(f"Prometheus says: {answer.get('error')}.")
        result: Sequence[Mapping[str, Any]] = answer["data"]["result"]
        return result
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"That is no answer of Prometheus: {body[:200].decode(errors='replace')!r}") from error


def _series(said: Mapping[str, Any]) -> Series:
    return Series(said["metric"], tuple((float(at), float(number)) for at, number in said["values"]))
