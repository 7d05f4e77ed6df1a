"""An open page keeps itself fresh, and whoever reads it is not disturbed."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from lab.settings import CHECKOUT
from lab.web.pages.frame import STATIC
from tests.gateway.conftest import Gateway, gateway_with
from tests.lab.test_browser import browser
from tests.support import REPOSITORY, eventually

__all__ = ["browser"]

LIVE, NOT_LIVE = "Live", "Not live: reload to see what is new"

PATIENCE_MS = 30_000


class FakeLab:
    """One page, its script, and a stream. The test says what stands on the page, and when that is news."""

    def __init__(self) -> None:
        self.content = ""
        self.status = 200
        self.slowness_s = 0.0
        self.fetches = 0
        self.at_once = self.most_at_once = 0
        self.streams: list[queue.Queue[bytes]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/page?route=iris"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def show(self, content: str) -> None:
        """Another content, and word of it."""
        self.content = content
        self.tell()

    def tell(self, age_s: float = 0.0) -> None:
        """To every open page."""
        for stream in self.streams:
            stream.put(f"id: {time.monotonic()}\ndata: {age_s}\n\n".encode())

    def close(self) -> None:
        for stream in self.streams:
            stream.put(b"")
        self.server.shutdown()
        self.server.server_close()


def _handler(lab: FakeLab) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers: dict[str, Callable[[], None]] = {"/static/live.js": self._script, "/events": self._stream}
            answers.get(self.path, self._page)()

        def _script(self) -> None:
            self._answer(200, "text/javascript", (STATIC / "live.js").read_bytes())

        def _page(self) -> None:
            lab.fetches += self.path == "/page?route=iris"
            lab.at_once += 1
            lab.most_at_once = max(lab.at_once, lab.most_at_once)
            time.sleep(lab.slowness_s)
            lab.at_once -= 1
            script = '<script type="module" src="/static/live.js"></script><link rel="icon" href="data:,">'
            body = f'<!doctype html><title>Page</title>{script}<p id="live" role="status"></p><main>{lab.content}</main>'
            self._answer(lab.status, "text/html", body.encode())

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self) -> None:
            if lab.status == 401:
                self._answer(401, "text/plain", b"")
                return
            mine: queue.Queue[bytes] = queue.Queue()
            # What the page was made of is older than the page.
            first = b"" if self.headers.get("Last-Event-ID") else b"id: 1\ndata: 3600\n\n"
            mine.put(b"retry: 200\n\n" + first)
            lab.streams.append(mine)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            while said := mine.get():
                try:
                    self.wfile.write(said)
                except OSError:
                    break
            lab.streams.remove(mine)

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    return Handler


@pytest.fixture
def fake() -> Iterator[FakeLab]:
    made = FakeLab()
    yield made
    made.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield context.new_page()
    context.close()


def opened(page: Page, fake: FakeLab, content: str) -> None:
    """The page with this content, live."""
    fake.content = content
    page.goto(fake.url)
    expect(page.locator("#live")).to_have_text(LIVE)


def part(content: str, key: str = "numbers") -> str:
    return f'<section data-live="{key}">{content}</section>'


def test_a_part_that_has_changed_is_another_and_nothing_else_is_touched(page: Page, fake: FakeLab) -> None:
    opened(page, fake, part("<b>1</b>") + "<i>before</i>")

    fake.show(part("<b>2</b>") + "<i>after</i>")

    expect(page.locator("b")).to_have_text("2")
    assert page.locator("i").inner_text() == "before"


def test_what_is_older_than_the_page_is_not_fetched_again(page: Page, fake: FakeLab) -> None:
    opened(page, fake, part("1"))

    page.wait_for_timeout(1500)

    assert fake.fetches == 1


def test_focus_details_scroll_and_selection_stay(page: Page, fake: FakeLab) -> None:
    def content(number: int) -> str:
        wide = '<div id="wide" tabindex="0"><p>' + "wide " * 900 + "</p></div>"
        return part(
            f'<a id="link" href="#{number}">link</a> <details><summary>more</summary><p id="said">some words</p></details>'
            f"<b>{number}</b>{wide}<style>#wide {{ overflow-x: auto; white-space: nowrap }}</style>"
        )

    opened(page, fake, content(1))
    page.locator("summary").click()
    page.locator("#link").focus()
    page.evaluate("document.getElementById('wide').scrollLeft = 70; getSelection().selectAllChildren(document.getElementById('said'))")

    fake.show(content(2))

    expect(page.locator("b")).to_have_text("2")
    assert page.evaluate("[document.activeElement.hash, document.getElementById('wide').scrollLeft, String(getSelection())]") == [
        "#2", 70, "some words"
    ]  # fmt: skip
    assert page.locator("details").evaluate("details => details.open")


def test_a_row_that_comes_first_leaves_the_focus_where_it_was(page: Page, fake: FakeLab) -> None:
    def rows(*names: str) -> str:
        return part("<ol>" + "\n".join(f'<li data-key="{name}"><a href="#{name}">{name}</a></li>' for name in names) + "</ol>")

    opened(page, fake, rows("b", "c"))
    page.locator("a", has_text="c").focus()

    fake.show(rows("a", "c", "d"))

    expect(page.locator("ol")).to_have_text("a\nc\nd")
    assert page.evaluate("document.activeElement.hash") == "#c"


def test_forms_are_never_touched(page: Page, fake: FakeLab) -> None:
    opened(page, fake, part('<b>1</b><form><input name="why" value="old"></form>'))
    page.locator("input").fill("because")

    fake.show(part('<b>2</b><form><input name="why" value="new"><button>Go</button></form>'))

    expect(page.locator("b")).to_have_text("2")
    assert page.locator("input").input_value() == "because"
    assert page.locator("button").count() == 0


def test_a_part_may_come_and_go(page: Page, fake: FakeLab) -> None:
    opened(page, fake, part("1", "one"))
    fake.show(part("0", "zero") + part("1", "one"))
    expect(page.locator("section")).to_have_text(["0", "1"])

    fake.show(part("0", "zero"))

    expect(page.locator("section")).to_have_text(["0"])


def test_there_is_one_fetch_at_a_time_and_the_newest_state_is_shown(page: Page, fake: FakeLab) -> None:
    opened(page, fake, part("0"))
    fake.slowness_s = 0.3

    for number in range(1, 20):
        fake.show(part(str(number)))
        page.wait_for_timeout(50)

    expect(page.locator("section")).to_have_text("19")
    assert fake.most_at_once == 1
    assert fake.fetches < 10


def test_a_hidden_page_asks_for_nothing_and_catches_up_when_it_is_seen(page: Page, fake: FakeLab) -> None:
    page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => window.isAway === true})")
    opened(page, fake, part("1"))
    page.evaluate("window.isAway = true; document.dispatchEvent(new Event('visibilitychange'))")
    # The connection is free for others; the fake notices when it writes.
    eventually(lambda: not (fake.tell() or fake.streams))
    fetched = fake.fetches
    fake.show(part("2"))
    page.wait_for_timeout(500)
    assert fake.fetches == fetched

    page.evaluate("window.isAway = false; document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.locator("section")).to_have_text("2")


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_a_page_that_is_refused_or_gone_says_that_it_is_not_live_and_stays(page: Page, fake: FakeLab, status: int) -> None:
    opened(page, fake, part("1"))
    fake.status = status

    fake.show("")

    expect(page.locator("#live")).to_have_text(NOT_LIVE)
    assert page.locator("section").inner_text() == "1"
    fake.status = 200
    fake.show(part("2"))
    expect(page.locator("#live")).to_have_text(LIVE)
    expect(page.locator("section")).to_have_text("2")


def test_a_stream_that_broke_off_is_opened_again_though_there_is_no_news(page: Page, fake: FakeLab) -> None:
    opened(page, fake, part("1"))
    (broken,) = fake.streams
    page.evaluate("window.heard = []; new MutationObserver(() => heard.push(live.textContent)).observe(live, {childList: true})")

    broken.put(b"")

    page.wait_for_function("() => window.heard.length === 2")
    assert page.evaluate("window.heard") == [NOT_LIVE, LIVE]


def test_a_page_without_parts_that_move_does_not_listen(page: Page, fake: FakeLab) -> None:
    fake.content = "<p>1</p>"
    page.goto(fake.url)

    page.wait_for_timeout(500)

    assert (fake.streams, page.locator("#live").inner_text()) == ([], "")


def test_what_is_said_of_the_last_minutes_is_renewed_when_nothing_comes_in_too(page: Page, fake: FakeLab) -> None:
    opened(page, fake, '<p data-live="now" data-live-every="1">1</p>')

    fake.content = '<p data-live="now">2</p>'

    expect(page.locator("[data-live]")).to_have_text("2")
    fetched = fake.fetches
    page.wait_for_timeout(2500)
    assert fake.fetches == fetched


class Stage:
    """NGINX, models that are faked, and the lab's own service."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.url = f"{gateway.url}/lab/"
        self.process: subprocess.Popen[bytes] | None = None
        gateway.lab.stop()

    def start(self) -> None:
        settings = {"LAB_STATE": str(self.gateway.folder / "state"), "LAB_SOCKETS": str(self.gateway.folder)}
        self.process = subprocess.Popen([sys.executable, "-m", "lab"], cwd=CHECKOUT, env=os.environ | settings, stdout=subprocess.DEVNULL)
        eventually(lambda: requests.get(f"{self.url}health", timeout=5).ok)

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def predict(self, count: int) -> None:
        for _ in range(count):
            assert self.gateway.predict("/iris/predict").ok


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with gateway_with() as gateway:
        made = Stage(gateway)
        made.start()
        yield made
        made.stop()


