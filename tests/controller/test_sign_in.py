"""Who may move the traffic, and who may read."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from lab import token
from lab.web.sign_in import CODES_MAX, COOKIE, Doors, Guard, router

TOKEN = "ab" * 32
BEARER = {"Authorization": f"Bearer {TOKEN}"}
# As the gateway hands requests on.
LOOPBACK = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Prefix": "/lab", "X-Lab-Reading": "1"}
BEYOND = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Prefix": "/lab"}
OWN = {"Origin": "http://testserver"}
FOREIGN = (
    {"Origin": "null"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "http://evil.example", "Referer": "http://testserver/"},
    {"Referer": "http://evil.example/testserver"},
)
SPOILT = (lambda said: said[:-1], lambda said: f"9{said}", lambda said: said.replace(".", "..", 1), lambda said: "..")


class Client:
    """A client of an application in this very process."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer; redirects are not followed."""

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self._app), base_url="http://testserver") as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)


class Clock:
    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def doors(clock: Clock) -> Doors:
    return Doors(TOKEN, clock)


@pytest.fixture
def client(doors: Doors) -> Client:
    async def done(request: Request) -> PlainTextResponse:
        return PlainTextResponse("done")

    app = FastAPI()
    for path in ("/", "/experiments", "/sql", "/feedback"):
        app.add_route(path, done, ["GET", "POST"])
    app.include_router(router(doors))
    app.add_middleware(Guard, doors=doors)
    return Client(app)


def status(client: Client, method: str, path: str, *headers: dict[str, str], **options: Any) -> int:
    merged = {name: value for each in headers for name, value in each.items()}
    return client.request(method, path, headers=merged, **options).status_code


def test_moving_the_traffic_takes_the_token_wherever_one_comes_from(client: Client) -> None:
    for come in ({}, LOOPBACK, BEYOND):
        assert status(client, "POST", "/experiments", come) == 401
        assert status(client, "POST", "/experiments", come, BEARER) == 200
        for wrong in ("Bearer", "Bearer ", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}0"):
            assert status(client, "POST", "/experiments", come, {"Authorization": wrong}) == 401


def test_every_way_to_change_something_is_closed_unless_it_is_known_to_be_open(client: Client) -> None:
    assert [status(client, method, "/", LOOPBACK) for method in ("POST", "PUT", "PATCH", "DELETE")] == [401] * 4


def test_feedback_is_open_to_everybody(client: Client) -> None:
    assert [status(client, "POST", "/feedback", come) for come in ({}, LOOPBACK, BEYOND)] == [200] * 3


def test_reading_is_open_on_this_machine_and_beyond_it_takes_the_token(client: Client) -> None:
    for method, path in (("GET", "/"), ("GET", "/experiments"), ("POST", "/sql")):
        assert [status(client, method, path, come) for come in ({}, LOOPBACK, BEYOND)] == [200, 200, 401]
        assert status(client, method, path, BEYOND, BEARER) == 200


def test_whoever_is_refused_is_told_what_to_do(client: Client) -> None:
    program = client.get("/", headers=BEYOND)
    person = client.get("/", headers=BEYOND | {"Accept": "text/html,*/*"})

    assert program.headers["www-authenticate"] == "Bearer"
    assert "lab open prints a link that signs your browser in" in program.json()["detail"]
    assert (person.status_code, person.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "lab open prints a link" in person.text


def test_a_link_signs_a_browser_in_once(client: Client) -> None:
    assert status(client, "POST", "/sign-in-code", LOOPBACK) == 401
    code = client.post("/sign-in-code", headers=BEARER).json()["code"]

    first = client.get("/sign-in", params={"code": code}, headers=BEYOND)
    second = client.get("/sign-in", params={"code": code}, headers=BEYOND)

    assert (first.status_code, first.headers["location"]) == (303, "/lab/")
    cookie = first.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/lab/", "Max-Age=43200"))
    assert "Secure" not in cookie
    assert (second.status_code, "set-cookie" in second.headers) == (401, False)
    assert "older than 60 seconds" in second.text


def test_behind_https_the_cookie_stays_there(client: Client, doors: Doors) -> None:
    answer = client.get("/sign-in", params={"code": doors.code()}, headers=BEYOND | {"X-Forwarded-Proto": "https"})

    assert "Secure" in answer.headers["set-cookie"]


def test_a_link_is_good_for_a_minute(doors: Doors, clock: Clock) -> None:
    codes = [doors.code(), doors.code()]
    clock.now += 59.9
    assert doors.session(codes[0]) is not None
    clock.now += 0.2
    assert doors.session(codes[1]) is None
    assert doors.session("") is None


def test_only_so_many_links_wait(doors: Doors) -> None:
    codes = [doors.code() for _ in range(CODES_MAX + 1)]

    assert doors.session(codes[0]) is None
    assert doors.session(codes[1]) is not None


def test_a_session_reads_and_moves_the_traffic_from_our_own_pages_only(client: Client, doors: Doors) -> None:
    cookie = {"Cookie": f"{COOKIE}={doors.session(doors.code())}"}

    assert status(client, "GET", "/", BEYOND, cookie) == 200
    assert status(client, "POST", "/experiments", BEYOND, cookie, OWN) == 200
    assert status(client, "POST", "/experiments", BEYOND, cookie, {"Referer": "http://testserver/lab/"}) == 200
    assert status(client, "POST", "/experiments", BEYOND, cookie) == 403
    for sender in FOREIGN:
        assert status(client, "POST", "/experiments", BEYOND, cookie, sender) == 403


@pytest.mark.parametrize(
    "spoil", [lambda said: said[:-1], lambda said: "9" + said, lambda said: said.replace(".", "..", 1), lambda said: ".."]
)
def test_a_cookie_that_was_changed_is_none(doors: Doors, spoil: Any) -> None:
    said = doors.session(doors.code())
    assert said is not None

    assert doors.by(Headers({}), said) == "session"
    assert doors.by(Headers({}), spoil(said)) is None


def test_a_session_ends_after_half_a_day_or_with_another_token(doors: Doors, clock: Clock) -> None:
    said = doors.session(doors.code())

    assert Doors("cd" * 32, clock).by(Headers({}), said) is None
    clock.now += 12 * 3600 + 1
    assert doors.by(Headers({}), said) is None


def test_the_token_is_made_once_for_its_user_alone(tmp_path: Path) -> None:
    made = token.kept(tmp_path)

    assert len(bytes.fromhex(made)) == 32
    assert (tmp_path / "lab.token").stat().st_mode & 0o777 == 0o600
    assert token.kept(tmp_path) == made
    assert [path.name for path in tmp_path.iterdir()] == ["lab.token"]


@pytest.mark.parametrize("spoilt", ["", "x", "ab" * 31])
def test_a_token_that_is_none_is_made_anew_and_one_that_others_read_is_closed(tmp_path: Path, spoilt: str) -> None:
    path = tmp_path / "lab.token"
    path.write_text(spoilt)
    path.chmod(0o644)

    made = token.kept(tmp_path)

    assert len(made) == 64
    assert path.stat().st_mode & 0o777 == 0o600
