"""A run's pictures show what was seen and decided, with the number beside each, and say what is missing."""

import math
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from lab.controller.case import Case
from lab.decide import decide, initial
from lab.judge.block import Block, Look
from lab.judge.decision import Judgement
from lab.judge.evidence import Evidence
from lab.spec.experiment import Strength, Version
from lab.stats.histogram import Histogram, bin_of
from lab.stats.interval import Interval
from lab.stats.verdict import Reason, Verdict
from lab.web.pages.experiment_figures import Figure, LatencyOf, figures
from lab.web.pages.figures.claims import claims, harms
from lab.web.pages.frame import templates
from tests.explain.test_real_decisions import FILES, START, arm, experiment_of
from tests.web.plot.charts import HOSTILE, points
from tests.web.runs import AB, ABN, CANARY, CONFORMANCE, ITER8, aborted, judged, run


def latencies(*seconds: float) -> dict[int, int]:
    found = Histogram.of(list(seconds)).counts
    return {i: int(found[i]) for i in found.nonzero()[0]}


# Values without counts, as JSON.
ANSWERED = [
    {"metric": "conversion", "variant": name, "value": value, "n": 0, "low": None, "high": None}
    for name, value in (("svc", 0.1), ("forest", 0.2))
]

LATENCY = (LatencyOf("svc", latencies(*[0.002] * 90, *[0.009] * 10)), LatencyOf("forest", latencies(*[0.004] * 20)))


def drawn(case: Case) -> dict[str, Figure]:
    return {one.key: one for one in figures(case, LATENCY, "since its start")}


def tree(one: Figure) -> ElementTree.Element:
    assert one.picture is not None
    return ElementTree.fromstring(str(one.picture))


def words(one: Figure) -> list[str]:
    return ["".join(part.itertext()) for part in tree(one).iter() if part.tag in ("text", "li")]


def of_class(one: Figure, name: str) -> list[ElementTree.Element]:
    return [part for part in tree(one).iter() if name in part.get("class", "").split()]


def shown(one: Figure) -> str:
    return templates.from_string('{% from "figure.html" import figure %}{{ figure(one) }}').render(one=one)


def test_a_comparison_shows_difference_evidence_harm_weights_and_latency() -> None:
    found = drawn(run())

    assert list(found) == ["difference", "evidence", "harm", "weights", "latency"]
    assert all(one.picture for one in found.values())


def test_the_difference_is_said_with_its_interval_and_its_look() -> None:
    found = drawn(run(looks=25))["difference"]

    assert found.title == "Difference in conversion: forest \N{MINUS SIGN} svc"
    assert found.sentence == (
        "forest \N{MINUS SIGN} svc: +2.3 percentage points, between -7.7 and +12.3 percentage points at 95 % certainty. "
        "At look 25, 19:35:25 UTC."
    )


def test_the_difference_is_drawn_beside_no_difference_and_what_is_worth_a_change() -> None:
    found = drawn(run())["difference"]

    assert len(of_class(found, "band")) == len(of_class(found, "line")) - 1 == 1
    assert {"no difference", "worth a change"} <= set(words(found))


def test_a_margin_is_drawn_on_the_side_that_is_worse() -> None:
    case = run(replace(AB, reward=AB.reward._replace(margin=0.1), strength=Strength()))  # type: ignore[union-attr]

    names = [level for level in words(drawn(case)["difference"]) if level in ("no difference", "no worse than this")]

    assert names == ["no difference", "no worse than this"]


def test_epochs_are_shaded_with_the_candidates_weight_and_said_once() -> None:
    found = drawn(run())

    assert [name for name in words(found["difference"]) if re.fullmatch(r"\d+ %", name)] == ["20 %", "40 %", "50 %", "50 %"]
    assert "epochs" in str(found["difference"].picture)
    assert "epochs" not in str(found["evidence"].picture)


def test_decisions_are_marked_where_the_verdict_changes() -> None:
    found = drawn(run(ends="promote"))["difference"]

    assert words(found)[-3:] == [
        "19:33:25 UTC, look 1: hold",
        "19:33:35 UTC, look 3: continue",
        "19:34:20 UTC, look 12: promote forest",
    ]


