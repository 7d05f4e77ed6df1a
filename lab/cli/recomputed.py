"""lab report --experiment: an experiment's verdict once more, from the journals, beside the one that was recorded."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from lab import client
from lab.cli.common import Output, say, sentences
from lab.cli.runs import path

Report = Mapping[str, Any]


def show(run: str, at: str | None, journal: Path | None, output: Output) -> None:
    """By the lab's service; or without it, from a folder of journals. Exit code 1 where it is another verdict."""
    with sentences():
        said: Report = client.here().get(path(run, "report"), at=at) if journal is None else _here(journal, run, at)
    if output is Output.json:
        print(json.dumps(said, indent=2))
    else:
        print("\n".join(_lines(said)))
    if not said["is_same"]:
        say("What was computed again differs from what was recorded. The journals, the file, or the software are not the same.")
        raise typer.Exit(1)


def _here(journal: Path, run: str, at: str | None) -> Report:
    # It reads with the statistics, whose libraries take a while.
    from lab.controller.recompute import recomputed

    return recomputed(journal, run, time.time() if at is None else _seconds(at))


def _seconds(at: str) -> float:
    """Since 1970, as the service understands it, too."""
    from lab.web.moment import moment

    try:
        return float(at)
    except ValueError:
        return moment(at, datetime.now(UTC)).replace(tzinfo=UTC).timestamp()


def _lines(said: Report) -> Iterator[str]:
    when = datetime.fromtimestamp(said["looked_at"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    yield f"{said['name']}, look {said['look']} at {when}: {said['decision']['why']}"
    yield f"  verdict            {said['verdict']}; recorded: {said['recorded_verdict']}"
    yield f"  digest of inputs   {said['digest']}; recorded: {said['recorded_digest']}"
    apart = said["numbers_differ_by"]
    differ = "not all there, or other words" if apart is None else f"differ by {apart:.1e} of their size at most" if apart else "the same"
    yield f"  numbers            {differ}"
    yield f"  software           {_versions(said['versions']['here'], said['versions']['recorded'])}"


def _versions(here: Mapping[str, str], recorded: Mapping[str, str]) -> str:
    """What computes here, and where it was another when it was recorded."""
    names = dict.fromkeys((*here, *recorded))
    return ", ".join(_version(name, here.get(name, "-"), recorded.get(name, "-")) for name in names)


def _version(name: str, here: str, recorded: str) -> str:
    return f"{name} {here}" if here == recorded else f"{name} {here} (recorded: {recorded})"
