"""Simulates the lab's statistics, and other rules beside them, in worlds whose truth is known: python -m bench.statistics"""

import os

# Before NumPy is loaded: each process computes on one core; threads of the linear algebra would only get in each other's way.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")
