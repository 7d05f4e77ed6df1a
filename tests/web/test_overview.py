"""The overview tells a stranger what comes in, who answers, what is being tried, and whether everything is recorded."""

import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from lab.feedback.accept import Acceptor
from lab.follower import Follower
from lab.journal.append import Segments
from lab.routes import Route
from lab.services.said import Service
from lab.settings import Settings
from lab.store.retention import Bounds
from lab.store.store import Store
from lab.web import refusals
from lab.web.pages import files, overview
from lab.web.pages.frame import refused
from lab.web.pages.overview_health import Health
from lab.web.pages.overview_routes import cards, mode, part_of, per_second, time_of
from lab.web.pages.overview_runs import PAGE
from lab.web.pages.overview_seen import Counts, Seen, Variant, seen
from lab.web.pages.parts import Parts
from lab.web.sign_in import Doors, Guard
from tests.controller.conftest import START, Lab, harm, lab, text
from tests.controller.test_sign_in import TOKEN, Client
from tests.store.conftest import feedback, line, prediction, some_predictions
from tests.tables import IRIS
from tests.web.models import Model, Models, models

__all__ = ["lab", "models"]

WELL = Counts(n=300, latest_n=30)
DEAD = Counts(n=300, failed=40, rescued=39, latest_n=30, latest_failed=30, latest_rescued=29)

WHOLE = Health()

# Port 9 discards.
NOBODY_THERE = "http://127.0.0.1:9"


