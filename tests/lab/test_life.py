"""Starting, stopping and failing of the embedded lab."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests

from tests.lab.conftest import Lab
from tests.support import REPOSITORY, eventually


def test_a_second_up_leaves_everything_running(lab: Lab) -> None:
    before = lab.pid("nginx")

    again = lab.make("up")

    assert again.returncode == 0
    assert lab.url in again.stdout
    assert lab.pid("nginx") == before


def test_a_taken_port_is_a_sentence_that_names_its_setting(state: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        up = Lab(state, APP_VGG16_PORT=port).embedded("up")

    assert up.returncode != 0
    assert f"Port {port} is taken: app_vgg16 needs it." in up.stderr
    assert "APP_VGG16_PORT=" in up.stderr
    assert "Traceback" not in up.stderr


def test_a_missing_model_is_a_sentence_and_the_others_run(state: Path) -> None:
    artifacts = state / "artifacts"
    for app in ("app_custom", "app_iris"):
        shutil.copytree(REPOSITORY / app / "artifacts", artifacts / app)
    lab = Lab(state / "state", LAB_ARTIFACTS=str(artifacts))

    up = lab.embedded("up")
    answers = [lab.upload() for _ in range(4)]
    forced = lab.upload(**{"X-Variant": "vgg16"})
    lab.embedded("down")

    assert up.returncode == 1
    assert "app_vgg16 is not ready" in up.stderr
    assert "vgg16.onnx is missing. Run: python download_models.py" in up.stderr
    assert {answer.json()["model"] for answer in answers} == {"custom"}
    assert forced.status_code == 503


def test_down_ends_every_process_and_keeps_the_journal(state: Path) -> None:
    lab = Lab(state)
    lab.embedded("up")
    pids = [lab.pid(name) for name in ("app_custom", "app_vgg16", "app_iris_svc", "app_iris_forest", "lab", "nginx")]
    lab.upload()

    down = lab.embedded("down")

    assert down.returncode == 0
    assert [pid for pid in pids if _is_alive(pid)] == []
    assert len(lab.lines()) == 1
    assert lab.embedded("up").returncode == 0
    lab.embedded("down")


def test_ctrl_c_in_the_foreground_stops_everything(state: Path) -> None:
    lab = Lab(state)
    environment = os.environ | lab.environment | {"PYTHONUNBUFFERED": "1"}
    command = [REPOSITORY / ".venv" / "bin" / "python", "-m", "embedded", "run"]
    with (state / "output").open("w") as output:
        # Its own process group, so that the signal reaches all of it, as from a terminal.
        running = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    eventually(lambda: "Ctrl-C stops the lab" in (state / "output").read_text())
    nginx = lab.pid("nginx")

    time.sleep(0.5)
    os.killpg(running.pid, signal.SIGINT)

    assert running.wait(60) == 0
    assert not _is_alive(nginx)


def test_another_lab_beside_this_one_has_its_own_state(lab: Lab, state: Path) -> None:
    other = Lab(state)
    other.embedded("up")
    other.upload()
    eventually(lambda: len(other.lines()) == 1)
    other.embedded("down")

    assert requests.get(f"{lab.url}/ready").ok


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
