"""One input, every variant's answer, side by side."""

import asyncio
import html
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab.services.client import Answer, Client, Input
from lab.services.said import PREVIEW_MAX, Card, Guess, Prediction, Service
from lab.web.pages.compare_form import AT_ONCE
from lab.web.pages.compare_view import Comparison, comparison, milliseconds, percent, refusal
from tests.web.models import CARD, ID, OFF, PICTURE, Lab, Model, Models, gateway, lab, models, row, state

__all__ = ["gateway", "lab", "models", "state"]

SENT = {"petal_length_cm": "4.2"}
HOSTILE = "<script>alert(1)</script>"
SMALL = "data:image/jpeg;base64,/9j/4AAQ"


def said(*labels: str, sure: float = 0.9, **more: Any) -> list[Answer]:
    """Answers of v0, v1, …; an empty label is no answer."""
    return [
        Answer(Service("iris", f"v{number}"), prediction(label, sure, **more) if label else None, 0.02, 200, "" if label else "It is gone.")
        for number, label in enumerate(labels)
    ]


def prediction(label: str, sure: float, **more: Any) -> Prediction:
    others = [name for name in ("apple", "lemon", "plum") if name != label]
    guesses = (Guess(label, sure), *(Guess(name, (1 - sure) / 2) for name in others))
    return Prediction(guesses, None, None, 3.25, "v1", ID, "")._replace(**more)


def compared(*labels: str, **more: Any) -> Comparison:
    return comparison(said(*labels, **more), {})


