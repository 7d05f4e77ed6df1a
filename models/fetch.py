"""Fetches one file over HTTP: whole and checked, or not at all."""

import hashlib
import os
import queue
import threading
from pathlib import Path

import requests
from tqdm import tqdm

from models.errors import Unusable

# Seconds for one address to accept a connection.
CONNECT_S = 5

# Seconds for the name look-up, every address of the name and the first line of the answer together. requests bounds each but not their sum.
ANSWER_S = 9

# Seconds between two pieces of a download, after which it counts as stuck.
READ_S = 15

CHUNK_BYTES = 1 << 20


def fetch(url: str, target: Path, sha256: str | None = None, size: int | None = None) -> None:
    """Saves what `url` answers as `target`. Raises Unusable, in a sentence, and then leaves no `target` behind.

    sha256 (hex) and size (bytes) are compared where they are known.
    """
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        digest = _download(url, part)
        _check(url, part.stat().st_size, size, "bytes")
        _check(url, digest, sha256, "as SHA-256")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _download(url: str, part: Path) -> str:
    digest = hashlib.sha256()
    try:
        with _opened(url) as response, part.open("wb") as file, _progress(response, url) as progress:
            for chunk in response.iter_content(CHUNK_BYTES):
                file.write(chunk)
                digest.update(chunk)
                progress.update(len(chunk))
    except requests.RequestException as error:
        raise Unusable(f"{url} broke off. Run this again, or fetch it by hand.") from error
    return digest.hexdigest()


def _opened(url: str) -> requests.Response:
    answers: queue.Queue[requests.Response | requests.RequestException] = queue.Queue()
    # A thread that nobody waits for: a name look-up cannot be interrupted.
    threading.Thread(target=_open, args=(url, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER_S)
    except queue.Empty:
        raise Unusable(f"{url} did not answer in {ANSWER_S} seconds.") from None
    if isinstance(answer, requests.RequestException):
        raise Unusable(f"{url} cannot be reached ({type(answer).__name__}).") from answer
    if answer.status_code != requests.codes.ok:
        answer.close()
        raise Unusable(f"{url} answered {answer.status_code} {answer.reason}.")
    return answer


def _open(url: str, answers: queue.Queue[requests.Response | requests.RequestException]) -> None:
    try:
        # Compressed on the way, its length would not tell whether the file is whole.
        answers.put(requests.get(url, stream=True, timeout=(CONNECT_S, READ_S), headers={"Accept-Encoding": "identity"}))
    except requests.RequestException as error:
        answers.put(error)


def _progress(response: requests.Response, url: str) -> tqdm:
    length = response.headers.get("Content-Length")
    # `disable=None`: a bar for people, silence in a container's log.
    return tqdm(total=int(length) if length else None, unit="B", unit_scale=True, desc=url.rpartition("/")[2], disable=None)


def _check(url: str, found: str | int, expected: str | int | None, unit: str) -> None:
    if expected is not None and found != expected:
        raise Unusable(f"{url} gave another file: {found} {unit}, must be {expected}.")
