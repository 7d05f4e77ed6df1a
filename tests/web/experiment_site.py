"""The pages of runs over HTTP: a real controller in a temporary state, a clock that tests turn, a judge with a plan."""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from lab.feedback.accept import Acceptor
from lab.follower import Follower
from lab.journal.append import Segments
from lab.settings import Settings
from lab.store.retention import Bounds
from lab.store.store import Store
from lab.web import experiments, pages, refusals, sign_in
from lab.web.pages.frame import refused
from lab.web.pages.parts import Parts
from lab.web.sign_in import COOKIE, Doors, Guard
from tests.controller.conftest import SCRATCH, START, Lab
from tests.store.conftest import line

# As a browser asks, through the gateway on this machine.
BROWSER = {"Accept": "text/html,*/*", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Prefix": "/lab", "X-Lab-Reading": "1"}
ORIGIN = "http://testserver"


class Site:
    """The lab's pages, and a browser."""

    def __init__(self, folder: Path) -> None:
        self.lab = Lab(folder)
        self.doors = Doors("ab" * 32, lambda: self.lab.clock.now)
        self.sockets = folder / "sockets"
        self.sockets.mkdir()
        self.store = Store(folder / "state", clock=lambda: START + 1e6)
        self.cookie = ""

    def app(self) -> FastAPI:
        """As lab/app.py puts it together, around the lab of the tests."""
        lab, clock = self.lab, lambda: self.lab.clock.now
        # Port 9 discards: no model is asked.
        here = Settings(lab.folder / "state", lab.folder / "nginx", self.sockets, gateway_url="http://127.0.0.1:9")
        follower = Follower(self.store, Bounds(1, 1), frozenset)
        acceptor = Acceptor(self.store, Segments(lab.journal, "feedback"), clock, 3600.0)
        app = FastAPI()
        app.include_router(experiments.router(lab.controller))
        app.include_router(sign_in.router(self.doors))
        app.include_router(pages.router(Parts(here, self.store, follower, acceptor, lab.controller, lab.traffic, clock)))
        app.add_middleware(Guard, doors=self.doors)
        refusals.install(app, refused)
        return app

    def sign_in(self) -> None:
        """From now on the browser has a session."""
        self.cookie = self.doors.session(self.doors.code()) or ""

    @property
    def token(self) -> str:
        """What this browser's forms say."""
        return self.doors.form_token(self.cookie)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Redirects are not followed."""
        return self._ask("GET", path, headers)

    def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """By a form of our own pages, unless the headers or the form say otherwise."""
        said = {"form_token": self.token} if form is None else form
        return self._ask("POST", path, {"Origin": ORIGIN} | headers, data=said)

    def _ask(self, method: str, path: str, headers: dict[str, str], **options: Any) -> httpx.Response:
        cookie = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}

        async def asked() -> httpx.Response:
            way = httpx.ASGITransport(app=self.app())
            async with httpx.AsyncClient(transport=way, base_url=ORIGIN) as client:
                return await client.request(method, path, headers=BROWSER | cookie | headers, **options)

        return asyncio.run(asked())

    def words(self, path: str) -> str:
        """What a person reads."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return words(answer.text)

    def write(self, kind: str, hour: str, *records: dict[str, Any]) -> None:
        """Lines of a journal, read by the database."""
        with (self.lab.journal / f"{kind}-{hour}.jsonl").open("ab") as file:
            file.write(b"".join(map(line, records)))
        self.store.read_on()


def words(page: str) -> str:
    """A page without its tags, as one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def buttons(page: str) -> list[str]:
    """What the links to deeds say."""
    return re.findall(r'<a class="button second" href="[^"]*/(\w+)">', page)


@contextmanager
def site() -> Iterator[Site]:
    """In memory where that is possible."""
    with tempfile.TemporaryDirectory(prefix="lab-", dir=SCRATCH) as folder:
        made = Site(Path(folder))
        yield made
        made.store.close()
