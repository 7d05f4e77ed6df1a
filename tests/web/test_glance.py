"""Who is off and who is silent, told to those who cannot wait."""

import asyncio
import time
from collections.abc import Mapping

import pytest

from lab.services.client import Client, Portrait
from lab.services.directory import Directory
from lab.services.glance import Glance
from lab.services.said import Service
from tests.web.models import Model, Models, models

__all__ = ["models"]

SVC, FOREST = Service("iris", "svc"), Service("iris", "forest")


def test_nobody_waits_for_a_model_that_hangs(models: Models) -> None:
    models.by_path = {"/iris/svc": Model(), "/iris/forest": Model(delay_s=2.0)}
    glance = Glance(Directory(Client(models.url, card_s=1.0)), patience_s=0.3)
    # Reading certificates takes a while, once.
    asyncio.run(Client(models.url).describe([SVC]))
    began = time.monotonic()

    found = asyncio.run(glance.look([SVC, FOREST]))

    assert time.monotonic() - began < 0.8
    assert found[SVC].card
    assert FOREST not in found


def test_who_looks_again_is_told_that_it_is_silent_while_it_is_asked_anew(models: Models) -> None:
    models.by_path = {"/iris/forest": Model(delay_s=3.0)}
    now = [0.0]
    glance = Glance(Directory(Client(models.url, card_s=0.5), lambda: now[0]), patience_s=0.2)

    async def twice() -> Mapping[Service, Portrait]:
        await glance.look([FOREST])
        await asyncio.sleep(0.6)
        now[0] += 60
        return await glance.look([FOREST])

    assert asyncio.run(twice())[FOREST].is_silent


@pytest.mark.parametrize(
    ("model", "is_off", "is_silent"), [(Model(), False, False), (Model(described=503), True, False), (None, False, True)]
)
def test_off_and_silent_are_told_apart(models: Models, model: Model | None, is_off: bool, is_silent: bool) -> None:
    models.by_path = {"/iris/svc": model} if model else {}

    said = asyncio.run(Glance(Directory(Client(models.url)), patience_s=5.0).look([SVC]))[SVC]

    assert (said.is_off, said.is_silent) == (is_off, is_silent)


def test_a_service_whose_card_cannot_be_read_is_not_silent(models: Models) -> None:
    models.by_path = {"/iris/svc": Model(card={"file": 3})}

    said = asyncio.run(Glance(Directory(Client(models.url)), patience_s=5.0).look([SVC]))[SVC]

    assert not said.is_silent


def test_without_a_gateway_nothing_is_known() -> None:
    assert asyncio.run(Glance(Directory(Client("http://127.0.0.1:9")), patience_s=5.0).look([SVC])) == {}