def test_what_a_person_decided_is_marked_with_their_words() -> None:
    found = drawn(aborted(run(), f"Aborted by jane: {HOSTILE}"))["difference"]

    assert words(found)[-1].startswith("19:50:00 UTC: Aborted by jane: <script>")
    assert "<script" not in str(found.picture)


def test_of_many_changes_of_the_verdict_the_latest_are_marked() -> None:
    case = run(looks=200)
    flips = [look.decision | {"kind": "hold" if look.number % 2 else "continue"} for look in case.story.looks]
    looks = tuple(look._replace(decision=said) for look, said in zip(case.story.looks, flips, strict=True))
    case.story = replace(case.story, looks=looks)

    found = drawn(case)["difference"]

    assert len(of_class(found, "mark")) == 8
    assert any("(192 earlier changes of the verdict are left out)" in said for said in words(found))


def test_early_intervals_do_not_make_the_late_ones_invisible() -> None:
    found = drawn(run(looks=100))["difference"]

    ticks = [float(said.replace("\N{MINUS SIGN}", "-")) for said in words(found) if re.fullmatch(r"[+\N{MINUS SIGN}]?\d+", said)]

    assert max(abs(tick) for tick in ticks) <= 15


def test_an_interval_without_an_upper_end_goes_to_the_top_edge() -> None:
    def unbounded(number: int, variant: str) -> Judgement:
        return judged(number, variant)._replace(interval=Interval(0.01, math.inf, 0.05))

    found = drawn(run(judged=unbounded))["difference"]

    assert "+2.3 percentage points, at least +1 percentage points at 95 % certainty" in found.sentence
    assert points(of_class(found, "band")[0].attrib["d"])[0][1][1] == 0


def test_what_it_takes_is_drawn_with_its_threshold() -> None:
    found = drawn(run())["evidence"]

    assert "shown at e = 20" in words(found)
    assert found.sentence == (
        "1 of 3 claims is shown; the weakest: conversion is better than that of svc, e = 3.32 of 20, at look 12. "
        "All of them must reach the line before anything is promoted."
    )


def violated(number: int, variant: str) -> Judgement:
    """Good for long, then found out."""
    one = judged(number, variant)
    harm = Reason("violated", "latency-95th-percentile", 400.0, 250.0, "ms", log_e=9.0, needed=4.0, n=100)
    return one._replace(verdict=Verdict("roll back", (harm,)))


def test_a_claim_whose_contrary_is_shown_was_shown_before() -> None:
    alone, several = (drawn(run(experiment, judged=violated))["evidence"] for experiment in (AB, ABN))

    assert alone.sentence.startswith(
        "None of 3 claims is shown (latency-95th-percentile is at most 250 ms: was shown before, now the contrary is); the weakest: "
    )
    assert "forest: conversion is better than that of svc, e = 3.32 of 40, but harm is shown; xgboost" in several.sentence


def test_the_weights_of_a_run_that_is_over_are_those_at_its_end() -> None:
    assert " at its end, since " in drawn(aborted(run(), "Aborted by jane."))["weights"].sentence


def test_the_harms_share_their_threshold() -> None:
    found = drawn(run())["harm"]

    assert "shown at e = 80" in words(found)
    assert found.sentence.startswith("None of 4 harms is shown; the strongest: ")


@pytest.mark.parametrize("path", [path for path in FILES if "iter8" not in path.stem], ids=lambda path: path.stem)
def test_every_line_of_a_real_decision_has_a_name(path: Path) -> None:
    experiment, rng = experiment_of(path), np.random.default_rng(7)
    arms = {one.variant: arm(rng, 200, 0.3) for one in experiment.versions}
    look = Look(START, START, (Block(1, dict.fromkeys(arms, 50.0), arms),))

    decision = decide(experiment, Evidence.start(experiment).seen(look), initial(experiment), START)

    named = {one.key for one in (*claims(experiment), *harms(experiment))}
    for one in decision.judgements:
        assert one.log_e
        assert set(one.log_e) <= named


