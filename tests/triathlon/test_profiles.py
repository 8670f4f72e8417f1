"""Profiles: what was known of everybody on the eve, against the same counted slowly."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from formguide.asof import scramble
from formguide.schema import check, dtypes
from formguide.triathlon.profiles import EWM_WEIGHT, athlete_profiles, numbered
from formguide.triathlon.tables import AthleteProfiles, RaceResults

RNG_SEED = 5


def made_up(n: int = 600, athletes: int = 60, seed: int = RNG_SEED) -> pl.DataFrame:
    """Results of made-up races over six years, some without a date, some on the same day."""
    rng = np.random.default_rng(seed)
    race = rng.integers(0, 60, n)
    day = np.sort(rng.integers(0, 6 * 365, 60))
    undated = rng.random(60) < 0.15
    on = [date(2015, 1, 1) + timedelta(days=int(day[r])) for r in race]
    status = rng.choice(["FIN", "DNF", "DNS"], n, p=[0.85, 0.1, 0.05])
    total = np.exp(rng.normal(9.9, 0.15, n))
    frame = pl.DataFrame(
        {
            "race": race,
            "race_on": [None if undated[r] else d for r, d in zip(race, on, strict=True)],
            "year": [d.year for d in on],
            "who": rng.integers(0, athletes, n),
            "status": status,
            "total": total,
            "gender": rng.choice(["M", "F"], n),
        }
    ).unique(["race", "who"], keep="first", maintain_order=True)
    finished = pl.col("status") == "FIN"
    known = pl.coalesce(pl.col("race_on"), pl.date(pl.col("year"), 12, 31))
    given = frame.select(
        pl.format("r{}:{}", "race", "who").alias("result_id"),
        "year",
        pl.format("r{}", "race").alias("race_id"),
        pl.lit("c").alias("course"),
        pl.when(pl.col("race") % 3 == 0).then(pl.lit("140.6")).otherwise(pl.lit("70.3")).alias("distance"),
        "race_on",
        known.alias("known_on"),
        pl.lit(2).alias("line"),
        "gender",
        pl.lit("age_group").alias("category"),
        pl.lit(False).alias("is_pro"),
        "status",
        pl.when(finished).then(pl.col("total").round()).alias("total_sec"),
        *(
            pl.when(finished)
            .then((pl.col("total") * (share + 0.01 * (pl.col("who") % 5))).round())
            .alias(name)
            for name, share in (("swim_sec", 0.1), ("bike_sec", 0.5), ("run_sec", 0.3))
        ),
        pl.format("a{}", "who").alias("athlete_id"),
        pl.lit("contact").alias("identity"),
        pl.lit(False).alias("implausible"),
        finished.alias("usable"),
        (finished & (pl.col("who") % 4 > 0)).alias("usable_splits"),
    ).sort("known_on", "race_id", maintain_order=True)
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in dtypes(RaceResults).items()
    )


def slowly(results: pl.DataFrame) -> list[dict[str, float | None]]:
    """Every row's profile from a list of the athlete's earlier rows, one at a time."""
    log_total = pl.col("total_sec").cast(pl.Float64).log()
    field = pl.when("usable").then(log_total).mean().over("race_id", "gender")
    rows = list(results.with_columns(rel=log_total - field).iter_rows(named=True))
    found = []
    for row in rows:
        eve = row["race_on"] or date(row["year"], 1, 1)
        past = [r for r in rows if r["athlete_id"] == row["athlete_id"] and r["known_on"] < eve]
        done = [r for r in past if r["usable"]]
        here = [r["total_sec"] for r in done if r["distance"] == row["distance"]]
        rel = [r["rel"] for r in done]
        years = [(r["known_on"] - date(1970, 1, 1)).days / 365.25 for r in done]
        ewm = None
        for value in rel:
            ewm = value if ewm is None else ewm + EWM_WEIGHT * (value - ewm)
        spread = sum((t - np.mean(years)) ** 2 for t in years) if years else 0
        found.append(
            {
                "starts_before": sum(r["status"] != "DNS" for r in past),
                "dnfs_before": sum(r["status"] == "DNF" for r in past),
                "races_before": len(done),
                "races_at_distance": len(here),
                "days_since": (eve - max(r["known_on"] for r in done)).days if done else None,
                "mean_rel": float(np.mean(rel)) if rel else None,
                "ewm_rel": ewm,
                "last_rel": rel[-1] if rel else None,
                "best_rel": min(rel) if rel else None,
                "rel_sd": float(np.std(rel, ddof=1)) if len(rel) > 1 else None,
                "slope_per_year": float(np.polyfit(years, rel, 1)[0])
                if len(rel) > 1 and spread > 0.02
                else None,
                "best_total_sec": min(here) if here else None,
                "last_total_sec": here[-1] if here else None,
                "consistency_cv": float(np.std(here) / np.mean(here)) if len(here) > 1 else None,
            }
        )
    return found


def test_the_one_pass_finds_what_counting_slowly_finds():
    results = made_up()
    profiles = athlete_profiles(results)
    check(profiles, AthleteProfiles)
    assert profiles["result_id"].to_list() == results["result_id"].to_list()
    expected = slowly(results)
    assert sum((row["races_before"] or 0) > 1 for row in expected) > 200
    for name in expected[0]:
        ours = profiles[name].to_list()
        for mine, theirs in zip(ours, (row[name] for row in expected), strict=True):
            assert (mine is None) == (theirs is None), name
            if theirs is not None:
                assert mine == pytest.approx(theirs, abs=1e-7), name


def test_best_shares_are_those_of_the_best_race_at_the_distance():
    results = made_up()
    joined = athlete_profiles(results).join(results, on="result_id")
    rows = joined.filter(pl.col("best_total_sec").is_not_null() & pl.col("best_swim_share").is_not_null())
    assert rows.height > 50
    for row in rows.iter_rows(named=True):
        best = results.filter(
            (pl.col("athlete_id") == row["athlete_id"]) & (pl.col("total_sec") == row["best_total_sec"])
        )
        shares = (best["swim_sec"] / best["total_sec"]).to_list()
        assert any(row["best_swim_share"] == pytest.approx(share) for share in shares)
        if row["best_swim_share"] is not None:
            assert best["usable_splits"].any()


@pytest.mark.parametrize("as_of", [date(2016, 3, 1), date(2018, 1, 1), date(2018, 7, 1)])
def test_nothing_of_the_day_or_later_is_known(as_of):
    results = made_up()
    before = athlete_profiles(results).filter(pl.col("known_on") < as_of)
    wrong = scramble(results, as_of, seed=1, column="known_on", keep=["result_id", "year", "race_on"])
    after = athlete_profiles(wrong).join(before.select("result_id"), on="result_id", how="semi")
    assert before.height > 50
    assert after.filter(pl.col("known_on") < as_of).equals(before)


def test_a_race_without_a_date_knows_nothing_of_its_year():
    results = made_up()
    profiles = athlete_profiles(results)
    undated = profiles.join(results.filter(pl.col("race_on").is_null()), on="result_id", how="semi")
    assert undated.height > 20
    for row in undated.iter_rows(named=True):
        earlier = results.filter(
            (pl.col("athlete_id") == row["athlete_id"]) & (pl.col("year") < row["year"]) & pl.col("usable")
        )
        assert row["races_before"] == earlier.height


def test_no_results_no_profiles():
    assert athlete_profiles(made_up().clear()).is_empty()


@pytest.mark.parametrize("kinds", [0, 1, 7, 2**64], ids=["all alike", "two", "eight", "as they are"])
def test_names_are_numbered_alike_whether_or_not_their_hashes_are(kinds):
    rng = np.random.default_rng(RNG_SEED)
    names = pl.Series([f"athlete {k}" for k in rng.integers(0, 400, 3000)])
    hashes = names.hash() if kinds == 2**64 else names.hash() & kinds
    number = numbered(names, hashes)
    _, alike = np.unique(names.to_numpy(), return_inverse=True)
    pairs = set(zip(number.tolist(), alike.tolist(), strict=True))
    assert len(pairs) == len({n for n, _ in pairs}) == len({a for _, a in pairs}) == names.n_unique()
    assert number.min() == 0 and number.max() == names.n_unique() - 1
