"""The pods of the local overlay for real: podman plays them, probes pass, visitors are answered, a pod dies and is replaced."""

import copy
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.k8s.pod_images import LOAD_STREAM, build
from tests.k8s.podman import Pods
from tests.k8s.rendered import Object, objects
from tests.support import REPOSITORY, eventually, free_ports, journal_lines

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not shutil.which("podman"), reason="podman is not there, and only it plays pods without a cluster."),
    pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not there, and it renders the overlay and makes the Secret."),
]

PICTURE = REPOSITORY / "sample_data" / "lemon" / "lemon_01.jpg"
WEIGHTS = "fruit_classifier_state_dict.pt"
# In the order of their start. The other variants are the same Deployment with other words, and take a minute of training each.
PLAYED = ("mirror", "lab", "gateway", "app-svc", "app-forest", "app-custom")


@pytest.fixture(scope="module")
def pods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pods]:
    """All of them ready."""
    folder = tmp_path_factory.mktemp("pods")
    needs_stream = build(folder)
    made = Pods([*_settled(needs_stream), _visitors(), *_mirror(_weights(folder))], f"ablab{os.getpid()}-", *free_ports(1), folder)
    try:
        for name in PLAYED:
            made.play(name)
        for name in PLAYED:
            made.wait(name, "startupProbe", "readinessProbe", "livenessProbe")
        yield made
    finally:
        made.close()


@pytest.fixture
def url(pods: Pods) -> str:
    """The gateway's port of this node."""
    pod = pods.plan.pods["gateway"].documents[-1]["spec"]
    return next(f"http://127.0.0.1:{port['hostPort']}" for container in pod["containers"] for port in container.get("ports", []))


def _settled(needs_stream: bool) -> list[Object]:
    """The overlay with what docs/cluster.md lets people choose: the mirror of the models' weights."""
    made = copy.deepcopy(objects("local"))
    for one in made:
        data = one.get("data", {})
        if "model-mirror" in data:
            data["model-mirror"] = "http://mirror:8000"
        if "doors.conf" in data and needs_stream:
            data["doors.conf"] = LOAD_STREAM + data["doors.conf"]
    return made


def _visitors() -> Object:
    """The Secret, made as docs/cluster.md says."""
    command = ["kubectl", "create", "secret", "generic", "lab-visitors", f"--from-literal=visitors={os.urandom(32).hex()}"]
    done = subprocess.run([*command, "--dry-run=client", "-o", "json"], check=True, capture_output=True, text=True)
    found: Object = json.loads(done.stdout)
    return found


def _weights(folder: Path) -> Path:
    """The published file of `custom` with random weights, as large as the real one."""
    import torch

    from app_custom.build import Net

    (made := folder / "weights").mkdir()
    made.chmod(0o755)
    torch.manual_seed(0)
    torch.save(Net().state_dict(), made / WEIGHTS)
    return made


def _mirror(weights: Path) -> list[Object]:
    """A pod that hands out a folder of this machine, and its Service."""
    command = ["python", "-m", "http.server", "8000", "--directory", "/weights"]
    port = {"name": "http", "containerPort": 8000}
    probe = {"httpGet": {"path": f"/{WEIGHTS}", "port": "http"}, "periodSeconds": 1, "failureThreshold": 60}
    mounts = [{"name": "weights", "mountPath": "/weights", "readOnly": True}]
    server = {"name": "server", "image": "ab-lab/lab:0.1.0", "command": command, "ports": [port], "volumeMounts": mounts}
    volume = {"name": "weights", "hostPath": {"path": str(weights), "type": "Directory"}}
    pod = {"containers": [server | {"startupProbe": probe}], "volumes": [volume]}
    service = {"selector": {"app": "mirror"}, "ports": [{"port": 8000, "targetPort": "http"}]}
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mirror", "labels": {"app": "mirror"}}, "spec": pod},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "mirror"}, "spec": service},
    ]