def words(page: httpx.Response) -> str:
    """The text of a page without its marks."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page.text)))


@pytest.mark.parametrize(
    ("labels", "sentence", "kind"),
    [
        (("apple", "apple", "apple"), "All 3 say apple.", "good"),
        (("apple", "apple"), "Both say apple.", "good"),
        (("apple", "lemon", "apple"), "2 of 3 say apple; v1 says lemon.", "warn"),
        (("apple", "apple", "lemon", "plum"), "2 of 4 say apple; v2 says lemon and v3 says plum.", "warn"),
        (("apple", "lemon"), "They disagree: v0 says apple and v1 says lemon.", "warn"),
        (("apple", "", "lemon", "apple"), "2 of 3 say apple; v2 says lemon.", "warn"),
        (("", "lemon"), "Only v1 answered: lemon.", "idle"),
        (("", ""), "No model answered.", "bad"),
    ],
)
def test_whether_they_agree_is_a_sentence(labels: tuple[str, ...], sentence: str, kind: str) -> None:
    outcome = compared(*labels).outcome

    assert (outcome.sentence, outcome.kind) == (sentence, kind)


def test_who_differs_is_marked_by_a_word() -> None:
    columns = compared("apple", "lemon", "apple").columns

    assert [column.said and column.said.agreement for column in columns] == ["agrees", "differs", "agrees"]


def test_without_a_majority_nobody_is_the_one_who_is_right() -> None:
    columns = compared("apple", "lemon").columns

    assert [column.said and column.said.agreement for column in columns] == ["differs", "differs"]


def test_who_is_alone_neither_agrees_nor_differs() -> None:
    columns = compared("apple", "").columns

    assert [column.said and column.said.agreement for column in columns] == ["", None]


def test_everybodys_bars_have_one_order_so_that_they_can_be_compared() -> None:
    columns = compared("apple", "lemon", "apple").columns

    assert [[bar.label for bar in column.said.bars] for column in columns if column.said] == [["apple", "lemon", "plum"]] * 3


def test_models_that_name_different_classes_keep_their_own_order_and_it_is_said() -> None:
    answers = said("apple", "lemon")
    answers[1] = answers[1]._replace(prediction=prediction("fir", 0.5)._replace(guesses=(Guess("fir", 0.5), Guess("oak", 0.4))))
    cards = {"v0": Card(**CARD), "v1": Card(**{**CARD, "labels": ["fir", "oak"]})}  # type: ignore[arg-type]

    seen = comparison(answers, cards)

    assert [bar.label for bar in seen.columns[1].said.bars] == ["fir", "oak"]  # type: ignore[union-attr]
    assert any("do not know the same classes" in remark for remark in seen.outcome.remarks)


def test_how_sure_they_are_is_said_where_they_agree() -> None:
    answers = [said("apple", sure=0.97)[0], said("", "apple", sure=0.6)[1]]

    assert comparison(answers, {}).outcome.remarks == ("They are between 60.0 % and 97.0 % sure.",)


@pytest.mark.parametrize(("share", "shown"), [(0, "0 %"), (1, "100 %"), (0.99999, "99.9 %"), (1e-9, "0.1 %"), (0.5, "50.0 %")])
def test_only_all_is_all_and_only_nothing_is_nothing(share: float, shown: str) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize(("value", "shown"), [(None, "–"), (0.292, "0.29 ms"), (346.4, "346 ms"), (1204, "1.2 s")])
def test_times_have_units(value: float | None, shown: str) -> None:
    assert milliseconds(value) == shown


def test_a_refusal_that_all_give_is_one_sentence() -> None:
    refused = [Answer(Service("iris", name), None, 0.1, status, why) for name, status, why in
               (("a", 422, "No number."), ("b", 422, "No number."), ("c", 503, "Gone."))]  # fmt: skip

    assert refusal(refused) == "No number."
    assert refusal([*refused, *said("apple")]) == ""


def test_a_row_is_answered_by_every_variant_side_by_side(lab: Lab, models: Models) -> None:
    models.by_path = {
        "/iris/svc": Model(row(0.9, 0.06, 0.04, is_outlier=False, outlier_score=0.4)),
        "/iris/forest": Model(row(0.2, 0.7, 0.1)),
        "/iris/xgboost": Model(row(0.1, 0.8, 0.1, is_outlier=True, outlier_score=-1.0)),
    }

    page = lab.post("/compare?route=iris", data=SENT)

    assert page.status_code == 200
    text = words(page)
    assert "2 of 3 say versicolor; svc says setosa." in text
    assert "bayes and knn did not answer." in text
    assert "No outlier (score 0.4000)" in text
    assert "Outlier: unlike the data the models were trained on (score -1.0000)" in text
    assert "In the model 3.25 ms" in text
    assert re.search(r"In all [\d.]+ m?s as the lab waited, with the other models at the same time", text)
    assert f'href="/prediction/{ID}"' in page.text
    assert 'href="/iris/svc/card"' in page.text
    assert 'value="4.2"' in page.text


def test_each_is_asked_by_its_own_address_and_the_questions_have_one_mark(lab: Lab, models: Models) -> None:
    models.by_path = {"/iris/svc": Model(row(1, 0, 0)), "/iris/forest": Model(row(1, 0, 0))}

    lab.post("/compare?route=iris", data=SENT)

    asked = {path.partition("?")[0] for path, _, _ in models.bodies}
    assert asked == {f"/iris/{name}/predict" for name in ("svc", "forest", "xgboost", "bayes", "knn")}
    assert {body for _, body, _ in models.bodies} == {b"petal_length_cm=4.2"}
    marks = {headers["X-Request-ID"] for _, _, headers in models.bodies}
    assert len(marks) == 1
    assert re.fullmatch(r"compare-[0-9a-f]{16}", marks.pop())
    assert all("Cookie" not in headers and "X-User-ID" not in headers for _, _, headers in models.bodies)


def test_the_form_asks_what_the_models_say_that_they_take(lab: Lab, models: Models) -> None:
    models.by_path = {"/iris/svc": Model(), "/fruit/vgg16": Model(form=PICTURE)}

    numbers, picture = lab.get("/compare?route=iris"), lab.get("/compare")

    assert '<label for="petal_length_cm">Petal length (cm)</label>' in numbers.text
    assert 'name="petal_length_cm" value="1.4"' in numbers.text
    assert 'type="file"' in picture.text
    assert "Compare the models of fruit" in words(picture)
    assert "which no comparison of variants counts" in words(picture)


def test_a_picture_is_shown_and_its_name_cannot_do_harm(lab: Lab, models: Models) -> None:
    answer = {"probabilities": {"lemon": 0.8, HOSTILE: 0.2}, "preview": SMALL}
    models.by_path = {"/fruit/custom": Model(answer, form=PICTURE), "/fruit/vgg16": Model(answer, form=PICTURE)}

    page = lab.post("/compare?route=fruit", files={"file": (f'{HOSTILE}"\r\nX: y\x00.jpg', b"picture", "image/jpeg")})

    assert f'<img src="{SMALL}"' in page.text
    assert HOSTILE not in page.text
    # As the file's name once, as a class in both tables.
    assert words(page).count(HOSTILE) == 3
    assert "Both say lemon." in words(page)
    _, body, headers = models.bodies[0]
    assert b"picture" in body
    assert b"\r\nX: y" not in body
    assert headers["Content-Type"].startswith("multipart/form-data")


@pytest.mark.parametrize(
    "preview", ["data:text/html;base64,AAAA", "http://evil.example/x.jpg", 'data:image/jpeg;base64,A" onload="', "A" * PREVIEW_MAX]
)
def test_what_is_no_small_picture_is_not_shown(lab: Lab, models: Models, preview: str) -> None:
    models.by_path = {"/fruit/custom": Model({"probabilities": {"lemon": 1.0}, "preview": preview}, form=PICTURE)}

    page = lab.post("/compare?route=fruit", files={"file": ("a.jpg", b"picture", "image/jpeg")})

    assert page.status_code == 200
    assert "<img" not in page.text


def test_the_small_picture_of_a_result_can_be_handed_on(lab: Lab, models: Models) -> None:
    models.by_path = {"/fruit/custom": Model({"probabilities": {"lemon": 1.0}}, form=PICTURE)}

    page = lab.post("/compare?route=fruit", files={"picture": (None, SMALL)})

    assert "small copy" in words(page)
    assert b"\xff\xd8\xff" in models.bodies[0][1]


@pytest.mark.parametrize(
    ("sent", "status", "sentence"),
    [
        ({"data": {}}, 422, "No file was chosen."),
        ({"files": {"file": ("", b"")}}, 422, "No file was chosen."),
        ({"files": {"file": (f"{HOSTILE}.jpg", b"")}}, 400, f"File '{HOSTILE}.jpg' is empty."),
        ({"files": {"picture": (None, "data:text/html;base64,AAAA")}}, 400, "must be a JPEG picture"),
        ({"files": {"picture": (None, "data:image/jpeg;base64,AAAAA")}}, 400, "is not valid base64"),
        ({"content": b"x" * (10 * 2**20 + 1), "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 413, "larger than 10 MB"),
        ({"content": b"--x\r\nrubbish", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 422, "No file was chosen."),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_a_sentence_beside_the_form(
    lab: Lab, models: Models, sent: dict[str, Any], status: int, sentence: str
) -> None:
    models.by_path = {"/fruit/custom": Model({"probabilities": {"lemon": 1.0}}, form=PICTURE)}
    headers = {"Accept": "text/html"} | sent.pop("headers", {})

    page = lab.post("/compare?route=fruit", headers=headers, **sent)

    assert (page.status_code, 'role="alert"' in page.text) == (status, True)
    assert sentence in words(page)
    assert 'type="file"' in page.text
    assert models.bodies == []


def test_what_every_model_refuses_is_said_once_in_their_words(lab: Lab, models: Models) -> None:
    models.by_path = {f"/fruit/{name}": Model({"detail": "File 'a' is not an image."}, 400, form=PICTURE) for name in ("custom", "vgg16")}

    page = lab.post("/compare?route=fruit", files={"file": ("a", b"text", "text/plain")})

    assert page.status_code == 422
    assert words(page).count("File 'a' is not an image.") == 1


def test_a_program_gets_the_sentence_as_json(lab: Lab, models: Models) -> None:
    models.by_path = {"/fruit/custom": Model(form=PICTURE)}

    answer = lab.post("/compare?route=fruit", headers={}, data={})

    assert (answer.status_code, answer.json()["detail"][:19]) == (422, "No file was chosen.")


def test_a_model_that_is_off_a_failing_one_and_a_broken_answer_do_not_spoil_the_others(lab: Lab, models: Models) -> None:
    models.by_path = {
        "/iris/svc": Model(row(1, 0, 0)),
        "/iris/forest": Model({"detail": "Something broke."}, 500),
        "/iris/xgboost": Model(["no", "answer"]),
        "/iris/bayes": Model({"detail": OFF}, 503, described=503),
        "/iris/knn": Model(row(0.5, 0.5)),
    }

    text = words(lab.post("/compare?route=iris", data=SENT))

    assert "Only svc answered: setosa." in text
    assert "Something broke." in text
    assert text.count("Its answer cannot be read.") == 2
    assert "This model is off." in text


def test_a_model_that_hangs_is_not_waited_for(models: Models) -> None:
    models.by_path = {"/iris/svc": Model(row(1, 0, 0)), "/iris/forest": Model(row(1, 0, 0), delay_s=2.0)}
    client = Client(models.url, prediction_s=0.3)
    labels = dict.fromkeys((Service("iris", "svc"), Service("iris", "forest")), ("setosa", "versicolor", "virginica"))

    quick, hung = asyncio.run(client.predict(labels, Input(fields=SENT), "mark"))

    assert quick.prediction
    assert (hung.prediction, hung.why) == (None, "It has not answered within 0.3 s.")
    assert hung.seconds < 1.5


def test_without_a_gateway_there_is_a_sentence(state: Path, gateway: Path) -> None:
    lost = Lab(state, gateway, "http://127.0.0.1:1")

    for page in (lost.get("/compare"), lost.post("/compare", data={})):
        assert page.status_code == 503
        assert "The gateway does not answer at http://127.0.0.1:1" in words(page)
        assert "LAB_GATEWAY_URL" in words(page)


def test_where_nobody_answers_the_page_says_why(lab: Lab, models: Models) -> None:
    page, answer = lab.get("/compare?route=iris"), lab.post("/compare?route=iris", data=SENT)

    assert "Nobody to compare: no model of iris answers" in words(page)
    assert (answer.status_code, "No model of the route iris answers" in words(answer)) == (503, True)


@pytest.mark.parametrize("route", ["nosuch", "", HOSTILE, "a" * 1000])
def test_a_route_that_there_is_not_is_a_sentence(lab: Lab, route: str) -> None:
    page = lab.visit(lambda client: client.get("/compare", params={"route": route}, headers={"Accept": "text/html"}))

    assert page.status_code == 422
    assert "There are fruit, iris." in words(page)
    assert HOSTILE not in page.text


@pytest.mark.parametrize(
    "sender",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Referer": "http://evil.example/lab"}, {"Origin": "http://lab.evil.example"}],
)
def test_another_sites_page_cannot_ask_in_somebodys_name(lab: Lab, models: Models, sender: dict[str, str]) -> None:
    models.by_path = {"/iris/svc": Model(row(1, 0, 0))}

    foreign = lab.post("/compare?route=iris", headers=sender, data=SENT)

    assert foreign.status_code == 403
    assert models.questions == []
    assert lab.post("/compare?route=iris", headers={"Origin": "http://lab"}, data=SENT).status_code == 200


def test_beyond_loopback_comparing_needs_a_sign_in_like_reading(lab: Lab) -> None:
    assert lab.post("/compare?route=iris", headers={"X-Forwarded-For": "198.51.100.7"}, data=SENT).status_code == 401


def test_more_at_a_time_than_there_is_room_for_are_told_to_wait(lab: Lab, models: Models) -> None:
    models.by_path = {"/iris/svc": Model(row(1, 0, 0), delay_s=0.5)}

    async def many(client: httpx.AsyncClient) -> list[httpx.Response]:
        return await asyncio.gather(*(client.post("/compare?route=iris", data=SENT) for _ in range(AT_ONCE + 2)))

    answers = lab.visit(many)

    assert sorted(answer.status_code for answer in answers) == [200] * AT_ONCE + [503] * 2
