"""The buttons of a run: who sees them, what they ask, what they do, and what does nothing."""

import asyncio
import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from lab import token
from lab.app import create_app
from lab.settings import Settings
from lab.web.pages.experiment_deeds import DEEDS
from lab.web.sign_in import COOKIE, Doors
from tests.controller.conftest import decision, hold, several, text
from tests.traffic.conftest import gateway, state
from tests.web.experiment_site import ORIGIN, Site, buttons, site, words

__all__ = ["gateway", "state"]

HOSTILE = '"><img src=x onerror=alert(1)>'
PAGE = "/experiment/ab"


@pytest.fixture
def here() -> Iterator[Site]:
    """A run that holds, and a browser that is signed in."""
    with site() as made:
        made.lab.plan = hold
        made.lab.start(text())
        made.sign_in()
        yield made


def kinds(here: Site) -> list[str]:
    return here.lab.kinds("ab")


def form_of(page: str) -> dict[str, str]:
    """What the form of a page would send as it stands."""
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page[page.index('<form class="deed"') :]))
    return {name: html.unescape(value) for name, value in fields.items()}


def test_who_is_signed_out_sees_no_buttons_but_how_to_get_them(here: Site) -> None:
    here.cookie = ""

    page = here.get(PAGE).text

    assert buttons(page) == []
    assert "To pause or decide, sign in : on the lab's machine run lab open ." in html.unescape(words(page))
    assert "form_token" not in page


def test_who_is_signed_out_is_not_asked_either(here: Site) -> None:
    here.cookie = ""

    answers = [here.get(f"{PAGE}/{deed}") for deed in DEEDS]

    assert {one.status_code for one in answers} == {401}
    assert "form_token" not in "".join(one.text for one in answers)


STAGES: dict[str, tuple[Callable[[Site], object], list[str]]] = {
    "running": (lambda here: None, ["pause", "promote", "abort", "undo"]),
    "paused": (lambda here: here.lab.controller.pause("ab", "ann", None), ["resume", "promote", "abort", "undo"]),
    "ended": (lambda here: here.lab.controller.promote("ab", "ann", None), ["undo"]),
    "undone": (lambda here: here.lab.controller.undo("ab", "ann", None), []),
}


@pytest.mark.parametrize("stage", STAGES)
def test_there_are_those_buttons_that_make_sense(here: Site, stage: str) -> None:
    reach, expected = STAGES[stage]

    reach(here)

    assert buttons(here.get(PAGE).text) == expected
    assert [deed for deed in DEEDS if here.get(f"{PAGE}/{deed}").status_code == 200] == expected
    assert {here.get(f"{PAGE}/{deed}").status_code for deed in DEEDS if deed not in expected} <= {409}


def test_what_waits_can_only_be_aborted_and_what_was_followed_cannot_be_undone(here: Site) -> None:
    here.lab.start(text("next"))
    assert buttons(here.get("/experiment/next").text) == ["abort"]

    here.lab.controller.abort("ab", "ann", None)
    here.lab.tick()

    assert buttons(here.get(PAGE).text) == []
    assert buttons(here.get("/experiment/next").text) == ["pause", "promote", "abort", "undo"]


def test_why_a_run_cannot_be_undone_is_said(here: Site) -> None:
    here.lab.controller.abort("ab", "ann", None)
    here.lab.start(text("next"))
    here.lab.controller.undo("next", "ann", None)

    followed, undone = (here.get(f"/experiment/{run}/undo") for run in ("ab", "next"))

    assert (followed.status_code, undone.status_code) == (409, 409)
    assert "ab cannot be undone now: another experiment has used the route iris since." in followed.text
    assert "next was undone already, so there is nothing left to undo." in undone.text


def test_a_conformance_test_has_nobody_to_promote(here: Site) -> None:
    here.lab.start(text("fit", pattern="Conformance", route="fruit", candidates="[]"))

    assert buttons(here.get("/experiment/fit").text) == ["pause", "abort", "undo"]


@pytest.mark.parametrize(
    ("deed", "then"),
    [
        ("pause", "Weights then svc 90 %, forest 10 %"),
        ("promote", "Weights then forest 100 %"),
        ("abort", "Weights then svc 100 %"),
        ("undo", "Weights then svc 60 %, forest 40 %"),
    ],
)
def test_a_button_asks_first_and_says_what_will_happen(here: Site, deed: str, then: str) -> None:
    before = here.lab.route()

    page = here.words(f"{PAGE}/{deed}")

    assert f"Weights now svc 90 %, forest 10 % {then}" in page
    assert "Why (optional)" in page
    assert here.lab.route() == before


