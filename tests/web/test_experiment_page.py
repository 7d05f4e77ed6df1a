"""The page of a run: who leads, why, whether that can be trusted, and how it came to that."""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from lab.judge.decision import Decision, EpochCount, Judgement, Measured, Standing
from lab.routes import Route
from lab.spec.experiment import Experiment
from lab.stats.interval import Interval
from lab.stats.verdict import Reason, Verdict
from tests.controller.conftest import INTERVAL_S, START, Seen, climb, decision, harm, hold, several, text
from tests.store.conftest import feedback, prediction
from tests.web.experiment_site import Site, site, words

ONCE_VIOLATED = Reason("violated", "error-rate", 0.041, 0.05, log_e=8.0, needed=4.0, n=512)
EPOCHS = (EpochCount(1, {"svc": 900, "forest": 100}, {"svc": 90.0, "forest": 10.0}),)
HOSTILE = '<script>alert("1")</script>'
OBJECTIVES = '[{metric: error-rate, upperLimit: "0.05"}, {metric: mean-latency, upperLimit: 250}]'
REWARD = "rewards: [{metric: conversion-rate, preferredDirection: High}]\n    objectives:"
REWARDED = text(pattern="A/B", objectives=OBJECTIVES).replace("objectives:", REWARD)
ITER8 = text(strength="strength: {method: iter8}")


@pytest.fixture
def here() -> Iterator[Site]:
    with site() as made:
        yield made


def judged(
    *reasons: Reason, log_e: dict[str, float] | None = None, trust: tuple[Reason, ...] = (), **fields: Any
) -> Callable[..., Decision]:
    """A plan whose every look judges the first candidate so. fields: of the judgement."""

    def plan(experiment: Experiment, evidence: Seen, standing: Standing, now: float) -> Decision:
        kind = "hold" if trust else "continue"
        judgement = Judgement(experiment.candidates[0].variant, Verdict(kind, reasons), log_e=log_e or {}, log_e_max=log_e or {}, **fields)
        errors, latency = (one.metric for one in experiment.objectives)
        measured = [Measured(errors, "svc", 0.004, 2492, 0.002, 0.008), Measured(errors, "forest", 0.041, 512, 0.026, 0.061),
                    Measured(latency, "svc", 181.0, 2492, 170.0, 193.0), Measured(latency, "forest", None, 0)]  # fmt: skip
        if experiment.reward:
            metric = experiment.reward.metric
            measured += [Measured(metric, "svc", 0.1012, 1715, 0.082, 0.123), Measured(metric, "forest", 0.1245, 305, 0.08, 0.18)]
        made = decision(experiment, standing, kind, epochs=EPOCHS, trust=trust)
        return made._replace(judgements=(judgement,), measured=tuple(measured))

    return plan


