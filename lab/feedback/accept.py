"""Accepts feedback: finds the predictions, decides, writes the journal, and answers when the lines are on disk.

One worker takes everything that waits at once. So of two equal posts one comes first, the database is asked and the disk synced once for
many items, and nothing is decided while an earlier decision may still fail to be written.
"""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lab.errors import StateError
from lab.feedback.chase import Chase
from lab.feedback.item import Body, Item, Malformed, Sender
from lab.feedback.line import line
from lab.feedback.outcome import Answer, Known, Outcome, decide, malformed, overloaded, unwritable
from lab.feedback.post import Answers, Post
from lab.feedback.predictions import Predictions
from lab.feedback.recent import Key, Recent
from lab.journal.append import GroupCommit, Overloaded, Segments, Unwritten

# Seconds that an id may stay unknown: the journal is read to its end meanwhile.
PATIENCE_S = 1.0

# Seconds from one round to the next under load: what comes meanwhile shares one look-up and one sync.
PACE_S = 0.004

# Items of one round: a thousand take some 30 ms, in which nobody else is heard.
ROUND_MAX = 1_000

# Items that may be under way.
UNDER_WAY_MAX = 50_000

KEPT = (Outcome.stored, Outcome.late, Outcome.unknown)

# Seconds for which a failure is trouble, unless another one comes: who knows whether the disk still is full when nobody writes.
TROUBLE_S = 60.0

BUSY = "Too much feedback waits already: this is not kept. Send it again in a second."
AT_A_LOSS = "The lab cannot look the prediction up now: this is not kept. Send it again in a second."

log = logging.getLogger("lab.feedback")


