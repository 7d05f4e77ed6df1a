"""What the journals tell, for programs: the log, questions in SQL, the report, and what is known of losses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query
from starlette.responses import Response

from lab.errors import Refused
from lab.feedback.accept import Acceptor
from lab.follower import Follower
from lab.settings import Settings
from lab.store import account, log, question, report
from lab.store.digest import digest
from lab.store.question import QuestionError
from lab.store.store import Store
from lab.web.answer import json_answer
from lab.web.moment import MomentError, moment

# 200 or 5xx
STATUSES = re.compile(r"[1-5](xx|[0-9]{2})")


class WantedError(Refused):
    """A filter that means nothing."""


# What the client did wrong; any other refusal is 503.
STATUS: dict[type[Refused], int] = {QuestionError: 422, MomentError: 422, WantedError: 422}

# Most predictions of one page of the log.
PAGE_MAX = 1000


@dataclass
class Wanted:
    """The query of GET /log."""

    route: str | None = None
    variant: str | None = None
    label: str | None = None
    outlier: bool | None = None
    status: str | None = None
    reason: str | None = None
    visitor: str | None = None
    request_id: str | None = None
    since: str | None = None
    until: str | None = None

    def filter(self) -> log.Filter:
        """Raises MomentError for a time that is none, WantedError for a status."""
        now = datetime.now(UTC)
        since, until = (moment(text, now) if text else None for text in (self.since, self.until))
        status = _statuses(self.status) if self.status else None
        return log.Filter(**(vars(self) | {"status": status, "since": since, "until": until}))


def _statuses(text: str) -> tuple[int, int]:
    """The first and the last that are meant."""
    if not STATUSES.fullmatch(text):
        raise WantedError(f"status is {text!r}, must be such as 200 or 5xx.")
    return int(text.replace("xx", "00")), int(text.replace("xx", "99"))


def troubles(acceptor: Acceptor, follower: Follower) -> Iterator[str]:
    """What keeps the lab from recording everything, a sentence each."""
    if acceptor.trouble:
        yield f"The last feedback was not kept. {acceptor.trouble}"
    if follower.trouble:
        yield f"The journals cannot be read on. {follower.trouble}"


def router(store: Store, follower: Follower, acceptor: Acceptor, here: Settings) -> APIRouter:
    """GET /log, POST /sql, GET /report, GET /journal."""
    evidence = APIRouter()

    @evidence.get("/log")
    def predictions(
        wanted: Annotated[Wanted, Depends()],
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
        after: Annotated[int | None, Query(ge=-1, lt=2**63)] = None,
    ) -> Response:
        """The newest predictions that fit, or those after number `after`."""
        looked_for = wanted.filter()
        page = log.newest(store, looked_for, limit) if after is None else log.after(store, looked_for, after, limit)
        return json_answer({"predictions": page.rows, "last": page.last})

    @evidence.post("/sql")
    def sql(asked: Annotated[str, Body(embed=True, alias="sql", max_length=100_000)]) -> Response:
        """Answers one SELECT."""
        answer = question.ask(store, asked)
        return json_answer(answer._asdict())

    @evidence.get("/report")
    def reported(since: str | None = None, route: str | None = None) -> Response:
        """Every variant's numbers."""
        start = moment(since, datetime.now(UTC)) if since else None
        variants = report.report(store, start, route)
        return json_answer({"since": start, "variants": [one.as_json() for one in variants]})

    @evidence.get("/journal")
    def journal(digests: Annotated[bool, Query(alias="digest")] = False) -> Response:
        """What was written, read, lost and refused."""
        said: dict[str, Any] = account.account(store, here.sockets).as_json()
        # Since the start of this process: some leave no line.
        said["feedback"] = dict(acceptor.counts)
        said["trouble"] = list(troubles(acceptor, follower))
        said["is_current"] = follower.is_current
        return json_answer(said | ({"digest": digest(store)} if digests else {}))

    return evidence
