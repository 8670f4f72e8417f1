"""The sample league: the same bytes from the same seed, the traps it is told to hold, and effects that a
plain regression finds again."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from formguide.triathlon.arrivals import ARRIVALS
from formguide.triathlon.results import read_results
from formguide.triathlon.sample import read_truth
from formguide.triathlon.sample.league import sample_league, write_sample
from formguide.triathlon.tables import HALF


@pytest.fixture(scope="module")
def league(tmp_path_factory):
    folder = tmp_path_factory.mktemp("league")
    truth = write_sample(folder, seed=3, years=4, field=150)
    return folder, truth, read_results(folder)


def test_the_same_seed_writes_the_same_bytes():
    once, truth = sample_league(5, years=2, field=20)
    again, same = sample_league(5, years=2, field=20)
    other, _ = sample_league(6, years=2, field=20)
    assert once == again
    assert truth.as_bytes() == same.as_bytes()
    assert once != other


def test_the_league_says_that_it_is_one(league):
    folder, truth, _ = league
    assert ARRIVALS.is_sample_folder(folder)
    said = read_truth(folder)
    assert said.what.startswith("A fictional league")
    assert (said.starts, said.finishes, said.seasons) == (truth.starts, truth.finishes, truth.seasons)
    assert len(said.effects_beyond_the_model) == 2


def test_every_start_is_read_and_every_trap_is_there(league):
    _, truth, results = league
    assert results.height == truth.starts
    assert (results["status"] == "FIN").sum() == truth.finishes
    assert set(results["status"].cast(pl.String)) == {"FIN", "DNF", "DNS", "DQ"}
    undated = results.filter(pl.col("race_on").is_null())["race_id"].unique().to_list()
    assert sorted(undated) == sorted(race for race, what in truth.special.items() if what == "undated")
    shortened = results.drop_nulls("shortened_legs")["race_id"].unique().to_list()
    assert shortened == [race for race, what in truth.special.items() if what == "swim shortened"]
    assert results["country"].null_count() == 0
    assert results["country"].n_unique() == 6
    assert results["implausible"].sum() > 0


def test_ids_of_two_people_are_split_and_second_ids_are_joined(league):
    _, truth, results = league
    shared = results.filter(pl.col("contact_id").is_in(list(truth.collisions)))
    both = shared.group_by("contact_id").agg(
        pl.col("gender").n_unique().alias("genders"), pl.col("athlete_id").n_unique().alias("athletes")
    )
    twice = both.filter(pl.col("genders") == 2)
    assert twice.height > 0
    assert (twice["athletes"] == 2).all()
    second = results.filter(pl.col("contact_id").is_in(list(truth.second_ids)))
    joined = second.filter(pl.col("identity") == "name_other_id")
    assert joined.height > 0
    first = [truth.second_ids[contact] for contact in joined["contact_id"]]
    assert joined["athlete_id"].to_list() == first


def test_a_plain_regression_finds_the_effects_again(league):
    """Least squares of log totals on gender, age group and race, each athlete's ability taken out."""
    _, truth, results = league
    rows = results.filter(
        pl.col("usable")
        & (pl.col("distance") == HALF)
        & pl.col("age_group").is_not_null()
        & pl.col("athlete_id").is_in(list(truth.athletes))
        & ~pl.col("contact_id").is_in([*truth.collisions, *truth.second_ids])
    )
    own = np.array(
        [
            truth.athletes[who]["ability"] + truth.athletes[who]["trend_per_year"] * (year - truth.seasons[0])
            for who, year in rows.select("athlete_id", "year").iter_rows()
        ]
    )
    y = np.log(rows["total_sec"].to_numpy()) - own
    groups = sorted(set(rows["age_group"]))
    races = sorted(rows["race_id"].unique())
    columns = [
        (rows["gender"] == "F").cast(pl.Float64).to_numpy(),
        *((rows["age_group"] == g).cast(pl.Float64).to_numpy() for g in groups if g != "40-44"),
        *((rows["race_id"] == race).cast(pl.Float64).to_numpy() for race in races),
    ]
    design = np.column_stack(columns)
    found, *_ = np.linalg.lstsq(design, y, rcond=None)
    cov = np.linalg.inv(design.T @ design) * (y - design @ found).var()
    se = np.sqrt(np.diag(cov))
    assert found[0] == pytest.approx(truth.gender["F"], abs=4 * se[0])
    for at, group in enumerate((g for g in groups if g != "40-44"), start=1):
        if design[:, at].sum() >= 30:
            assert found[at] == pytest.approx(truth.age_group[group], abs=4 * se[at] + 0.004), group
    first = len(groups)
    course = {race: truth.course[race.rsplit("_", 1)[0]] + truth.race[race] for race in races}
    told = np.array([course[race] for race in races])
    ours = found[first:] - truth.base[HALF]
    assert np.corrcoef(told, ours)[0, 1] > 0.97
    assert np.abs(ours - told).mean() < 0.012
    assert (y - design @ found).std() == pytest.approx(truth.noise[HALF], rel=0.25)
