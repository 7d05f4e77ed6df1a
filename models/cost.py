"""Measures what a prediction of an artifact costs on this machine, in a process of its own.

Run: python -m models.cost FILE THREADS
"""

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.cards import Cost

# Enough for a 90th percentile; a slow model stops at the time limit instead.
PREDICTIONS_MAX = 100
SECONDS_MAX = 2.0

# Seconds for all of it, on a very busy machine.
PATIENCE_S = 120

# The first predictions fill caches.
WARM_UP = 3


def measure(artifact: Path, threads: int | None = None) -> Cost | None:
    """Loads `artifact` and predicts noise, one input at a time; None when it cannot be measured.

    threads: for one prediction; None means every core.
    """
    command = [sys.executable, "-m", "models.cost", str(artifact.resolve()), str(threads or os.cpu_count() or 1)]
    root = Path(__file__).parent.parent
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    except subprocess.SubprocessError:
        print(f"What a prediction of {artifact.name.removesuffix('.part')} costs cannot be measured here; its card does not say.")
        return None
    return Cost(**json.loads(done.stdout))


def _measured(artifact: Path, threads: int) -> Cost:
    before_mb = _peak_mb()
    started = time.perf_counter()
    session = _session(artifact, threads)
    load_s = time.perf_counter() - started
    times = _latencies_ms(session)
    p50, p90 = np.percentile(times, [50, 90])
    memory_mb = round(_peak_mb() - before_mb, 1)
    return Cost(round(float(p50), 3), round(float(p90), 3), len(times), threads, round(load_s, 3), memory_mb, _cpu())


def _session(artifact: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # As the services do.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(artifact), options, providers=["CPUExecutionProvider"])


def _latencies_ms(session: onnxruntime.InferenceSession) -> list[float]:
    takes = session.get_inputs()[0]
    shape = [side if isinstance(side, int) else 1 for side in takes.shape]
    row = {takes.name: _noise(shape, takes.type)}
    for _ in range(WARM_UP):
        session.run(None, row)
    times, end = [], time.perf_counter() + SECONDS_MAX
    while len(times) < PREDICTIONS_MAX and (not times or time.perf_counter() < end):
        started = time.perf_counter()
        session.run(None, row)
        times.append((time.perf_counter() - started) * 1000)
    return times


def _noise(shape: list[int], kind: str) -> NDArray[np.generic]:
    """Bytes for a graph that takes bytes, else numbers around 0."""
    random = np.random.default_rng(0)
    return random.integers(256, size=shape, dtype=np.uint8) if kind == "tensor(uint8)" else random.normal(size=shape).astype(np.float32)


def _peak_mb() -> float:
    """The most memory that this process has had, in MB. Linux counts it in kibibytes.

    Not getrusage's ru_maxrss: that begins with the memory of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


def _cpu() -> str:
    """The processor's name, as Linux gives it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    print(json.dumps(asdict(_measured(Path(sys.argv[1]), int(sys.argv[2])))))
