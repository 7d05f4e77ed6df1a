"""Lets the visitors come: every prediction at its planned moment, feedback when it is due, faults set and taken back."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Coroutine, Iterator
from typing import Any, NamedTuple

from lab.errors import Refused
from lab.load.faults import changes
from lab.load.gateway import Gateway
from lab.load.plan import Load
from lab.load.samples import Samples
from lab.load.tally import Answer, Result, Tally
from lab.load.visitors import Visit, key, reward, visits
from lab.load.words import shown

# Predictions that are waited for at a time. Above that the gateway is overwhelmed, and more would only pile up.
UNDER_WAY_MAX = 500

# Seconds behind the plan from which a prediction counts as late.
LATE_S = 0.1

# Seconds from one sending of feedback to the next: what is due meanwhile goes together, up to so many records.
PACE_S = 0.1
TOGETHER_MAX = 500

# Seconds that predictions under way get when somebody ends the load early.
GRACE_S = 2.0

UNBELIEVED = (
    "The gateway does not believe X-User-ID, so it took every prediction for a new visitor's. "
    "Publish it on loopback only, or start it with LAB_TRUST_USER_ID=1."
)


class Due(NamedTuple):
    """Feedback that waits for its moment. order: tells apart what is due at the same one."""

    at: float
    order: int
    variant: str
    record: dict[str, Any]


class Visitors:
    """Runs one load once."""

    def __init__(self, load: Load, samples: Samples, gateway: Gateway) -> None:
        self.load = load
        self.tally = Tally()
        self.stop = asyncio.Event()
        """Set it to end the load early."""
        self._samples = samples
        self._gateway = gateway
        self._under_way: set[asyncio.Task[None]] = set()
        self._due: list[Due] = []
        self._order = itertools.count()
        self._telling = asyncio.Lock()
        self._faulty: set[str] = set()
        self._began = self._sending_s = 0.0
        self._notes: list[str] = []

    @property
    def elapsed_s(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began if self._began else 0.0

    @property
    def waiting(self) -> int:
        """Feedback that is not due yet."""
        return len(self._due)

    async def run(self) -> Result:
        """Until all is done, or `stop` is set; faults are taken back in any case. Raises Refused for faults that cannot be set."""
        for variant in {span.variant for span in self.load.faults}:
            await self._check(variant)
        self._began = time.monotonic()
        try:
            await self._come_and_go()
        finally:
            await self._make_well()
        return self._result()

    async def _come_and_go(self) -> None:
        beside = [asyncio.ensure_future(one) for one in (self._tell(), self._misbehave(), *map(self._send, self.load.sent))]
        try:
            await self._unless_stopped(self._predict(), beside)
            await self._leave()
            self._sending_s = self.elapsed_s
            await self._unless_stopped(self._tell_the_rest(), beside)
        finally:
            # Not before what was sent last is acknowledged.
            async with self._telling:
                for task in beside:
                    task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None], beside: list[asyncio.Future[None]]) -> None:
        """Does the work, or as much as is done when `stop` is set. What fails beside it, fails here."""
        doing, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.stop.wait())
        waited = {doing, stopped, *beside}
        try:
            while not doing.done() and not stopped.done():
                done, waited = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    one.result()
        finally:
            doing.cancel()
            stopped.cancel()
            await asyncio.gather(doing, stopped, return_exceptions=True)

    async def _predict(self) -> None:
        """Sends every prediction at its moment, whether earlier ones are answered or not."""
        for visit in visits(self.load, self._samples):
            # Also when it is late, so that answers are heard meanwhile.
            await asyncio.sleep(max(0.0, visit.at_s - self.elapsed_s))
            if len(self._under_way) >= UNDER_WAY_MAX:
                self.tally.missed += 1
                continue
            self.tally.sent += 1
            self.tally.late += self.elapsed_s - visit.at_s > LATE_S
            task = asyncio.ensure_future(self._visit(visit))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _leave(self) -> None:
        """Waits for the answers that are still to come."""
        if not self._under_way:
            return
        _, cut = await asyncio.wait(self._under_way, timeout=GRACE_S if self.stop.is_set() else None)
        for task in cut:
            task.cancel()
        if cut:
            self._notes.append(f"{len(cut)} predictions were not answered yet when the load was ended.")

    async def _visit(self, visit: Visit) -> None:
        answer = await self._gateway.predict(key(self.load, visit.visitor), visit.sample)
        self.tally.answered(visit.visitor, answer)
        record = self._record(visit, answer)
        if record:
            heapq.heappush(self._due, Due(time.monotonic() + visit.delay_s, next(self._order), answer.variant, record))

    def _record(self, visit: Visit, answer: Answer) -> dict[str, Any] | None:
        """What this visitor has to say: nothing about what is no prediction."""
        if answer.is_error or answer.request_id is None:
            return None
        given = reward(self.load, visit, answer.served_by or answer.variant)
        said = {} if given is None else {"reward": given}
        said |= {"truth": visit.sample.truth} if self.load.truth else {}
        return {"request_id": answer.request_id, **said} if said else None

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(PACE_S)
            await self._tell_due()

    async def _tell_the_rest(self) -> None:
        while self._due:
            await asyncio.sleep(PACE_S)

    async def _tell_due(self) -> None:
        """Sends the feedback that is due, in lists. Others who want to do so wait until the answers are here."""
        async with self._telling:
            while now_due := list(self._taken()):
                told = await self._gateway.feedback([due.record for due in now_due])
                for due, one in zip(now_due, told, strict=True):
                    self.tally.told(due.variant, one.outcome, one.is_kept)

    def _taken(self) -> Iterator[Due]:
        now = time.monotonic()
        for _ in range(TOGETHER_MAX):
            if not self._due or self._due[0].at > now:
                return
            yield heapq.heappop(self._due)

    async def _send(self, receiver: str) -> None:
        """Rewards a variant as such, at its rate."""
        for number in itertools.count():
            await asyncio.sleep(max(0.0, number / self.load.sent[receiver] - self.elapsed_s))
            is_counted = await self._gateway.send(receiver)
            self.tally.unattributed += is_counted

    async def _check(self, variant: str) -> None:
        """Faults that somebody else has set are not ours to take back."""
        present = await self._gateway.faults(variant)
        if present:
            raise Refused(
                f"{variant} misbehaves already: {shown(present)}. Make it well first: curl -X DELETE {self._gateway.faults_of(variant)}"
            )

    async def _misbehave(self) -> None:
        for change in changes(self.load.faults):
            await asyncio.sleep(max(0.0, change.at_s - self.elapsed_s))
            self._faulty.add(change.variant)
            await self._gateway.set_faults(change.variant, change.faults)

    async def _make_well(self) -> None:
        for variant in sorted(self._faulty):
            try:
                await self._gateway.clear_faults(variant)
            except Refused as refused:
                self._notes.append(str(refused))

    def _result(self) -> Result:
        unbelieved = [] if self._gateway.believes_keys else [UNBELIEVED]
        return Result(
            seed=self.load.seed,
            seconds=self._sending_s,
            planned=self.load.planned,
            sent=self.tally.sent,
            late=self.tally.late,
            missed=self.tally.missed,
            variants=self.tally.variants(),
            outcomes=dict(self.tally.outcomes),
            unsent=len(self._due),
            unattributed=self.tally.unattributed,
            is_stopped=self.stop.is_set(),
            notes=(*self._notes, *unbelieved),
        )