def test_evidence_that_no_number_can_hold_is_drawn_at_the_edge_and_said() -> None:
    found = drawn(run())["evidence"]

    assert any("latency-95th-percentile is at most 250 ms e = 1e521" in said for said in words(found))


def test_evidence_begins_at_one_before_anything_is_seen() -> None:
    def late(number: int, variant: str) -> Judgement:
        return judged(number, variant) if number > 6 else Judgement(variant, Verdict("hold", ()))

    found = drawn(run(judged=late))["evidence"]

    path = of_class(found, "variant-1")[-1].attrib["d"]
    assert path.count("M") == 1
    assert len({height for _, (_, height) in points(path)[:7]}) == 1


def test_a_claim_of_which_nothing_was_seen_is_the_weakest() -> None:
    def unrewarded(number: int, variant: str) -> Judgement:
        one = judged(number, variant)
        return one._replace(log_e_max={name: log_e for name, log_e in one.log_e_max.items() if "conversion" not in name})

    alone, several = (drawn(run(experiment, judged=unrewarded))["evidence"] for experiment in (AB, ABN))

    assert alone.sentence.startswith(
        "1 of 3 claims is shown; the weakest: conversion is better than that of svc, nothing seen yet, at look"
    )
    assert several.sentence.startswith("forest: conversion is better than that of svc, nothing seen yet; xgboost:")
    assert "conversion is better than that of svc nothing seen yet" in words(alone)


def test_each_of_several_candidates_has_the_line_of_what_decides() -> None:
    found = drawn(run(ABN))

    assert len([said for said in words(found["difference"]) if "\N{MINUS SIGN} svc" in said]) == 2
    assert "forest: conversion is better than that of svc, e = 3.32 of 40; xgboost: conversion is" in found["evidence"].sentence
    assert "A candidate whose strongest sign of harm reaches the line is rolled back." in found["harm"].sentence


def test_weights_are_steps_in_percent() -> None:
    found = drawn(run())["weights"]

    assert found.sentence == "svc 50 %, forest 50 %, since 19:33:55 UTC."
    assert {"0 %", "100 %"} <= set(words(found))


def test_who_is_left_out_of_a_split_has_nothing() -> None:
    case = run(ends="promote")
    last = case.story.looks[-1]._replace(weights={"forest": 100.0})
    case.story = replace(case.story, looks=(*case.story.looks[:-1], last))

    assert drawn(case)["weights"].sentence.startswith("svc 0 %, forest 100 %, since")


def test_latencies_are_said_with_median_p95_and_n() -> None:
    found = drawn(run())["latency"]

    assert found.sentence == (
        "svc: half of the answers within 2 ms, 95 % within 9 ms (n = 100); "
        "forest: half of the answers within 4 ms, 95 % within 4 ms (n = 20). Counted since its start, up to now."
    )
    assert len(of_class(found, "area")) == 4


def test_latencies_say_of_what_time_they_are() -> None:
    (found,) = (one for one in figures(run(), LATENCY, "over its last 1 h") if one.key == "latency")

    assert found.sentence.endswith(" Counted over its last 1 h, up to now.")
    assert found.table is not None
    assert found.table.caption == "Answers that the split assigned, counted over its last 1 h"


def test_every_answer_is_in_a_bin_of_the_picture() -> None:
    counts = {int(bin_of(ms / 1000)): 10 for ms in (0, 1, 2, 3, 5, 8, 13, 40, 250, 999, 20_000)}

    (found,) = (one for one in figures(run(), [LatencyOf("svc", counts)], "since its start") if one.key == "latency")

    heights = [numbers[0] for letter, numbers in points(of_class(found, "area")[-1].attrib["d"]) if letter == "V"]
    assert sum(1 for height in heights if height < 480) == 10


