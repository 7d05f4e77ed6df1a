"""docker-compose up --build, from start to end, through the published port."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import yaml

from tests.support import REPOSITORY, eventually, free_ports, journal_lines, status_of

pytestmark = pytest.mark.docker

PICTURE = REPOSITORY / "sample_data" / "lemon" / "lemon_01.jpg"
# All but the one that makes the models and ends.
SERVICES = tuple(name for name in yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"] if name != "models")


class Compose:
    """One project of docker-compose with ports and volumes of its own."""

    def __init__(self, name: str = "") -> None:
        self.ports = dict(zip(("LAB_PORT", "APP_CUSTOM_PORT", "APP_VGG16_PORT"), map(str, free_ports(3)), strict=True))
        self.url = f"http://localhost:{self.ports['LAB_PORT']}"
        command = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
        self._project = f"labtest{name}{os.getpid()}"
        self._command = [*command, "-p", self._project]

    def __call__(self, *arguments: str) -> str:
        """Runs docker-compose; fails with what it said."""
        return _said(*self._command, *arguments, env=os.environ | self.ports)

    def container(self, service: str) -> dict[str, Any]:
        """What `docker inspect` says of a service's container."""
        found: dict[str, Any] = json.loads(_said("docker", "inspect", self._identifier(service)))[0]
        return found

    def within(self, service: str, *command: str) -> str:
        """Runs a command in a service's container; fails with what it said."""
        return _said("docker", "exec", self._identifier(service), *command)

    def lines(self) -> list[dict[str, Any]]:
        """The whole journal; every line is valid."""
        return journal_lines(self.within("nginx", "sh", "-c", "cat /state/journal/predictions-*.jsonl"))

    def upload(self, path: str = "/predict", **headers: str) -> requests.Response:
        """Uploads a picture through the published port, on a connection of its own."""
        with PICTURE.open("rb") as content:
            return requests.post(f"{self.url}{path}", files={"file": (PICTURE.name, content, "image/jpeg")}, headers=headers, timeout=30)

    def _identifier(self, service: str) -> str:
        """Of its container. Asked of Docker itself: docker-compose takes most of a second for any answer."""
        labels = {"project": self._project, "service": service}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        return _said("docker", "ps", "--all", "--quiet", *filters).strip()


