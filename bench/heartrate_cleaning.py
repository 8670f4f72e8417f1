"""Reading and cleaning workouts: 1,000 lines of 500 points, beside the obvious way, row by row in Python.

From the bytes of a FitRec file's lines to the samples without what the rules of cleaning object to, with the
count of what each rule found. Both ways are timed in one process, on one thread, by CPU time; counts and
cleaned samples must be equal. Claimed: 1,000 workouts in at most 5 seconds a core.

    python -m bench.heartrate_cleaning [workouts]
"""

from __future__ import annotations

import ast
import json
import math
import sys
from collections import Counter
from typing import Any

from bench._timing import check, duration, interleaved  # isort: skip  (one thread, set before NumPy starts)

import numpy as np
import polars as pl

from formguide.heartrate import cleaning, fitrec
from formguide.heartrate.cleaning import OF_SECONDS
from formguide.heartrate.clock import clocked
from formguide.heartrate.results import samples_of, tables_of

POINTS = 500
CLAIMED_SEC = 5.0
Row = dict[str, Any]


def lines_of(workouts: int, seed: int = 7) -> list[bytes]:
    """Lines as FitRec has them, half of them Python dicts, with faults of every kind strewn in."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(workouts):
        heart = np.round(140 + np.cumsum(rng.normal(0, 0.8, POINTS)).clip(-60, 50)).astype(int)
        for value in (0, 250, 20, 190):
            heart[rng.integers(0, POINTS, 3)] = value
        if k % 5 == 0:
            heart[100:180] = 150
        speed = np.round(10 + rng.normal(0, 1, POINTS), 3)
        speed[rng.integers(0, POINTS, 2)] = 60
        altitude = np.round(50 + np.cumsum(rng.normal(0, 0.3, POINTS)), 1)
        altitude[rng.integers(0, POINTS)] += 400
        step = rng.integers(2, 8, POINTS)
        step[rng.integers(0, POINTS, 2)] = 90
        told: Row = {
            "userId": k % 40,
            "id": k,
            "sport": "run",
            "gender": "male",
            "longitude": np.round(24.9 + np.cumsum(rng.normal(0, 1e-5, POINTS)), 9).tolist(),
            "latitude": np.round(60.2 + np.cumsum(rng.normal(0, 1e-5, POINTS)), 9).tolist(),
            "altitude": altitude.tolist(),
            "heart_rate": heart.tolist(),
            "timestamp": (1_420_000_000 + 7000 * k + np.cumsum(step)).tolist(),
            "speed": speed.tolist(),
        }
        made.append((repr(told) if k % 2 else json.dumps(told)).encode())
    return made


def ours(lines: list[bytes]) -> tuple[pl.DataFrame, Counter[str]]:
    """Lines to cleaned samples and counts, as the asset makes them."""
    workouts = [("fitrec", clocked(fitrec.read_line(f"bench:{k}", line))) for k, line in enumerate(lines)]
    samples = samples_of(workout for _, workout in workouts)
    table, findings = tables_of(workouts, samples)
    counts: Counter[str] = Counter()
    for rule, seconds in findings.filter(~pl.col("whole_workout")).select("rule", "seconds").iter_rows():
        counts[rule] += seconds
    return cleaning.clean(samples, table), counts


def row_by_row(lines: list[bytes]) -> tuple[list[Row], Counter[str]]:
    """The same rules as a loop over dicts, the way they are told in `cleaning.RULES`."""
    cleaned, counts = list[Row](), Counter[str]()
    for line in lines:
        told = ast.literal_eval(line.decode())
        rows: list[Row] = []
        start = told["timestamp"][0]
        for k, at in enumerate(told["timestamp"]):
            rows.append(
                {
                    "t": at - start,
                    "hr": float(told["heart_rate"][k]),
                    "speed": told["speed"][k] / 3.6,
                    "altitude": told["altitude"][k],
                    "bad": set(),
                }
            )
        before: Row | None = None
        for row in rows:
            _judge(row, before)
            before = row
        _judge_stuck(rows)
        for row in rows:
            counts.update(row["bad"])
            hit = {rule.empties for rule in OF_SECONDS if rule.name in row["bad"]}
            row["hr"] = None if "heart_rate_bpm" in hit else row["hr"]
            row["speed"] = None if "speed_mps" in hit else row["speed"]
            row["altitude"] = None if "altitude_m" in hit else row["altitude"]
        cleaned += rows
    return cleaned, counts


def _judge(row: Row, before: Row | None) -> None:
    bad, beats = row["bad"], 30 <= row["hr"] <= 230
    if row["hr"] == 0:
        bad.add("heart_rate_zero")
    elif not beats:
        bad.add("heart_rate_range")
    if not 0 <= row["speed"] <= 12.5:
        bad.add("speed_range")
    if not -450 <= row["altitude"] <= 9000:
        bad.add("altitude_range")
    if before is None:
        return
    step = row["t"] - before["t"]
    if step > 30:
        bad.add("sampling_gap")
    if abs(row["altitude"] - before["altitude"]) / step > 5:
        bad.add("altitude_jump")
    if beats and 30 <= before["hr"] <= 230 and abs(row["hr"] - before["hr"]) / step > 25:
        bad.add("heart_rate_jump")


def _judge_stuck(rows: list[Row]) -> None:
    begin = 0
    for k in range(1, len(rows) + 1):
        if k < len(rows) and rows[k]["hr"] == rows[begin]["hr"]:
            continue
        stretch = rows[begin:k]
        span = stretch[-1]["t"] - stretch[0]["t"]
        moving = math.fsum(row["speed"] for row in stretch) / len(stretch)
        if span >= 180 and len(stretch) >= 15 and moving > 0.5:
            for row in stretch:
                if 30 <= row["hr"] <= 230:
                    row["bad"].add("heart_rate_stuck")
        begin = k


def main(workouts: int) -> None:
    """Times both and compares what they came to."""
    lines = lines_of(workouts)
    kilobytes = sum(map(len, lines)) / len(lines) / 1000
    print(
        f"{workouts:,} workouts of {POINTS} points, {kilobytes:.0f} kB each, half JSON and half Python dicts"
    )
    cleaned, counts = ours(lines)
    rows, counted = row_by_row(lines)
    check(f"the same counts of every rule: {dict(sorted(counts.items()))}", counts == counted)
    # In the order of the lines, as the loop has them.
    order = pl.DataFrame(
        {"workout_id": [clocked(fitrec.read_line("", line)).workout_id for line in lines]}
    ).with_row_index("line")
    ordered = cleaned.join(order, on="workout_id").sort("line", "t_sec")
    for column, name in (("heart_rate_bpm", "hr"), ("speed_mps", "speed"), ("altitude_m", "altitude")):
        check(f"the same cleaned {column}", ordered[column].to_list() == [row[name] for row in rows])
    seconds = interleaved({"ours": lambda: ours(lines), "rows": lambda: row_by_row(lines)}, rounds=3)
    print(f"  ours        {duration(seconds['ours']):>8}")
    print(f"  row by row  {duration(seconds['rows']):>8}   {seconds['rows'] / seconds['ours']:.1f} × as long")
    said = seconds["ours"] * 1000 / workouts
    holds = "holds" if said <= CLAIMED_SEC else "DOES NOT HOLD"
    print(f"  claimed 1,000 in {CLAIMED_SEC:g} s: {said:.2f} s, {holds}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
