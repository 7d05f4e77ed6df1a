"""Posts to a server on a unix socket: some clients that each wait for their answer, or a steady stream that waits for nobody."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import uvloop

from bench.errors import Failure

# Connections of a stream: what comes while all of them wait for an answer, waits too, and that counts.
CONNECTIONS = 200

# Seconds without an answer after which a server counts as broken.
TIMEOUT_S = 30


class Met(NamedTuple):
    """What the posts of one burst met."""

    latencies_s: list[float]
    """Of each; in a stream from the moment when it was due."""
    seconds: float
    """From the first post to the last answer."""

    @property
    def per_s(self) -> float:
        return len(self.latencies_s) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Of the latencies."""
        return float(np.percentile(self.latencies_s, percent)) * 1000


def by_clients(socket: Path, bodies: Iterator[bytes], clients: int, seconds: float) -> Met:
    """Every client posts, waits for the answer, and posts again. Raises Failure unless every answer is a 200."""
    return uvloop.run(_by_clients(socket, bodies, clients, seconds))


def in_a_stream(socket: Path, bodies: Iterator[bytes], per_second: float, seconds: float) -> Met:
    """Posts when it is time, whether earlier ones are answered or not. Raises Failure unless every answer is a 200."""
    return uvloop.run(_in_a_stream(socket, bodies, per_second, seconds))


class _Connection:
    """One kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def post(self, body: bytes) -> None:
        """Reads the whole answer."""
        head = f"POST /feedback HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        said = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        content = await self._reader.readexactly(int(said.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        if not said.startswith(b"http/1.1 200"):
            raise Failure(f"POST /feedback answered {said[9:12].decode()}: {content[:200]!r}")

    def close(self) -> None:
        """The server sees its end."""
        self._writer.close()


async def _by_clients(socket: Path, bodies: Iterator[bytes], clients: int, seconds: float) -> Met:
    connections = await _connected(socket, clients)
    started = time.perf_counter()
    end = started + seconds
    latencies: list[float] = []

    async def client(connection: _Connection) -> None:
        while (begun := time.perf_counter()) < end:
            await connection.post(next(bodies))
            latencies.append(time.perf_counter() - begun)

    await _all(connections, [client(connection) for connection in connections], seconds)
    return Met(latencies, time.perf_counter() - started)


async def _in_a_stream(socket: Path, bodies: Iterator[bytes], per_second: float, seconds: float) -> Met:
    connections = await _connected(socket, CONNECTIONS)
    started = time.perf_counter()
    number = iter(range(int(per_second * seconds)))
    latencies: list[float] = []

    # Whoever is free takes the next post and waits until it is due.
    async def courier(connection: _Connection) -> None:
        for mine in number:
            due = started + mine / per_second
            await asyncio.sleep(due - time.perf_counter())
            await connection.post(next(bodies))
            latencies.append(time.perf_counter() - due)

    await _all(connections, [courier(connection) for connection in connections], seconds)
    return Met(latencies, time.perf_counter() - started)


async def _connected(socket: Path, count: int) -> list[_Connection]:
    return [_Connection(*await asyncio.open_unix_connection(str(socket))) for _ in range(count)]


async def _all(connections: list[_Connection], work: list[Awaitable[None]], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds + TIMEOUT_S):
            await asyncio.gather(*work)
    except TimeoutError as error:
        raise Failure(f"POST /feedback: answers are missing {TIMEOUT_S} s after the last post was due.") from error
    except (OSError, EOFError) as error:
        raise Failure(f"POST /feedback: the server closed the connection: {error}") from error
    finally:
        for connection in connections:
            connection.close()
