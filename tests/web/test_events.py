"""Open pages are told that something has changed, at once, once a second at most, and not when nothing has."""

import asyncio
import http.client
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lab.settings import CHECKOUT
from lab.web.pages import events
from lab.web.pages.events_pulse import BEAT_S, SEATS, Pulse
from tests.store.conftest import prediction
from tests.store.test_service import Running, now
from tests.support import eventually, over_unix_socket


class World:
    """Something that changes, and a clock."""

    def __init__(self) -> None:
        self.state = 0
        self.now = 100.0
        self.pulse = Pulse(lambda: self.state, lambda: self.now)
        # As it is when the first look is over.
        self.pulse.look()
        self.now += BEAT_S

    def beats(self) -> bool:
        """Whether a look leads to a beat."""
        before = self.pulse.beat
        self.pulse.look()
        return self.pulse.beat != before


def test_it_beats_when_something_has_changed_and_only_then() -> None:
    world = World()
    world.state = 1

    assert [world.beats(), world.beats()] == [True, False]


def test_it_beats_once_a_second_at_most_and_forgets_no_change() -> None:
    world = World()
    world.state = 1
    assert world.beats()

    world.state = 2
    world.now += BEAT_S / 2
    assert not world.beats()

    world.now += BEAT_S / 2
    assert world.beats()


def test_another_process_is_another_state() -> None:
    assert World().pulse.beat != World().pulse.beat


def test_so_many_seats_and_no_more_and_they_are_given_back() -> None:
    pulse = World().pulse
    with ExitStack() as taken:
        assert all(taken.enter_context(pulse.seat()) for _ in range(SEATS))
        with pulse.seat() as is_free:
            assert not is_free

    with pulse.seat() as is_free:
        assert is_free


def test_without_news_a_comment_keeps_the_stream_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.01)
    pulse = World().pulse

    async def told() -> list[str]:
        stream = events._events(pulse, pulse.beat)
        return [await anext(stream) for _ in range(3)]

    assert asyncio.run(told()) == ["retry: 2000\n\n", ": nothing new\n\n", ": nothing new\n\n"]


def test_the_end_of_the_service_ends_whoever_waits() -> None:
    async def waited() -> bool:
        pulse = World().pulse
        waiting = asyncio.create_task(pulse.after(pulse.beat, 60))
        await asyncio.sleep(0)
        pulse.end()
        return await asyncio.wait_for(waiting, 1)

    assert asyncio.run(waited())


class Service(Running):
    """With what it says on standard error, and streams."""

    def start(self) -> None:
        with (self.state.parent / "errors").open("ab") as errors:
            command = [sys.executable, "-m", "lab"]
            self.process = subprocess.Popen(command, cwd=CHECKOUT, env=self.environment, stdout=subprocess.DEVNULL, stderr=errors)
        eventually(lambda: self.socket.exists() and self._answers())

    def errors(self) -> str:
        return (self.state.parent / "errors").read_text()

    @contextmanager
    def stream(self, seconds: float = 10.0, **headers: str) -> Iterator[http.client.HTTPResponse]:
        """Open, and patient for so long."""
        with over_unix_socket(self.socket, seconds) as connection:
            connection.request("GET", "/events", headers=headers)
            yield connection.getresponse()


@pytest.fixture(scope="module")
def kept() -> Iterator[Service]:
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        running = Service(Path(folder))
        yield running
        running.stop()


@pytest.fixture
def service(kept: Service) -> Service:
    """One that runs, and has read all there is."""
    if kept.process is None:
        kept.start()
    eventually(lambda: bool(kept.get("/journal")[1]["is_current"]))
    # The reading of everything is news, too.
    time.sleep(2 * BEAT_S)
    return kept


def event(stream: http.client.HTTPResponse) -> tuple[str, float]:
    """The next one: which state of the lab, and how old it is in seconds."""
    said: dict[str, str] = {}
    while True:
        row = stream.readline().decode().rstrip("\n")
        if not row and "id" in said:
            return said["id"], float(said["data"])
        name, _, value = row.partition(": ")
        said[name] = value


def is_silent(stream: http.client.HTTPResponse) -> bool:
    """Whether nothing comes within the stream's patience."""
    try:
        return not event(stream)
    except TimeoutError:
        return True


def test_the_present_state_is_told_at_once_in_a_form_that_no_proxy_holds_back(service: Service) -> None:
    with service.stream() as stream:
        known, age_s = event(stream)

        assert stream.getheader("Content-Type", "").startswith("text/event-stream")
        assert (stream.getheader("Cache-Control"), stream.getheader("X-Accel-Buffering")) == ("no-store", "no")
        assert known
        assert age_s >= BEAT_S


def test_who_knows_the_present_state_is_told_nothing_and_another_state_at_once(service: Service) -> None:
    with service.stream() as stream:
        known, _ = event(stream)

    with service.stream(2, **{"Last-Event-ID": known}) as stream:
        assert is_silent(stream)
    with service.stream(**{"Last-Event-ID": "another.1"}) as stream:
        assert event(stream)[0] == known


def test_predictions_feedback_and_the_table_are_news_and_silence_is_none(service: Service) -> None:
    with service.stream() as stream:
        seen = [event(stream)[0]]
        service.write(prediction(1, time=now()))
        seen.append(event(stream)[0])
        assert service.get("/feedback", "POST", {"request_id": f"{1:032x}", "reward": 1})[0] == 200
        seen.append(event(stream)[0])
        (service.state / "routes.json").write_text('{"schema": 1, "default_route": "fruit", "routes": {}}')
        seen.append(event(stream)[0])

    with service.stream(3, **{"Last-Event-ID": seen[-1]}) as stream:
        assert is_silent(stream)
    assert len(set(seen)) == 4


def test_under_steady_traffic_there_is_one_event_a_second_at_most(service: Service) -> None:
    with service.stream() as stream:
        event(stream)
        begun = time.monotonic()
        for number in range(100, 104):
            service.write(prediction(number, time=now()))
            event(stream)
        took = time.monotonic() - begun

    # The first comes at once; nearly a second may be lost if it comes late on a busy machine.
    assert took > 2 * BEAT_S


def test_one_more_than_there_are_seats_is_told_to_come_again_and_may_when_somebody_has_left(service: Service) -> None:
    with ExitStack() as taken:
        for _ in range(SEATS):
            event(taken.enter_context(service.stream()))
        with service.stream() as refused:
            assert (refused.status, refused.getheader("Retry-After")) == (503, "10")
            assert json.loads(refused.read())["detail"] == events.FULL
        assert service.get("/health")[0] == 200

    def is_welcome() -> bool:
        with service.stream() as stream:
            return stream.status == 200

    eventually(is_welcome)


def test_open_streams_do_not_keep_the_service_from_ending(service: Service) -> None:
    def end() -> float:
        begun = time.monotonic()
        service.stop(signal.SIGTERM)
        return time.monotonic() - begun

    alone = end()
    service.start()
    with ExitStack() as taken:
        streams = [taken.enter_context(service.stream()) for _ in range(10)]
        for stream in streams:
            event(stream)
        listened_to = end()

        # Ended, not cut: what is cut raises IncompleteRead.
        for stream in streams:
            stream.read()
    # Half of what it would be waited for.
    assert listened_to < alone + 2.5
    assert service.errors() == ""
