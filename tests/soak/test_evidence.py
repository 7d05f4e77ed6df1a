"""Every prediction once, every reward joined: while processes are killed, and at a thousand rewards a second."""

import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import Lab
from tests.soak.visits import Client
from tests.support import REPOSITORY, eventually

pytestmark = pytest.mark.soak

VISITORS = 8
PREDICTIONS = 50_000
KILLS = 5


@pytest.fixture
def lab() -> Iterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        running = Lab(Path(folder), LOG_LEVEL="WARNING")
        up = running.make("up")
        assert up.returncode == 0, up.stdout + up.stderr
        yield running
        running.make("down")


def asked(lab: Lab, *arguments: str) -> Any:
    """What `lab … -o json` prints."""
    done = subprocess.run(
        [REPOSITORY / ".venv" / "bin" / "lab", *arguments, "-o", "json"], env=os.environ | lab.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def port(lab: Lab) -> int:
    return int(lab.environment["LAB_PORT"])


def workers(lab: Lab) -> list[int]:
    master = lab.pid("nginx")
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def meanwhile(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_50_000_predictions_are_rows_once_while_the_lab_and_the_gateways_workers_are_killed(lab: Lab) -> None:
    left = iter(range(PREDICTIONS))
    rewarded: dict[str, int] = {}
    broken: Counter[str] = Counter()
    kills = 0

    def visit(number: int) -> None:
        client, random_ = Client(port(lab)), random.Random(number)
        for _ in left:
            answer = client.get("/iris/predict/test", **{"X-User-ID": f"visitor-{random_.randrange(2000)}"})
            if answer is None:
                broken["predictions"] += 1
            elif random_.random() < 0.05:
                reward(client, answer.request_id, random_.randrange(2))
        client.close()

    def reward(client: Client, request_id: str, value: int) -> None:
        answer = client.post("/feedback", {"request_id": request_id, "reward": value})
        if answer is not None and answer.status == 200:
            rewarded[request_id] = value

    with ThreadPoolExecutor(VISITORS) as threads:
        visits = [threads.submit(visit, number) for number in range(VISITORS)]
        for turn in range(2 * KILLS):
            time.sleep(3)
            kill(lab.pid("lab") if turn % 2 else random.Random(turn).choice(workers(lab)))
            kills += 1 - turn % 2
        for done in visits:
            done.result()

    eventually(lambda: is_read(lab))
    account = asked(lab, "journal", "--digest")
    written = lab.lines()
    stored = asked(lab, "sql", "select count(*) as n, count(distinct request_id) as ids from predictions")[0]
    assert stored == {"n": len(written), "ids": len(written)}
    assert all(one["lines"] == one["stored"] + one["quarantined"] for one in account["journals"])
    # A worker that dies takes at most what its visitors were being answered.
    missing = sum(one["missing"] for one in account["answers"])
    print(f"\n{len(written)} lines; {broken['predictions']} broken answers, {missing} of {kills} x {VISITORS} possible lines missing")
    assert missing <= kills * VISITORS
    kept = asked(lab, "sql", "select count(*) as n, sum(reward)::INTEGER as total from rewards where request_id in ("
                 + ", ".join(f"'{one}'" for one in rewarded) + ")")[0]  # fmt: skip
    assert kept == {"n": len(rewarded), "total": sum(rewarded.values())}
    assert asked_after_rebuild(lab)["digest"] == account["digest"]


def is_read(lab: Lab) -> bool:
    said = asked(lab, "journal")
    return said["is_current"] and not any(one["unread"] for one in said["journals"])


def asked_after_rebuild(lab: Lab) -> Any:
    """The account of a database that is made anew."""
    assert lab.make("down").returncode == 0
    for file in lab.state.glob("lab.duckdb*"):
        file.unlink()
    assert lab.make("up").returncode == 0
    eventually(lambda: is_read(lab))
    return asked(lab, "journal", "--digest")


SECONDS = 60
REWARDS_PER_S = 1000
# Rewards about one prediction, each of another metric, so that the predictions leave room for them on two cores.
METRICS = 5
# Clients per metric: each waits for its answer before it sends the next reward.
REWARDERS = 5


def test_a_thousand_rewards_a_second_are_kept_and_joined_within_a_second(lab: Lab) -> None:
    asked_for: list[tuple[str, float]] = []
    outcomes: Counter[int | None] = Counter()
    late: list[float] = []
    ended = threading.Event()
    begin = time.monotonic() + 1

    def predict(number: int) -> None:
        client = Client(port(lab))
        for turn in range(number, SECONDS * REWARDS_PER_S // METRICS, 2):
            time.sleep(max(0.0, begin + turn * METRICS / REWARDS_PER_S - time.monotonic()))
            answer = client.get("/iris/predict/test")
            assert answer is not None
            asked_for.append((answer.request_id, time.monotonic()))
        client.close()

    def reward(number: int) -> None:
        client, metric, position = Client(port(lab)), number % METRICS, number // METRICS
        while position < len(asked_for) or not ended.is_set():
            if position >= len(asked_for):
                time.sleep(0.005)
                continue
            request_id, told_at = asked_for[position]
            position += REWARDERS
            answer = client.post("/feedback", {"request_id": request_id, "metric": f"metric{metric}", "value": position})
            outcomes[answer and answer.status] += 1
            late.append(time.monotonic() - told_at)
        client.close()

    def watch() -> None:
        while not ended.wait(2):
            # What came more than a second ago must have met its prediction.
            (row,) = asked(lab, "sql", "select count(*) as n, max(time) as newest from feedback where predicted_at is null")
            lags.append(row["n"])

    lags: list[int] = []
    watcher = meanwhile(watch)
    with ThreadPoolExecutor(2 + METRICS * REWARDERS) as threads:
        rewards = [threads.submit(reward, number) for number in range(METRICS * REWARDERS)]
        for done in [threads.submit(predict, number) for number in range(2)]:
            done.result()
        ended.set()
        for done in rewards:
            done.result()
    took = time.monotonic() - begin
    watcher.join()

    late.sort()
    print(f"\n{len(late) / took:.0f} rewards/s; from prediction to acknowledgement p50 {late[len(late) // 2]:.3f} s, "
          f"p99 {late[len(late) * 99 // 100]:.3f} s; unjoined {max(lags)}")  # fmt: skip
    assert outcomes == {200: SECONDS * REWARDS_PER_S}
    time.sleep(1)
    (row,) = asked(lab, "sql", "select count(*) as n, count(predicted_at) as joined from feedback")
    assert row == {"n": SECONDS * REWARDS_PER_S, "joined": SECONDS * REWARDS_PER_S}
    assert max(lags) == 0