def _lines(pods: Pods) -> list[dict[str, Any]]:
    """The journal in the lab's pod, which begins with the first prediction; every line is valid."""
    return journal_lines(pods.output("lab", "lab", "sh", "-c", "cat /state/journal/predictions-*.jsonl 2>/dev/null || true"))


def _upload(url: str) -> requests.Response:
    with PICTURE.open("rb") as content:
        return requests.post(
            f"{url}/fruit/predict", files={"file": (PICTURE.name, content, "image/jpeg")}, headers={"X-Variant": "custom"}, timeout=30
        )


def test_every_container_runs_as_the_images_user_and_cannot_write_into_its_image(pods: Pods) -> None:
    places = [(name, one["name"]) for name in PLAYED[1:] for one in pods.plan.pods[name].documents[-1]["spec"]["containers"]]

    assert {pods.output(*place, "id", "-u").strip() for place in places} == {"10001"}
    assert [place for place in places if pods.runs(pods.plan.pods[place[0]], place[1], "touch", "/srv/written")] == []


def test_the_loader_fetches_the_weights_from_the_mirror(pods: Pods) -> None:
    card = json.loads(pods.output("app-custom", "app", "cat", "/artifacts/app_custom/custom.json"))

    # The probe has asked for it too, from the node.
    asked = [line for line in pods.logs("mirror", "server").splitlines() if f'"GET /{WEIGHTS} ' in line and '" 200 ' in line]
    assert any(line.startswith(pods.plan.pods["app-custom"].address) for line in asked), asked
    assert f"http://mirror:8000/{WEIGHTS}" in card["source"]
    assert card["stand_in"] is False


def test_predictions_and_uploads_through_the_gateway_are_in_the_labs_journal_once(pods: Pods, url: str) -> None:
    flower, picture = requests.get(f"{url}/iris/predict/test", timeout=30), _upload(url)
    asked = [answer.headers["X-Request-ID"] for answer in (flower, picture)]

    eventually(lambda: set(asked) <= {line["request_id"] for line in _lines(pods)})

    assert (flower.status_code, picture.status_code) == (200, 200)
    assert picture.json()["model"] == "custom"
    found = [line["request_id"] for line in _lines(pods)]
    assert [found.count(one) for one in asked] == [1, 1]


def test_the_lab_changes_the_split_of_the_gateways_pod(pods: Pods, url: str) -> None:
    pods.output("lab", "lab", "lab", "weight", "iris", "forest=100", "svc=0", "xgboost=0")

    eventually(lambda: _served_by(_ask(url, 10)) == {"forest"})

    pods.output("lab", "lab", "lab", "weight", "iris", "svc=50", "forest=50", "xgboost=0")
    eventually(lambda: _served_by(_ask(url, 20)) == {"svc", "forest"})


def test_visitors_of_a_pod_that_was_killed_are_answered_by_another_until_it_is_replaced(pods: Pods, url: str) -> None:
    eventually(lambda: _served_by(_ask(url, 20)) == {"svc", "forest"})

    pods.kill("app-svc")
    meanwhile = _ask(url, 20)
    pods.replace("app-svc")
    pods.wait("app-svc", "startupProbe", "readinessProbe")

    assert [answer.status_code for answer in meanwhile] == [200] * 20
    assert _served_by(meanwhile) == {"forest"}
    rescued = {answer.headers["X-Request-ID"] for answer in meanwhile if answer.headers["X-Variant"] == "svc"}
    assert rescued
    eventually(lambda: rescued <= {line["request_id"] for line in _lines(pods) if line["rescued"]})
    eventually(lambda: _served_by(_ask(url, 20)) == {"svc", "forest"})


def _ask(url: str, times: int) -> list[requests.Response]:
    return [requests.get(f"{url}/iris/predict/test", timeout=30) for _ in range(times)]


def _served_by(answers: list[requests.Response]) -> set[str]:
    return {answer.headers["X-Served-By"] for answer in answers}