class Site:
    """The overview of a lab whose clock the test turns."""

    def __init__(self, lab: Lab, gateway_url: str = NOBODY_THERE) -> None:
        self.lab = lab
        self.numbers = itertools.count(1)
        state = lab.folder / "state"
        self.store = Store(state, clock=self.clock)
        self.follower = Follower(self.store, Bounds(90, 20), frozenset)
        self.follower.is_current = True
        self.acceptor = Acceptor(self.store, Segments(self.store.journal, "feedback"), self.clock, 3600)
        here = Settings(state, lab.folder / "nginx", state, url="http://127.0.0.1:8080", gateway_url=gateway_url)
        app = FastAPI()
        app.include_router(overview.router(Parts(here, self.store, self.follower, self.acceptor, lab.controller, lab.traffic, self.clock)))
        app.include_router(files.router())
        app.add_middleware(Guard, doors=Doors(TOKEN, self.clock))
        refusals.install(app, refused)
        self.client = Client(app)

    def clock(self) -> float:
        return self.lab.clock.now

    def write(self, *records: dict[str, Any] | bytes, kind: str = "predictions") -> None:
        """Into the present hour's journal, and reads it."""
        hour = datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H")
        with (self.store.journal / f"{kind}-{hour}.jsonl").open("ab") as file:
            file.write(b"".join(one if isinstance(one, bytes) else line(one) for one in records))
        self.store.read_on()

    def ago(self, seconds: float) -> str:
        """That time, as the journals write it."""
        return datetime.fromtimestamp(self.clock() - seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def predict(self, count: int, variant: str, seconds: float = 5.0, **fields: Any) -> None:
        """So many predictions, so long ago."""
        numbers = itertools.islice(self.numbers, count)
        self.write(*(prediction(number, time=self.ago(seconds), variant=variant, served_by=variant) | fields for number in numbers))

    def get(self, path: str = "/", **headers: str) -> httpx.Response:
        return self.client.get(path, headers={"Accept": "text/html"} | headers)

    def words(self, path: str = "/") -> str:
        """What the page says, without its elements."""
        return words(self.get(path).text)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()


@pytest.fixture
def site(lab: Lab) -> Iterator[Site]:
    made = Site(lab)
    yield made
    made.store.close()


def iris(**fields: Any) -> Route:
    return Route.model_validate(IRIS | fields)


def card_of(route: Route, shadows: dict[str, Counts] | None = None, health: Health = WHOLE, **counts: Counts) -> Any:
    """The card of the route iris after these predictions."""
    variants = {("iris", name): Variant(one, 0.04) for name, one in counts.items()}
    copies = {("iris", name): Variant(one, 0.04) for name, one in (shadows or {}).items()}
    (made,) = cards({"iris": route}, {"iris": ("svc", "forest", "xgboost")}, Seen(START, 30.0, variants, copies), health)
    return made


def health(off: str = "", silent: str = "") -> Health:
    """Of the route iris."""
    off_, silent_ = (frozenset(Service("iris", one) for one in names.split()) for names in (off, silent))
    return Health(off_, silent_)


@pytest.mark.parametrize(
    ("fields", "sentence", "shares"),
    [
        ({}, "By weight: svc 60 %, forest 40 % of the visitors.", [("svc", 60), ("forest", 40)]),
        ({"weights": {"svc": 100, "forest": 0}}, "Everybody meets svc.", [("svc", 100)]),
        ({"mode": "roundrobin"}, "By turns: svc and forest answer one prediction after the other.", [("svc", 50), ("forest", 50)]),
        ({"mode": "off"}, "Off: everybody meets svc.", [("svc", 100)]),
    ],
)
def test_a_route_says_in_words_and_in_a_bar_how_it_splits(fields: dict[str, Any], sentence: str, shares: list[tuple[str, float]]) -> None:
    made = card_of(iris(**fields))

    assert mode(iris(**fields)) == made.mode == sentence
    assert [(one.variant, one.percent) for one in made.shares] == shares


def test_every_variant_that_can_be_reached_has_a_row_the_baseline_first() -> None:
    made = card_of(iris(), svc=WELL)

    assert [(one.variant, one.part, one.state.word) for one in made.rows] == [
        ("svc", "60 %", "answers"), ("forest", "40 %", "no traffic now"), ("xgboost", "0 %", "gets nobody")
    ]  # fmt: skip


def test_who_fails_every_time_is_named_with_who_answered_instead() -> None:
    made = card_of(iris(), svc=WELL, forest=DEAD)

    assert made.rows[1].state == ("does not answer", "bad")
    assert made.troubles == [
        "forest does not answer: all 30 predictions of the last 30 seconds failed; svc answered 29 of them in its place."
    ]


def test_who_fails_at_times_is_marked_and_nothing_more() -> None:
    made = card_of(iris(), svc=Counts(n=300, failed=3, latest_n=30, latest_failed=1), forest=WELL)

    assert (made.rows[0].state.word, made.rows[0].failed, made.troubles) == ("fails at times", "1 % (3 of 300)", [])


def test_a_shadow_has_a_row_of_its_own_and_is_missed_when_it_is_dead() -> None:
    made = card_of(iris(shadows={"xgboost": 10}), {"xgboost": DEAD._replace(latest_rescued=0)}, svc=WELL, forest=WELL)

    assert made.has_shadows
    assert (made.rows[-1].variant, made.rows[-1].part, made.rows[-1].state.word) == ("xgboost", "copies of 10 %", "does not answer")
    assert made.troubles == ["xgboost does not answer: all 30 copies of the last 30 seconds failed."]
    assert "10 % of the predictions are copied to xgboost, whose answers nobody sees." in made.notes


def test_copies_that_were_dropped_are_no_failures_of_the_shadow() -> None:
    dropped = Counts(n=4292, latest_n=300, dropped=52, latest_dropped=52)
    made = card_of(iris(shadows={"xgboost": 10}), {"xgboost": dropped}, svc=WELL, forest=WELL)

    assert (made.rows[-1].failed, made.rows[-1].state) == ("0 % (0 of 4,292); 52 dropped", ("too slow for all copies", "warn"))
    assert made.troubles == ["52 of the 300 copies for xgboost in the last 30 seconds were dropped: too many waited already."]


def test_a_shadow_that_fails_whatever_it_gets_does_not_answer_even_if_others_were_dropped() -> None:
    hung = Counts(n=40, failed=16, latest_n=40, latest_failed=16, dropped=24, latest_dropped=24)
    made = card_of(iris(shadows={"xgboost": 10}), {"xgboost": hung}, svc=WELL, forest=WELL)

    assert made.rows[-1].state.word == "does not answer"
    assert made.troubles[0] == "xgboost does not answer: all 16 copies of the last 30 seconds failed."


def test_a_model_that_is_off_is_called_so_and_the_headline_says_what_visitors_get() -> None:
    alone = iris(weights={"svc": 100, "forest": 0}, fallback="none")
    made = card_of(alone, health=health(off="svc"), svc=DEAD)

    assert made.mode == "Everybody meets svc. That model is off: they get an error until it is there."
    assert made.rows[0].state == ("off", "idle")
    assert made.troubles == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "forest is off: svc answers in its place until it is there."),
        ({"fallback": "none"}, "forest is off: visitors who meet it get an error until it is there."),
        ({"weights": {"svc": 100, "forest": 0}, "shadows": {"forest": 10}}, "forest is off: its copies are lost."),
    ],
)
def test_of_a_model_that_is_off_it_is_said_what_happens_meanwhile(fields: dict[str, Any], sentence: str) -> None:
    assert card_of(iris(**fields), health=health(off="forest"), svc=WELL._replace(latest_n=20)).troubles == [sentence]


