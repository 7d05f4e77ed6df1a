"""What visitors say to the gateway over HTTP, and what they hear."""

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiohttp

from lab.errors import Refused
from lab.load.samples import Sample
from lab.load.tally import NOBODY, Answer

# Seconds until no answer is one: longer than the gateway waits for two variants in turn.
PATIENCE_S = 30

# The gateway has this name for the cookie of a visitor whose key it does not believe.
COOKIE = "lab_visitor"

# What feedback is called when the lab did not answer it.
UNANSWERED = "unanswered"


class Told(NamedTuple):
    """What the lab said to one piece of feedback."""

    outcome: str
    is_kept: bool


class Gateway:
    """One gateway and one route of it. Connections are kept and shared."""

    def __init__(self, url: str, route: str, connections: int) -> None:
        self.url = url.rstrip("/")
        self.route = route
        self.believes_keys = True
        """Whether the gateway takes X-User-ID for who somebody is."""
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            timeout=aiohttp.ClientTimeout(total=PATIENCE_S),
            # Visitors are told apart by their header.
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._http.close()

    async def takes_rows(self) -> bool:
        """Whether the route's models take rows of measurements; otherwise pictures. Raises Refused for a route that does not answer."""
        try:
            async with self._http.get(f"{self.url}/{self.route}/metadata") as answer:
                if answer.status == 200:
                    return isinstance((await answer.json())["data_sample"], list)
                reason = f"its answer was {answer.status}"
        except (aiohttp.ClientError, TimeoutError, KeyError, ValueError) as error:
            reason = str(error) or type(error).__name__
        raise Refused(
            f"{self.url}/{self.route}/metadata does not say what the route {self.route} takes: {reason}. "
            "Start the lab (make up), name another address by --url, or another route by --route."
        )

    async def predict(self, key: str, sample: Sample) -> Answer:
        """One prediction for one visitor. Never raises for what a gateway may do."""
        headers = {"Content-Type": sample.content_type, "X-User-ID": key}
        began = time.perf_counter()
        status, said = 0, Answer(0)
        try:
            async with self._http.post(f"{self.url}/{self.route}/predict", data=sample.body, headers=headers) as answer:
                said = self._heard(answer.headers)
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            # Nobody answered, or the answer broke off.
            pass
        return said._replace(status=status, seconds=time.perf_counter() - began)

    def _heard(self, headers: Mapping[str, str]) -> Answer:
        if COOKIE in headers.get("Set-Cookie", ""):
            self.believes_keys = False
        return Answer(0, headers.get("X-Variant", NOBODY), headers.get("X-Served-By"), headers.get("X-Request-ID"))

    async def feedback(self, records: Sequence[Mapping[str, Any]]) -> list[Told]:
        """Sends all of it in one list; the worst outcome of each, in the same order."""
        try:
            async with self._http.post(f"{self.url}/feedback", json=list(records)) as answer:
                items = (await answer.json()).get("items", [])
        except (aiohttp.ClientError, TimeoutError, ValueError, AttributeError):
            items = []
        told = [Told(UNANSWERED, False)] * len(records)
        for item in sorted(items, key=lambda item: item["status"]):
            # Of an id that nobody knows yet (404) feedback is kept, too.
            told[item["index"]] = Told(item["outcome"], item["status"] < 400 or item["outcome"] == "unknown")
        return told

    async def send(self, receiver: str) -> bool:
        """A reward for a variant as such, or for a Seldon deployment as in `ns-candidate/iris`: it names no prediction."""
        path = f"seldon/{receiver}/api/v1.0" if "/" in receiver else f"{self.route}/{receiver}"
        try:
            async with self._http.post(f"{self.url}/{path}/feedback", json={"reward": 1}) as answer:
                return answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def faults(self, variant: str) -> Mapping[str, float]:
        """What is set now. Raises Refused where nothing can be set."""
        status, said = await self._fault("GET", variant)
        if status != 200:
            raise Refused(
                f"{variant} cannot be made to misbehave: {self.faults_of(variant)} answers {status}. "
                "Start the lab with LAB_FAULTS=1, and check the variant's name."
            )
        return said

    async def set_faults(self, variant: str, faults: Mapping[str, float | int]) -> None:
        """Raises Refused with the service's words if it does not take them."""
        status, said = await self._fault("PUT", variant, dict(faults))
        if status != 200:
            raise Refused(f"{variant} does not take the faults: {said.get('detail', status)}")

    async def clear_faults(self, variant: str) -> None:
        """Makes a variant well. Raises Refused if that did not work."""
        status, _ = await self._fault("DELETE", variant)
        if status != 200:
            raise Refused(f"The faults of {variant} could not be taken back ({status}). Try: curl -X DELETE {self.faults_of(variant)}")

    def faults_of(self, variant: str) -> str:
        """The address of a variant's faults."""
        return f"{self.url}/{self.route}/{variant}/faults"

    async def _fault(self, method: str, variant: str, said: object = None) -> tuple[int, dict[str, Any]]:
        try:
            async with self._http.request(method, self.faults_of(variant), json=said) as answer:
                return answer.status, await answer.json() if "json" in answer.content_type else {}
        except (aiohttp.ClientError, TimeoutError):
            return 0, {}
