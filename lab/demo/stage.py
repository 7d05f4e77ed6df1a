"""Plays a demonstration on the running lab: starts the experiment, lets visitors come, follows the looks, and takes all of it back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from lab.client import Client
from lab.demo.play import ROUTE, Play
from lab.errors import Refused
from lab.load.run import Visitors
from lab.load.tally import Result

# Who starts and ends it, in the journal of decisions.
WHO = "lab demo"

# Seconds between two questions to the service.
POLL_S = 0.25

# Seconds in which the service does what it was told to.
PATIENCE_S = 20.0

# A run as the service tells of it.
Status = Mapping[str, Any]


class Before(NamedTuple):
    """The route as it was."""

    route: Mapping[str, Any]

    def is_back(self, now: Mapping[str, Any]) -> bool:
        """Epochs only count up."""
        return {**now, "epoch": 0} == {**self.route, "epoch": 0}


class Stage:
    """One demonstration."""

    def __init__(self, service: Client, play: Play, visitors: Visitors) -> None:
        self.visitors = visitors
        self.run = ""
        """The experiment's name here, once it has begun."""
        self._service = service
        self._play = play
        self._before = Before({})
        self._coming: asyncio.Task[Result] | None = None

    async def begin(self) -> Status:
        """Raises Refused where another experiment has the route."""
        await self._check_free()
        self._before = Before(await self._route())
        status = await self._command("", text=self._play.text)
        self.run = status["name"]
        if status["stage"] == "Waiting":
            await self._command("/abort", why="another experiment was faster")
            self.run = ""
            raise Refused(_taken(status))
        self._coming = asyncio.create_task(self.visitors.run())
        return status

    async def watch(self) -> AsyncIterator[Status]:
        """How it stands, again and again, until it has ended or the visitors are stopped."""
        while not self.visitors.stop.is_set():
            status = await self._get(f"/experiments/{quote(self.run)}")
            yield status
            if status["stage"] == "Completed":
                return
            self._check_visitors()
            await asyncio.sleep(POLL_S)

    async def explanation(self) -> str:
        """The verdict, explained."""
        return str((await self._get(f"/experiments/{quote(self.run)}/explain"))["text"])

    async def end(self) -> Result | None:
        """Sends the visitors home; what they met."""
        self.visitors.stop.set()
        return await self._coming if self._coming else None

    async def undo(self) -> str:
        """Its weights then, in words. Raises Refused if the route is not what it was."""
        await self._command("/undo", why="the demonstration is over")
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not self._before.is_back(await self._route()):
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise Refused(f"The route {ROUTE} is not what it was before. Look at it: lab weight {ROUTE}") from error
        return ", ".join(f"{one['variant']} {one['weight_percent']:g} %" for one in self._before.route["variants"] if one["weight_percent"])

    def _check_visitors(self) -> None:
        """Without them there is nothing to see."""
        if self._coming and self._coming.done() and not self.visitors.stop.is_set():
            self._coming.result()
            raise Refused("All visitors have come, and there is no verdict yet. Is the lab very busy? Try again.")

    async def _check_free(self) -> None:
        for one in (await self._get("/experiments"))["experiments"]:
            if one["route"] == ROUTE and one["stage"] != "Completed":
                raise Refused(_taken(one))

    async def _route(self) -> Mapping[str, Any]:
        return next(one for one in (await self._get("/routes"))["routes"] if one["route"] == ROUTE)

    async def _get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return await asyncio.to_thread(self._service.get, path)

    async def _command(self, verb: str, **said: str) -> Status:
        path = f"/experiments/{quote(self.run)}{verb}" if self.run else "/experiments"
        return dict(await asyncio.to_thread(self._service.command, path, {"who": WHO, **said}))


def _taken(one: Status) -> str:
    return (
        f"The route {ROUTE} is taken by the experiment {one['name']} ({one['stage']}, look {one['iteration']} of {one['iterations']}). "
        f"Let it end, or end it: lab abort {one['name']}"
    )
