"""One module per row of the results. To add a row, add a module; nothing else names it.

It has TITLE, ABOUT, SECONDS and `measure(folder) -> Findings`, as `bench.row.Row` describes:

    found = interleaved({"control": timed(old), "candidate": timed(new)}, rounds=50, seconds=SECONDS)
    return Findings([Line("new", "s", ratio(found["control"], found["candidate"], "lower"))], [])

The rounds of all rows together must leave room within the fifteen minutes of `make bench`; a test adds up their SECONDS.
"""
