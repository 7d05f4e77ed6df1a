"""lab start: files go to the service with the token, and what it says comes back in sentences."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Lab, status
from tests.cli.service import FakeService

METRICS = "kind: Metric\nmetadata:\n  name: clicks\n"
EXPERIMENT = "kind: Experiment\nspec:\n  target: iris\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "metrics.yaml").write_text(METRICS)
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT)
    return tmp_path


def test_a_started_run_says_its_name_its_weights_and_what_comes_next(lab: Lab, service: FakeService, files: Path) -> None:
    service.statuses = [status("iris-progressive-2", weights={"svc": 90, "forest": 10})]

    result = lab(f"start -f {files}/experiment.yaml --why trial")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "iris-progressive-2 is started on the route iris: svc 90 %, forest 10 %.\n"
        "To watch it: lab status iris-progressive-2 -w\n"
        "To hear why: lab explain iris-progressive-2\n"
        "Its page: http://localhost:8080/lab/experiment/iris-progressive-2\n"
    )
    assert service.told == [("/experiments", {"text": EXPERIMENT, "who": "jane, by the command line", "why": "trial"})]


def test_several_files_are_one_text_of_several_documents(lab: Lab, service: FakeService, files: Path) -> None:
    lab(f"start -f {files}/metrics.yaml -f -", given=EXPERIMENT)

    assert service.told[0][1]["text"] == f"{METRICS}---\n{EXPERIMENT}".replace("\n---", "\n---", 1)


def test_notices_go_to_standard_error(lab: Lab, service: FakeService, files: Path) -> None:
    service.statuses = [status(notices=["weightObjRef has no meaning here."])]

    result = lab(f"start -f {files}/experiment.yaml -o json")
    told = lab(f"start -f {files}/experiment.yaml")

    assert json.loads(result.stdout) == service.statuses[0]
    assert told.stderr == "Notice: weightObjRef has no meaning here.\n"


def test_a_run_that_waits_says_for_what(lab: Lab, service: FakeService, files: Path) -> None:
    service.statuses = [status(stage="Waiting", iteration=0, waits_for="target", weights={})]

    result = lab(f"start -f {files}/experiment.yaml")

    assert result.exit_code == 0
    assert result.stdout.startswith("iris-progressive waits: another experiment has its route or the target iris.")


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ("2:1: spec is missing.", "{0}/metrics.yaml:2:1: spec is missing."),
        ("5:3: spec.target is 1.", "{0}/experiment.yaml:1:3: spec.target is 1."),
        ("7:3: a.\n1:1: b.", "{0}/experiment.yaml:3:3: a.\n{0}/metrics.yaml:1:1: b."),
        ("There is no route iris.", "There is no route iris."),
    ],
)
def test_what_is_wrong_is_said_with_the_line_of_its_file(lab: Lab, service: FakeService, files: Path, refusal: str, said: str) -> None:
    service.refusal = refusal

    result = lab(f"start -f {files}/metrics.yaml -f {files}/experiment.yaml")

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", said.format(files) + "\n")


def test_a_missing_file_is_a_sentence(lab: Lab, service: FakeService) -> None:
    result = lab("start -f nowhere.yaml")

    assert (result.exit_code, result.stderr) == (1, "nowhere.yaml cannot be read: no such file or directory.\n")


def test_without_a_file_it_is_not_understood(lab: Lab) -> None:
    assert lab("start").exit_code == 2


def test_without_a_token_it_says_where_one_comes_from(lab: Lab, service: FakeService, state: Path, files: Path) -> None:
    (state / "lab.token").unlink()

    result = lab(f"start -f {files}/experiment.yaml")

    assert result.exit_code == 1
    assert result.stderr == (
        f"{state}/lab.token is missing: the lab's service makes it at its first start. "
        "Start the lab (make up), or set LAB_STATE to its folder.\n"
    )
    assert service.told == []


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty. Delete it"), (b"\xff\xfe", "cannot be read: it is no text.")])
def test_a_token_that_is_none_is_a_sentence(lab: Lab, service: FakeService, state: Path, content: bytes, said: str) -> None:
    (state / "lab.token").write_bytes(content)

    result = lab("pause iris-progressive")

    assert result.exit_code == 1
    assert f"{state}/lab.token {said}" in result.stderr


def test_another_labs_token_is_refused_in_the_services_words(lab: Lab, service: FakeService, state: Path) -> None:
    (state / "lab.token").write_text("other")

    result = lab("pause iris-progressive")

    assert (result.exit_code, result.stderr) == (1, "This needs the token.\n")
