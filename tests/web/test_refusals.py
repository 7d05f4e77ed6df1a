"""What does not work is a sentence: a page for people, JSON for programs."""

from typing import Any

import pytest
from starlette.exceptions import HTTPException

from lab.web.pages import experiment
from lab.web.refusals import MISTAKE, refusal
from tests.controller.conftest import text
from tests.web.experiment_site import site, words


def test_our_own_mistake_is_a_sentence_without_its_details() -> None:
    assert refusal("/predictions", IndexError("list index out of range")) == (500, MISTAKE, False)


def test_programs_are_told_which_addresses_there_are() -> None:
    told = refusal("/nope", HTTPException(404))

    assert told.status == 404
    assert "/feedback" in told.sentence
    assert told.is_nowhere


def test_a_wrong_address_is_a_page_that_names_it_as_the_browser_does() -> None:
    with site() as here:
        answer = here.get("/nope")

    assert answer.status_code == 404
    assert "There is nothing at /lab/nope." in words(answer.text)


def test_a_look_that_comes_while_a_page_is_made_is_none_of_its_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    with site() as here:
        here.lab.start(text())
        here.lab.look(2)
        told = experiment.explanation

        def meanwhile(*about: Any, **more: Any) -> str:
            here.lab.look()
            return told(*about, **more)

        monkeypatch.setattr(experiment, "explanation", meanwhile)
        page = here.words("/experiment/ab")

    assert "look 2 of 5" in page
    assert "look 3, " not in page
    assert here.lab.controller.case("ab").story.iterations == 3
