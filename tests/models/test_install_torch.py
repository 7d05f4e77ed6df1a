"""install_torch.sh never installs the builds for CUDA, asks each place once, and ends with a sentence."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

SCRIPT = Path(__file__).parents[2] / "models" / "install_torch.sh"

# A pip that notes what it is asked to install. {there} and {gives} are shell patterns.
PIP = """#!/bin/sh
case "$1 $2" in
    "show torch") version=2.13.0+cpu ;;
    "show torchvision") version=0.28.0 ;;
    *)
        echo "$*" >> {log}
        case "$*" in {gives}) exit 0 ;; *) exit 1 ;; esac
        ;;
esac
case "$2" in {there}) echo "Version: $version" ;; esac
"""


class Run(NamedTuple):
    """What the script did."""

    code: int
    stderr: str
    installs: list[str]  # the arguments of each `pip install`


Install = Callable[..., Run]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Runs the script with a pip whose sources give what matches `gives`, and which has what matches `there`."""

    def run(gives: str, there: str = "nothing") -> Run:
        pip, log = tmp_path / "pip", tmp_path / "log"
        log.touch()
        pip.write_text(PIP.format(log=log, gives=gives, there=there))
        pip.chmod(0o755)
        done = subprocess.run(["sh", SCRIPT, pip], capture_output=True, text=True, check=False)
        return Run(done.returncode, done.stderr, log.read_text().splitlines())

    return run


def test_pips_own_sources_are_asked_before_pytorchs_index(install: Install) -> None:
    run = install(gives="*")

    assert run.code == 0
    assert run.installs[0].endswith("torch==2.13.0+cpu")
    assert not any("--index-url" in arguments for arguments in run.installs)


def test_only_the_two_packages_come_from_pytorchs_index(install: Install) -> None:
    run = install(gives="*--index-url*|*filelock*")

    from_index = [arguments for arguments in run.installs if "--index-url" in arguments]

    assert run.code == 0
    assert [arguments.split()[-1] for arguments in from_index] == ["torch==2.13.0+cpu", "torchvision==0.28.0+cpu"]
    assert all("--no-deps" in arguments and "--retries 0" in arguments for arguments in from_index)


def test_torch_is_never_asked_for_without_cpu(install: Install) -> None:
    run = install(gives="nothing")

    assert run.code == 1
    assert all("torch==2.13.0+cpu" in arguments for arguments in run.installs)
    assert run.stderr.startswith("torch==2.13.0 cannot be installed")
    assert run.stderr.count("\n") == 1


def test_torchvisions_build_for_cuda_will_do(install: Install) -> None:
    run = install(gives="*torchvision==0.28.0|*filelock*", there="torch")

    assert run.code == 0
    assert "--no-deps" in run.installs[-2]


def test_what_is_there_is_not_installed_again(install: Install) -> None:
    run = install(gives="*", there="torch|torchvision")

    assert run.code == 0
    assert not any("torch" in arguments for arguments in run.installs)


def test_what_torch_needs_is_installed_from_the_usual_index(install: Install) -> None:
    run = install(gives="*", there="torch|torchvision")

    assert "sympy>=1.13.3" in run.installs[-1]
    assert "--index-url" not in run.installs[-1]
