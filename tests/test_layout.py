"""What the layout promises."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from embedded.__main__ import addresses
from embedded.places import from_environment

REPOSITORY = Path(__file__).resolve().parent.parent
APPS = sorted(folder.name for folder in REPOSITORY.glob("app_*") if (folder / "model.py").is_file())
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())


def imported(package: str, file: str = "*.py") -> set[str]:
    """Top-level names that the modules of a package import."""
    found = set()
    for path in (REPOSITORY / package).rglob(file):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def test_there_are_models() -> None:
    assert {"app_custom", "app_vgg16", "app_iris", "app_mobilenet"} <= set(APPS)


def test_serving_knows_no_model_by_name() -> None:
    texts = "".join(path.read_text() for path in (REPOSITORY / "serving").rglob("*.py"))

    assert not imported("serving") & {"models", "embedded", "sample_data", *APPS}
    assert not re.search(r"""["'](app_\w+|custom|vgg16|svc|forest|iris|fruit)["'.]""", texts)


def test_making_models_does_not_need_serving_and_serving_needs_no_torch() -> None:
    assert not imported("models") & {"serving", "embedded", *APPS}
    assert not imported("serving") & {"torch", "torchvision", "sklearn", "onnx"}


def test_the_labs_service_starts_without_scipys_large_parts() -> None:
    found = "import sys, lab.app; print(*sys.modules.keys() & {'scipy.special', 'scipy.optimize'})"

    assert subprocess.check_output([sys.executable, "-c", found], cwd=REPOSITORY, text=True) == "\n"


def test_a_model_imports_only_serving_of_the_lab() -> None:
    for app in APPS:
        assert not imported(app, "model.py") & {"models", "embedded", "torch", *APPS}


def test_the_embedded_run_imports_no_model_and_no_service() -> None:
    assert not imported("embedded") & {"serving", "models", "lab", *APPS}


def test_the_lab_and_the_services_know_nothing_of_each_other() -> None:
    assert not imported("lab") & {"serving", "models", "embedded", "sample_data", *APPS}
    for package in ("serving", "models", *APPS):
        assert "lab" not in imported(package), package


def test_what_the_lab_thinks_touches_no_clock_disk_or_network() -> None:
    world = {"os", "pathlib", "time", "socket", "fcntl", "subprocess", "random", "sys", "typer", "rich", "fastapi", "uvicorn", "duckdb"}
    # Times as values, without a clock.
    texts = ("store/sums.py", "store/tables.py", "store/views.py")
    pure = ("routes/*.py", "upstreams.py", "described.py", "errors.py")
    thinking = imported("lab/stats").union(*(imported("lab", pattern) for pattern in pure))

    assert not thinking & {*world, "datetime"}
    assert not set().union(*(imported("lab", pattern) for pattern in texts)) & world


def test_only_the_edge_of_the_lab_asks_the_operating_system() -> None:
    # The service itself, its health probe and settings, and whoever writes or reads files.
    edge = {"__main__.py", "probe.py", "settings.py", "files.py", "journal/append.py", "journal/segments.py", "store/reading.py"}
    files = (path.relative_to(REPOSITORY / "lab") for path in (REPOSITORY / "lab").rglob("*.py"))

    assert {str(file) for file in files if {"os", "fcntl", "socket"} & imported("lab", str(file))} == edge


def test_every_model_folder_has_a_service_and_every_service_an_upstream() -> None:
    services = {name: entry for name, entry in COMPOSE["services"].items() if "VARIANT" in entry.get("environment", {})}
    variants = {entry["environment"]["VARIANT"] for entry in services.values()}
    upstreams = re.findall(r"^upstream \w+\.(\w+) ", (REPOSITORY / "nginx" / "upstreams.conf").read_text(), re.MULTILINE)

    assert {entry["build"]["args"]["APP"] for entry in services.values()} == set(APPS)
    assert variants == set(upstreams)


def test_a_model_is_named_in_compose_by_its_own_entry_alone() -> None:
    others = {name: entry for name, entry in COMPOSE["services"].items() if "VARIANT" not in entry.get("environment", {})}

    assert not re.findall(r"app_\w+", json.dumps(others))


def test_every_route_has_upstreams_and_every_upstream_a_route() -> None:
    upstreams = re.findall(r"^upstream (\w+)\.\w+ ", (REPOSITORY / "nginx" / "upstreams.conf").read_text(), re.MULTILINE)
    routes = json.loads((REPOSITORY / "nginx" / "routes.json").read_text())["routes"]

    assert set(routes) == set(upstreams)


def test_every_setting_of_the_readme_reaches_the_containers_or_belongs_to_make_up() -> None:
    rows = re.findall(r"^\| (`[A-Z0-9_`, ]+`) \|[^|]*\|([^|]*)\|", (REPOSITORY / "README.md").read_text(), re.MULTILINE)
    compose = (REPOSITORY / "docker-compose.yml").read_text()

    assert len(rows) > 5
    for names, meaning in rows:
        for name in re.findall(r"[A-Z0-9_]+", names):
            assert f"${{{name}:-" in compose or "`make up`:" in meaning or "`environment:`" in meaning, name


def test_the_upload_limit_is_the_same_everywhere() -> None:
    texts = [(REPOSITORY / file).read_text() for file in ("nginx/server.conf", "nginx/sorry.js", "serving/templates/form_picture.html")]

    assert "client_max_body_size 10m;" in texts[0]
    assert "larger than 10 MB" in texts[1]
    assert "at most 10 MB" in texts[2]
    assert "10 * 1024 * 1024" in (REPOSITORY / "serving" / "settings.py").read_text()
    assert "10 * 1024 * 1024" in (REPOSITORY / "lab" / "web" / "pages" / "compare_form.py").read_text()
    assert "at most 10 MB" in (REPOSITORY / "lab" / "web" / "templates" / "compare.html").read_text()


def test_every_container_is_hardened_and_only_loopback_is_published() -> None:
    for name, entry in COMPOSE["services"].items():
        assert entry["read_only"] is True, name
        assert entry["user"] == "10001:10001", name
        assert entry["mem_limit"], name
        for port in entry.get("ports", []):
            assert port.startswith(("127.0.0.1:", "${LAB_BIND:-127.0.0.1}:")), name


def test_every_pinned_dependency_is_exact() -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    # What stands behind a semicolon says on which machines the pin holds.
    pins = [pin.partition(";")[0].strip() for extra in extras.values() for pin in extra]

    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][^*,\s]*", pin)] == []


@pytest.mark.parametrize("usual", [True, False])
def test_the_advertised_command_changes_the_lab_that_runs(usual: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_STATE", raising=False) if usual else monkeypatch.setenv("LAB_STATE", str(tmp_path))

    text = addresses(from_environment(REPOSITORY), [])

    setting = "" if usual else f"LAB_STATE={tmp_path} "
    assert f"  who gets what    {setting}.venv/bin/lab weight --show\n" in text


@pytest.mark.parametrize("file", ["README.md", "docker-compose.yml", None])
def test_whoever_starts_the_lab_is_told_of_its_page(file: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_PORT", raising=False)

    told = (REPOSITORY / file).read_text() if file else addresses(from_environment(REPOSITORY), [])

    url = "http://localhost" if file == "docker-compose.yml" else "http://localhost:8080"
    assert f"{url}/lab/" in "\n".join(told.splitlines()[:40])
    assert re.search(rf"{url}[/, ].*\n?.*{url}/lab/", told)