def test_what_a_fixed_split_keeps_is_said(here: Site) -> None:
    here.lab.controller.undo("ab", "ann", None)
    here.lab.start(text("fixed", deployment="FixedSplit"))

    assert "Weights now svc 60 %, forest 40 % Weights then svc 60 %, forest 40 %" in here.words("/experiment/fixed/abort")


def test_what_is_confirmed_is_done_recorded_and_shown(here: Site) -> None:
    asked = here.get(f"{PAGE}/promote").text

    answer = here.post(f"{PAGE}/promote", form_of(asked) | {"why": "the customer wants it"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/lab/experiment/ab")
    record = next(one for one in here.lab.records("ab") if one.kind == "promote")
    assert (record.who, record.why) == (f"the page (session {here.cookie[:4]})", "the customer wants it")
    assert here.lab.route().weight("forest") == 100
    assert f"Promoted by the page (session {here.cookie[:4]}): the customer wants it." in here.words(PAGE)


@pytest.mark.parametrize(("deed", "stage"), [("pause", "Paused"), ("abort", "Aborted by hand"), ("undo", "Undone")])
def test_every_deed_does_what_it_says(here: Site, deed: str, stage: str) -> None:
    answer = here.post(f"{PAGE}/{deed}", form_of(here.get(f"{PAGE}/{deed}").text))

    assert answer.status_code == 303
    assert deed in kinds(here)
    assert stage in here.words(PAGE)


def test_a_pause_is_ended_by_the_button_that_takes_its_place(here: Site) -> None:
    here.post(f"{PAGE}/pause")

    here.post(f"{PAGE}/resume")

    assert [one for one in kinds(here) if one in ("pause", "resume")] == ["pause", "resume"]
    assert "ab Running" in here.words(PAGE)


@pytest.mark.parametrize("deed", DEEDS)
def test_a_post_without_the_forms_token_does_nothing(here: Site, deed: str) -> None:
    other = Doors("cd" * 32, lambda: here.lab.clock.now)
    wrong: tuple[dict[str, str], ...] = (
        {}, {"form_token": ""}, {"form_token": here.token[:-1]}, {"form_token": other.form_token(here.cookie)}, {"form_token": "ü"},
    )  # fmt: skip
    before = kinds(here)

    answers = [here.post(f"{PAGE}/{deed}", form) for form in wrong]

    assert {one.status_code for one in answers} == {403}
    assert all("Go back, load the page again, try again." in one.text for one in answers)
    assert kinds(here) == before


def test_another_sessions_token_does_nothing(here: Site) -> None:
    first = here.token
    here.sign_in()

    assert here.post(f"{PAGE}/abort", {"form_token": first}).status_code == 403
    assert kinds(here) == ["start"]


@pytest.mark.parametrize("sender", ["http://evil.example", "null", ""])
def test_another_sites_post_does_nothing(here: Site, sender: str) -> None:
    answer = here.post(f"{PAGE}/abort", Origin=sender)

    assert answer.status_code == 403
    assert "was not sent by one of the lab" in answer.text
    assert kinds(here) == ["start"]


def test_who_is_signed_out_cannot_do_anything_though_they_know_a_token(here: Site) -> None:
    known = here.token
    here.cookie = ""

    assert here.post(f"{PAGE}/abort", {"form_token": known}).status_code == 401
    assert kinds(here) == ["start"]


def test_a_form_that_is_too_long_does_nothing(here: Site) -> None:
    answer = here.post(f"{PAGE}/abort", {"form_token": here.token, "why": "x" * 20_000})

    assert answer.status_code == 403
    assert kinds(here) == ["start"]


def test_a_hostile_reason_is_escaped_and_a_long_one_cut(here: Site) -> None:
    here.post(f"{PAGE}/pause", {"form_token": here.token, "why": f"{HOSTILE}{'x' * 600}"})

    page = here.get(PAGE).text

    assert "<img" not in page
    assert html.escape(HOSTILE).replace("&quot;", "&#34;") in page
    assert len(here.lab.records("ab")[-1].why or "") == 500


@pytest.mark.parametrize(("deed", "sentence"), [("promote", "cannot be promoted"), ("abort", "cannot be aborted")])
def test_what_is_sent_twice_is_done_once_and_said_so(here: Site, deed: str, sentence: str) -> None:
    first, second = here.post(f"{PAGE}/{deed}"), here.post(f"{PAGE}/{deed}")

    assert (first.status_code, second.status_code) == (303, 409)
    assert sentence in second.text
    assert kinds(here).count(deed) == 1


@pytest.mark.parametrize("deed", ["pause", "undo"])
def test_what_is_so_already_is_not_done_again(here: Site, deed: str) -> None:
    answers = [here.post(f"{PAGE}/{deed}") for _ in range(2)]

    assert [one.status_code for one in answers] == [303, 303]
    assert kinds(here).count(deed) == 1


def test_a_word_that_nobody_waits_for_opens_no_gate(here: Site) -> None:
    answer = here.post(f"{PAGE}/resume")

    assert answer.status_code == 303
    assert kinds(here) == ["start"]


def test_a_page_that_is_out_of_date_does_nothing_to_a_later_run_of_the_same_file(here: Site) -> None:
    here.lab.controller.abort("ab", "ann", None)
    here.lab.start(text())

    answer = here.post(f"{PAGE}/abort")

    assert answer.status_code == 409
    assert here.lab.kinds("ab-2") == ["start"]


def test_of_several_candidates_one_is_chosen(here: Site) -> None:
    here.lab.controller.abort("ab", "ann", None)
    here.lab.plan = lambda experiment, evidence, standing, now: decision(experiment, standing, recommended="xgboost")
    here.lab.start(several("forest", "xgboost").replace("name: ab", "name: many"))
    here.lab.look()

    page = here.get("/experiment/many/promote").text
    unknown = here.post("/experiment/many/promote", {"form_token": here.token, "variant": "nosuch"})
    chosen = here.post("/experiment/many/promote", {"form_token": here.token, "variant": "forest"})

    assert re.findall(r'<option value="(\w*)"( selected)?>', page) == [("forest", ""), ("xgboost", " selected")]
    assert (unknown.status_code, chosen.status_code) == (409, 303)
    assert here.lab.route().weight("forest") == 100


def test_where_nobody_is_ahead_nobody_is_chosen_beforehand(here: Site) -> None:
    here.lab.controller.abort("ab", "ann", None)
    here.lab.start(several("forest", "xgboost").replace("name: ab", "name: many"))

    page = here.get("/experiment/many/promote").text
    answer = here.post("/experiment/many/promote", {"form_token": here.token, "variant": ""})

    assert re.findall(r'<option value="(\w*)"( selected)?>', page)[0] == ("", "")
    assert (answer.status_code, "Say which" in answer.text) == (409, True)


@pytest.mark.parametrize("path", [f"{PAGE}/destroy", "/experiment/nosuch/abort"])
def test_what_there_is_not_is_not_found(here: Site, path: str) -> None:
    assert here.get(path).status_code == 404
    assert here.post(path).status_code == 404


def test_without_a_code_the_sign_in_says_how_to_get_one(here: Site) -> None:
    here.cookie = ""

    answer = here.get("/sign-in")

    assert answer.status_code == 200
    assert "lab open" in answer.text
    assert "does not work" not in answer.text


def test_signing_out_is_a_form_of_ours_and_forgets(here: Site) -> None:
    assert 'action="/lab/sign-out"' in here.get(PAGE).text

    wrong, foreign = here.post("/sign-out", {}), here.post("/sign-out", Origin="http://evil.example")
    done = here.post("/sign-out")

    assert (wrong.status_code, foreign.status_code, done.status_code) == (403, 403, 303)
    assert f'{COOKIE}=""' in done.headers["set-cookie"]
    assert "Max-Age=0" in done.headers["set-cookie"]


def test_the_service_itself_has_the_pages_behind_its_guard(state: Path, gateway: Path) -> None:
    app = create_app(Settings(state, gateway, state))
    secret = token.kept(state)

    async def asked() -> list[int]:
        way = httpx.ASGITransport(app=app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=way, base_url=ORIGIN) as client:
            code = (await client.post("/sign-in-code", headers={"Authorization": f"Bearer {secret}"})).json()["code"]
            await client.get("/sign-in", params={"code": code})
            page = await client.get("/experiment/nosuch")
            known = re.findall(r'name="form_token" value="(\w+)"', page.text)
            form, sender = {"form_token": known[0]}, {"Origin": ORIGIN}
            deed = await client.post("/experiment/nosuch/abort", data=form, headers=sender)
            out = await client.post("/sign-out", data=form, headers=sender)
            after = await client.post("/experiment/nosuch/abort", data=form, headers=sender)
            return [page.status_code, deed.status_code, out.status_code, after.status_code]

    assert asyncio.run(asked()) == [404, 404, 303, 401]
