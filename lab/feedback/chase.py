"""Waits for predictions that the lab has not read yet: feedback may come faster than the journal is followed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from lab.feedback.fields import REQUEST_ID
from lab.feedback.post import Post
from lab.feedback.predictions import Predictions

# Seconds from one reading of the journal to the next while somebody waits.
PACE_S = 0.05

# Runs a blocking function in a thread.
Ask = Callable[..., Awaitable[Any]]


class Chase:
    """Reads the journal to its end and looks again, until everybody's prediction is found or their time is over."""

    def __init__(self, predictions: Predictions, ask: Ask, window_s: float) -> None:
        self._predictions = predictions
        self._ask = ask
        self._window_s = window_s
        self._begun = -PACE_S

    async def round(self, posts: Sequence[Post]) -> list[Post]:
        """Settles whom it can, and returns who must wait on."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._begun + PACE_S - loop.time())
        self._begun = loop.time()
        await self._ask(self._predictions.read_on)
        await self._attribute([post for post in posts if post.item.request_id is None])
        await self._look_up(posts)
        return [post for post in posts if not post.is_settled]

    async def _look_up(self, posts: Sequence[Post]) -> None:
        ids = {post.item.request_id for post in posts if post.item.request_id is not None}
        seen = await self._ask(self._predictions.seen, ids) if ids else {}
        now = asyncio.get_running_loop().time()
        for post in posts:
            post.predicted_at = seen.get(post.item.request_id)
            # By now the visitor has one prediction or not: that of a page was in the journal before the page was on the screen.
            post.is_settled = post.predicted_at is not None or now >= post.give_up_at or post.item.request_id is None

    async def _attribute(self, posts: Sequence[Post]) -> None:
        """To the visitor's only prediction, where there is no doubt."""
        if not posts:
            return
        # The latest of them decides what is long ago.
        since = {post.sender.visitor: post.arrived_at - self._window_s for post in posts if post.sender.visitor}
        found = await self._ask(self._only_of, since)
        for post in posts:
            request_id = found.get(post.sender.visitor)
            if request_id is not None and REQUEST_ID.fullmatch(request_id):
                post.item = post.item._replace(request_id=request_id)
                post.by_cookie = True

    def _only_of(self, since: dict[str, float]) -> dict[str, str | None]:
        return {visitor: self._predictions.only_of(visitor, begin) for visitor, begin in since.items()}
