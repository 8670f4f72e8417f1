"""Athlete profiles as of the eve of three million starts: one compiled pass, polars, and pandas.

    python -m bench.triathlon_profiles [rows]

Made-up careers, every start a finish on a day of its own (so that shifts and running sums say what "before"
says; the pass also keeps same-day starts and races without a date apart, which the others do not). All
three begin with the same sorted frame of athlete, day, distance, total and log total against the field, and
every value is compared. "The pass" is the compiled pass over everything; "all of it" is `athlete_profiles`,
which compares results with their fields, numbers athletes and makes the table besides, and is held to five
seconds for three million. pandas is no dependency; without it the script says so.
"""

from __future__ import annotations

import importlib
import sys
from datetime import date
from typing import Any

from bench._timing import check, duration, interleaved  # isort: skip  (one thread, set before NumPy starts)

import numpy as np
import polars as pl

from formguide.schema import dtypes
from formguide.triathlon import profiles
from formguide.triathlon.profiles import EWM_WEIGHT, athlete_profiles
from formguide.triathlon.tables import RaceResults

ROWS = 3_000_000
TOLERANCE = 1e-8
COMPARED = (
    "races_before",
    "races_at_distance",
    "days_since",
    "mean_rel",
    "ewm_rel",
    "last_rel",
    "best_rel",
    "rel_sd",
    "best_total_sec",
    "last_total_sec",
    "consistency_cv",
)
LIMIT_SEC = 5.0


