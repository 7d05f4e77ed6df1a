"""What a server takes of the machine, with the processes that it started: memory and processor time."""

import os
from pathlib import Path
from typing import NamedTuple

from bench.errors import Failure


class Memory(NamedTuple):
    """Of all its processes together, in MB."""

    rss: float
    """What is resident."""
    pss: float
    """The same, but of pages that several processes share only this one's part."""


def memory(pid: int) -> Memory:
    """Of a process and its children."""
    return Memory(*(sum(_mb(member, field) for member in _family(pid)) for field in ("Rss", "Pss")))


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process and its children have used so far."""
    return sum(_ticks(member) for member in _family(pid)) / os.sysconf("SC_CLK_TCK")


def peak_mb(process: int | str) -> float:
    """The most that one process (a pid, or `self`) has ever had resident.

    Not what getrusage calls maxrss: of a process that was started by a large one, that is the large one's.
    """
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise Failure(f"/proc/{process}/status has no line VmHWM.")


def _family(pid: int) -> list[int]:
    children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return [pid] + [member for child in children for member in _family(child)]


def _ticks(pid: int) -> int:
    # After the name, which may hold anything, in parentheses: fields 3 to 52 of proc(5); user and system time are 14 and 15.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _mb(pid: int, field: str) -> float:
    """Linux counts in kibibytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise Failure(f"/proc/{pid}/smaps_rollup has no line {field}.")
