"""Rows that work and rows that do not."""

from pathlib import Path

import pytest

from bench.__main__ import discovered, main
from bench.errors import Failure
from bench.interleave import ratio
from bench.machine import has_vnni, instruction_sets
from bench.row import Findings, Line
from bench.run import run

# Of the fifteen minutes of `make bench`; the rest is for starting servers, drawing pictures, writing journals and rounds under way.
SECONDS_MAX = 640


class Good:
    """Finds something."""

    TITLE, ABOUT, SECONDS = "Good", "Control and candidate.", 1.0

    def measure(self, folder: Path) -> Findings:
        return Findings([Line("good", "s", ratio([2.0] * 3, [1.0] * 3, "lower"))], [])


class Bad:
    """Lacks something."""

    TITLE, ABOUT, SECONDS = "Bad", "Control and candidate.", 1.0

    def __init__(self, error: Exception) -> None:
        self._error = error

    def measure(self, folder: Path) -> Findings:
        raise self._error


def facts() -> dict[str, str]:
    return {"date": "today"}


def test_rows_with_figures_give_exit_code_0(tmp_path: Path) -> None:
    results = tmp_path / "results.md"

    assert run({"good": Good()}, [], results, facts) == 0
    assert "**2.00 x**" in results.read_text()


@pytest.mark.parametrize("error", [Failure("The model is missing."), ZeroDivisionError("The model is missing.")])
def test_a_failing_row_gives_exit_code_1_and_the_others_still_run(error: Exception, tmp_path: Path) -> None:
    results = tmp_path / "results.md"

    assert run({"bad": Bad(error), "good": Good()}, [], results, facts) == 1
    assert "The model is missing." in results.read_text()
    assert "**2.00 x**" in results.read_text()


def test_a_row_that_is_left_out_is_no_failure_and_keeps_no_old_figure(tmp_path: Path) -> None:
    results = tmp_path / "results.md"
    results.write_text("**9.99 x**")

    assert run({"bad": Bad(Failure("broken")), "good": Good()}, ["good"], results, facts) == 0
    assert "left out by ONLY=good" in results.read_text()
    assert "9.99" not in results.read_text()


def test_a_run_that_is_stopped_leaves_no_old_figure(tmp_path: Path) -> None:
    results = tmp_path / "results.md"
    results.write_text("**9.99 x**")

    class Stopped(Good):
        def measure(self, folder: Path) -> Findings:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run({"stopped": Stopped()}, [], results, facts)

    assert "stopped before this row" in results.read_text()
    assert "9.99" not in results.read_text()


def test_every_module_in_rows_is_a_row() -> None:
    rows = discovered()

    assert {"int8", "gateway", "iris", "upload", "start", "shadow", "ingest", "feedback", "sink", "pages"} <= set(rows)
    for row in rows.values():
        assert row.TITLE
        assert "Control:" in row.ABOUT
        assert "andidate" in row.ABOUT
        assert callable(row.measure)


def test_the_rows_together_leave_room_within_fifteen_minutes() -> None:
    assert sum(row.SECONDS for row in discovered().values()) <= SECONDS_MAX


def test_an_unknown_row_is_refused_with_the_names_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["nonsense"])

    assert refused.value.code == 2
    assert f"There is no row nonsense. Choose from: {', '.join(sorted(discovered()))}." in capsys.readouterr().err


def test_a_processor_says_what_it_lacks_for_int8() -> None:
    assert instruction_sets({"avx2", "fma"}) == "AVX2, no AVX-512, no VNNI"
    assert instruction_sets({"avx2", "avx512f", "avx512_vnni"}) == "AVX2, AVX-512, AVX-512 VNNI"
    assert has_vnni({"avx_vnni"})
    assert not has_vnni({"avx2"})
