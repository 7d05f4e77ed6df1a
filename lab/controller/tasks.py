"""Does the tasks of an experiment's file: tells somebody by HTTP, or runs a command where that is allowed."""

import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import httpx

from lab.spec.experiment import Task

NOTIFY = "notification/http"
EXEC = "common/exec"

# Seconds until an answer must have come, seconds between two tries, and how many there are.
NOTIFY_S = 5.0
NOTIFY_PAUSE_S = 1.0
NOTIFY_TRIES = 3

# Seconds that a command may take, as Iter8's jobs.
EXEC_S = 300.0
# How much of what it printed is kept, in characters.
TAIL = 2000

# {{ .promote }}
TAG = re.compile(r"\{\{-?\s*\.(?P<name>\w+)\s*-?\}\}")


class Outcome(NamedTuple):
    """What became of a task."""

    ok: bool | None
    """None: it was not done, for a reason that the sentence gives."""
    sentence: str
    tail: str = ""
    """The end of what a command printed."""


class Facts(NamedTuple):
    """What a task may speak of."""

    tags: Mapping[str, str]
    """The recommended version's name and variables."""
    news: Mapping[str, Any]
    """For whoever is notified: plain JSON."""


class TagError(Exception):
    """A tag that stands for nothing; its text is a sentence."""


class Tasks:
    """Does tasks, one at a time, in the caller's thread."""

    def __init__(self, allow_exec: bool = False, sleep: Callable[[float], None] = time.sleep, exec_s: float = EXEC_S) -> None:
        self._allow_exec = allow_exec
        self._sleep = sleep
        self._exec_s = exec_s

    def refusal(self, task: Task) -> str | None:
        """Why a task is not done here, if so."""
        if task.task == NOTIFY:
            return None
        if task.task != EXEC:
            return f"{task.task} is no task of this lab, so it is passed over. There are lab/promote, {NOTIFY} and {EXEC}."
        return None if self._allow_exec else f"{EXEC} is passed over: commands run only where the setting LAB_ALLOW_EXEC is 1."

    def __call__(self, task: Task, facts: Facts) -> Outcome:
        """Never raises: what goes wrong is told."""
        if refused := self.refusal(task):
            return Outcome(None, refused)
        try:
            return self._notify(task.inputs, facts) if task.task == NOTIFY else self._exec(task.inputs, facts)
        except TagError as error:
            return Outcome(False, str(error))
        except Exception as error:
            return Outcome(False, f"{task.task} failed: {type(error).__name__}.")

    def _notify(self, inputs: Mapping[str, Any], facts: Facts) -> Outcome:
        url, body = filled(str(inputs.get("url", "")), facts.tags), inputs.get("body")
        headers = {"Content-Type": "application/json", **_headers(inputs.get("headers"), facts.tags)}
        content = {"content": filled(str(body), facts.tags)} if body is not None else {"json": dict(facts.news)}
        for attempt in range(NOTIFY_TRIES):
            if attempt:
                self._sleep(NOTIFY_PAUSE_S)
            told, worth_another = _send(str(inputs.get("method", "POST")).upper(), url, headers, content)
            if not worth_another:
                break
        return told

    def _exec(self, inputs: Mapping[str, Any], facts: Facts) -> Outcome:
        args = [str(one) for one in inputs.get("args") or ()]
        if not inputs.get("disableInterpolation"):
            args = [filled(one, facts.tags) for one in args]
        return _run([str(inputs.get("cmd", "")), *args], self._exec_s)


def filled(text: str, tags: Mapping[str, str]) -> str:
    """The text with its tags replaced. Raises TagError for one that stands for nothing."""

    def value(found: re.Match[str]) -> str:
        if found["name"] not in tags:
            raise TagError(f"{found[0]} stands for nothing: {tags.get('name', 'this version')} has {', '.join(sorted(tags))}.")
        return str(tags[found["name"]])

    return TAG.sub(value, text)


def _send(method: str, url: str, headers: Mapping[str, str], content: Mapping[str, Any]) -> tuple[Outcome, bool]:
    """What came of one try, and whether another one could help."""
    try:
        answer = httpx.request(method, url, headers=dict(headers), timeout=NOTIFY_S, **content)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):
        return Outcome(False, f"{url!r} is no address that can be notified. It must begin with http:// or https://."), False
    except httpx.HTTPError as error:
        return Outcome(False, f"{url} was not reached: {type(error).__name__}."), True
    if answer.is_success:
        return Outcome(True, f"{url} answered {answer.status_code}."), False
    return Outcome(False, f"{url} answered {answer.status_code}."), answer.status_code >= 500


def _headers(said: object, tags: Mapping[str, str]) -> dict[str, str]:
    """A mapping, or Iter8's list of names and values."""
    pairs = said.items() if isinstance(said, Mapping) else [(one["name"], one["value"]) for one in said] if isinstance(said, list) else ()
    return {str(name): filled(str(value), tags) for name, value in pairs}


def _run(command: Sequence[str], seconds: float) -> Outcome:
    # `timeout` ends the command together with whatever it has started.
    guarded = ["timeout", "--kill-after=5", str(seconds), *command]
    try:
        done = subprocess.run(guarded, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds + 10)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return Outcome(False, f"{command[0]} could not be run to its end: {type(error).__name__}.")
    tail = done.stdout.decode(errors="replace")[-TAIL:]
    if done.returncode in (124, 137):
        return Outcome(False, f"{command[0]} took longer than {seconds:g} s and was ended.", tail)
    return Outcome(done.returncode == 0, f"{command[0]} ended with exit code {done.returncode}.", tail)
