"""One short text for all that the database holds: the same on every machine that has read the same journals."""

import hashlib

from lab.store.store import Store
from lab.store.tables import RELATIONS


def digest(store: Store) -> str:
    """16 hex digits. The order of rows does not matter; that of columns and DuckDB's version do."""
    with store.cursor() as cursor:
        parts = [cursor.execute(f"select count(*), sum(hash(one)::HUGEINT) from {name} as one").fetchone() for name in RELATIONS]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
