"""What a result depends on: processor, versions, and who else was busy."""

import datetime
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Collection
from pathlib import Path

# Flag of the processor, as Linux calls it → what people call it.
INSTRUCTION_SETS = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx_vnni": "AVX-VNNI",
    "avx512_vnni": "AVX-512 VNNI",
    "amx_int8": "AMX",
    "asimddp": "ARM dot product",
    "i8mm": "ARM int8 matrix product",
}

PACKAGES = ("onnxruntime", "numpy", "torch", "fastapi", "uvicorn", "pillow")


def facts() -> dict[str, str]:
    """The head of the results file."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "instruction sets": instruction_sets(cpu_flags()),
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "commit": _commit(),
        "NGINX": _nginx(),
        "Python": platform.python_version(),
    } | {package: _version(package) for package in PACKAGES}


def load() -> float:
    """How many threads wanted a core, on average over the last minute."""
    return os.getloadavg()[0]


def instruction_sets(flags: Collection[str]) -> str:
    """Those that matter to neural networks: those there are, then the lack of the ones that make int8 fast."""
    there = [name for flag, name in INSTRUCTION_SETS.items() if flag in flags]
    lacking = [] if "avx512f" in flags else ["no AVX-512"]
    lacking += [] if has_vnni(flags) else ["no VNNI"]
    return ", ".join(there + lacking)


def has_vnni(flags: Collection[str]) -> bool:
    """Whether the processor multiplies and adds bytes in one instruction, without an intermediate that may overflow."""
    return bool({"avx_vnni", "avx512_vnni"} & set(flags))


def cpu_flags() -> frozenset[str]:
    """What the processor can, in Linux's words."""
    return frozenset((_cpuinfo("flags") or _cpuinfo("Features")).split())


def processor() -> str:
    """Its name, else its architecture."""
    return _cpuinfo("model name") or platform.machine()


def _cpuinfo(key: str) -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def _commit() -> str:
    commit = _said(["git", "rev-parse", "--short", "HEAD"]) or "unknown"
    # The results of the run before are no change of what is measured.
    changed = _said(["git", "status", "--porcelain", "--", ":/", ":(exclude,top)bench/results.md"])
    return f"{commit}, with changes that are not committed" if changed else commit


def _nginx() -> str:
    return _said(["nginx", "-v"]).rpartition("/")[2] or "not installed"


def _said(command: list[str]) -> str:
    """What a command prints, wherever it does; nothing when it fails."""
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    except OSError:
        return ""
    return "" if done.returncode else (done.stdout or done.stderr).strip()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
