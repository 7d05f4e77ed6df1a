"""Settings of the lab's service reach it under Docker and without."""

import re
from pathlib import Path

import pytest
import yaml

from embedded import supervisor
from embedded.places import Places
from tests.support import REPOSITORY

COMPOSE = (REPOSITORY / "docker-compose.yml").read_text()

SETTINGS = {"LAB_ATTRIBUTION_S": "3600", "LAB_REWARD_CAP": "", "LAB_KEEP_DAYS": "90", "LAB_KEEP_GB": "20"}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_container_gets_each_setting_and_the_header_explains_it(name: str) -> None:
    given = yaml.safe_load(COMPOSE)["services"]["lab"]["environment"]

    assert given[name] == f"${{{name}:-{SETTINGS[name]}}}"
    assert re.search(rf"^#   {name} +\S.* {SETTINGS[name] or 'none'}$", COMPOSE, re.MULTILINE)


def test_without_docker_the_lab_inherits_them(tmp_path: Path) -> None:
    config = supervisor.configuration(Places(REPOSITORY, tmp_path, tmp_path / "run", "127.0.0.1", 8080), [])

    # supervisord hands its own environment on; what stands here would outrank it.
    assert not [name for name in SETTINGS if name in config["program:lab"]["environment"]]
