"""Reads a whole journal in a process of its own and says how much memory that took: python -m bench.ingest_once lab|plain STATE"""

import sys
from pathlib import Path

from bench import plain_duckdb
from bench.usage import peak_mb
from lab.journal import segments
from lab.store.store import Store


def main(who: str, state: Path) -> None:
    """Prints the peak in MB."""
    {"lab": _by_the_lab, "plain": _plainly}[who](state)
    print(peak_mb("self"))


def _by_the_lab(state: Path) -> None:
    store = Store(state)
    store.read_on()
    store.close()


def _plainly(state: Path) -> None:
    with plain_duckdb.connect(state / "plain.duckdb") as connection:
        plain_duckdb.create(connection)
        for segment in segments.listed(state / "journal"):
            plain_duckdb.insert(connection, segment.path)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
