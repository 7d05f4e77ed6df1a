"""A small API server of Kubernetes: keeps objects, applies JSON Patches as the real one does, notes what it is asked, fails on request."""

import copy
import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple

from kubernetes import client

from lab.traffic.cluster import Cluster

Fault = Literal["changed meanwhile", "409", "403", "500", "422", "hangs", "hangs up", "hangs up afterwards"]

# Seconds that the lab waits for an answer of this server, and that it hangs.
PATIENCE_S = 1.0
HANGING_S = 1.5


class Asked(NamedTuple):
    """A request."""

    verb: str
    path: str
    content_type: str
    body: Any


class ApiServer:
    """Objects by their path. `faults` are spent one by one, each by a PATCH."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.faults: deque[Fault] = deque()
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()

    def put(self, path: str, document: dict[str, Any]) -> None:
        self.objects[path] = copy.deepcopy(document)
        self.objects[path]["metadata"]["resourceVersion"] = "1"

    def cluster(self) -> Cluster:
        """The official client, pointed here."""
        return Cluster(client.Configuration(host=f"http://127.0.0.1:{self._server.server_port}"), (PATIENCE_S, PATIENCE_S))

    def patches(self) -> list[Any]:
        return [one.body for one in self.asked if one.verb == "PATCH"]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def touch(self, path: str) -> None:
        """Somebody else changes the object, elsewhere."""
        meta = self.objects[path]["metadata"]
        meta["resourceVersion"] = str(int(meta["resourceVersion"]) + 1)
        meta.setdefault("annotations", {})["touched"] = meta["resourceVersion"]

    def apply(self, path: str, operations: list[dict[str, Any]]) -> str | None:
        """All or nothing; what is wrong."""
        document = copy.deepcopy(self.objects[path])
        for one in operations:
            steps = [int(step) if step.isdigit() else step for step in one["path"].split("/")[1:]]
            parent: Any = document
            for step in steps[:-1]:
                parent = parent[step]
            if one["op"] == "test" and parent.get(steps[-1]) != one["value"]:
                return f"Testing value {one['path']} failed"
            if one["op"] == "replace" and steps[-1] not in parent:
                return f"replace operation does not apply: {one['path']} is missing"
            if one["op"] in ("add", "replace"):
                parent[steps[-1]] = one["value"]
        if document != self.objects[path]:
            document["metadata"]["resourceVersion"] = str(int(document["metadata"]["resourceVersion"]) + 1)
        self.objects[path] = document
        return None


class _Handler(BaseHTTPRequestHandler):
    api: ApiServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._note(None)
        found = self.api.objects.get(self._path())
        self._answer(200, found) if found else self._refuse(404, "not found")

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._note(body)
        fault = self.api.faults.popleft() if self.api.faults else None
        if fault == "hangs":
            time.sleep(HANGING_S)
        with self.api.lock:
            self._patch(fault, body)

    def _patch(self, fault: Fault | None, body: list[dict[str, Any]]) -> None:
        if fault == "changed meanwhile":
            self.api.touch(self._path())
        if fault in ("409", "403", "500", "422"):
            return self._refuse(int(fault), f"recorded {fault}")
        if fault in ("hangs", "hangs up"):
            self.close_connection = True
            return None
        wrong = self.api.apply(self._path(), body)
        if fault == "hangs up afterwards":
            self.close_connection = True
            return None
        return self._refuse(422, wrong) if wrong else self._answer(200, self.api.objects[self._path()])

    def _note(self, body: Any) -> None:
        self.api.asked.append(Asked(self.command, self._path(), self.headers.get("Content-Type", ""), body))

    def _path(self) -> str:
        return self.path.partition("?")[0]

    def _refuse(self, status: int, message: str) -> None:
        self._answer(status, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": status})

    def _answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""