def careers(rows: int, seed: int = 1) -> pl.DataFrame:
    """Results of made-up athletes with some six starts each, in the order in which they became known."""
    rng = np.random.default_rng(seed)
    athlete = rng.integers(0, rows // 6, rows)
    day = rng.integers(0, 20 * 365, rows)
    frame = pl.DataFrame({"athlete": athlete, "day": day}).unique(maintain_order=True).sort("day", "athlete")
    n = frame.height
    total = np.exp(rng.normal(9.95, 0.16, n)).round()
    distance = np.where(frame["day"].to_numpy() // 7 % 3 == 0, "140.6", "70.3")
    on = pl.lit(date(2003, 1, 1)) + pl.duration(days=pl.col("day"))
    given = frame.with_columns(
        on.cast(pl.Date).alias("race_on"),
        pl.Series("distance", distance),
        pl.Series("total_sec", total),
        pl.Series("gender", rng.choice(["M", "F"], n, p=[0.8, 0.2])),
    ).select(
        pl.format("{}:{}", "day", "athlete").alias("result_id"),
        pl.col("race_on").dt.year().alias("year"),
        pl.format("race_{}", "day").alias("race_id"),
        "distance",
        "race_on",
        pl.col("race_on").alias("known_on"),
        "gender",
        pl.lit("FIN").alias("status"),
        "total_sec",
        pl.format("a{}", "athlete").alias("athlete_id"),
        pl.lit(True).alias("usable"),
        pl.lit(False).alias("usable_splits"),
    )
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in dtypes(RaceResults).items()
    )


def prepared(results: pl.DataFrame) -> pl.DataFrame:
    """What the other two begin with: sorted by athlete and day, numbers only."""
    frame = results.with_columns(*profiles.against_the_field())
    return frame.select(
        "result_id",
        pl.col("athlete_id").cast(pl.Categorical).to_physical().alias("athlete"),
        pl.col("known_on").cast(pl.Int32).alias("day"),
        pl.col("distance").to_physical().alias("distance"),
        pl.col("total_sec").cast(pl.Float64).alias("total"),
        "rel",
    ).sort("athlete", "day")


def in_polars(rows: pl.DataFrame) -> pl.DataFrame:
    """The same by shifts and running sums over windows."""
    who, there = ["athlete"], ["athlete", "distance"]
    rel, total = pl.col("rel"), pl.col("total")
    n = pl.int_range(pl.len()).over(who).cast(pl.Float64)
    m = pl.int_range(pl.len()).over(there).cast(pl.Float64)
    sums = rows.with_columns(
        n.alias("n"),
        m.alias("m"),
        rel.cum_sum().shift(1).over(who).alias("s1"),
        (rel * rel).cum_sum().shift(1).over(who).alias("s2"),
        total.cum_sum().shift(1).over(there).alias("t1"),
        (total * total).cum_sum().shift(1).over(there).alias("t2"),
    )
    mean, at = pl.col("s1") / pl.col("n"), pl.col("t1") / pl.col("m")
    return sums.select(
        "result_id",
        pl.col("n").alias("races_before"),
        pl.col("m").alias("races_at_distance"),
        (pl.col("day") - pl.col("day").shift(1).over(who)).alias("days_since"),
        mean.alias("mean_rel"),
        rel.ewm_mean(alpha=EWM_WEIGHT, adjust=False).shift(1).over(who).alias("ewm_rel"),
        rel.shift(1).over(who).alias("last_rel"),
        rel.cum_min().shift(1).over(who).alias("best_rel"),
        pl.when(pl.col("n") > 1)
        .then(((pl.col("s2") - pl.col("n") * mean**2).clip(0) / (pl.col("n") - 1)).sqrt())
        .alias("rel_sd"),
        total.cum_min().shift(1).over(there).alias("best_total_sec"),
        total.shift(1).over(there).alias("last_total_sec"),
        pl.when(pl.col("m") > 1)
        .then((pl.col("t2") / pl.col("m") - at**2).clip(0).sqrt() / at)
        .alias("consistency_cv"),
    )


def in_pandas(rows: Any) -> Any:
    """The same in pandas: grouped running sums, shifted."""
    pandas = importlib.import_module("pandas")
    who, there = rows.groupby("athlete", sort=False), rows.groupby(["athlete", "distance"], sort=False)
    rows = rows.assign(rel2=rows["rel"] ** 2, total2=rows["total"] ** 2)
    again, again_there = (
        rows.groupby("athlete", sort=False),
        rows.groupby(["athlete", "distance"], sort=False),
    )
    n, m = who.cumcount().astype(float), there.cumcount().astype(float)
    s1 = who["rel"].cumsum() - rows["rel"]
    s2 = again["rel2"].cumsum() - rows["rel2"]
    t1 = there["total"].cumsum() - rows["total"]
    t2 = again_there["total2"].cumsum() - rows["total2"]
    mean, at = s1 / n.where(n > 0), t1 / m.where(m > 0)
    ewm = who["rel"].transform(lambda one: one.ewm(alpha=EWM_WEIGHT, adjust=False).mean().shift(1))
    return pandas.DataFrame(
        {
            "result_id": rows["result_id"],
            "races_before": n,
            "races_at_distance": m,
            "days_since": who["day"].diff(),
            "mean_rel": mean,
            "ewm_rel": ewm,
            "last_rel": who["rel"].shift(1),
            "best_rel": who["rel"].cummin().groupby(rows["athlete"], sort=False).shift(1),
            "rel_sd": ((s2 - n * mean**2).clip(lower=0) / (n - 1).where(n > 1)) ** 0.5,
            "best_total_sec": there["total"].cummin().groupby([rows["athlete"], rows["distance"]]).shift(1),
            "last_total_sec": there["total"].shift(1),
            "consistency_cv": ((t2 / m.where(m > 1) - at**2).clip(lower=0)) ** 0.5 / at,
        }
    )


def compare(made: pl.DataFrame, others: pl.DataFrame, who: str) -> None:
    """Null in the same places, and elsewhere within the tolerance, absolute and relative."""
    both = made.select("result_id", *COMPARED).sort("result_id")
    theirs = others.select("result_id", *COMPARED).fill_nan(None).sort("result_id")
    worst, same = 0.0, True
    for name in COMPARED:
        ours, other = both[name], theirs[name].cast(pl.Float64)
        same = same and ours.is_null().equals(other.is_null())
        a, b = ours.drop_nulls().to_numpy(), other.drop_nulls().to_numpy()
        # A spread of nearly nothing is the root of what rounding leaves of it.
        digits = 1e-6 if name in ("rel_sd", "consistency_cv") else TOLERANCE
        worst = max(worst, float((np.abs(a - b) / np.maximum(1.0, np.abs(b))).max(initial=0.0)) / digits)
    check(f"{who}: the same nulls and the same {len(COMPARED) * both.height:,} values", same and worst < 1)


def main(rows: int) -> None:
    """Prints the comparison."""
    results = careers(rows)
    given = prepared(results)
    print(f"{results.height:,} starts of {results['athlete_id'].n_unique():,} athletes")
    inputs = profiles.kernel_inputs(results.with_columns(*profiles.against_the_field()))
    ways: dict[str, Any] = {
        "the pass": lambda: profiles.run_kernel(inputs),
        "all of it": lambda: athlete_profiles(results),
        "polars": lambda: in_polars(given),
    }
    made = athlete_profiles(results)
    compare(made, in_polars(given), "polars")
    try:
        importlib.import_module("pandas")
    except ImportError:
        print("  pandas is not here: left out")
    else:
        few = given.filter(pl.col("athlete") % 20 == 0).to_pandas()
        part = made.join(pl.DataFrame({"result_id": few["result_id"].tolist()}), on="result_id")
        compare(part, pl.from_pandas(in_pandas(few)), "pandas, on a twentieth")
        seconds = interleaved({"pandas": lambda: in_pandas(few)}, rounds=1, warm_up=0)
        scale = given.height / len(few)
        taken = seconds["pandas"]
        print(f"  pandas: {duration(taken)} for a twentieth, {duration(scale * taken)} for all")
    seconds = interleaved(ways, rounds=5)
    for name, taken in seconds.items():
        print(f"  {name:<10} {duration(taken):>9}   {taken / seconds['the pass']:6.1f} × the pass")
    per_three = seconds["all of it"] * 3_000_000 / results.height
    check(f"three million profiles in {duration(per_three)}, at most {LIMIT_SEC:g} s", per_three <= LIMIT_SEC)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
