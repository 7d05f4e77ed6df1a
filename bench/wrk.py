"""Many clients at once: wrk, Debian's package of the same name."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.client import Question
from bench.errors import Failure
from bench.processes import Server
from bench.usage import cpu_s

# One thread keeps up with every server here and leaves them the rest of the machine.
THREADS = 1

SCRIPT = """
wrk.method = "POST"
wrk.body = %(body)s
wrk.headers["Content-Type"] = %(content_type)s
function done(summary, latency, requests)
  local failed = summary.errors
  io.stderr:write(string.format('{"requests": %%d, "duration_us": %%d, "p99_us": %%d, "failed": %%d}', summary.requests,
    summary.duration, latency:percentile(99), failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
"""


class Load(NamedTuple):
    """What one burst of requests met."""

    requests_per_s: float
    p99_ms: float
    cpu_us: float
    """Processor time that the server took per request, in microseconds: hardly touched by who else is busy."""


def loading(server: Server, question: Question, clients: int, seconds: int, folder: Path) -> Callable[[], Load]:
    """A function that lets `clients` ask at once for some seconds. It raises Failure when any request fails."""
    if not shutil.which("wrk"):
        raise Failure("wrk is missing. Run: embedded/setup.sh bench")
    script = folder / f"post-{server.port}.lua"
    # JSON's strings are Lua's as long as they hold no control characters.
    script.write_text(SCRIPT % {"body": json.dumps(question.body.decode()), "content_type": json.dumps(question.content_type)})
    url = f"http://127.0.0.1:{server.port}{question.path}"
    command = ["wrk", f"-t{THREADS}", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    return lambda: _load(server, command, seconds)


def _load(server: Server, command: list[str], seconds: int) -> Load:
    before_s = cpu_s(server.pid)
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
    if done.returncode or not done.stderr.startswith("{"):
        raise Failure(f"wrk failed: {(done.stderr or done.stdout).strip()}")
    told = json.loads(done.stderr)
    if told["failed"] or not told["requests"]:
        raise Failure(f"{told['failed']} of {told['requests']} requests to {command[-1]} failed.")
    cpu_us = (cpu_s(server.pid) - before_s) / told["requests"] * 1e6
    return Load(told["requests"] / (told["duration_us"] / 1e6), told["p99_us"] / 1000, cpu_us)
