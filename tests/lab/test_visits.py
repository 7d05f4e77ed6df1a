"""What visitors of the running lab get."""

import json
import os
import re
import shlex
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.lab.conftest import Lab
from tests.support import REPOSITORY, eventually, status_of


def test_200_uploads_alternate_and_each_is_one_line(lab: Lab) -> None:
    before = len(lab.lines())
    pictures = sorted((REPOSITORY / "sample_data").glob("*/*.jpg"))

    answers = []
    for number in range(200):
        if number % 3 == 0:
            requests.get(f"{lab.url}/interface/", headers={"Accept": "text/html"})
            requests.get(f"{lab.url}/static/styles.css")
        answers.append(lab.upload(pictures[number % len(pictures)]))

    eventually(lambda: len(lab.lines()) == before + 200)
    models = [answer.json()["model"] for answer in answers]
    assert models[0::2] == [models[0]] * 100
    assert models[1::2] == [models[1]] * 100
    lines = {line["request_id"]: line for line in lab.lines()[before:]}
    for answer in answers:
        line = lines.pop(answer.headers["X-Request-ID"])
        assert answer.json()["request_id"] == line["request_id"]
        assert (line["variant"], line["status"]) == (answer.json()["model"], 200)
        assert (line["label"], line["probability"]) == (answer.json()["likely_class"], answer.json()["probability"])
    assert not lines


def test_both_models_answer_the_same_picture_differently_but_each_always_the_same(lab: Lab) -> None:
    said = {variant: {lab.upload(**{"X-Variant": variant}).json()["probability"] for _ in range(3)} for variant in ("custom", "vgg16")}

    assert all(len(probabilities) == 1 for probabilities in said.values())
    assert said["custom"] != said["vgg16"]


def test_a_service_killed_five_times_under_load_costs_at_most_one_request_each(lab: Lab) -> None:
    gateway = lab.pid("nginx")
    statuses: list[int] = []
    running = True

    def visit(_: int) -> None:
        while running:
            statuses.append(status_of(f"{lab.url}/iris/predict/test"))

    with ThreadPoolExecutor(4) as clients:
        visits = clients.map(visit, range(4))
        for _ in range(5):
            victim = lab.pid("app_iris_forest")
            subprocess.run(["kill", "-9", str(victim)], check=True)
            eventually(lambda victim=victim: lab.pid("app_iris_forest") not in (0, victim))
            eventually(lambda: _is_ready(lab))
        running = False
        list(visits)

    assert sum(status != 200 for status in statuses) <= 5
    assert any(line["rescued"] and line["variant"] == "forest" for line in lab.lines())
    assert lab.pid("nginx") == gateway


def _is_ready(lab: Lab) -> bool:
    try:
        return requests.get(f"http://localhost:{lab.environment['APP_IRIS_FOREST_PORT']}/ready", timeout=5).ok
    except requests.ConnectionError:
        time.sleep(0.1)
        return False


def test_the_stylesheet_and_links_of_every_page_work_behind_the_gateway(lab: Lab) -> None:
    for page in ("/", "/interface/", "/iris/", "/iris/svc/interface/", "/fruit/vgg16/"):
        html = requests.get(f"{lab.url}{page}", headers={"Accept": "text/html"}).text
        links = re.findall(r'(?:href|src)="([^"]+)"', html)

        assert any(link.endswith("styles.css") for link in links)
        for link in links:
            assert link.startswith("/")
            assert requests.get(f"{lab.url}{link}").status_code == 200


def readme_commands() -> list[tuple[str, str]]:
    """Every command of README's console examples, with the output shown below it."""
    text = (REPOSITORY / "README.md").read_text()
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [tuple(part.partition("\n")[::2]) for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]  # type: ignore[misc]


# What `lab log` shows of a prediction.
LOG_LINE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  \w+ +\w+ +\w+ +\d{3} +\w+ +[01]\.\d{4} +(no|outlier|-) +\d+\.\d{3} +[0-9a-f]{32}"


def without_numbers(line: str) -> str:
    """What an experiment says apart from its measurements: numbers, lengths of time, and columns that are as wide as they."""
    lasting = re.sub(r"\d+ (day|days|h|min|s)( \d+ (h|min|s))?\b", "#", line)
    # Which harms and claims come first depends on the numbers, too.
    return " ".join(re.sub(r"[+-]?\d[\d.,:^e+-]*", "#", lasting).partition("; mean-latency")[0].split())


def on_a_new_lab(line: str) -> str:
    """What the lab would say if no other test had visited it: experiments and changes are counted."""
    return re.sub(r"epoch \d+", "epoch #", re.sub(r"iris-progressive(-\d+)? *", "iris-progressive ", line)).rstrip()


@pytest.mark.parametrize(("command", "shown"), readme_commands())
def test_the_readmes_commands_answer_as_shown(lab: Lab, command: str, shown: str) -> None:
    here = command.replace("http://localhost:8080", lab.url).replace("state/", f"{shlex.quote(str(lab.state))}/")
    if re.search("journal|log|[0-9a-f]{32}", here):
        known = lab.upload().headers["X-Request-ID"]
        lab.upload()
        eventually(lambda: known in {line["request_id"] for line in lab.lines()})
        # The README's prediction is somebody else's.
        here = re.sub("[0-9a-f]{32}", known, here)
        time.sleep(1)

    # The same visitors, in less time.
    here = here.replace("--rate 60 --duration 60s", "--rate 150 --duration 36s")

    done = subprocess.run(["bash", "-c", here], cwd=REPOSITORY, env=os.environ | lab.environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    # Without published weights, vision models are off: then that is the answer.
    assert '"detail":"' not in done.stdout or ("/vision/" in here and " is off: " in done.stdout)
    if shown.startswith("{"):
        assert set(json.loads(done.stdout)) == set(json.loads(shown))
    elif re.search(r"bin/lab (start|status|explain) ?", here):
        said, told = ([without_numbers(on_a_new_lab(line)) for line in text.splitlines()] for text in (done.stdout, shown))
        assert said == told
    elif shown.startswith("time "):
        assert done.stdout.splitlines()[0] == shown.splitlines()[0]
        assert all(re.fullmatch(LOG_LINE, line) for line in (done.stdout + shown).splitlines() if not line.startswith("time "))
    elif shown.strip():
        said, told = ([on_a_new_lab(line) for line in text.strip().splitlines()] for text in (done.stdout, shown))
        assert said == told


def test_the_readme_names_every_command_of_the_makefile() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    targets = re.findall(r"^([a-z-]+):.*##", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)

    assert [target for target in targets if f"`make {target}`" not in readme and target != "help"] == []


def test_the_readmes_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!http|#)([^)]+)\)", (REPOSITORY / "README.md").read_text())

    assert [link for link in links if not _leads_somewhere(*link.partition("#")[::2])] == []


def _leads_somewhere(file: str, heading: str) -> bool:
    """To a file, or to a heading of it as GitHub writes it into links."""
    path = Path(REPOSITORY, file)
    if not heading:
        return path.exists()
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return heading in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}
