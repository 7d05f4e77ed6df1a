"""Statistics that hold while you watch: tests and intervals that stay valid however often, and whenever, one looks.

SciPy's parts are named in full, `scipy.special.ndtr`: it loads each when it is first used, and together they take 0.8 s and 40 MB, which a
lab without an experiment never needs.
"""
