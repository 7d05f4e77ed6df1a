"""The overlays' NGINX files do what they say: a real NGINX reads them, with the ports and folders of this machine in place of a pod's."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support import REPOSITORY, eventually, free_ports

ISTIO = REPOSITORY / "k8s" / "overlays" / "istio"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Model(ThreadingHTTPServer):
    """Answers like a service; keeps the headers that it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.headers: dict[str, str] = {}
        threading.Thread(target=self.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()


class _Answer(BaseHTTPRequestHandler):
    server: Model

    def do_GET(self) -> None:
        self.server.headers = dict(self.headers)
        self.send_response(200)
        if self.path.startswith("/predict"):
            self.send_header("X-Lab-Prediction", '{"model":"svc","label":"setosa","probability":0.97}')
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture
def model() -> Iterator[Model]:
    made = Model()
    yield made
    made.shutdown()
    made.server_close()


class Running:
    """NGINX with one file, and what it printed."""

    def __init__(self, folder: Path, text: str) -> None:
        (self.port,) = free_ports(1)
        self.out = folder / "out"
        user = "user root;\n" if Path("/root").is_dir() and _is_root() else ""
        (folder / "nginx.conf").write_text(user + text.replace("8000;", f"127.0.0.1:{self.port};", 1).replace("/tmp/", f"{folder}/"))
        command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;", "-e", "stderr"]
        with self.out.open("w") as out:
            self._process = subprocess.Popen(command, stdout=out)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def lines(self) -> list[str]:
        return self.out.read_text().splitlines()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def answers(self) -> bool:
        try:
            self.get("/ready")
        except requests.ConnectionError:
            return False
        return True


def _is_root() -> bool:
    return subprocess.run(["id", "-u"], capture_output=True, text=True).stdout.strip() == "0"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Any]:
    started: list[Running] = []

    def start(text: str) -> Running:
        started.append(Running(tmp_path, text))
        eventually(started[-1].answers)
        return started[-1]

    yield start
    for one in started:
        one.close()


def test_the_log_beside_a_model_writes_a_line_of_json_for_each_prediction(model: Model, running: Any) -> None:
    text = (ISTIO / "prediction-log" / "log.conf").read_text().replace("127.0.0.1:8001", f"127.0.0.1:{model.server_port}")
    log = running(text)

    answers = [log.get("/predict/test"), log.get("/health")]

    eventually(lambda: len(log.lines()) == 2)
    prediction, other = map(json.loads, log.lines())
    assert prediction["prediction"] == {"model": "svc", "label": "setosa", "probability": 0.97}
    assert prediction["request_id"] == model.headers["X-Request-ID"] or len(prediction["request_id"]) == 32
    assert (prediction["status"], other["prediction"]) == (200, None)
    assert "X-Lab-Prediction" not in answers[0].headers
    assert model.headers["X-Lab-Journal"] == "1"


def test_a_proxy_asks_its_model_and_answers_for_its_own_health(model: Model, running: Any, tmp_path: Path) -> None:
    folder = ISTIO / "condition-based-serving" / "proxy"
    server = (folder / "proxy.conf").read_text().replace("MODEL", f"127.0.0.1:{model.server_port}")
    proxy = running((folder / "nginx.conf").read_text().replace("include /tmp/proxy.conf;", server))

    assert proxy.get("/health").json() == {"health": "ok"}
    assert proxy.get("/predict/test").text == "ok"


def test_the_door_for_prometheus_opens_to_the_metrics_alone(model: Model, running: Any) -> None:
    text = (REPOSITORY / "k8s" / "base" / "lab" / "doors.conf").read_text()
    http = text[text.index("http {") :].replace("listen 8093", "listen 8000").replace("listen 8091", "listen unix:/tmp/routes.sock")
    lab = http.replace("unix:/sockets/lab.sock:", f"127.0.0.1:{model.server_port}")
    doors = running(f"worker_processes 1;\npid /tmp/doors.pid;\nevents {{}}\n{lab}")

    assert doors.get("/metrics").text == "ok"
    assert [doors.get(path).status_code for path in ("/", "/sql", "/metrics/", "/routes.json")] == [404] * 4
    assert requests.post(f"http://127.0.0.1:{doors.port}/metrics", timeout=10).status_code == 403


def test_the_lab_hands_out_its_routes_and_says_when_they_are_unchanged(running: Any, tmp_path: Path) -> None:
    text = (REPOSITORY / "k8s" / "base" / "lab" / "doors.conf").read_text()
    http = text[text.index("http {") :].replace("listen 8091", "listen 8000").replace("root /state", "root /tmp/.")
    (tmp_path / "routes.json").write_text('{"schema": 1}')
    doors = running(f"worker_processes 1;\npid /tmp/doors.pid;\nevents {{}}\n{http}")

    first = doors.get("/routes.json")
    again = requests.get(f"http://127.0.0.1:{doors.port}/routes.json", headers={"If-None-Match": first.headers["ETag"]}, timeout=10)

    assert first.json() == {"schema": 1}
    assert again.status_code == 304
    assert doors.get("/lab.token").status_code == 404
