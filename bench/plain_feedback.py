"""The control for feedback: writes and syncs every post, as one does it first: python -m bench.plain_feedback SOCKET FILE

It does not look the prediction up, so it can neither tell an unknown one from a known one nor a duplicate from news.
"""

import os
import sys
import time
import uuid
from typing import BinaryIO

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Feedback(BaseModel):
    """What it takes."""

    request_id: str
    reward: float


class Kept(BaseModel):
    """What it answers."""

    outcome: str
    request_id: str


class Line(Feedback):
    """What it writes."""

    time: float
    id: str


def create(file: BinaryIO) -> FastAPI:
    """The application; `file` is open for appending, without a buffer."""
    app = FastAPI(title="Plain feedback")

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"health": "ok"}

    @app.post("/feedback")
    def feedback(said: Feedback) -> Kept:
        line = Line(time=time.time(), id=uuid.uuid4().hex, **said.model_dump())
        file.write(line.model_dump_json().encode() + b"\n")
        os.fsync(file.fileno())
        return Kept(outcome="stored", request_id=said.request_id)

    return app


if __name__ == "__main__":
    # The server's settings are the lab's.
    with open(sys.argv[2], "ab", buffering=0) as journal:
        uvicorn.run(create(journal), uds=sys.argv[1], log_level="warning", access_log=False, loop="uvloop", http="httptools")
