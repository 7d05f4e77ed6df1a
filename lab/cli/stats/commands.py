"""The command line of the statistics: lab stats binary, limit, p95, mean, ratio, srm, plan."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer

from lab.cli.common import Output, say
from lab.cli.stats import judges, report
from lab.cli.stats import plan as planning
from lab.cli.stats.input import Look, read, variants
from lab.cli.stats.judges import Judge
from lab.cli.stats.report import LookFindings
from lab.cli.stats.rows import check_units
from lab.errors import Refused
from lab.stats.evalue import bonferroni_alpha

EXIT_CODES = "Exit codes: 0 done, whatever the verdict; 1 the evidence cannot be read, and a sentence on standard error says why; \
2 the command was not understood."

stats_app = typer.Typer(
    name="stats",
    help="Judges evidence from a file. Look as often as you like: every interval, p-value and verdict holds at any look. A file is CSV "
    "with a header, or JSON lines; rows of one block stand together, and each block is a look.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
)


class SideChoice(StrEnum):
    """Which difference is looked for."""

    both = "two-sided"
    greater = "greater"
    less = "less"


File = Annotated[str, typer.Argument(metavar="FILE", help="a file, or - for standard input")]
AlphaOption = Annotated[float, typer.Option(help="how often, at most, anything said here may be wrong, over all looks")]
BaselineOption = Annotated[str | None, typer.Option(help="the variant that the others are compared with (default: the first in the file)")]
SideOption = Annotated[SideChoice, typer.Option(help="greater: is the candidate's above the baseline's? less: is it below?")]
OutputOption = Annotated[Output, typer.Option("-o", "--output", help="table for people, json (one object per look) for programs")]


@stats_app.command(epilog=EXIT_CODES)
def binary(
    file: File,
    baseline: BaselineOption = None,
    side: SideOption = SideChoice.both,
    margin: Annotated[
        float, typer.Option(help="an odds ratio: --side less --margin 1.5 asks if the candidate's odds are below 1.5 times the baseline's")
    ] = 1.0,
    alpha: AlphaOption = 0.05,
    output: OutputOption = Output.table,
) -> None:
    """Compares success rates. Columns: block, variant, n, successes."""
    with _sentences():
        looks = read(file, ["n", "successes"])
        _compare(looks, baseline, alpha, output, judges.binary(side.value, margin))


@stats_app.command(epilog=EXIT_CODES)
def limit(
    file: File,
    limit: Annotated[float, typer.Option(help="the rate that is allowed: 0.01")],
    alpha: AlphaOption = 0.05,
    output: OutputOption = Output.table,
) -> None:
    """Holds each variant's rate (of errors, say) against a limit. Columns: block, variant, n, successes."""
    with _sentences():
        _each(read(file, ["n", "successes"]), alpha, output, judges.limit(limit))


@stats_app.command(epilog=EXIT_CODES)
def p95(
    file: File,
    limit: Annotated[float | None, typer.Option(help="hold each variant against so many seconds, do not compare")] = None,
    baseline: BaselineOption = None,
    side: SideOption = SideChoice.both,
    quantile: Annotated[float, typer.Option(help="which quantile")] = 0.95,
    alpha: AlphaOption = 0.05,
    output: OutputOption = Output.table,
) -> None:
    """Compares 95th percentiles of latency, or holds them against a limit. Columns: block, variant, value (seconds; a row per request)."""
    with _sentences():
        looks = read(file, ["value"])
        if limit is None:
            _compare(looks, baseline, alpha, output, judges.quantile(side.value, quantile))
        else:
            _each(looks, alpha, output, judges.quantile_limit(limit, quantile))


@stats_app.command(epilog=EXIT_CODES)
def mean(
    file: File,
    limit: Annotated[float | None, typer.Option(help="hold each variant against this limit instead of comparing; needs --bound")] = None,
    bound: Annotated[float | None, typer.Option(help="no value is larger: the proxy's time-out, say")] = None,
    baseline: BaselineOption = None,
    side: SideOption = SideChoice.both,
    margin: Annotated[float, typer.Option(help="a difference in the values' unit, instead of 0")] = 0.0,
    cap: Annotated[float | None, typer.Option(help="cut values at this quantile of all earlier blocks, 0.999 say")] = None,
    alpha: AlphaOption = 0.05,
    output: OutputOption = Output.table,
) -> None:
    """Compares means per unit, or holds them against a limit. Columns: block, variant, value; if wanted: unit, epoch.

    Rows of one unit in one block are added up. Without a column unit, each row is a unit of its own.
    """
    if (limit is None) != (bound is None):
        raise typer.BadParameter("--limit and --bound need each other.")
    with _sentences():
        looks = read(file, ["value"])
        check_units(looks)
        if limit is None:
            _compare(looks, baseline, alpha, output, judges.mean(side.value, margin, cap))
        else:
            _each(looks, alpha, output, judges.mean_limit(limit, bound))


