"""What browsers and clumsy clients meet at /feedback."""

from collections.abc import Callable

import pytest

from lab.feedback.parse import BODY_MAX_BYTES
from tests.feedback.conftest import NOBODY, ONE, TWO, Desk

AtDesk = Callable[..., Desk]

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BROWSER = FORM | {"Accept": "text/html,application/xhtml+xml"}


def test_a_button_on_the_page_is_thanked(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        answer = await desk.post(f"request_id={ONE}&reward=1".encode(), **BROWSER, X_Forwarded_Prefix="/iris/svc")

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
        assert "<h1>Thank you</h1>" in answer.text
        assert '<a href="/iris/svc/interface/">Back to the form</a>' in answer.text
        assert '<link rel="stylesheet" href="/iris/svc/static/styles.css">' in answer.text
        assert "<script" not in answer.text
        assert "style=" not in answer.text

    assert at_desk(visit).lines()[0]["source"] == "page"


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        (f"request_id={TWO}&reward=1", 200, "You have said so before"),
        (f"request_id={TWO}&reward=0", 409, "Your first answer counts."),
        (f"request_id={NOBODY}&reward=0", 404, "Nobody knows this prediction yet."),
        ("reward=1", 202, "nobody knows which prediction"),
        ("reward=%3Cscript%3Ealert(1)%3C/script%3E", 422, "&lt;script&gt;alert(1)"),
    ],
)
def test_the_page_says_what_became_of_the_answer(form: str, status: int, words: str, at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        await desk.post({"request_id": TWO, "reward": 1})

        answer = await desk.post(form.encode(), **BROWSER)

        assert answer.status_code == status
        assert words in answer.text
        assert "<script" not in answer.text

    at_desk(visit)


def test_a_hostile_prefix_is_no_link(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        answer = await desk.post(b"reward=1", **BROWSER, X_Forwarded_Prefix='//evil.example/"><b>')

        assert "evil" not in answer.text
        assert 'href="/interface/"' in answer.text

    at_desk(visit)


def test_a_form_without_a_browser_is_answered_in_json(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        answer = await desk.post(f"request_id={ONE}&reward=1".encode(), **FORM)

        assert answer.json()["outcome"] == "stored"

    assert at_desk(visit).lines()[0]["source"] == "program"


def test_whoever_looks_at_the_address_is_told_how_to_use_it(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        program = await desk.client.get("/feedback")
        person = await desk.client.get("/feedback/", headers={"Accept": "text/html"})

        assert [answer.status_code for answer in (program, person)] == [405, 405]
        assert program.headers["Allow"] == "POST"
        assert program.json()["detail"].startswith('Feedback is sent by POST. Send {"request_id": …, "reward": …}')
        assert "<h1>That did not work</h1>" in person.text
        assert [(await desk.client.request(method, "/feedback")).status_code for method in ("HEAD", "PUT", "DELETE", "PATCH")] == [405] * 4

    at_desk(visit)


def test_a_body_that_is_too_long_is_refused(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        answer = await desk.post(b"[" + b" " * BODY_MAX_BYTES)
        many = await desk.post([{"reward": 1}] * 10_001)

        assert [answer.status_code, many.status_code] == [413, 413]
        assert answer.json()["detail"] == "The body is larger than 1 MB. Send it in several requests."
        assert many.json()["detail"] == "The list has 10001 entries, must have at most 10000. Send it in several requests."

    assert at_desk(visit).counts == {"malformed": 2}


def test_seldons_and_sagemakers_words_work(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        seldon = await desk.post({"request": {}, "response": {"meta": {"puid": ONE}}, "reward": "1", "truth": {"strData": "setosa"}})
        record = {"groundTruthData": {"data": "setosa", "encoding": "CSV"}, "eventMetadata": {"eventId": TWO}, "eventVersion": "0"}
        sagemaker = await desk.post(record)

        assert [answer.status_code for answer in (seldon, sagemaker)] == [200, 200]

    lines = at_desk(visit).lines()

    assert [(line["source"], line["metric"]) for line in lines] == [("seldon", "reward"), ("seldon", "truth"), ("sagemaker", "truth")]