def row(page: str, *cells: str) -> list[str]:
    """The cells of the first table row that begins with these."""
    found = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    rows = [[words(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", one, re.DOTALL)] for one in found]
    return next(one for one in rows if one[: len(cells)] == list(cells))


def test_a_stranger_reads_what_it_is_what_the_verdict_is_and_what_comes_next(here: Site) -> None:
    here.lab.start(text())
    here.lab.look(2)

    page = here.words("/experiment/ab")

    assert "ab Running Continue" in page
    assert "Next: look 3 of 5 in 10 s, at " in page
    assert "svc 70 % forest 30 %" in page
    assert "Canary on the route iris: forest against svc; Progressive; look 2 of 5, one every 10 s." in page


def test_before_the_first_look_nothing_is_claimed(here: Site) -> None:
    here.lab.start(text())

    page = here.get("/experiment/ab").text

    assert "No verdict on ab yet: nobody has looked at the evidence." in page
    assert row(page, "error-rate", "forest")[-1] == "unavailable"
    assert "Nobody was split yet." in page


STAGES: dict[str, tuple[Callable[[Site], object], tuple[str, ...]]] = {
    "waiting": (lambda here: here.lab.start(text("other")), ("Waiting", "It begins when ab ends.")),
    "paused": (lambda here: here.lab.controller.pause("ab", "ann", "a holiday"), ("Paused by ann", "a holiday", "harm still rolls back")),
    "promoted": (lambda here: here.lab.controller.promote("ab", "ann", None), ("Completed", "Promoted by hand", "Promoted by ann.")),
    "aborted": (lambda here: here.lab.controller.abort("ab", "ann", None), ("Aborted by hand", "left the route iris with svc 100 %")),
    "undone": (lambda here: here.lab.controller.undo("ab", "ann", "wrong file"), ("Undone by ann: wrong file.", "is what it was before")),
    "ended": (lambda here: here.lab.look(5), ("Completed Promote", "It has ended after ", "Finished")),
}  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_its_words(here: Site, stage: str) -> None:
    here.lab.start(text())
    here.lab.look()
    reach, expected = STAGES[stage]

    reach(here)

    page = here.words("/experiment/other" if stage == "waiting" else "/experiment/ab")
    assert [said for said in expected if said not in page] == []


def test_a_run_that_waits_and_is_aborted_has_not_moved_anything(here: Site) -> None:
    here.lab.start(text())
    here.lab.start(text("other"))

    here.lab.controller.abort("other", "ann", None)

    assert "It has ended before it began. Nothing more comes." in here.words("/experiment/other")


def test_a_harm_is_said_in_the_lead(here: Site) -> None:
    here.lab.plan = harm
    here.lab.start(text())
    here.lab.look(3)

    assert "Completed Roll back" in here.words("/experiment/ab")


def test_an_unknown_run_is_a_page_with_those_that_there_are(here: Site) -> None:
    here.lab.start(text())

    answer = here.get("/experiment/nosuch")

    assert answer.status_code == 404
    assert 'href="/lab/experiment/ab"' in answer.text
    assert here.get("/experiment/%3Cb%3E").status_code == 404


def test_a_run_that_is_not_understood_any_more_says_why(here: Site) -> None:
    here.lab.controller.unreadable["old"] = f"line 3: {HOSTILE}"

    page = here.get("/experiment/old").text

    assert "is not understood any more" in page
    assert HOSTILE not in page


def test_a_name_means_the_run_of_that_name_though_its_file_has_run_again(here: Site) -> None:
    here.lab.start(text())
    here.lab.controller.abort("ab", "ann", None)
    here.lab.start(text())

    assert "Aborted by hand" in here.words("/experiment/ab")
    assert "ab-2 Running" in here.words("/experiment/ab-2")


def test_with_several_candidates_each_has_its_own_share(here: Site) -> None:
    here.lab.plan = hold
    here.lab.start(several("forest", "xgboost"))
    here.lab.look()

    page = here.words("/experiment/ab")

    assert "svc 80 % forest 10 % xgboost 10 %" in page
    assert "forest and xgboost against svc" in page


def test_iter8s_rule_takes_the_estimates_as_they_are(here: Site) -> None:
    here.lab.plan = lambda experiment, evidence, standing, now: decision(
        experiment, standing, satisfied={"svc": (True,), "forest": (False,)}, computed={"svc": 50.0, "forest": 50.0}, epochs=EPOCHS
    )
    here.lab.start(ITER8)
    here.lab.look()

    page = here.get("/experiment/ab").text

    assert row(page, "error-rate", "svc")[-1] == "kept"
    assert row(page, "error-rate", "forest")[-1] == "violated"
    assert "Iter8&#39;s rule does not check the split" in page


@pytest.mark.parametrize(
    ("reasons", "log_e", "state", "e"),
    [
        ((), {"error-rate kept": math.log(48)}, "kept", "48 of 20"),
        ((), {"error-rate kept": math.log(2)}, "not shown yet", "2 of 20"),
        ((ONCE_VIOLATED,), {"error-rate kept": -2.0}, "violated for a while", "2,981 of 54.6 for a violation"),
    ],
)
def test_an_objective_is_kept_or_violated_only_if_that_is_shown(
    here: Site, reasons: tuple[Reason, ...], log_e: dict[str, float], state: str, e: str
) -> None:
    here.lab.plan = judged(*reasons, log_e=log_e)
    here.lab.start(text(objectives=OBJECTIVES))
    here.lab.look()

    page = here.get("/experiment/ab").text

    assert row(page, "error-rate", "forest")[2:] == ["4.1 %", "2.6 % to 6.1 %", "at most 5 %", "512 predictions", e, state]
    assert row(page, "error-rate", "svc")[-1] == "for comparison"
    assert row(page, "mean-latency", "forest")[2:] == ["–", "–", "at most 250 ms", "0 predictions", "–", "unavailable"]


def test_the_reward_has_its_values_its_difference_and_how_much_evidence_it_takes(here: Site) -> None:
    log_e = {"conversion-rate better": math.log(3.4)}
    here.lab.plan = judged(log_e=log_e, difference=0.0233, interval=Interval(-0.0041, 0.0507, 0.1))
    here.lab.start(REWARDED)
    here.lab.look()

    page = here.get("/experiment/ab").text

    assert row(page, "svc") == ["svc", "10.1 %", "8.2 % to 12.3 %", "1,715 predictions"]
    assert row(page, "forest", "+2.33 percentage points")[2:] == [
        "between -0.41 and +5.07 percentage points", "3.4", "20", "not shown yet",
    ]  # fmt: skip
    assert "hold with 90 % certainty" in page


def test_a_reward_that_is_worse_by_now_is_not_shown_to_be_better(here: Site) -> None:
    worse = Reason("violated", "conversion-rate worse", -0.05, 0.0, log_e=8.0, needed=4.0, n=820)
    here.lab.plan = judged(worse, log_e={"conversion-rate better": math.log(48)}, difference=-0.05, interval=Interval(-0.08, -0.02, 0.1))
    here.lab.start(REWARDED)
    here.lab.look()

    assert row(here.get("/experiment/ab").text, "forest", "-5 percentage points")[-1] == "shown to be worse"


def test_a_value_beyond_its_limit_is_violated(here: Site) -> None:
    here.lab.plan = judged(ONCE_VIOLATED._replace(limit=0.03), log_e={"error-rate kept": -2.0})
    here.lab.start(text(objectives=OBJECTIVES.replace("0.05", "0.03")))
    here.lab.look()

    assert row(here.get("/experiment/ab").text, "error-rate", "forest")[-1] == "violated"


def test_of_a_run_that_is_over_nothing_is_said_to_be_shown_later(here: Site) -> None:
    log_e = {"conversion-rate better": math.log(3.4), "error-rate kept": math.log(2)}
    here.lab.plan = judged(log_e=log_e, difference=0.0233, interval=Interval(-0.0041, 0.0507, 0.1))
    run = here.lab.start(REWARDED)
    here.lab.look()
    here.lab.controller.abort(run, "ann", "the wrong day")
    here.lab.tick()

    page = here.get("/experiment/ab").text

    assert row(page, "error-rate", "forest")[-1] == "not shown"
    assert row(page, "forest", "+2.33 percentage points")[-1] == "not shown"


def test_what_the_start_said_of_a_file_is_no_warning_once_it_has_begun(here: Site) -> None:
    here.lab.traffic.change("iris", lambda route: Route.model_validate(route.model_dump() | {"mode": "roundrobin"}))
    here.lab.start(text())
    notice = "iris is in round robin, where nobody keeps a variant: the experiment makes it weighted."

    page = here.get("/experiment/ab").text

    assert f'<p class="note">{notice}' not in page
    assert f"Said of its file at the start: {notice}" in words(page)


def test_what_is_wrong_with_the_evidence_is_said_with_its_numbers(here: Site) -> None:
    off = Reason("split off", "split", log_e=math.log(5300), needed=math.log(1000), n=2020)
    here.lab.plan = judged(trust=(off, Reason("leaked", "forest", n=12)))
    here.lab.start(text(objectives=OBJECTIVES))
    here.lab.look()

    page = here.words("/experiment/ab")

    assert "The split off forest 10.0 % (planned 10.0 %) of 1,000 predictions" in page
    assert "The traffic is not split as planned (e = 5,300 of 1,000, n = 2,020 visitors)" in page
    assert "Leaks leaked forest 12 predictions or visitors" in page


def test_a_sound_run_is_said_to_be_sound(here: Site) -> None:
    here.lab.plan = judged()
    here.lab.start(text(objectives=OBJECTIVES))
    here.lab.look()
    (here.sockets / "svc.answers").write_text("0")

    page = here.words("/experiment/ab")

    assert "The split as planned" in page
    assert "Leaks none 0 predictions" in page
    assert "The log complete 0 of 0 answers of these variants, ever" in page


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def hour(seconds: float) -> str:
    return moment(seconds)[:13]


def test_feedback_rescues_and_answers_without_a_line_are_counted_for_this_run_alone(here: Site) -> None:
    here.lab.start(text())
    fields = {"time": moment(3), "variant": "forest", "attempts": [{"variant": "forest", "status": 200, "seconds": 0.004}]}
    ours = [prediction(number, experiment="ab", rescued=number < 2, **fields) for number in range(8)]
    others = [prediction(100 + number, experiment="other", rescued=True, **fields) for number in range(4)]
    here.write("predictions", hour(3), *ours, *others)
    here.write("feedback", hour(4), *(feedback(number, number, time=moment(4)) for number in (0, 1, 100)))
    (here.sockets / "forest.answers").write_text("15")
    here.lab.look()

    page = here.words("/experiment/ab")

    assert "forest 25.0 % of 8 of the predictions" in page
    assert "Rescued and failed predictions some rescued forest 2 rescued and 0 failed of 8 predictions" in page
    assert "The log 3 not in it 12 of 15 answers of these variants, ever No line yet: forest 3." in page


def test_errors_that_visitors_saw_stand_beside_the_rescued_ones(here: Site) -> None:
    here.lab.start(text())
    fields = {"time": moment(3), "variant": "forest", "experiment": "ab", "status": 500}
    lost = [prediction(number, **fields) for number in range(3)]
    rescued = [prediction(10 + number, **fields | {"status": 200, "rescued": True}) for number in range(2)]
    here.write("predictions", hour(3), *lost, *rescued)

    page = here.words("/experiment/ab")

    assert "visitors got errors forest 2 rescued and 3 failed of 5 predictions" in page
    assert "Visitors got an error, or an answer that was cut off, for 3 predictions" in page
    assert "Visitors saw no error" not in page


def test_nobody_sees_what_a_copy_for_a_shadow_is_answered(here: Site) -> None:
    here.lab.start(text())
    here.write("predictions", hour(3), prediction(1, time=moment(3), variant="forest", experiment="ab", status=500, reason="shadow"))

    assert "forest 0 rescued and 0 failed of 1 predictions Visitors saw no error." in here.words("/experiment/ab")


def test_counts_say_that_they_go_on_after_the_last_look(here: Site) -> None:
    here.lab.start(text())

    page = here.words("/experiment/ab")

    assert "up to now, also what came after the last look; the reward and the objectives above are as of the last look." in page


def test_after_a_pause_everything_counts_looks_as_the_header_does(here: Site) -> None:
    here.lab.plan = judged(difference=0.02, interval=Interval(-0.01, 0.05, 0.1))
    here.lab.start(REWARDED)
    here.lab.look(2)
    here.lab.controller.pause("ab", "ann", None)
    here.lab.look(3)
    paused = here.words("/experiment/ab")
    here.lab.controller.resume("ab", "ann", None)
    here.lab.look()

    page = here.words("/experiment/ab")

    assert "look 2 of 5" in paused
    assert "At look 2, paused, " in paused
    assert "look 3 of 5" in page
    assert "At look 3, " in page
    assert "Look 2, paused: only harm counts" in page
    assert not re.search(r"[Ll]ook [456]\b(?! of)", page.replace("Next: look 4 of 5", ""))


def test_after_an_undo_the_weights_picture_claims_no_present(here: Site) -> None:
    here.lab.start(text())
    here.lab.look()
    here.lab.controller.promote("ab", "ann", None)
    here.lab.tick()
    here.lab.controller.undo("ab", "ann", None)
    here.lab.tick()

    page = here.words("/experiment/ab")

    assert re.search(r"forest 100 % at its end, since \d\d:\d\d:\d\d UTC\. Undone at \d\d:\d\d:\d\d UTC: then the route got back", page)


def test_time_stands_still_after_the_end(here: Site) -> None:
    run = here.lab.start(text())
    here.lab.look(5)
    before = here.get(f"/experiments/{run}/explain").json()["text"]

    here.lab.clock.pass_by(200)

    assert here.get(f"/experiments/{run}/explain").json()["text"] == before
    assert "look 5 of 5, 50 s after the start" in before
    assert "50 s after the start" in here.words("/experiment/ab")


def test_the_log_is_complete_where_the_gateway_had_given_up_on_what_it_does_not_tell_of(here: Site) -> None:
    here.lab.start(text())
    attempts = [{"variant": "forest", "status": status, "seconds": 10.0} for status in (200, 504)]
    here.write("predictions", hour(3), *(prediction(i, experiment="ab", time=moment(3), attempts=[one]) for i, one in enumerate(attempts)))
    (here.sockets / "forest.answers").write_text("2")
    here.lab.look()

    page = here.words("/experiment/ab")

    assert "The log complete 1 of 2 answers of these variants, ever No answer that the services count is known to be lost." in page
    assert "At most 1 of forest came after the gateway had given up, as after a time-out." in page


def test_of_a_long_run_the_last_half_hour_is_counted_and_the_page_says_so(here: Site) -> None:
    here.lab.plan = hold
    here.lab.start(text(iterations=1000))
    here.write("predictions", hour(3), prediction(1, time=moment(3), experiment="ab"))
    here.lab.clock.pass_by(7200)
    here.write("predictions", hour(7190), prediction(2, time=moment(7190), experiment="ab"))

    page = here.words("/experiment/ab")

    assert "are counted over its last 30 min." in page
    assert "Answers that the split assigned, counted over its last 30 min" in page
    assert "since its start" not in page
    assert "Rescued and failed predictions none svc 0 rescued and 0 failed of 1 predictions" in page


def test_the_timeline_has_the_newest_fifty_and_says_how_many_came_before(here: Site) -> None:
    here.lab.plan = hold
    here.lab.start(text(iterations=100), why="to try it")
    here.lab.look(60)
    here.lab.controller.pause("ab", "ann", "a holiday")

    page = here.words("/experiment/ab")
    told = page[page.index("What happened, the newest first") :]

    assert told.index("Paused by ann") < told.index("Look 60") < told.index("Look 12")
    assert "Look 11 " not in told
    assert "12 earlier ones: in the evidence." in told


def test_what_people_and_files_say_is_escaped(here: Site) -> None:
    here.lab.start(f"# {HOSTILE}\n{text()}", who=HOSTILE, why=HOSTILE)
    here.lab.controller.pause("ab", HOSTILE, f"why {HOSTILE}")

    page = here.get("/experiment/ab").text

    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;") >= 4


def test_nothing_of_the_page_needs_what_its_policy_forbids(here: Site) -> None:
    here.lab.start(text())
    here.lab.look(3)

    answer = here.get("/experiment/ab")

    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", answer.text)
    assert not re.findall(r'(?:src|href)="https?:', answer.text)


def test_a_page_stays_small_however_many_looks_and_however_long_the_file(here: Site) -> None:
    here.lab.plan = judged(log_e={"error-rate kept": 1.0})
    here.lab.start(f"{text(iterations=1000, objectives=OBJECTIVES)}# {60_000 * '<'}")
    here.lab.look(300)

    answer = here.get("/experiment/ab")

    assert len(answer.content) < 500_000
    assert "The rest of it is in the evidence (JSON)." in answer.text


def test_the_csv_has_a_row_per_look_and_variant(here: Site) -> None:
    here.lab.plan = judged(log_e={"error-rate kept": 1.5})
    here.lab.start(text(objectives=OBJECTIVES))
    here.lab.look(3)

    answer = here.get("/experiment/ab/evidence.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert answer.headers["content-disposition"] == 'attachment; filename="ab-evidence.csv"'
    assert [(one["look"], one["variant"], one["role"]) for one in rows] == [
        (str(look), variant, role) for look in (1, 2, 3) for variant, role in (("svc", "baseline"), ("forest", "candidate"))
    ]
    assert (rows[1]["error-rate value"], rows[1]["error-rate n"], rows[1]["log_e error-rate kept"]) == ("0.041", "512", "1.5")
    assert (rows[0]["log_e error-rate kept"], rows[1]["mean-latency value"], rows[1]["weight_before_percent"]) == ("", "", "10.0")
    assert datetime.fromisoformat(rows[0]["time"]).timestamp() == pytest.approx(START + INTERVAL_S)


def test_no_text_in_the_csv_is_a_formula(here: Site) -> None:
    here.lab.plan = lambda experiment, evidence, standing, now: decision(experiment, standing, why='=HYPERLINK("http://evil.example")')
    here.lab.start(text())
    here.lab.look()

    rows = list(csv.DictReader(io.StringIO(here.get("/experiment/ab/evidence.csv").text)))

    assert {one["why"] for one in rows} == {'\'=HYPERLINK("http://evil.example")'}


def test_the_json_has_everything_that_was_recorded(here: Site) -> None:
    here.lab.plan = climb
    run = here.lab.start(text(), why="to try it")
    here.lab.look(5)

    said = json.loads(here.get("/experiment/ab/evidence.json").text)

    assert [one["number"] for one in said["looks"]] == [1, 2, 3, 4, 5]
    assert said["looks"] == here.get(f"/experiments/{run}/looks").json()["looks"]
    assert (said["status"]["verdict"], said["deeds"][0]["why"], said["text"]) == ("promote", "to try it", text())


def test_evidence_of_nobody_is_not_found(here: Site) -> None:
    assert here.get("/experiment/nosuch/evidence.csv").status_code == 404
    assert here.get("/experiment/nosuch/evidence.json").status_code == 404
