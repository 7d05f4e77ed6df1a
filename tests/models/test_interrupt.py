"""Ctrl-C at any moment: a sentence, the right exit code, nothing partial under a final name; the next run finishes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from miniature import WEIGHTS, Publisher, save_weights

from models.cards import read_card, sha256_of
from models.cli import ROOT
from models.interrupt import SENTENCE

# How long an interrupted program may take to end, in seconds: an import may have to be waited for, on a busy machine.
END_S = 4

# Draws pictures in a pool, and says when its processes are at work.
POOL = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from models import interrupt

def work(place):
    (Path(place) / str(__import__("os").getpid())).touch()
    time.sleep(30)

if __name__ == "__main__":
    interrupt.watch()
    with ProcessPoolExecutor(2, get_context("spawn"), initializer=interrupt.end_with_parent) as pool:
        with interrupt.starting_children():
            results = pool.map(work, [sys.argv[1]] * 4)
        print("started", flush=True)
        list(results)
"""


@pytest.fixture
def program(checkout: Path, publisher: Publisher) -> list[str]:
    """download_models.py in a checkout of its own, whose weights arrive in several pieces."""
    save_weights(publisher.folder / WEIGHTS)
    plan = checkout / "app_custom" / "artifacts.toml"
    plan.write_text(plan.read_text().replace(f"{publisher.url}/", f"{publisher.url}/cut/4000000/"))
    shutil.copy(ROOT / "app_custom" / "build.py", checkout / "app_custom")
    shutil.copy(ROOT / "download_models.py", checkout)
    for package in ("models", "sample_data"):
        (checkout / package).symlink_to(ROOT / package)
    return [sys.executable, str(checkout / "download_models.py")]


def started(command: list[str], **settings: object) -> subprocess.Popen[str]:
    """A program in a process group of its own, as a terminal starts it. Signals wait until it listens to them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **settings)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def interrupted(process: subprocess.Popen[str], number: int = signal.SIGINT) -> str:
    """Signals the whole group, as a terminal does; returns what the program said on stderr."""
    os.killpg(process.pid, number)
    return process.communicate(timeout=END_S)[1]


def is_whole_or_absent(path: Path) -> bool:
    card = read_card(path)
    return not path.exists() or (card is not None and card.sha256 == sha256_of(path))


def test_at_eight_random_moments_nothing_partial_stays_and_the_next_run_finishes(program: list[str], checkout: Path) -> None:
    moments, model = random.Random(7), checkout / "app_custom" / "artifacts" / "custom.onnx"
    for _ in range(8):
        process = started(program)
        time.sleep(moments.uniform(0, 2.5))
        said = interrupted(process) if process.poll() is None else process.communicate()[1]

        assert process.returncode in (0, 130)
        assert said == (f"{SENTENCE}\n" if process.returncode else "")
        assert is_whole_or_absent(model)
        if process.returncode == 0:
            shutil.rmtree(model.parent)

    done = subprocess.run(program, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert not read_card(model).stand_in
    assert sorted(path.name for path in model.parent.iterdir()) == ["custom.json", "custom.onnx", WEIGHTS]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_each_signal_has_its_exit_code(program: list[str], number: int, code: int) -> None:
    process = started(program)

    said = interrupted(process, number)

    assert (process.returncode, said) == (code, f"{SENTENCE}\n")


def test_two_at_once_both_finish(program: list[str], checkout: Path) -> None:
    both = [started(program), started(program)]

    said = [process.communicate(timeout=60) for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert [errors for _, errors in said] == ["", ""]
    assert is_whole_or_absent(checkout / "app_custom" / "artifacts" / "custom.onnx")


def test_the_processes_of_a_pool_end_with_it_and_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "pool.py").write_text(POOL)
    places = tmp_path / "at_work"
    places.mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    moments = random.Random(3)
    for _ in range(3):
        process = started([sys.executable, str(tmp_path / "pool.py"), str(places)], env=environment)
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.6))

        # stderr ends when the last process that could write to it has ended.
        said = interrupted(process)

        assert (process.returncode, said) == (130, f"{SENTENCE}\n")


def test_the_processes_of_a_pool_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "pool.py").write_text(POOL)
    process = started([sys.executable, str(tmp_path / "pool.py"), str(tmp_path)], env=os.environ | {"PYTHONPATH": str(ROOT)})
    process.stdout.readline()

    os.kill(process.pid, signal.SIGKILL)

    process.communicate(timeout=END_S)


def test_a_background_job_that_ignores_ctrl_c_goes_on_ignoring_it(tmp_path: Path) -> None:
    program = "from models import interrupt; interrupt.watch(); import os; os.kill(os.getpid(), 2); print('goes on')"

    done = subprocess.run(
        ["sh", "-c", f'trap "" INT; {sys.executable} -c "{program}"'], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "goes on\n")


def test_a_reader_that_leaves_early_is_no_traceback(program: list[str]) -> None:
    done = subprocess.run(["sh", "-c", '"$0" "$1" --list | true', *program], capture_output=True, text=True, check=False)

    assert done.stderr == ""


def test_the_help_lists_the_exit_codes() -> None:
    done = subprocess.run([sys.executable, "download_models.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)

    assert all(f"\n  {code} " in done.stdout for code in ("0", "1", "2", "130", "143"))


def test_what_is_not_understood_is_the_exit_code_2() -> None:
    done = subprocess.run([sys.executable, "download_models.py", "--onyl"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "unrecognized arguments: --onyl" in done.stderr