def test_predictions_show_without_a_reload_and_the_page_survives_the_service(stage: Stage, page: Page) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(stage.url)
    expect(page.locator("#live")).to_have_text(LIVE)
    row = page.locator("[data-live=route-iris]")
    expect(row).to_contain_text("Nothing came in within the last 5 minutes.")
    page.get_by_role("link", name="Predictions of iris").focus()

    stage.predict(5)

    expect(row).to_contain_text("5 in the last 5 minutes")
    assert page.evaluate("document.activeElement.textContent") == "Predictions of iris"
    assert said == []

    stage.stop()
    expect(page.locator("#live")).to_have_text(NOT_LIVE)
    stage.start()
    stage.predict(2)

    expect(row).to_contain_text("7 in the last 5 minutes")
    expect(page.locator("#live")).to_have_text(LIVE)
    assert all(url.startswith((stage.gateway.url, "data:")) for url in asked)
    # The browser's own word about a service that was away.
    assert all("503" in one for one in said)


def test_without_scripts_the_page_is_whole(stage: Stage, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(stage.url)

    assert page.locator("section.route").count() == 3
    assert page.get_by_role("heading", name="Is everything recorded?").is_visible()
    assert page.locator("#live").inner_text() == ""
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(stage: Stage, browser: Browser, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(stage.url)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_the_gateway_hands_events_on_at_once_and_twenty_listeners_are_in_nobody_s_way(stage: Stage) -> None:
    picture = (REPOSITORY / "sample_data" / "lemon" / "lemon_01.jpg").read_bytes()
    with ExitStack() as taken:
        streams = [taken.enter_context(requests.get(f"{stage.url}events", stream=True, timeout=30)) for _ in range(20)]
        lines = [stream.iter_lines(chunk_size=1) for stream in streams]
        for one in lines:
            while not next(one).startswith(b"data"):
                pass
        told = time.monotonic()
        answer = stage.gateway.predict("/predict", data=picture)
        for one in lines:
            while not next(one).startswith(b"data"):
                pass
        waited = time.monotonic() - told
        begun = time.monotonic()
        for _ in range(50):
            assert stage.gateway.predict("/predict", data=picture).ok
        reward = {"request_id": answer.headers["X-Request-ID"], "reward": 1}
        kept = requests.post(f"{stage.gateway.url}/feedback", json=reward, timeout=30)
        took = time.monotonic() - begun

    # Held back by a buffer, an event would come with the thousandth after it.
    assert waited < 10
    assert kept.ok
    assert took < 10
