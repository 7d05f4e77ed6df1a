"""One item on its way through the acceptance, and the request that it belongs to."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lab.feedback.item import Item, Sender
from lab.feedback.outcome import Answer


class Answers:
    """Collects the answers to the items of one request."""

    def __init__(self, count: int) -> None:
        self._answers: list[Answer | None] = [None] * count
        self._open = count
        self._complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def put(self, place: int, answer: Answer) -> bool:
        """False if this item was answered before."""
        if self._answers[place] is not None:
            return False
        self._answers[place] = answer
        self._open -= 1
        # Nobody listens any more when the request was given up.
        if self._open == 0 and not self._complete.done():
            self._complete.set_result(None)
        return True

    async def all(self) -> Sequence[Answer]:
        """In the order of the items."""
        if self._open:
            await self._complete
        return [answer for answer in self._answers if answer is not None]


# Each is itself: two equal posts are two.
@dataclass(slots=True, eq=False)
class Post:
    """What is known of one item so far."""

    item: Item
    sender: Sender
    arrived_at: float
    """Seconds since 1970."""
    give_up_at: float
    """When no prediction has been found by then, there is none. By the event loop's clock."""
    answers: Answers
    place: int
    predicted_at: float | None = None
    is_settled: bool = False
    """Whether it is known whether there is a prediction."""
    by_cookie: bool = False

    @property
    def key(self) -> tuple[str, str] | None:
        """What must be unique."""
        return None if self.item.request_id is None else (self.item.request_id, self.item.metric)