def test_who_is_off_and_met_by_nobody_is_no_trouble() -> None:
    made = card_of(iris(weights={"svc": 100, "forest": 0}), health=health(off="forest"), svc=WELL)

    assert (made.rows[1].state.word, made.troubles) == ("off", [])


def test_a_model_that_hangs_does_not_answer_before_any_of_its_requests_is_over() -> None:
    made = card_of(iris(), health=health(silent="forest"), svc=WELL, forest=WELL)

    assert (made.rows[1].state, made.rows[1].n) == (("does not answer", "bad"), "300")
    assert made.troubles == ["forest does not answer now: the lab asked it what it is, and got no answer."]


def test_who_gets_nothing_although_it_should_is_named() -> None:
    quiet = card_of(iris(), svc=WELL._replace(latest_n=20))
    missed = card_of(iris(), svc=WELL._replace(latest_n=50))

    assert quiet.troubles == []
    assert missed.troubles == ["forest had none of the 50 predictions of the last 30 seconds, though 40 % are its own."]


def test_rules_are_sentences() -> None:
    rules = [{"header": "target", "value": "mountain", "variant": "forest"}, {"header": "beta", "value": "1", "route": "fruit"}]

    assert card_of(iris(rules=rules)).notes == [
        "Who sends the header “target: mountain” meets forest.",
        "Who sends the header “beta: 1” goes to the route fruit.",
        "When a variant fails, svc answers in its place.",
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (part_of(0, 0), "–"), (part_of(3, 812), "0.369 % (3 of 812)"), (part_of(1200, 1200), "100 % (1,200 of 1,200)"),
        (per_second(0, 30), "0"), (per_second(5, 30), "0.17"), (per_second(75, 30), "2.5"), (per_second(36000, 30), "1,200"),
        (time_of(None), "–"), (time_of(0.0042), "4.2 ms"), (time_of(0.776), "776 ms"), (time_of(2.44), "2.4 s"), (time_of(10.02), "10 s"),
    ],
)  # fmt: skip
def test_numbers_have_units_and_what_is_unknown_is_a_dash(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize("seed", range(3))
def test_what_came_in_agrees_with_the_journal_line_by_line(site: Site, seed: int) -> None:
    rows = some_predictions(seed)
    latest = max(datetime.fromisoformat(row["time"]) for row in rows)
    rows = [row | {"time": site.ago(((latest - datetime.fromisoformat(row["time"])) * 12).total_seconds())} for row in rows]
    site.write(*rows)

    found = seen(site.store, site.clock())

    # START is the first second of a block.
    start = datetime.fromtimestamp(START, UTC) - timedelta(seconds=300)
    inside = [row for row in rows if datetime.fromisoformat(row["time"]) >= start]
    visible = Counter((row["route"], row["variant"]) for row in inside if row["reason"] != "shadow")
    copies = Counter((row["route"], row["variant"]) for row in inside if row["reason"] == "shadow")
    bad = Counter(
        (row["route"], row["variant"])
        for row in inside
        if row["reason"] != "shadow" and (row["status"] >= 500 or not row["complete"] or row["rescued"])
    )
    assert 0 < len(inside) < len(rows)
    assert {key: one.counts.n for key, one in found.variants.items()} == visible
    assert {key: one.counts.n for key, one in found.shadows.items()} == copies
    assert {key: one.counts.failed for key, one in found.variants.items() if one.counts.failed} == bad


def test_a_lab_to_which_nothing_has_come_says_how_to_begin(site: Site) -> None:
    said = site.words()

    assert "Nothing has come in yet." in said
    assert "curl -F file=@sample_data/lemon/lemon_01.jpg http://127.0.0.1:8080/predict" in said
    assert "lab start -f experiments/iris-progressive.yaml" in said
    assert "make demo" in said
    assert "Route fruit" in said


def test_numbers_are_those_of_the_last_five_minutes_with_their_n(site: Site) -> None:
    site.predict(12, "svc", request_s=0.04)
    site.predict(2, "svc", status=503, request_s=0.04)
    site.predict(30, "svc", seconds=400)

    said = site.words()

    assert "Now 0.47 predictions per second; 14 in the last 5 minutes." in said
    assert "svc fails at times 60 % 14 0.47 14.3 % (2 of 14) 40 ms" in said
    assert "Nothing has come in yet." not in said


def test_copies_that_were_dropped_are_counted_apart(site: Site) -> None:
    copy = {"reason": "shadow", "complete": False, "weight": 0.1}
    site.predict(9, "svc")
    site.predict(6, "xgboost", **copy | {"complete": True})
    site.predict(3, "xgboost", **copy | {"status": 503, "attempts": [], "served_by": None})
    site.predict(1, "xgboost", **copy | {"status": 502, "served_by": None})
    site.predict(2, "xgboost", seconds=100, **copy | {"status": 503, "attempts": [], "served_by": None})

    counts = seen(site.store, site.clock()).shadows["iris", "xgboost"].counts

    assert (counts.n, counts.failed, counts.dropped) == (12, 1, 5)
    assert (counts.latest_n, counts.latest_failed, counts.latest_dropped) == (10, 1, 3)
    assert "8.33 % (1 of 12); 5 dropped" in site.words()


def test_the_page_asks_the_models_and_waits_for_none_of_them(lab: Lab, models: Models) -> None:
    models.by_path = {"/iris/svc": Model(), "/iris/forest": Model(described=503), "/iris/xgboost": Model(delay_s=3.0)}
    site = Site(lab, models.url)
    began = time.monotonic()

    said = site.words()

    took = time.monotonic() - began
    site.store.close()
    assert took < 2.0
    assert "forest is off: svc answers in its place until it is there." in said
    assert re.search(r"forest off 40 %", said)


def test_the_running_experiment_stands_on_its_route_with_its_verdict(site: Site) -> None:
    site.lab.start(text("try-forest"))
    before = site.words()
    site.lab.look()

    after = site.get().text

    assert "try-forest Running look 0 of 5 No verdict on try-forest yet: nobody has looked at the evidence." in before
    assert after.count('href="/experiment/try-forest"') == 2
    assert "try-forest Running Continue look 1 of 5" in words(after)
    assert "By weight: svc 80 %, forest 20 % of the visitors." in words(after)


def test_a_running_experiments_verdict_stands_on_its_route_alone(site: Site) -> None:
    site.lab.start(text("try-forest"))

    said = site.words()

    assert said.count("No verdict on try-forest yet") == 1
    assert re.search(r"Experiments try-forest Running on iris, look 0 of 5, from .* UTC Is everything recorded", said)


def test_an_experiment_that_is_over_is_in_the_list_alone(site: Site) -> None:
    site.lab.plan = harm
    site.lab.start(text())
    site.lab.look(3)

    page = site.get().text

    assert page.count('href="/experiment/ab"') == 1
    assert re.search(r"ab Completed Roll back on iris, look 3 of 5, from .* UTC , took 30 s", words(page))


def test_a_person_s_word_stands_before_the_evidence(site: Site) -> None:
    run = site.lab.start(text())
    site.lab.controller.abort(run, "ann", "the wrong day")

    assert "Aborted by ann: the wrong day." in site.words()


def test_of_many_experiments_the_newest_are_shown_and_the_others_are_a_link_away(site: Site) -> None:
    for number in range(PAGE + 2):
        run = site.lab.start(text(f"run-{number}"))
        site.lab.controller.abort(run, "ann", None)

    first, second = site.get().text, site.get("/?runs=2").text

    assert (first.count('data-key="run-'), second.count('data-key="run-')) == (PAGE, 2)
    assert "And 2 more" in first
    assert 'data-key="run-21"' in first
    assert site.get("/?runs=3").status_code == 404
    assert site.get("/?runs=0").status_code == 422


def test_what_was_typed_into_a_table_is_no_markup(site: Site) -> None:
    rule = {"header": "x", "value": '"><script>alert(1)</script>', "variant": "forest"}
    site.lab.traffic.change("iris", lambda route: Route.model_validate(route.model_dump() | {"rules": [rule]}))

    page = site.get().text

    assert "<script>alert" not in page
    assert '“x: "><script>alert(1)</script>” meets forest' in unescape(page)


def test_an_answer_without_a_line_is_said_when_nothing_comes_in_any_more(site: Site) -> None:
    site.predict(3, "svc")
    (site.lab.folder / "state" / "svc.answers").write_text("5")
    busy = site.words()
    site.lab.clock.pass_by(60)

    quiet = site.words()

    assert "Is everything recorded? Yes" in busy
    assert "5 given; 2 not in the journal yet, as is usual while something comes in." in busy
    assert "Is everything recorded? Perhaps not" in quiet
    assert "5 given; 2 are not in the journal: their lines are lost (2 of svc)." in quiet


def test_an_answer_that_the_gateway_did_not_wait_for_is_not_lost(site: Site) -> None:
    site.predict(3, "svc")
    site.predict(1, "svc", status=504, attempts=[{"variant": "svc", "status": 504, "seconds": 10.0}])
    (site.lab.folder / "state" / "svc.answers").write_text("4")
    site.lab.clock.pass_by(60)

    late = site.words()
    (site.lab.folder / "state" / "svc.answers").write_text("6")
    site.lab.clock.pass_by(60)
    lost = site.words()

    assert "Is everything recorded? Yes" in late
    assert "4 given, and none is known to be lost. At most 1 of svc came after the gateway had given up, as after a time-out." in late
    assert "6 given; 2 are not in the journal: their lines are lost (2 of svc). At most 1 of svc came after" in lost


def test_a_line_that_is_none_is_set_aside_and_said(site: Site) -> None:
    site.predict(1, "svc")
    site.write(b"no line\n")

    assert "1 stored; 1 line is none that means anything and is set aside." in site.words()
    assert "Is everything recorded? No" in site.words()


def test_feedback_is_that_of_the_last_hour(site: Site) -> None:
    told = [feedback(1, 1, time=site.ago(60)), feedback(2, 2, time=site.ago(60), outcome="late"), feedback(3, 3, time=site.ago(4000))]
    site.write(*told, kind="feedback")

    assert "In the last hour: 1 late and 1 stored." in site.words()


def test_trouble_is_told(site: Site) -> None:
    site.follower.trouble = "The disk is full."
    site.follower.is_current = False
    (site.lab.folder / "state" / "routes.json").write_text("{")

    said = site.words()

    assert "The journals cannot be read on. The disk is full." in said
    assert "until then every number here grows." in said
    assert "routes.json" in said
    assert "Nothing has come in yet." not in said


def test_behind_the_gateway_links_begin_at_lab_but_those_to_the_models(site: Site) -> None:
    page = site.get(**{"X-Forwarded-Prefix": "/lab"}).text

    own = {"/lab/predictions?route=iris", "/lab/compare?route=iris"}
    assert own <= set(re.findall(r'href="([^"]*)"', page))
    assert 'href="/iris/interface/"' in page


def test_the_page_needs_no_inline_script_or_style(site: Site) -> None:
    answer = site.get()

    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=", answer.text)