def test_a_canary_shows_its_limits_instead_of_a_reward() -> None:
    found = drawn(run(CANARY))

    assert list(found) == ["value-1", "value-2", "evidence", "harm", "weights", "latency"]
    assert "error-rate: svc 0.4 % (n = 1,200), forest 0.4 % (n = 1,200), at look 12" in found["value-1"].sentence
    assert "limit: at most 1 %" in words(found["value-1"])


def test_a_conformance_test_is_about_its_baseline() -> None:
    found = drawn(run(CONFORMANCE, ends="roll back"))

    assert found["evidence"].title == "Evidence that svc keeps its limits"
    assert words(found["value-1"])[-1].endswith("svc does not conform")
    assert found["weights"].picture is None
    assert found["weights"].sentence.startswith("No traffic moves")


def test_iter8s_rule_has_estimates_and_says_what_it_does_not_have() -> None:
    found = drawn(run(ITER8))

    assert list(found) == ["value-0", "weights", "latency"]
    assert found["value-0"].sentence.startswith("Iter8's rule goes by the estimates alone, so there are neither intervals nor e-values")
    assert of_class(found["value-0"], "band") == []


def test_of_what_a_provider_answers_no_number_is_claimed() -> None:
    case = run(ITER8)
    looks = [look._replace(decision=look.decision | {"measured": ANSWERED}) for look in case.story.looks]
    case.story = replace(case.story, looks=tuple(looks))

    found = drawn(case)["value-0"]

    assert "conversion: svc 10 %, forest 20 %, at look 12" in found.sentence
    assert found.table is not None
    assert found.table.rows[-1][2:] == ("10 %", "\N{EN DASH}", "20 %", "\N{EN DASH}")


@pytest.mark.parametrize("experiment", [AB, ABN, CANARY, CONFORMANCE, ITER8])
def test_before_the_first_look_there_are_sentences_and_no_empty_frames(experiment: object) -> None:
    found = {one.key: one for one in figures(run(experiment, looks=0), [], "since its start")}  # type: ignore[arg-type]

    of_looks = [one for key, one in found.items() if key not in ("weights", "latency")]
    assert of_looks
    assert all(one.picture is None and one.sentence.endswith("Nobody has looked at the evidence yet.") for one in of_looks)
    none = "The journal has no answers of this run, counted since its start."
    assert found["latency"] == Figure("latency", "How long answers took", none)


def test_a_run_that_waits_says_so() -> None:
    found = figures(run(looks=0, began_at=None, first=None), [], "since its start")

    assert {one.sentence for one in found} == {"It waits for its turn.", "The journal has no answers of this run, counted since its start."}


def test_the_table_beside_a_picture_has_the_last_twenty_looks() -> None:
    found = drawn(run(looks=25))["difference"].table

    assert found is not None
    assert found.caption == "The last 20 of 25 looks"
    assert found.columns == ("Look", "Time (UTC)", "forest: difference, percentage points", "from", "to")
    assert len(found.rows) == 20
    assert found.rows[-1] == ("25", "19:35:25", "+2.3", "-7.7", "+12.3")


def test_thousands_of_looks_of_five_candidates_fit_into_a_page() -> None:
    names = ["forest", "xgboost", "third", "fourth", "fifth"]
    experiment = replace(ABN, candidates=tuple(Version(name, name) for name in names))

    pages = [shown(one) for one in figures(run(experiment, looks=2_000), LATENCY, "since its start")]

    assert sum(map(len, pages)) < 150_000


def test_hostile_names_are_escaped_wherever_they_are_shown() -> None:
    experiment = replace(AB, candidates=(Version(HOSTILE, HOSTILE),), baseline=Version("svc", f"{HOSTILE}2"))

    page = "".join(shown(one) for one in figures(run(experiment), [LatencyOf(HOSTILE, {100: 3})], "since its start"))

    assert "<script" not in page
    assert "style=" not in page


def test_a_figure_has_a_caption_a_table_and_a_key_that_moves_it() -> None:
    page = shown(drawn(run())["weights"])

    assert 'data-live="figure-weights"' in page
    assert "<summary>The numbers</summary>" in page
    assert '<th scope="col">forest</th>' in page
