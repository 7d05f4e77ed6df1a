"""The command line `lab stats`: what it reads, says and refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from lab.cli.stats.commands import stats_app
from lab.stats.binary import BinaryBlock, BinaryComparison
from lab.stats.counts import Counts

CLICKS = """\
block,variant,n,successes
1,custom,500,48
1,vgg16,500,71
2,custom,500,51
2,vgg16,500,73
3,custom,500,44
3,vgg16,500,66
"""


RATES = "block,variant,n,successes"
JSON_TRUE = '{"block": 1, "variant": "a", "n": true, "successes": 0}\n{"block": 1, "variant": "b", "n": 9, "successes": 0}\n'


def run(*words: str, given: str | None = None, code: int = 0) -> str:
    """Standard output, or with another code the sentences on standard error."""
    said = CliRunner().invoke(stats_app, words, input=given)
    assert said.exit_code == code, said.output
    return said.stdout if code == 0 else said.stderr


def looks(*words: str, given: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*words, "-", "-o", "json", given=given).splitlines()]


def rows(header: str, *lines: str) -> str:
    return "\n".join([header, *lines]) + "\n"


def values(*arms: tuple[str, float], blocks: int = 6, each: int = 150, header: str = "block,variant,value") -> str:
    rng = np.random.default_rng(7)
    named = [(block, name, scale) for block in range(blocks) for name, scale in arms for _ in range(each)]
    return rows(header, *(f"{block},{name},{scale * np.exp(0.5 * rng.standard_normal()):.5f}" for block, name, scale in named))


# Success rates.


def test_a_comparison_says_at_each_look_what_the_method_says() -> None:
    test = BinaryComparison().update(BinaryBlock(Counts(500, 48), Counts(500, 71))).update(BinaryBlock(Counts(500, 51), Counts(500, 73)))

    said = looks("binary", given=CLICKS)

    assert [look["block"] for look in said] == ["1", "2", "3"]
    second = said[1]["variants"]["vgg16"]
    assert second["n"] == {"custom": 1000, "vgg16": 1000}
    assert second["log_e"] == pytest.approx(test.log_e)
    assert second["p"] == pytest.approx(test.p_value)
    assert np.log(second["estimates"]["odds_ratio"]["low"]) == pytest.approx(test.interval().low)
    assert said[-1]["variants"]["vgg16"]["verdict"] == "higher"


def test_a_table_has_a_line_per_look(tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text(CLICKS)

    said = run("binary", str(tmp_path / "clicks.csv"))

    assert [line.split()[0] for line in said.splitlines()[3:-1]] == ["1", "2", "3"]
    assert "odds ratio" in said
    assert "higher" in said.splitlines()[-2]


def test_json_lines_say_the_same_as_csv() -> None:
    header, *lines = CLICKS.splitlines()
    as_json = "\n".join(json.dumps(dict(zip(header.split(","), line.split(","), strict=True))) for line in lines)

    assert looks("binary", given=as_json) == looks("binary", given=CLICKS)


def test_what_a_spreadsheet_writes_is_read(tmp_path: Path) -> None:
    spreadsheet = "\ufeff" + CLICKS.replace("\n", "\r\n").replace("vgg16", ' "vgg16"')
    (tmp_path / "clicks.csv").write_bytes(spreadsheet.encode())

    assert run("binary", "-", given=spreadsheet) == run("binary", "-", given=CLICKS)
    assert run("binary", str(tmp_path / "clicks.csv")) == run("binary", "-", given=CLICKS)


def test_a_line_ends_where_the_line_ends() -> None:
    named = CLICKS.replace("vgg16", "v\u2028\x1d6")

    assert looks("binary", given=named)[-1]["variants"]["v\u2028\x1d6"]["verdict"] == "higher"


def test_no_evidence_is_not_negative() -> None:
    assert "-0.00" not in run("mean", "-", given=rows("block,variant,value", "1,a,1", "1,b,2"))


def test_rows_of_one_variant_in_a_block_add_up_and_a_missing_variant_saw_nothing() -> None:
    said = looks("binary", given=rows("block,variant,n,successes", "1,a,10,1", "1,b,10,1", "1,a,5,0", "2,a,5,0"))

    assert said[0]["variants"]["b"]["n"] == {"a": 15, "b": 10}
    assert said[1]["variants"]["b"]["n"] == {"a": 20, "b": 10}


def test_the_baseline_can_be_named_and_turns_the_comparison_round() -> None:
    ahead, behind = looks("binary", given=CLICKS)[-1], looks("binary", "--baseline", "vgg16", given=CLICKS)[-1]

    assert list(behind["variants"]) == ["custom"]
    turned = behind["variants"]["custom"]["estimates"]["odds_ratio"]["value"]
    assert turned == pytest.approx(1 / ahead["variants"]["vgg16"]["estimates"]["odds_ratio"]["value"])


def test_a_margin_asks_whether_the_candidate_is_not_much_worse() -> None:
    errors = rows("block,variant,n,successes", "1,a,40000,200", "1,b,40000,190")

    said = looks("binary", "--side", "less", "--margin", "1.5", given=errors)[0]["variants"]["b"]

    assert said["verdict"] == "below 1.5"
    assert said["estimates"]["odds_ratio"]["low"] == 0
    assert said["estimates"]["odds_ratio"]["high"] < 1.5


def test_several_candidates_share_the_level() -> None:
    more = CLICKS + "4,custom,500,44\n4,vgg16,500,60\n4,svc,500,46\n4,forest,500,46\n"
    said = CliRunner().invoke(stats_app, ["binary", "-", "-o", "json"], input=more)

    assert json.loads(said.stdout.splitlines()[0])["alpha_each"] == pytest.approx(0.05 / 3)
    assert "3 candidates: each is judged at 0.01667" in said.stderr


# Limits.


def test_a_limit_is_violated_satisfied_or_neither() -> None:
    errors = rows("block,variant,n,successes", "1,bad,5000,150", "1,good,5000,10", "1,near,5000,50")

    said = looks("limit", "--limit", "0.01", given=errors)[0]["variants"]

    assert {name: one["verdict"] for name, one in said.items()} == {"bad": "violated", "good": "satisfied", "near": "undecided"}
    assert said["good"]["log_e_satisfied"] > 3 > said["good"]["log_e"]


def test_a_slower_95th_percentile_is_found() -> None:
    said = looks("p95", given=values(("a", 0.1), ("b", 0.16)))[-1]["variants"]["b"]

    assert said["verdict"] == "slower"
    assert said["estimates"]["baseline_s"]["low"] < 0.1 * np.exp(0.5 * 1.645) < said["estimates"]["baseline_s"]["high"]


def test_a_95th_percentile_is_held_against_a_limit() -> None:
    said = looks("p95", "--limit", "0.35", given=values(("a", 0.1), ("b", 0.3)))[-1]["variants"]

    assert {name: one["verdict"] for name, one in said.items()} == {"a": "satisfied", "b": "violated"}


def test_a_mean_is_held_against_a_limit_below_a_bound() -> None:
    said = looks("mean", "--limit", "0.2", "--bound", "5", given=values(("a", 0.1), ("b", 0.3)))[-1]["variants"]

    assert said["b"]["verdict"] == "violated"
    assert said["a"]["estimates"]["mean"]["high"] < 0.2


# Means and ratios.


def test_means_are_compared_per_unit() -> None:
    each = rows("block,variant,value", "1,a,3", "1,a,4", "1,b,5", "1,b,6", "2,a,2", "2,b,7")
    split_up = rows("block,variant,value,unit", "1,a,1,u", "1,a,4,v", "1,a,2,u", "1,b,5,w", "1,b,6,x", "2,a,2,y", "2,b,7,z")

    assert looks("mean", given=split_up) == looks("mean", given=each)


def test_a_mean_is_found_higher_and_a_cap_does_not_change_that() -> None:
    given = values(("a", 1.0), ("b", 1.3))

    assert looks("mean", given=given)[-1]["variants"]["b"]["verdict"] == "higher"
    assert looks("mean", "--cap", "0.99", given=given)[-1]["variants"]["b"]["verdict"] == "higher"


def test_an_epoch_joins_blocks_of_one_split() -> None:
    each = values(("a", 1.0), ("b", 1.1), blocks=2, each=4)
    header, *lines = each.splitlines()
    joined = rows(f"{header},epoch", *(f"{line},first" for line in lines))

    alone, together = (looks("mean", given=given)[-1]["variants"]["b"]["log_e"] for given in (each, joined))

    assert alone != together


def test_a_ratio_can_be_given_as_value_and_weight() -> None:
    sums = rows("block,variant,numerator,denominator", "1,a,6,3", "1,a,2,4", "1,b,9,3", "1,b,1,1")
    means = rows("block,variant,value,weight", "1,a,2,3", "1,a,0.5,4", "1,b,3,3", "1,b,1,1")

    said = looks("ratio", given=sums)

    assert said == looks("ratio", given=means)
    assert said[0]["variants"]["b"]["estimates"]["difference"]["value"] == pytest.approx(10 / 4 - 8 / 7)


# The split.


def test_a_split_that_is_off_is_said_and_one_that_changes_as_planned_is_not() -> None:
    off = rows("block,variant,n,weight", "1,a,5000,50", "1,b,4000,50")
    planned = rows("block,variant,n,weight", "1,a,950,95", "1,b,50,5", "2,a,500,50", "2,b,500,50")

    assert looks("srm", given=off)[0]["variants"]["split"]["verdict"] == "off: trust nothing"
    assert looks("srm", given=planned)[-1]["variants"]["split"]["verdict"] == "as planned"


# The plan.


def test_a_plan_says_how_many_units_and_days() -> None:
    said = json.loads(run("plan", "--rate", "0.10", "--to", "0.12", "--per-day", "1000", "-o", "json"))

    assert said["baseline"] == said["candidate"] == 3841
    assert said["days"]["fixed"] == pytest.approx(7.682)
    assert said["fixed"] < said["mean"] < said["maximum"] < 2 * said["fixed"]


def test_a_plan_for_means_needs_a_deviation() -> None:
    assert "one look" in run("plan", "--difference", "0.1", "--deviation", "1")
    assert "--deviation" in run("plan", "--difference", "0.1", code=2)


# What cannot be evidence is refused in a sentence, with its place.


@pytest.mark.parametrize(
    ("words", "given", "sentence"),
    [
        (["binary"], rows(RATES, "1,a,10,12", "1,b,9,1"), "standard input, line 2: successes is 12, must be between 0 and n = 10."),
        (["binary"], rows(RATES, "1,a,ten,2", "1,b,9,1"), "standard input, line 2: n is 'ten', must be a number."),
        (["binary"], rows(RATES, "1,a,10.5,2", "1,b,9,1"), "standard input, line 2: n is 10.5, must be a whole number of at least 0."),
        (["binary"], rows(RATES, "1,a,10,", "1,b,9,1"), "standard input, line 2: successes is missing."),
        (["binary"], rows("block,variant,n", "1,a,10"),
         "standard input, line 1: there is no column successes. Its columns are block, variant, n."),
        (["binary"], rows(RATES, "1,a,10,2,7"), "standard input, line 2: 5 values, but 4 columns."),
        (["binary"], rows(RATES, "1,a,9,2", "2,a,9,2", "1,b,9,2"),
         "standard input, line 4: block 1 was closed by a later one. Sort the rows by block."),
        (["binary"], rows(RATES, "1,a,9,2"), "There is only a. A comparison needs a second variant."),
        (["binary", "--baseline", "c"], CLICKS, "There is no variant c. The file has custom, vgg16."),
        (["binary", "--alpha", "2"], CLICKS, "alpha is 2.0, must be between 0 and 1."),
        (["binary", "--margin", "-1"], CLICKS, "The margin is -1, must be an odds ratio above 0."),
        (["binary"], "", "standard input has no rows."),
        (["binary"], "\n \n", "standard input has no rows."),
        (["binary"], rows("block;variant;n;successes", "1;a;10;1"),
         "standard input, line 1: there is no column block. Its columns are block;variant;n;successes. Separate them by commas."),
        (["binary"], rows(f"{RATES},n", "1,a,10,1,9"), "standard input, line 1: there are 2 columns n, must be one."),
        (["binary"], rows(RATES, f'1,"a,10,1{"0" * 140_000}'),
         "standard input is not CSV: field larger than field limit (131072). Is a quotation mark left open?"),
        (["binary"], '[{"block": 1}]', 'standard input begins with an array. JSON lines has one object per line: {"block": 1, …}.'),
        (["binary"], rows(RATES, "1,a,1e19,1", "1,b,9,1"), "standard input, line 3, block 1: n is 1e+19, must be at most 1e+15."),
        (["binary"], f'{{"block": 1, "variant": "a", "n": 1{"0" * 400}, "successes": 0}}\n{{"block": 1, "variant": "b", "n": 1}}',
         f"standard input, line 1: n is 1{'0' * 400}, must be a number."),
        (["mean", "--cap", "0"], CLICKS.replace("successes", "value"), "The share is 0.0, must be between 0 and 1."),
        (["p95", "--limit", "-1"], "block,variant,value\n1,a,1\n", "The limit is -1 s, must be above 0."),
        (["binary"], '{"block": 1, "variant": "a"\n', "standard input, line 1: '{\"block\": 1, \"variant\": \"a\"' is not JSON."),
        (["binary"], JSON_TRUE, "standard input, line 1: n is True, must be a number."),
        (["limit", "--limit", "1.5"], CLICKS, "limit is 1.5, must be a rate between 0 and 1."),
        (["p95"], "block,variant,value\n1,a,-0.1\n1,b,1\n", "standard input, line 2: value is -0.1, must be 0 or more."),
        (["p95"], "block,variant,value\n1,a,nan\n1,b,1\n", "standard input, line 2: value is 'nan', must be a number."),
        (["mean"], "block,variant,value,unit\n1,a,1,u\n1,b,1,v\n2,a,1,u\n",
         "standard input, line 4: unit u was in block 1 already. Give a unit once, when it is complete."),
        (["mean"], "block,variant,value,unit\n1,a,1,u\n1,b,1,u\n",
         "standard input, line 3: unit u is with b, but was with a before. A unit keeps its variant."),
        (["ratio"], "block,variant,value\n1,a,1\n1,b,1\n", "standard input, line 2: denominator is missing."),
        (["srm"], "block,variant,n,weight\n1,a,5,50\n1,b,5,0\n",
         "standard input, line 3, block 1: b got 5 visitors at a planned share of 0."),
    ],
)
def test_what_cannot_be_evidence_is_refused_in_a_sentence(words: list[str], given: str, sentence: str) -> None:
    said = run(*words, "-", given=given, code=1)

    assert sentence in said.splitlines()


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "picture.csv").write_bytes(b"\xff\xd8\xff")

    assert "none.csv cannot be read: No such file or directory." in run("binary", str(tmp_path / "none.csv"), code=1)
    assert "picture.csv is not text in UTF-8 (byte 0)." in run("binary", str(tmp_path / "picture.csv"), code=1)


def test_limit_and_bound_need_each_other() -> None:
    assert "--bound" in run("mean", "-", "--limit", "2", given="", code=2)
