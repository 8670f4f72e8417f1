"""The features of a million and a half plate appearances in one compiled pass, in polars and in pandas.

    python -m bench.baseball_features [rows]

Real seasons repeated where they are there (../shared/data, or FORMGUIDE_REAL_DATA), else made-up games, each
with all columns that features need. Every value is compared. "The pass" is the compiled pass over everything,
"all of it" is `feature_frame`, which numbers players and parks, sorts by date and makes a frame of the result
besides. Both are set against the whole work of the other two. pandas is no dependency, and at 90 MB too heavy
to become one for a comparison: without it the script says so and leaves it out.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from bench._timing import check, duration, interleaved  # isort: skip  (one thread, set before NumPy starts)

import numpy as np
import polars as pl

from bench._features_in_pandas import features_in_pandas
from bench._features_in_polars import features_in_polars
from bench._season_sets import season_set
from formguide.baseball.features import ALL, ASKED, NEEDS, feature_frame, prepare

ROWS = 1_500_000
TOLERANCE = 1e-9


def compare(made: pl.DataFrame, others: pl.DataFrame, who: str) -> None:
    """Null in the same places, and elsewhere within the tolerance, absolute and relative."""
    worst = 0.0
    for name in ALL:
        ours, theirs = made[name], others[name]
        check_silently(f"{name} of {who} is null elsewhere", ours.is_null().equals(theirs.is_null()))
        a, b = ours.drop_nulls().to_numpy(), theirs.drop_nulls().to_numpy()
        worst = max(worst, float((np.abs(a - b) / np.maximum(1.0, np.abs(b))).max(initial=0.0)))
    values = sum(made[name].len() - made[name].null_count() for name in ALL)
    check(f"{who}: the same nulls and the same {values:,} values within {worst:.0e}", worst < TOLERANCE)


def check_silently(claim: str, holds: bool) -> None:
    """`check` without a line for what holds."""
    if not holds:
        check(claim, holds)


def in_pandas(rows: pl.DataFrame) -> Any:
    """The columns that are read, as a pandas frame, or None without pandas."""
    try:
        importlib.import_module("pandas")
    except ImportError:
        return None
    read = {"is_hit", "pitcher_is_starter", *ASKED, *(c for columns in NEEDS.values() for c in columns)}
    read |= {c for c in rows.columns if c.startswith("pitches_")}
    return rows.select(sorted(read)).to_pandas()


def main(rows_wanted: int) -> None:
    data = Path(os.environ.get("FORMGUIDE_REAL_DATA") or Path(__file__).parents[2] / "shared" / "data")
    rows, what = season_set(data / "baseball", rows_wanted)
    rows = rows.rechunk()
    print(f"{rows.height:,} plate appearances ({what}), {len(ALL)} features each")
    made = feature_frame(rows)
    compare(made, features_in_polars(rows), "polars")

    ready = prepare(rows)
    room = np.zeros((len(ready.wanted), rows.height))
    alternatives = {
        "the pass": lambda: ready.run(room),
        "all of it": lambda: feature_frame(rows),
        "polars": lambda: features_in_polars(rows),
    }
    seconds = interleaved(alternatives, rounds=5)
    frame = in_pandas(rows)
    if frame is None:
        print("  pandas is not installed: python -m pip install pandas, to compare with it")
    else:
        answers: list[Any] = []
        alone = interleaved(
            {"pandas": lambda: answers.append(features_in_pandas(frame))}, rounds=1, warm_up=0
        )
        seconds |= alone
        compare(made, pl.from_pandas(answers[0]), "pandas")
    for name, spent in seconds.items():
        ratios = "".join(
            f"  {spent / seconds[ours]:6.1f} x {ours}"
            for ours in ("the pass", "all of it")
            if name in ("polars", "pandas")
        )
        print(f"  {name:<10} {duration(spent):>8}{ratios}")
    print("  (CPU time, one thread; medians of five turns, pandas once)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