@stats_app.command(epilog=EXIT_CODES)
def ratio(
    file: File,
    baseline: BaselineOption = None,
    side: SideOption = SideChoice.both,
    margin: Annotated[float, typer.Option(help="a difference of ratios, instead of 0")] = 0.0,
    alpha: AlphaOption = 0.05,
    output: OutputOption = Output.table,
) -> None:
    """Compares ratios of sums over units: seconds per request, clicks per visit.

    Columns: block, variant, numerator, denominator; if wanted: unit, epoch. Instead of numerator and denominator also value and weight:
    a mean, and of how many. Rows of one unit in one block are added up; without a column unit, each row is a unit of its own.
    """
    with _sentences():
        looks = read(file, [])
        check_units(looks)
        _compare(looks, baseline, alpha, output, judges.ratio(side.value, margin))


@stats_app.command(epilog=EXIT_CODES)
def srm(
    file: File,
    alpha: AlphaOption = 0.05,
    block_alpha: Annotated[float, typer.Option(help="beyond this level nothing measured can be trusted")] = 0.001,
    output: OutputOption = Output.table,
) -> None:
    """Compares the observed split with the planned one. Columns: block, variant, n (new visitors), weight (planned; may change)."""
    with _sentences():
        looks = read(file, ["n", "weight"])
        judge = judges.split(variants(looks), alpha, block_alpha)
        _print(list(_judged(looks, [("split", judge)])), alpha, alpha, output)


@stats_app.command(epilog=EXIT_CODES)
def plan(
    rate: Annotated[float | None, typer.Option(help="the baseline's success rate")] = None,
    to: Annotated[float | None, typer.Option(help="the candidate's success rate that should be found")] = None,
    difference: Annotated[float | None, typer.Option(help="a difference of means that should be found, instead of rates")] = None,
    deviation: Annotated[float | None, typer.Option(help="the standard deviation of one unit's value, with --difference")] = None,
    share: Annotated[float, typer.Option(help="the candidate's share of the traffic")] = 0.5,
    per_day: Annotated[float | None, typer.Option(help="units a day, both variants together: gives days")] = None,
    side: SideOption = SideChoice.both,
    power: Annotated[float, typer.Option(help="how often the difference should be found")] = 0.8,
    alpha: AlphaOption = 0.05,
    output: OutputOption = Output.table,
) -> None:
    """How many units an experiment needs: lab stats plan --rate 0.10 --to 0.12"""
    if (rate is None or to is None) == (difference is None or deviation is None):
        raise typer.BadParameter("Give --rate and --to, or --difference and --deviation.")
    with _sentences():
        question = planning.Question(alpha, power, side.value, share)
        if rate is not None and to is not None:
            found = planning.rates(rate, to, question)
        else:
            found = planning.means(difference or 0.0, deviation or 0.0, question)
        planning.show(found, per_day, as_json=output is Output.json)


def _compare(looks: Sequence[Look], baseline: str | None, alpha: float, output: Output, start: judges.Comparing) -> None:
    """Every candidate with the baseline; several candidates share the level."""
    names = variants(looks)
    base = baseline or names[0]
    if base not in names:
        raise Refused(f"There is no variant {base}. The file has {', '.join(names)}.")
    candidates = [name for name in names if name != base]
    if not candidates:
        raise Refused(f"There is only {base}. A comparison needs a second variant.")
    each = bonferroni_alpha(alpha, len(candidates))
    _share(alpha, each, len(candidates), "candidates")
    _print(list(_judged(looks, [(name, start(base, name, each)) for name in candidates])), alpha, each, output)


def _each(looks: Sequence[Look], alpha: float, output: Output, start: judges.Watching) -> None:
    """Every variant on its own; several share the level."""
    names = variants(looks)
    each = bonferroni_alpha(alpha, len(names))
    _share(alpha, each, len(names), "variants")
    _print(list(_judged(looks, [(name, start(name, each)) for name in names])), alpha, each, output)


def _judged(looks: Sequence[Look], started: Sequence[tuple[str, Judge]]) -> Iterator[LookFindings]:
    present = list(started)
    for number, look in enumerate(looks, 1):
        present = [(name, judge.update(look)) for name, judge in present]
        yield LookFindings(number, look.block, tuple(judge.finding(name) for name, judge in present))


def _share(alpha: float, each: float, number: int, what: str) -> None:
    if number > 1:
        say(f"{number} {what}: each is judged at {each:.4g}, so that all that is said is right with probability {1 - alpha:g} or more.")


def _print(found: Sequence[LookFindings], alpha: float, each: float, output: Output) -> None:
    if output is Output.json:
        print("\n".join(report.as_json(found, alpha, each)))
    else:
        report.show(found)


@contextmanager
def _sentences() -> Iterator[None]:
    """The statistics refuse with ValueError, files with Refused: both become sentences."""
    try:
        yield
    except (Refused, ValueError) as refused:
        say(str(refused))
        raise typer.Exit(1) from refused
