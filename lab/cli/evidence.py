"""lab log, sql, report and journal: what happened, from the journals."""

import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from lab import client
from lab.cli import evidence_tables, recomputed, terminal
from lab.cli.common import Output, OutputOption, say, sentences
from lab.cli.runs import names

# Seconds between two looks for new predictions.
FOLLOW_S = 0.5

# Predictions that are asked for together while following.
FOLLOW_MAX = 1000

SINCE = "how long ago (15m, 2h, 3d), or a date and time (UTC)"


def log(
    route: Annotated[str | None, typer.Option(help="only of this route")] = None,
    variant: Annotated[str | None, typer.Option(help="only those assigned to this variant")] = None,
    label: Annotated[str | None, typer.Option(help="only with this label")] = None,
    outlier: Annotated[
        bool | None, typer.Option("--outlier/--no-outlier", help="only inputs unlike the training data, or only the others")
    ] = None,
    status: Annotated[str | None, typer.Option(help="only with this HTTP status: 200, 5xx, …")] = None,
    reason: Annotated[str | None, typer.Option(help="only assigned so: split, roundrobin, rule, override, shadow")] = None,
    visitor: Annotated[str | None, typer.Option(help="only of this visitor (the digest in the journal)")] = None,
    request_id: Annotated[str | None, typer.Option("--request-id", help="only this one (X-Request-ID)")] = None,
    since: Annotated[str | None, typer.Option(help=f"only from then on: {SINCE}")] = None,
    until: Annotated[str | None, typer.Option(help="only before then: said the same way")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=1000, help="show so many, the newest")] = 20,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="go on with what comes, until Ctrl-C")] = False,
    output: OutputOption = Output.table,
) -> None:
    """Shows predictions: which variant answered, what it said, whether the input was an outlier, how long it took."""
    wanted = {"route": route, "variant": variant, "label": label, "outlier": outlier, "status": status, "reason": reason,
              "visitor": visitor, "request_id": request_id, "since": since, "until": until}  # fmt: skip
    with sentences():
        here = client.here()
        page = here.get("/log", limit=limit, **wanted)
        _show_predictions(page["predictions"], output, head=True)
        if follow:
            with suppress(KeyboardInterrupt):
                _follow(here, page["last"], wanted, output)
        elif not page["predictions"]:
            say(_none(wanted))


def _follow(here: client.Client, last: int, wanted: dict[str, Any], output: Output) -> None:
    """Goes on without end, also when the service is started again meanwhile."""
    is_silent = False
    while True:
        try:
            time.sleep(FOLLOW_S)
            page = here.get("/log", limit=FOLLOW_MAX, after=last, **wanted)
        except client.Silent as silent:
            if not is_silent:
                say(f"{silent} Waiting for it; Ctrl-C ends this.")
            is_silent = True
            continue
        is_silent, last = False, page["last"]
        _show_predictions(page["predictions"], output, head=False)


def _none(wanted: dict[str, Any]) -> str:
    """Why nothing is shown."""
    named = ", ".join(f"{name} {value}" for name, value in wanted.items() if value is not None)
    return f"No prediction fits: {named}." if named else "No predictions yet."


def _show_predictions(rows: list[dict[str, Any]], output: Output, head: bool) -> None:
    if output is Output.json:
        # One object per line, so that what follows can be read as it comes.
        print("".join(f"{json.dumps(row)}\n" for row in rows), end="", flush=True)
    else:
        for line in evidence_tables.log_lines(rows, head):
            print(line, flush=True)


def sql(
    question: Annotated[str, typer.Argument(metavar="SELECT", help='such as "select variant, count(*) from predictions group by all"')],
    output: OutputOption = Output.table,
) -> None:
    """Answers a question in SQL. Tables: predictions, feedback, decisions; sums of them: blocks, latency, labels, visitors, rewards."""
    with sentences():
        status, answer = client.here().post("/sql", {"sql": sys.stdin.read() if question == "-" else question})
        if status != 200:
            say(client.sentence(answer))
            raise typer.Exit(1)
    if output is Output.json:
        print(json.dumps([dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]], indent=2))
    else:
        terminal.console().print(evidence_tables.rows_table(answer["columns"], answer["rows"]))
    if answer["more"]:
        say(f"Only the first {len(answer['rows'])} rows are shown. Ask for fewer: limit, where, count(*).")


def report(
    route: Annotated[str | None, typer.Option(help="only of this route")] = None,
    since: Annotated[str | None, typer.Option(help=f"only from then on: {SINCE}")] = None,
    experiment: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="instead: compute an experiment's verdict again, from the journals", autocompletion=names),
    ] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="with --experiment: the verdict of the last look by then")] = None,
    journal: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="with --experiment: from these journals, without the lab's service")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Says what each variant did: requests, failures, latency, labels, outliers, rewards, drift."""
    if experiment is None and (at or journal):
        raise typer.BadParameter("Name the experiment, too: --experiment RUN")
    if experiment is not None:
        recomputed.show(experiment, at, journal, output)
        return
    with sentences():
        said = client.here().get("/report", route=route, since=since)
    if output is Output.json:
        print(json.dumps(said, indent=2))
        return
    if not said["variants"]:
        say(_none({"route": route, "since": since}))
        return
    screen = terminal.console()
    for part in evidence_tables.report_tables(said["variants"]):
        screen.print(part)


def journal(
    digest: Annotated[bool, typer.Option("--digest", help="also a digest of everything that was derived: equal after a rebuild")] = False,
    output: OutputOption = Output.table,
) -> None:
    """Accounts for every prediction: answers by the services, lines in the journals, rows stored, lines set aside, feedback by outcome."""
    with sentences():
        said = client.here().get("/journal", digest=digest or None)
    if output is Output.json:
        print(json.dumps(said, indent=2))
        return
    screen = terminal.console()
    for part in evidence_tables.journal_tables(said):
        screen.print(part, soft_wrap=isinstance(part, str))
