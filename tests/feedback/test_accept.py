"""Every post has one outcome, one line and one count, whatever comes together, too early or too late."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.feedback.accept import PATIENCE_S, TROUBLE_S, Acceptor
from lab.feedback.item import Body, Item, Sender
from lab.feedback.predictions import Said
from lab.feedback.recent import KEPT_MAX
from lab.journal.append import Segments
from lab.store.reading import Shrunken
from tests.feedback.conftest import NOBODY, ONE, THREE, TWO, VISITOR, WINDOW_S, Desk, FakePredictions

AtDesk = Callable[..., Desk]


def test_feedback_is_stored_once(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        first = await desk.post({"request_id": ONE, "reward": 1})
        again = await desk.post({"request_id": ONE.upper(), "reward": "1.0"})
        other = await desk.post({"request_id": ONE, "reward": 0})
        truth = await desk.post({"request_id": ONE, "truth": "setosa"})

        assert [answer.status_code for answer in (first, again, other, truth)] == [200, 200, 409, 200]
        assert first.json() == {"outcome": "stored", "request_id": ONE, "metric": "reward", "late": False, "detail": None}
        assert other.json()["detail"] == f"reward of {ONE} was 1 before, which counts; 0 does not."

    desk = at_desk(visit)

    lines = desk.lines()
    assert [line["outcome"] for line in lines] == ["stored", "duplicate", "conflicting", "stored"]
    assert [(line["value"], line["truth"]) for line in lines] == [(1, None), (1, None), (0, None), (None, "setosa")]
    assert {line["attributed_by"] for line in lines} == {"id"}
    assert desk.counts == {"stored": 2, "duplicate": 1, "conflicting": 1}


def test_of_a_hundred_equal_posts_at_once_one_is_stored(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        answers = await asyncio.gather(*(desk.post({"request_id": ONE, "reward": 1}) for _ in range(100)))

        outcomes = [answer.json()["outcome"] for answer in answers]
        assert (outcomes.count("stored"), outcomes.count("duplicate")) == (1, 99)

    desk = at_desk(visit)

    assert desk.counts == {"stored": 1, "duplicate": 99}
    assert len(desk.lines()) == 100
    # Whoever comes together is looked up together.
    assert desk.predictions.asked < 20


def test_what_was_kept_before_the_start_is_respected(at_desk: AtDesk, predictions: FakePredictions) -> None:
    predictions.said = [Said(THREE, "reward", 1.0, time.time() - 60)]

    async def visit(desk: Desk) -> None:
        assert (await desk.post({"request_id": THREE, "reward": 1})).json()["outcome"] == "duplicate"
        assert (await desk.post({"request_id": THREE, "reward": 0})).status_code == 409

    at_desk(visit)


def test_what_comes_after_the_attribution_window_is_late(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        answer = await desk.post({"request_id": THREE, "reward": 1, "at": time.time() - WINDOW_S})

        assert (answer.status_code, answer.json()["outcome"], answer.json()["late"]) == (200, "late", True)
        assert answer.json()["detail"].endswith("3600 s is the limit.")

    assert at_desk(visit).lines()[0]["outcome"] == "late"


def test_what_the_database_knows_of_an_older_prediction_is_respected(at_desk: AtDesk, predictions: FakePredictions) -> None:
    predictions.kept = {(THREE, "reward"): 1.0, (THREE, "truth"): "setosa"}
    # More than is remembered was said since.
    predictions.said = [Said(ONE, "clicks", 0.0, time.time())] * KEPT_MAX

    async def visit(desk: Desk) -> None:
        same = await desk.post({"request_id": THREE, "reward": 1, "truth": "setosa"})
        other = await desk.post({"request_id": THREE, "truth": "virginica"})

        assert [item["outcome"] for item in same.json()["items"]] == ["duplicate", "duplicate"]
        assert other.status_code == 409

    at_desk(visit)

    # Before the first decision: what the process before this one had accepted.
    assert predictions.reads == 1


def test_feedback_may_come_before_its_prediction_is_read(at_desk: AtDesk, predictions: FakePredictions) -> None:
    async def visit(desk: Desk) -> None:
        await desk.post({"request_id": ONE, "reward": 1})
        predictions.journal[NOBODY] = time.time()

        answer = await desk.post({"request_id": NOBODY, "reward": 1})

        assert answer.json()["outcome"] == "stored"

    at_desk(visit)


def test_feedback_waits_for_its_prediction_while_others_go_on(at_desk: AtDesk, predictions: FakePredictions) -> None:
    async def visit(desk: Desk) -> None:
        early = [asyncio.create_task(desk.post({"request_id": NOBODY, "reward": 1})) for _ in range(2)]
        await asyncio.sleep(0.2)
        assert (await desk.post({"request_id": ONE, "reward": 1})).status_code == 200
        assert not any(task.done() for task in early)
        predictions.journal[NOBODY] = time.time()

        answers = await asyncio.gather(*early)

        assert [answer.json()["outcome"] for answer in answers] == ["stored", "duplicate"]

    at_desk(visit)


def test_an_unknown_id_is_said_after_a_second_and_kept(at_desk: AtDesk, predictions: FakePredictions) -> None:
    async def visit(desk: Desk) -> None:
        begun = time.monotonic()
        answer = await desk.post({"request_id": NOBODY, "reward": 1})
        assert PATIENCE_S * 0.9 < time.monotonic() - begun < PATIENCE_S + 2
        assert (answer.status_code, answer.json()["outcome"]) == (404, "unknown")
        assert NOBODY in answer.json()["detail"]

        predictions.journal[NOBODY] = time.time()
        same = await desk.post({"request_id": NOBODY, "reward": 1})
        other = await desk.post({"request_id": NOBODY, "reward": 0})

        # The first was kept and counts now.
        assert [same.json()["outcome"], other.json()["outcome"]] == ["duplicate", "conflicting"]

    desk = at_desk(visit)

    assert [line["request_id"] for line in desk.lines()] == [NOBODY] * 3
    assert desk.lines()[0]["value"] == 1


def test_nothing_is_unknown_before_the_journal_was_read_to_its_end(at_desk: AtDesk, predictions: FakePredictions) -> None:
    async def visit(desk: Desk) -> None:
        await desk.post({"request_id": ONE, "reward": 1})
        predictions.journal[NOBODY] = time.time()
        predictions.reading_s = PATIENCE_S + 0.5

        assert (await desk.post({"request_id": NOBODY, "reward": 1})).json()["outcome"] == "stored"

    at_desk(visit)


def test_nobodys_feedback_is_accepted_and_says_where_it_was_sent(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        plain = await desk.post({"reward": 1})
        seldon = await desk.post({"reward": 1}, X_Lab_Seldon="ns-candidate/iris", X_Lab_Route="iris", X_Lab_Pin="forest")
        hostile = await desk.post({"reward": 1}, X_Lab_Seldon="../<x>", X_Lab_Route="A B", X_Lab_Pin="'", X_Lab_Visitor="me")

        assert [answer.status_code for answer in (plain, seldon, hostile)] == [202, 202, 202]
        assert (plain.json().get("meta"), seldon.json()["meta"]) == (None, {})

    plain, seldon, hostile = at_desk(visit).lines()

    assert (seldon["source"], seldon["address"], seldon["route"], seldon["variant"]) == ("seldon", "ns-candidate/iris", "iris", "forest")
    names = ("request_id", "attributed_by", "source", "address", "route", "variant", "visitor")
    assert [plain[name] for name in names] == [hostile[name] for name in names] == [None, None, "program", None, None, None, None]


@pytest.mark.parametrize(
    ("theirs", "outcome", "request_id"), [([TWO], "stored", TWO), ([ONE, TWO], "unattributed", None), ([], "unattributed", None)]
)
def test_the_visitors_only_prediction_is_meant(
    theirs: list[str], outcome: str, request_id: str | None, at_desk: AtDesk, predictions: FakePredictions
) -> None:
    predictions.visitors[VISITOR] = [*theirs, THREE]

    async def visit(desk: Desk) -> None:
        answer = await desk.post({"reward": 1}, X_Lab_Visitor=VISITOR)

        assert (answer.json()["outcome"], answer.json()["request_id"]) == (outcome, request_id)

    (line,) = at_desk(visit).lines()

    assert (line["request_id"], line["attributed_by"], line["visitor"]) == (request_id, "cookie" if request_id else None, VISITOR)
    # What was not read yet could be a second one.
    assert predictions.reads == 2


def test_what_the_visitor_said_by_cookie_is_known_by_id(at_desk: AtDesk, predictions: FakePredictions) -> None:
    predictions.visitors[VISITOR] = [ONE]

    async def visit(desk: Desk) -> None:
        await desk.post({"reward": 1}, X_Lab_Visitor=VISITOR)
        answer = await desk.post({"request_id": ONE, "reward": 1})

        assert answer.json()["outcome"] == "duplicate"

    at_desk(visit)


def test_malformed_feedback_is_a_line_without_its_body(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        answer = await desk.post({"request_id": ONE, "reward": "<script>"})

        assert answer.status_code == 422
        assert answer.json()["detail"] == 'reward is "<script>", must be a number from -1e9 to 1e9.'

    desk = at_desk(visit)

    (line,) = desk.lines()
    assert (line["outcome"], line["request_id"], line["metric"]) == ("malformed", None, None)


def test_a_full_disk_refuses_feedback_until_there_is_room(tmp_path: Path, at_desk: AtDesk, caplog: pytest.LogCaptureFixture) -> None:
    # A file in the folder's place: nothing can be written there.
    (tmp_path / "journal").write_text("")
    caplog.set_level(logging.WARNING)

    async def visit(desk: Desk) -> None:
        for _ in range(2):
            refused = await asyncio.gather(*(desk.post({"request_id": ONE, "reward": 1}) for _ in range(2)))
            assert [answer.status_code for answer in refused] == [507, 507]
            assert "disk is full" in refused[0].json()["detail"]
            assert str(tmp_path) not in refused[0].text
        assert desk.acceptor.trouble is not None
        assert (await desk.post({"reward": "x"})).status_code == 422
        # Its line is not waited for.
        while not desk.acceptor.counts["unjournalled"]:
            await asyncio.sleep(0.01)

        (tmp_path / "journal").unlink()
        assert (await desk.post({"request_id": ONE, "reward": 1})).json()["outcome"] == "stored"
        assert desk.acceptor.trouble is None

    desk = at_desk(visit)

    assert desk.counts == {"unwritable": 4, "malformed": 1, "unjournalled": 1, "stored": 1}
    assert [record.message.partition(".")[0] for record in caplog.records if record.name == "lab.feedback"] == [
        "Feedback is refused",
        "Feedback is kept again",
    ]


def test_feedback_that_needs_the_journal_read_on_a_full_disk_is_told_that_it_is_full(
    at_desk: AtDesk, predictions: FakePredictions, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    predictions.journal[NOBODY] = time.time()

    async def visit(desk: Desk) -> None:
        predictions.disk_is_full = True
        # The first one after the start, and then one whose prediction has not been read.
        assert (await desk.post({"request_id": ONE, "reward": 1})).status_code == 507
        predictions.disk_is_full = False
        assert (await desk.post({"request_id": ONE, "reward": 1})).status_code == 200
        predictions.disk_is_full = True
        assert (await desk.post({"request_id": "e" * 32, "reward": 1})).status_code == 507
        assert desk.acceptor.trouble is not None
        predictions.disk_is_full = False
        assert (await desk.post({"request_id": NOBODY, "reward": 1})).status_code == 200

    assert at_desk(visit).counts == {"unwritable": 2, "stored": 2}
    assert len([record for record in caplog.records if record.name == "lab.feedback"]) == 4


def test_trouble_is_forgotten_when_nobody_has_met_it_for_a_minute(tmp_path: Path, predictions: FakePredictions) -> None:
    (tmp_path / "journal").write_text("")
    now = [time.time()]

    async def visit() -> None:
        acceptor = Acceptor(predictions, Segments(tmp_path / "journal", "feedback"), lambda: now[0], WINDOW_S)
        await acceptor.accept(Body(((Item(ONE, "reward", 1.0),),)), Sender())
        assert acceptor.trouble is not None

        now[0] += TROUBLE_S

        assert acceptor.trouble is None
        await acceptor.close()

    asyncio.run(visit())


def test_a_journal_that_shrinks_while_it_is_read_is_a_reason_to_try_again(at_desk: AtDesk, predictions: FakePredictions) -> None:
    def shrinking() -> None:
        raise Shrunken("predictions-2026-11-20T10.jsonl has become shorter while it was read; it is read again.")

    predictions.read_on = shrinking  # type: ignore[method-assign]

    async def visit(desk: Desk) -> None:
        assert (await desk.post({"request_id": ONE, "reward": 1})).status_code == 503

    at_desk(visit)


def test_too_much_at_once_is_told_to_come_again(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        answers = await asyncio.gather(*(desk.post([{"request_id": ONE, "reward": 1}] * 5) for _ in range(3)))

        assert sorted(answer.status_code for answer in answers) == [200, 200, 503]
        (refused,) = [answer for answer in answers if answer.status_code == 503]
        assert refused.headers["Retry-After"] == "1"
        assert (await desk.post([{"request_id": ONE, "reward": 1}] * 11)).status_code == 200

    assert at_desk(visit, under_way_max=10).counts == {"stored": 1, "duplicate": 20, "overloaded": 5}


def test_when_the_database_cannot_be_asked_nobody_waits_forever(at_desk: AtDesk, predictions: FakePredictions) -> None:
    predictions.broken = True

    async def visit(desk: Desk) -> None:
        answer = await desk.post({"request_id": ONE, "reward": 1})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")

        predictions.broken = False
        assert (await desk.post({"request_id": ONE, "reward": 1})).status_code == 200

    assert at_desk(visit).counts == {"overloaded": 1, "stored": 1}


def test_closing_answers_whoever_still_waits(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        waiting = asyncio.create_task(desk.post({"request_id": NOBODY, "reward": 1}))
        await asyncio.sleep(0.1)

        await desk.acceptor.close()

        assert (await waiting).status_code == 404

    assert at_desk(visit).counts == {"unknown": 1}


def test_a_list_tells_the_outcome_of_each_item(at_desk: AtDesk) -> None:
    async def visit(desk: Desk) -> None:
        good = await desk.post([{"request_id": ONE, "reward": 1}, {"request_id": TWO, "reward": 1, "truth": "x"}])
        mixed = await desk.post([{"request_id": ONE, "reward": 0}, {"reward": "?"}, {"request_id": ONE, "reward": 1}])
        bad = await desk.post([{"reward": "?"}, {}])

        assert [answer.status_code for answer in (good, mixed, bad)] == [200, 207, 422]
        assert [(item["index"], item["metric"]) for item in good.json()["items"]] == [(0, "reward"), (1, "reward"), (1, "truth")]
        assert mixed.json()["outcome"] == "mixed"
        assert mixed.json()["counts"] == {"conflicting": 1, "malformed": 1, "duplicate": 1}
        assert [item["status"] for item in mixed.json()["items"]] == [409, 422, 200]

    at_desk(visit)


def test_ten_thousand_items_in_one_list_are_ten_thousand_lines(at_desk: AtDesk, predictions: FakePredictions) -> None:
    ids = [f"{number:032x}" for number in range(10_000)]
    predictions.known |= dict.fromkeys(ids, time.time())

    async def visit(desk: Desk) -> None:
        answer = await desk.post([{"request_id": one, "reward": 1} for one in ids])

        assert answer.json()["counts"] == {"stored": 10_000}

    assert [line["request_id"] for line in at_desk(visit).lines()] == ids
