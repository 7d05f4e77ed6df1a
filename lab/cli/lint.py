"""lab lint: what is wrong or questionable about experiment files."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from lab import settings
from lab.cli import terminal
from lab.cli.common import Output, OutputOption, sentences
from lab.cli.several_files import read
from lab.lint import Assumed, Finding, Source, linted_all
from lab.lint.rules import RULES
from lab.lint.subject import USUAL
from lab.traffic.nginx import NginxTraffic

LINT_EXIT_CODES = (
    "Exit codes: 0 nothing but notes; 1 an error or a warning was found, or a file cannot be read; 2 the command was not understood."
)

SEVERITIES = ("error", "warning", "note")

lint_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@lint_app.command(epilog=LINT_EXIT_CODES)
def lint(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help="experiments and metrics in YAML, which may refer to each other; - is standard input"),
    ],
    visitors: Annotated[
        float, typer.Option(min=0.001, help="how many new visitors a second are expected, of all variants together")
    ] = USUAL.visitors_per_s,
    rate: Annotated[float, typer.Option(min=0.0001, max=0.9999, help="which share of them is expected to give a reward")] = USUAL.rate,
    together: Annotated[bool, typer.Option("--together", help="the experiments are to run at the same time")] = False,
    output: OutputOption = Output.table,
) -> None:
    """Looks for mistakes in experiment files, and says why they matter: lab lint experiments/*.yaml

    A finding can be allowed in its file, with a reason: # lab lint: allow L216: the method is what is compared
    """
    with sentences():
        here = settings.from_environment()
        traffic = NginxTraffic(here.state, here.gateway)
        sources = [Source(*read(name)) for name in dict.fromkeys(files)]
        findings = linted_all(sources, traffic.read(), traffic.known(), Assumed(visitors, rate), together)
    show = _print_json if output is Output.json else _print_lines
    show(findings, len(sources))
    if any(one.severity != "note" for one in findings):
        raise typer.Exit(1)


def _print_json(findings: Sequence[Finding], files: int) -> None:
    said = [{"file": one.source, **{name: value for name, value in one._asdict().items() if name != "source"}} for one in findings]
    print(json.dumps({"files": files, "findings": said, "counts": _counts(findings)}, indent=2, ensure_ascii=False))


def _print_lines(findings: Sequence[Finding], files: int) -> None:
    """One finding after another as compilers do, then each rule's reason once."""
    screen = terminal.console()
    for one in findings:
        screen.print(f"{one.place}: {one.severity} {one.rule}: {one.sentence}", soft_wrap=True)
    for rule in sorted({one.rule for one in findings}):
        screen.print(f"\n{rule}, {RULES[rule].title}: {RULES[rule].explanation}", soft_wrap=True)
    print(f"\n{_summary(findings, files)}" if findings else _summary(findings, files))


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    counts = Counter(one.severity for one in findings)
    return {severity: counts[severity] for severity in SEVERITIES}  # type: ignore[index]


def _summary(findings: Sequence[Finding], files: int) -> str:
    where = f"in {files} file{'s' if files != 1 else ''}"
    if not findings:
        return f"Nothing found {where}."
    said = [f"{n} {severity}{'s' if n != 1 else ''}" for severity, n in _counts(findings).items() if n]
    return f"{', '.join(said)} {where}."
