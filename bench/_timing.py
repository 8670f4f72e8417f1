"""Fair timing for the scripts beside this one: alternatives take turns in one process, by CPU time.

CPU time leaves out what other processes do; turns spread a busy moment over all alternatives; the median
leaves out the moments that hit one of them.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping

# One thread for everybody, set before NumPy is imported by the scripts.
for _name in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
):
    os.environ.setdefault(_name, "1")


def interleaved(
    alternatives: Mapping[str, Callable[[], object]], rounds: int = 15, warm_up: int = 1
) -> dict[str, float]:
    """Median CPU seconds of one call of each alternative, called in turn ``rounds`` times after a warm-up."""
    for _ in range(warm_up):
        for call in alternatives.values():
            call()
    seconds: dict[str, list[float]] = {name: [] for name in alternatives}
    for _ in range(rounds):
        for name, call in alternatives.items():
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def check(claim: str, holds: bool) -> None:
    """Print that a claim of equality was checked, or stop the script.

    Raises:
        SystemExit: if it does not hold.
    """
    if not holds:
        raise SystemExit(f"  NOT EQUAL: {claim}")
    print(f"  checked: {claim}")


def duration(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
