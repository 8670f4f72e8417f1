"""The index of a FitRec file: lines a second, beside reading it line by line.

A FitRec file has 250,000 lines of some 30 kB; before a line can be asked for, somebody has to know where it
begins. Both ways are timed on the same file of lines like FitRec's, in one process, by CPU time; what they
find must be equal. Claimed of the index: 60,000 lines a second.

    python -m bench.heartrate_index [lines]
"""

from __future__ import annotations

import json
import sys
import tempfile
import tracemalloc
from pathlib import Path

from bench._timing import check, duration, interleaved  # isort: skip  (one thread, set before NumPy starts)

import numpy as np

from formguide.heartrate import line_index

POINTS = 500
CLAIMED = 60_000


def write_lines(path: Path, lines: int, seed: int = 1) -> None:
    """Lines as FitRec has them: a Python dict with seven arrays of 500 points; timestamps near the end."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(50):
        start = 1_400_000_000 + 900_000 * k
        workout = {
            "longitude": np.round(24.9 + np.cumsum(rng.normal(0, 1e-5, POINTS)), 12).tolist(),
            "altitude": np.round(40 + np.cumsum(rng.normal(0, 0.3, POINTS)), 1).tolist(),
            "latitude": np.round(60.2 + np.cumsum(rng.normal(0, 1e-5, POINTS)), 12).tolist(),
            "sport": "run",
            "id": 396826535 + k,
            "heart_rate": rng.integers(100, 180, POINTS).tolist(),
            "gender": "male",
            "timestamp": (start + np.cumsum(rng.integers(3, 9, POINTS))).tolist(),
            "url": f"https://www.endomondo.com/users/10921915/workouts/{396826535 + k}",
            "userId": 10921915,
            "speed": np.round(10.8 + rng.normal(0, 1, POINTS), 4).tolist(),
        }
        made.append(((repr(workout) if k % 2 else json.dumps(workout)) + "\n").encode())
    with path.open("wb") as file:
        for k in range(lines):
            file.write(made[k % len(made)])


def by_readline(path: Path) -> list[int]:
    """The obvious way: each line is read, and where it ended is noted."""
    ends, at = [], 0
    with path.open("rb") as file:
        while line := file.readline():
            at += len(line)
            ends.append(at)
    return ends


def main(lines: int) -> None:
    """Times both ways and the index with its months, and measures the memory it takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fitrec.json"
        write_lines(path, lines)
        size = path.stat().st_size
        print(f"{lines:,} lines of {POINTS} points, {size / 1e9:.2f} GB, {size / lines / 1000:.1f} kB a line")

        def offsets() -> list[int]:
            return [int(end) for block in line_index.line_ends(path) for end in block]

        def whole() -> line_index.LineIndex:
            for kept in (Path(folder) / "index").glob("*"):
                kept.unlink()
            return line_index.indexed(path, Path(folder) / "index")

        seconds = interleaved(
            {"readline": lambda: by_readline(path), "offsets": offsets, "index": whole}, rounds=5
        )
        index = whole()
        check("the same ends of lines as readline", index.ends.tolist() == offsets() == by_readline(path))
        check("every line has its month", bool((index.months != line_index.UNDATED).all()))
        check(
            "a line is the line",
            index.line(lines - 1) == path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2],
        )
        for name, said in (
            ("readline", "readline"),
            ("offsets", "offsets by blocks"),
            ("index", "the index: offsets and months, kept on the disk"),
        ):
            print(f"  {said:<50} {duration(seconds[name]):>8}  {lines / seconds[name]:>9,.0f} lines/s")
        tracemalloc.start()
        whole()
        print(f"  most memory while indexing: {tracemalloc.get_traced_memory()[1] / 2**20:.0f} MiB")
        rate = lines / seconds["index"]
        print(f"  claimed {CLAIMED:,} lines/s: {'holds' if rate >= CLAIMED else 'DOES NOT HOLD'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000)
