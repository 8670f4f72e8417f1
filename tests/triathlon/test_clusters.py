"""Kinds of athletes: found where they were planted, and stable from run to run and season to season."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from scipy.cluster.vq import kmeans2

from formguide.asof import scramble
from formguide.schema import check
from formguide.triathlon.clusters import FEATURES, KINDS, _athletes, _lloyd, athlete_clusters
from formguide.triathlon.tables import AthleteClusters
from tests.triathlon.test_profiles import made_up


def test_lloyd_s_iteration_is_the_library_s():
    rng = np.random.default_rng(3)
    points = rng.normal(0, 1, (500, 4))
    start = points[:KINDS].copy()
    centres, kind = _lloyd(points, start)
    theirs, _ = kmeans2(points, start, iter=30, minit="matrix", missing="raise")
    np.testing.assert_allclose(centres, theirs, atol=1e-9)
    assert (np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1) == kind).mean() > 0.97


def test_planted_kinds_are_found():
    rng = np.random.default_rng(4)
    middles = rng.normal(0, 5, (KINDS, 4))
    planted = rng.integers(0, KINDS, 800)
    points = middles[planted] + rng.normal(0, 0.3, (800, 4))
    _, kind = _lloyd(points, points[[np.flatnonzero(planted == k)[0] for k in range(KINDS)]])
    assert (kind == planted).all()


def test_a_kind_that_nobody_is_near_stays_where_it_is():
    points = np.zeros((50, 4))
    start = np.vstack([np.zeros(4), *(np.full(4, 9.0 + k) for k in range(KINDS - 1))])
    centres, kind = _lloyd(points, start)
    assert (kind == 0).all()
    np.testing.assert_array_equal(centres[1:], start[1:])


def test_only_what_was_known_before_the_season_counts():
    results = made_up(3000, 400)
    kinds = athlete_clusters(results, 2018)
    check(kinds.table, AthleteClusters)
    assert kinds.table.height > 100
    past = results.filter(pl.col("known_on") < date(2018, 1, 1))
    assert athlete_clusters(past, 2018).table.equals(kinds.table)
    wrong = scramble(results, date(2018, 1, 1), seed=2, column="known_on", keep=["race_on"])
    assert athlete_clusters(wrong, 2018).table.equals(kinds.table)


def test_a_number_means_the_same_kind_in_the_next_season():
    results = made_up(4000, 300)
    before = athlete_clusters(results, 2018)
    after = athlete_clusters(results, 2019, before.centres)
    both = before.table.join(after.table, on="athlete_id")
    assert (both["cluster"] == both["cluster_right"]).sum() > 0.6 * both.height
    centres = np.asarray(before.centres)
    assert (np.diff(centres[:, 0]) >= 0).all()


def test_numbers_are_drawn_to_the_field_where_there_is_little_to_go_by():
    results = made_up(900, 500)
    athletes = _athletes(results)
    few = athletes.filter(pl.col("races_before") == 1)["mean_rel"].std()
    raw = results.filter("usable").select(pl.col("total_sec").log() - pl.col("total_sec").log().mean()).std()
    assert few < 0.7 * raw.item()
    assert athletes.filter(pl.col("races_before") == 1).height > 100
    assert set(FEATURES) <= set(athletes.columns)


def test_with_few_athletes_there_are_no_kinds():
    none = athlete_clusters(made_up(60, 20), 2020)
    assert none.table.is_empty()
    assert none.centres is None