class Acceptor:
    """Takes the feedback of every sender; belongs to one event loop."""

    def __init__(
        self,
        predictions: Predictions,
        journal: Segments,
        clock: Callable[[], float],
        window_s: float,
        under_way_max: int = UNDER_WAY_MAX,
    ) -> None:
        """`clock` tells seconds since 1970. Feedback that arrives more than `window_s` after its prediction is late."""
        self.counts: Counter[str] = Counter({outcome.value: 0 for outcome in Outcome} | {"unjournalled": 0})
        """Items by outcome since the start; `unjournalled`: those of the malformed ones that have no line."""
        self._predictions = predictions
        self._commit = GroupCommit(journal, clock)
        self._clock = clock
        self._window_s = window_s
        self._under_way_max = under_way_max
        self._under_way = 0
        # One thread for the worker, one for the chase.
        self._threads = ThreadPoolExecutor(2, "feedback")
        self._chase = Chase(predictions, self._ask, window_s)
        self._recent = Recent(clock())
        self._is_current = False
        self._ready: list[Post] = []
        self._chased: list[Post] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._begun = -PACE_S
        self._trouble: str | None = None
        self._troubled_at = 0.0

    @property
    def trouble(self) -> str | None:
        """Why feedback could not be kept within the last minute; None while the disk takes lines."""
        return self._trouble if self._clock() < self._troubled_at + TROUBLE_S else None

    async def accept(self, body: Body, sender: Sender) -> list[list[Answer]]:
        """The answers to every item of every entry, once they are on disk."""
        items = [item for entry in body.entries if not isinstance(entry, Malformed) for item in entry]
        answers = iter(await self._accept(items, sender) if items else ())
        told = []
        for entry in body.entries:
            told.append([self._malformed(entry, sender)] if isinstance(entry, Malformed) else [next(answers) for _ in entry])
        return told

    async def close(self) -> None:
        """Returns when everything that came is answered."""
        while any(not task.done() for task in self._tasks.values()):
            await asyncio.wait(self._tasks.values())
        await self._commit.close()
        self._threads.shutdown()

    async def _accept(self, items: Sequence[Item], sender: Sender) -> Sequence[Answer]:
        # A list that is longer than the limit by itself must be possible, when nothing else is under way.
        if self._under_way and self._under_way + len(items) > self._under_way_max:
            self.counts[Outcome.overloaded] += len(items)
            return [overloaded(item, BUSY) for item in items]
        answers = Answers(len(items))
        now, give_up_at = self._clock(), asyncio.get_running_loop().time() + PATIENCE_S
        self._under_way += len(items)
        self._ready += [Post(item, sender, now, give_up_at, answers, place) for place, item in enumerate(items)]
        self._wake("worker", self._work)
        return await answers.all()

    def _malformed(self, entry: Malformed, sender: Sender) -> Answer:
        """Its line is written when the disk has time: nobody relies on it."""
        answer = malformed(entry.sentence)
        self.counts[Outcome.malformed] += 1
        try:
            done = self._commit.append([line(entry, sender, answer, arrived_at=self._clock(), record=uuid.uuid4().hex)])
            done.add_done_callback(self._note_malformed)
        except Overloaded:
            self.counts["unjournalled"] += 1
        return answer

    def _note_malformed(self, done: "asyncio.Future[None]") -> None:
        if done.cancelled() or done.exception() is not None:
            self.counts["unjournalled"] += 1

    def _wake(self, name: str, work: Callable[[], Any]) -> None:
        task = self._tasks.get(name)
        if task is None or task.done():
            self._tasks[name] = asyncio.get_running_loop().create_task(work())

    async def _ask(self, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - whatever it returns
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._ready:
            pause = self._begun + PACE_S - loop.time()
            if pause > 0:
                await asyncio.sleep(pause)
            self._begun = loop.time()
            posts, self._ready = self._ready[:ROUND_MAX], self._ready[ROUND_MAX:]
            try:
                await self._settle(posts)
            except Exception as error:
                self._give_back(posts, error)

    async def _pursue(self) -> None:
        while self._chased:
            posts, self._chased = self._chased, []
            try:
                waiting = await self._chase.round(posts)
            except Exception as error:
                self._give_back(posts, error)
                continue
            self._chased += waiting
            self._ready += [post for post in posts if post.is_settled]
            if self._ready:
                self._wake("worker", self._work)

    async def _settle(self, posts: Sequence[Post]) -> None:
        """Answers those whose prediction is known or will never be, and lets the others wait."""
        if not self._is_current:
            # What the process before this one has accepted last may not be in the database yet.
            await self._ask(self._predictions.read_on)
            self._recent.recall(await self._ask(self._predictions.said_last, self._recent.kept_max))
            self._is_current = True
        await self._look_up([post for post in posts if not post.is_settled])
        self._chased += [post for post in posts if not post.is_settled]
        if self._chased:
            self._wake("chase", self._pursue)
        settled = [post for post in posts if post.is_settled]
        if settled:
            await self._keep(settled, self._decide(settled, await self._given(settled)))

    async def _look_up(self, posts: Sequence[Post]) -> None:
        ids = {post.item.request_id for post in posts if post.item.request_id is not None}
        seen = await self._ask(self._predictions.seen, ids) if ids else {}
        for post in posts:
            post.predicted_at = seen.get(post.item.request_id)
            is_nobodys = post.item.request_id is None and post.sender.visitor is None
            post.is_settled = post.predicted_at is not None or is_nobodys

    async def _given(self, posts: Sequence[Post]) -> Mapping[Key, float | str]:
        """What the database knows of predictions so old that not everything about them is remembered here."""
        ids: Collection[str] = {
            post.key[0]
            for post in posts
            if post.key is not None
            and post.predicted_at is not None
            and self._recent.get(post.key) is None
            and not self._recent.is_authority(post.predicted_at)
        }
        given: Mapping[Key, float | str] = await self._ask(self._predictions.given, ids) if ids else {}
        return given

    def _decide(self, posts: Sequence[Post], given: Mapping[Key, float | str]) -> list[Answer]:
        """One after the other: each may be a duplicate of one before it."""
        before: dict[Key, float | str] = {}
        answers = []
        for post in posts:
            key = post.key
            said = None
            if key is not None:
                said = next((found for found in (before.get(key), self._recent.get(key), given.get(key)) if found is not None), None)
            answer = decide(post.item, Known(post.predicted_at, said, post.arrived_at), self._window_s)
            if key is not None and answer.outcome in KEPT:
                before.setdefault(key, post.item.value)
            answers.append(answer)
        return answers

    async def _keep(self, posts: Sequence[Post], answers: Sequence[Answer]) -> None:
        """Writes the lines, then remembers and tells what is on disk. Lines fail from the end, so no duplicate outlives its original."""
        lines = [
            line(post.item, post.sender, answer, arrived_at=post.arrived_at, record=uuid.uuid4().hex, by_cookie=post.by_cookie)
            for post, answer in zip(posts, answers, strict=True)
        ]
        written = await self._write(lines)
        for post, answer in zip(posts[:written], answers, strict=False):
            if post.key is not None and answer.outcome in KEPT:
                self._recent.add(post.key, post.item.value, post.arrived_at)
            self._tell(post, answer)
        for post in posts[written:]:
            self._tell(post, unwritable(post.item))

    async def _write(self, lines: Sequence[bytes]) -> int:
        """How many of them are on disk."""
        try:
            await self._commit.append(lines)
        except Unwritten as error:
            self._note_trouble(error)
            return error.written
        self._note_trouble(None)
        return len(lines)

    def _note_trouble(self, error: StateError | None) -> None:
        """Says so once, not at every post."""
        if error is not None and self._trouble is None:
            log.error("Feedback is refused. %s", error)
        if error is None and self._trouble is not None:
            log.warning("Feedback is kept again.")
        self._trouble, self._troubled_at = None if error is None else str(error), self._clock()

    def _give_back(self, posts: Sequence[Post], error: Exception) -> None:
        """Something is wrong with the disk or with the lab itself: nobody may be left without an answer."""
        is_disk = isinstance(error, StateError)
        if is_disk:
            # Reading on writes, too: what it has no room for, feedback has none for.
            self._note_trouble(error)
        else:
            log.error("Feedback is refused: the lab cannot look predictions up.", exc_info=error)
        chased = set(self._chased)
        for post in posts:
            if post not in chased:
                self._tell(post, unwritable(post.item) if is_disk else overloaded(post.item, AT_A_LOSS))

    def _tell(self, post: Post, answer: Answer) -> None:
        if post.answers.put(post.place, answer):
            self._under_way -= 1
            self.counts[answer.outcome] += 1