def _said(*command: str, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    project = Compose()
    try:
        project("up", "--build", "-d")
        eventually(lambda: _healthy(project, *SERVICES))
        yield project
    except BaseException:
        print(project("logs", "--no-color", "--tail", "50"))
        raise
    finally:
        project("down", "-v")


def _healthy(project: Compose, *services: str) -> bool:
    return all(project.container(service)["State"]["Health"]["Status"] == "healthy" for service in services)


def test_uploads_alternate_strictly(compose: Compose) -> None:
    met = [compose.upload().json()["model"] for _ in range(10)]

    assert met[0::2] == [met[0]] * 5
    assert met[1::2] == [met[1]] * 5
    assert {met[0], met[1]} == {"custom", "vgg16"}


def test_the_header_rule_and_the_forced_variant_choose(compose: Compose) -> None:
    assert {compose.upload("/vision/predict", target="mountain").headers["X-Variant"] for _ in range(3)} == {"plant"}
    assert {compose.upload("/vision/predict").headers["X-Variant"] for _ in range(3)} == {"imagenet"}
    assert {compose.upload(**{"X-Variant": "custom"}).json()["model"] for _ in range(3)} == {"custom"}


def test_vision_models_whose_weights_were_in_no_reach_are_off_and_their_containers_well(compose: Compose) -> None:
    answers = {name: compose.upload(f"/vision/{name}/predict") for name in ("imagenet", "plant")}

    for name, answer in answers.items():
        container = compose.container(f"app_mobilenet_{name}")
        assert answer.status_code == 200 or f"The model {name} is off" in answer.json()["detail"]
        assert (container["RestartCount"], container["State"]["Health"]["Status"]) == (0, "healthy")


def test_the_lab_changes_the_weights_without_a_restart(compose: Compose) -> None:
    started = compose.container("nginx")["State"]["StartedAt"]

    compose.within("lab", "lab", "weight", "iris", "xgboost=100")
    met = {requests.get(f"{compose.url}/iris/predict/test").headers["X-Variant"] for _ in range(10)}
    compose.within("lab", "lab", "weight", "iris", "svc=60", "forest=40")

    assert met == {"xgboost"}
    assert compose.container("nginx")["State"]["StartedAt"] == started


def test_iris_answers_with_both_models(compose: Compose) -> None:
    met = {requests.get(f"{compose.url}/iris/predict/test").json()["mode"] for _ in range(30)}

    assert met == {"iris_svc.onnx", "iris_rf.onnx"}


def test_a_prediction_is_one_journal_line_and_one_line_of_the_log(compose: Compose) -> None:
    answer = compose.upload()

    eventually(lambda: any(line["request_id"] == answer.headers["X-Request-ID"] for line in compose.lines()))
    (line,) = [line for line in compose.lines() if line["request_id"] == answer.headers["X-Request-ID"]]
    assert (line["variant"], line["label"]) == (answer.json()["model"], answer.json()["likely_class"])
    assert compose("logs", "--no-color", "nginx").count(answer.headers["X-Request-ID"]) == 1


def test_a_reward_is_kept_joined_and_shown(compose: Compose) -> None:
    request_id = compose.upload().headers["X-Request-ID"]

    answer = requests.post(f"{compose.url}/feedback", json={"request_id": request_id, "truth": "lemon"})

    assert (answer.status_code, answer.json()["outcome"]) == (200, "stored")
    question = f"select truth, predicted_route from feedback where request_id = '{request_id}'"
    eventually(lambda: json.loads(compose.within("lab", "lab", "sql", "-o", "json", question)) == [
        {"truth": "lemon", "predicted_route": "fruit"}
    ])  # fmt: skip
    row = json.loads(compose.within("lab", "lab", "log", "-o", "json", "--request-id", request_id))
    assert row["status"] == 200
    account = json.loads(compose.within("lab", "lab", "journal", "-o", "json"))
    assert all(one["lines"] == one["stored"] for one in account["journals"])
    assert [one["missing"] for one in account["answers"]] == [0] * len(account["answers"])


def test_the_models_answer_on_their_own_ports(compose: Compose) -> None:
    for port, variant in (("APP_CUSTOM_PORT", "custom"), ("APP_VGG16_PORT", "vgg16")):
        assert requests.get(f"http://localhost:{compose.ports[port]}/ready").json()["model"] == variant


def test_a_stopped_model_is_replaced_and_nobody_else_notices(compose: Compose) -> None:
    started = compose.container("nginx")["State"]["StartedAt"]

    compose("stop", "app_vgg16")
    answers = [compose.upload() for _ in range(4)]
    line = next(line for line in reversed(compose.lines()) if line["variant"] == "vgg16")
    compose("start", "app_vgg16")
    eventually(lambda: _healthy(compose, "app_vgg16"))

    assert [answer.status_code for answer in answers] == [200] * 4
    assert {answer.headers["X-Served-By"] for answer in answers} == {"custom"}
    assert (line["served_by"], line["rescued"]) == ("custom", True)
    assert compose.container("nginx")["State"]["StartedAt"] == started
    assert {compose.upload().json()["model"] for _ in range(2)} == {"custom", "vgg16"}


def test_a_model_killed_and_created_anew_five_times_under_load_costs_at_most_one_request_each(compose: Compose) -> None:
    started = compose.container("nginx")["State"]["StartedAt"]
    statuses: list[int] = []
    running = True

    def visit(_: int) -> None:
        while running:
            statuses.append(status_of(f"{compose.url}/iris/predict/test"))
            time.sleep(0.01)

    with ThreadPoolExecutor(2) as clients:
        visits = clients.map(visit, range(2))
        try:
            for _ in range(5):
                compose("kill", "app_iris_forest")
                compose("up", "-d", "--no-deps", "--force-recreate", "app_iris_forest")
        finally:
            running = False
        list(visits)

    assert len(statuses) > 100
    assert sum(status != 200 for status in statuses) <= 5
    assert compose.container("nginx")["State"]["StartedAt"] == started
    eventually(lambda: requests.get(f"{compose.url}/iris/forest/predict/test").status_code == 200)


def test_containers_run_as_an_ordinary_user_on_a_read_only_disk(compose: Compose) -> None:
    for service in SERVICES:
        assert compose.within(service, "id", "-u").strip() == "10001"
        assert "read-only" in compose.within(service, "sh", "-c", "touch /srv/x 2>&1 || true").lower()


def test_only_loopback_is_published(compose: Compose) -> None:
    for service in SERVICES:
        for bindings in compose.container(service)["NetworkSettings"]["Ports"].values():
            assert {binding["HostIp"] for binding in bindings or []} <= {"127.0.0.1"}


def test_a_serving_container_carries_no_pytorch(compose: Compose) -> None:
    assert "No module named 'torch'" in compose.within("app_vgg16", "sh", "-c", "python -c 'import torch' 2>&1 || true")


def test_a_second_start_makes_no_model_again(compose: Compose) -> None:
    begun = time.monotonic()
    compose("up", "-d")
    compose("up", "models")

    assert "skipping" in compose("logs", "--no-color", "--tail", "12", "models")
    assert time.monotonic() - begun < 60


def test_an_experiment_runs_and_is_taken_back(compose: Compose) -> None:
    def lab(*words: str) -> str:
        return compose.within("lab", "lab", *words)

    before = lab("weight", "iris", "-o", "json")

    started = lab("start", "-f", "experiments/iris-progressive.yaml")
    (during,) = json.loads(lab("status", "iris-progressive", "-o", "json"))["experiments"]
    link = lab("open")
    lab("undo", "iris-progressive", "--yes")
    after = lab("weight", "iris", "-o", "json")

    assert "iris-progressive is started on the route iris" in started
    assert during["weights"] == {"svc": 80.0, "forest": 20.0}
    assert f":{compose.ports['LAB_PORT']}/lab/sign-in?code=" in link
    assert shares(after) == shares(before)


def shares(said: str) -> dict[str, float]:
    (route,) = json.loads(said)["routes"]
    return {one["variant"]: one["weight_percent"] for one in route["variants"]}


def test_down_leaves_nothing_running(compose: Compose) -> None:
    compose("down")

    assert compose("ps", "-q").strip() == ""
