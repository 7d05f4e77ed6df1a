"""lab describe: an experiment in the words and tables of iter8ctl."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from lab import client
from lab.cli.common import Output, OutputOption, sentences
from lab.cli.runs import AnyRunArgument, every, status_of
from lab.errors import Refused
from lab.iter8_text import described

UNREADABLE = "Error reading experiment YAML input"
INVALID = "unmarshal error... this could be due to invalid experiment YAML input"


def describe(
    run: AnyRunArgument = None,
    file: Annotated[
        str | None, typer.Option("-f", "--file", metavar="FILE", help="an experiment in YAML or JSON; - is standard input")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Describes an experiment as iter8ctl does: this lab's, or one from a file, such as `kubectl get experiment -o yaml` prints."""
    if run and file:
        raise typer.BadParameter("Name a run or a file, not both.")
    with sentences():
        resource = _of_file(file) if file else _of_run(run)
    if output is Output.json:
        print(json.dumps(resource, indent=2, default=str))
    else:
        print(described(resource))


def _of_run(run: str | None) -> Mapping[str, Any]:
    service = client.here()
    if run is None and not every(service):
        raise Refused("Missing experiment. There is none yet; name a file: lab describe -f experiment.yaml")
    found: Mapping[str, Any] = status_of(service, run)["resource"]
    return found


def _of_file(file: str) -> Mapping[str, Any]:
    """The file's experiment. Raises Refused, in iter8ctl's words and then in ours."""
    text = _read(file)
    if not text:
        raise Refused(f"{UNREADABLE}... zero bytes read")
    try:
        documents = [one for one in yaml.safe_load_all(text) if one is not None]
    except yaml.YAMLError as error:
        raise Refused(f"{INVALID}\n{_where(error)}") from error
    found = [one for document in documents for one in _experiments(document)]
    if not found:
        raise Refused(f"{INVALID}\n{file} holds no document with `kind: Experiment`.")
    return found[0]


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or "unknown error").lower() if isinstance(error, OSError) else "it is not text in UTF-8"
        raise Refused(f"{UNREADABLE}\n{file} cannot be read: {reason}.") from error


def _experiments(document: object) -> Iterator[Mapping[str, Any]]:
    """The document, or those in a list of kubectl's."""
    if isinstance(document, Mapping) and document.get("kind") == "Experiment":
        yield document
    if isinstance(document, Mapping) and isinstance(document.get("items"), list):
        for one in document["items"]:
            yield from _experiments(one)


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it is no YAML"
    return f"Line {mark.line + 1}, column {mark.column + 1}: {problem}." if mark else f"{problem}."
