"""A gateway that answers as it is told to: half of the visitors meet `forest`, the others `svc`."""

import asyncio
import json
import zlib
from collections import Counter
from typing import Any

from aiohttp import web


class FakeGateway:
    """Everything that visitors can see of a gateway, on a port of loopback."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.failing: set[str] = set()
        """Variants that answer 500."""
        self.rescued: set[str] = set()
        """Variants in whose place svc answers."""
        self.has_faults = True
        self.believes_keys = True
        self.keys: list[str] = []
        self.bodies: Counter[str] = Counter()
        self.kept: dict[str, dict[str, Any]] = {}
        """Feedback by request id."""
        self.sent: Counter[str] = Counter()
        """Feedback that names no prediction, by its path."""
        self.faults: dict[str, dict[str, Any]] = {}
        self.history: list[dict[str, Any]] = []
        """Every change of anybody's faults."""
        self.variants: dict[str, str] = {}
        """By request id."""

    async def start(self, port: int) -> web.AppRunner:
        """Listens until the runner is cleaned up."""
        app = web.Application()
        app.router.add_get("/iris/metadata", self._metadata)
        app.router.add_post("/iris/predict", self._predict)
        app.router.add_post("/feedback", self._feedback)
        app.router.add_route("*", "/iris/{variant}/faults", self._faults)
        app.router.add_post("/{path:.+}/feedback", self._send)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    async def _metadata(self, request: web.Request) -> web.Response:
        return web.json_response({"data_sample": [[5.1, 3.5, 1.4, 0.2]]})

    async def _predict(self, request: web.Request) -> web.Response:
        key = request.headers["X-User-ID"]
        self.keys.append(key)
        request_id = f"request-{len(self.keys)}"
        self.bodies[await request.text()] += 1
        await asyncio.sleep(self.delay_s)
        variant = "forest" if zlib.crc32(key.encode()) % 2 else "svc"
        self.variants[request_id] = variant
        served_by = "svc" if variant in self.rescued else variant
        headers = {"X-Variant": variant, "X-Served-By": served_by, "X-Request-ID": request_id}
        headers |= {} if self.believes_keys else {"Set-Cookie": "lab_visitor=1; Path=/"}
        return web.json_response({}, status=500 if variant in self.failing else 200, headers=headers)

    async def _feedback(self, request: web.Request) -> web.Response:
        records = await request.json()
        self.kept |= {record["request_id"]: record for record in records}
        items = [{"index": index, "outcome": "stored", "status": 200} for index, _ in enumerate(records)]
        return web.json_response({"outcome": "stored", "items": items})

    async def _send(self, request: web.Request) -> web.Response:
        self.sent[request.match_info["path"]] += 1
        return web.json_response({"outcome": "unattributed"}, status=202)

    async def _faults(self, request: web.Request) -> web.Response:
        if not self.has_faults:
            return web.json_response({"detail": "There is nothing here."}, status=404)
        variant = request.match_info["variant"]
        if request.method != "GET":
            self.faults[variant] = json.loads(await request.read() or b"{}") if request.method == "PUT" else {}
            self.history.append({variant: self.faults[variant]})
        return web.json_response(self.faults.get(variant, {}))
