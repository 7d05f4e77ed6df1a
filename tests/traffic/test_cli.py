"""The command line: what it changes, shows and refuses, and with which exit code."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lab import settings
from lab.cli import app
from lab.settings import CHECKOUT
from lab.traffic.nginx import NginxTraffic

VARIANTS = "svc, forest, xgboost, bayes, knn"


@pytest.fixture(autouse=True)
def _here(state: Path, gateway: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_STATE", str(state))
    monkeypatch.setenv("LAB_GATEWAY", str(gateway))


def lab(words: str) -> Result:
    """`lab …`, typed in a terminal without colours."""
    return CliRunner(env={"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"}).invoke(app, words.split())


def shown(result: Result) -> dict[str, dict[str, str]]:
    """The variants of a `-o json` answer about one route."""
    (route,) = json.loads(result.stdout)["routes"]
    return {one["variant"]: one for one in route["variants"]}


def test_weights_are_changed_and_shown(traffic: NginxTraffic) -> None:
    result = lab("weight iris svc=50 forest=50")

    assert (result.exit_code, result.stderr) == (0, "")
    assert traffic.weights("iris") == {"svc": 50, "forest": 50}
    assert "iris: weighted, epoch 1, no experiment, fallback baseline" in result.stdout


def test_a_route_is_shown_as_a_table() -> None:
    lab("weight iris forest=12.5 knn=10")
    lab("route iris --shadow bayes=0.5")

    lines = [" ".join(line.split()) for line in lab("weight iris").stdout.splitlines()]

    assert lines[0] == "iris: weighted, epoch 2, no experiment, fallback baseline"
    assert [line for line in lines[1:] if line and "─" not in line] == [
        "variant weight % lane buckets version shadow %",
        "svc (baseline) 77.5 - 1250-8999 iris-v1 -",
        "forest 12.5 1 0-1249 iris-v2 -",
        "knn 10 2 9000-9999 - -",
        "xgboost 0 - - - -",
        "bayes 0 - - - 0.5",
    ]


def test_every_route_is_shown_without_changing_anything(state: Path) -> None:
    for words in ("weight --show", "weight", "weight -o json"):
        result = lab(words)

        assert result.exit_code == 0
        assert "fruit" in result.stdout
        assert "iris" in result.stdout
    assert lab("weight iris --show").stdout == lab("weight iris").stdout
    assert list(state.iterdir()) == []


def test_json_says_the_same_to_programs() -> None:
    result = lab("weight iris forest=12.5 -o json")

    assert json.loads(result.stdout)["notes"] == []
    (route,) = json.loads(result.stdout)["routes"]
    assert {field: value for field, value in route.items() if field != "variants"} == {
        "route": "iris",
        "mode": "weighted",
        "epoch": 1,
        "experiment": None,
        "baseline": "svc",
        "fallback": "baseline",
        "rescue_500": False,
        "rules": [],
    }
    assert route["variants"][:2] == [
        {"variant": "svc", "weight_percent": 87.5, "lane": None, "buckets": [[1250, 9999]], "version": "iris-v1", "shadow_percent": 0},
        {"variant": "forest", "weight_percent": 12.5, "lane": 1, "buckets": [[0, 1249]], "version": "iris-v2", "shadow_percent": 0},
    ]


def test_a_route_in_round_robin_becomes_weighted_and_says_so(traffic: NginxTraffic) -> None:
    result = lab("weight fruit vgg16=10")

    assert result.exit_code == 0
    assert result.stderr == "fruit was in round robin and is weighted now: every visitor keeps their variant.\n"
    assert traffic.read().routes["fruit"].mode == "weighted"


@pytest.mark.parametrize(("mode", "said"), [("off", "everybody"), ("roundrobin", "in turn"), ("weighted", "0-3999")])
def test_the_mode_changes(traffic: NginxTraffic, mode: str, said: str) -> None:
    lab("weight iris --mode off")

    result = lab(f"weight iris --mode {mode}")

    assert result.exit_code == 0
    assert said in result.stdout
    assert traffic.read().routes["iris"].mode == mode


def test_weights_and_mode_change_together_in_one_epoch(traffic: NginxTraffic) -> None:
    lab("weight fruit custom=70 vgg16=30 --mode roundrobin")

    route = traffic.read().routes["fruit"]
    assert (route.mode, route.weight("vgg16"), route.epoch) == ("roundrobin", 30, 1)


def test_what_is_so_already_is_not_changed(traffic: NginxTraffic) -> None:
    result = lab("weight iris forest=40")

    assert (result.exit_code, result.stderr) == (0, "iris is like this already: nothing is changed.\n")
    assert traffic.read().routes["iris"].epoch == 0


def test_rescue_and_shadows_change_together(traffic: NginxTraffic) -> None:
    result = lab("route iris --fallback none --rescue-500 --shadow xgboost=10 --shadow knn=5%")

    route = traffic.read().routes["iris"]
    assert result.exit_code == 0
    assert "fallback none (500 too)" in result.stdout
    assert (route.fallback, route.rescue_500, route.shadows, route.epoch) == ("none", True, {"xgboost": 10, "knn": 5}, 1)

    lab("route iris --no-rescue-500 --shadow knn=0")
    route = traffic.read().routes["iris"]
    assert (route.rescue_500, route.shadows) == (False, {"xgboost": 10})


def test_an_unused_lane_is_given_up(traffic: NginxTraffic) -> None:
    lab("weight iris knn=10 bayes=10")
    lab("weight iris forest=10 bayes=10")
    crowded = lab("weight iris forest=40")

    assert (crowded.exit_code, crowded.stdout) == (1, "")
    assert crowded.stderr.startswith("forest cannot have 40 %: with 3 candidates each has a lane of 33.33 %.")
    assert lab("route iris --drop-lane knn").exit_code == 0
    assert lab("weight iris forest=40").exit_code == 0
    assert traffic.weights("iris") == {"svc": 60, "forest": 40, "bayes": 0}


@pytest.mark.parametrize(
    "before",
    [
        "forest=20 xgboost=20",
        "forest=20 xgboost=20 bayes=20",
        "forest=25 xgboost=25 bayes=25 svc=25",
        "forest=0 xgboost=20 bayes=5",
        "forest=33.33 bayes=0.01",
    ],
)
@pytest.mark.parametrize("request_", ["knn=50", "knn=40 forest=20", "knn=34 xgboost=1"])
def test_the_way_out_that_a_refusal_offers_leads_out(before: str, request_: str) -> None:
    assert lab(f"weight iris {before}").exit_code == 0

    for _ in range(4):
        result = lab(f"weight iris {request_}")
        if result.exit_code == 0:
            break
        for words in re.findall(r"lab ((?:weight|route) .*?)(?= and then|$)", result.stderr.strip()):
            assert lab(words).exit_code == 0, words

    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("weight rose", 'There is no route "rose". Routes: fruit, iris.'),
        ("weight constructor a=1", 'There is no route "constructor". Routes: fruit, iris.'),
        ("weight __proto__ --mode off", 'There is no route "__proto__". Routes: fruit, iris.'),
        ("route toString --rescue-500", 'There is no route "toString". Routes: fruit, iris.'),
        ("weight iris mango=10", f"There is no variant mango in this route. Its variants: {VARIANTS}."),
        ("weight iris constructor=10", f"There is no variant constructor in this route. Its variants: {VARIANTS}."),
        ("route iris --shadow __proto__=10", f"There is no variant __proto__ in this route. Its variants: {VARIANTS}."),
        ("weight iris forest=130", "forest cannot have 130 %, must be a number from 0 to 100 with at most 2 decimals."),
        ("weight iris forest=100.00001", "forest cannot have 100.00001 %, must be a number from 0 to 100 with at most 2 decimals."),
        ("route iris --shadow knn=0.00001", "knn cannot have 1e-05 %, must be a number from 0 to 100 with at most 2 decimals."),
        ("weight iris forest=-5", "forest cannot have -5 %, must be a number from 0 to 100 with at most 2 decimals."),
        ("weight iris svc=50 forest=40", "The weights sum to 90 %, must be 100 %. Leave out svc, and it gets 60 %."),
        ("route iris --drop-lane forest", "forest has 40 %. First give it 0 %: only a candidate without visitors can give up its lane."),
    ],
)
def test_what_is_refused_is_a_sentence_and_exit_code_1(words: str, expected: str, state: Path) -> None:
    result = lab(words)

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"{expected}\n")
    assert not (state / "routes.json").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("weight iris svc", "'svc' must be a variant and its percentage"),
        ("weight iris svc=half", "'svc=half' must be a variant and its percentage"),
        ("weight iris svc=nan", "'svc=nan' must be a variant and its percentage"),
        ("weight iris forest=10 forest=20", "forest is named twice"),
        ("weight iris --show forest=10", "--show changes nothing"),
        ("weight --mode off", "Name the route whose mode changes"),
        ("weight iris --mode chaos", "chaos"),
        ("route", "Missing argument"),
        ("route iris --fallback other", "other"),
        ("nosuch", "nosuch"),
    ],
)
def test_what_is_not_understood_is_exit_code_2(words: str, expected: str, state: Path) -> None:
    result = lab(words)

    assert result.exit_code == 2
    assert expected in " ".join(result.stderr.replace("│", " ").split())
    assert list(state.iterdir()) == []


def test_help_says_the_exit_codes() -> None:
    for words in ("--help", "weight --help", "route --help"):
        result = lab(words)

        assert result.exit_code == 0
        assert "Exit codes: 0 done; 1 refused or failed" in " ".join(result.stdout.split())


def test_a_broken_file_is_noted_and_what_counts_is_shown(state: Path) -> None:
    (state / "routes.json").write_text("{")

    result = lab("weight iris")

    assert result.exit_code == 0
    assert "For iris, what the gateway came with counts instead." in result.stderr
    assert "iris: weighted, epoch 0" in result.stdout


def test_a_missing_state_is_a_sentence_and_exit_code_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "away"))

    result = lab("weight iris forest=10")

    assert (result.exit_code, result.stderr) == (
        1,
        f"The folder {tmp_path}/away is missing. Start the lab (make up), or set LAB_STATE to its folder.\n",
    )


def test_hostile_text_in_a_table_reaches_the_terminal_as_it_is(state: Path, gateway: Path) -> None:
    table = json.loads((gateway / "routes.json").read_text())
    table["routes"]["iris"]["versions"]["svc"] = "[red]v1[/] :boom:"
    (state / "routes.json").write_text(json.dumps(table))

    assert "[red]v1[/] :boom:" in lab("weight iris").stdout


def test_output_that_goes_elsewhere_is_neither_cut_nor_coloured(state: Path, gateway: Path) -> None:
    table = json.loads((gateway / "routes.json").read_text())
    table["routes"]["iris"]["versions"]["svc"] = "x" * 80
    (state / "routes.json").write_text(json.dumps(table))

    done = subprocess.run(
        [Path(sys.executable).with_name("lab"), "weight", "iris"], cwd="/", env=os.environ, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "x" * 80 in done.stdout
    assert "\x1b" not in done.stdout


def test_sockets_that_had_to_be_put_elsewhere_are_found_by_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_SOCKETS", raising=False)
    monkeypatch.setenv("LAB_STATE", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sockets").symlink_to(tmp_path / "elsewhere")

    assert settings.from_environment().sockets == tmp_path / "elsewhere"


def test_the_default_places_are_those_of_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAB_STATE", "LAB_GATEWAY", "LAB_SOCKETS", "LAB_ATTRIBUTION_S", "LAB_REWARD_CAP", "LAB_KEEP_DAYS", "LAB_KEEP_GB"):
        monkeypatch.delenv(name, raising=False)

    here = settings.from_environment()

    assert here[:3] == (CHECKOUT / "state", CHECKOUT / "nginx", CHECKOUT / "state" / "run")
    assert here == settings.Settings(*here[:3])
