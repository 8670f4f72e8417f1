"""The features against two independent makings of them, and against a future that has been scrambled."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from bench._features_in_polars import features_in_polars
from bench._season_sets import complete, drawn
from formguide import asof
from formguide.baseball.features import ALL, ASKED, PARITY_PRIOR, feature_frame
from tests.baseball.features_by_hand import Book

QUERY = list(ASKED)


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """Two hundred dates of a small league; teams may play twice a day, and players come and go."""
    rng = np.random.default_rng(11)
    return complete(drawn(rng, 200, games=3, teams=5), rng)


def close(made: float | None, expected: float | None) -> bool:
    if made is None or expected is None:
        return made is expected
    return math.isclose(made, expected, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("parity", [False, True])
def test_the_polars_version_says_the_same(rows: pl.DataFrame, parity: bool) -> None:
    made, again = feature_frame(rows, parity=parity), features_in_polars(rows, parity=parity)
    for name in ALL:
        assert made[name].null_count() < rows.height, name
        assert made[name].is_null().equals(again[name].is_null()), name
        assert np.allclose(made[name].drop_nulls(), again[name].drop_nulls(), rtol=1e-9, atol=1e-9), name


@pytest.mark.parametrize("prior", [None, PARITY_PRIOR])
def test_plain_python_says_the_same(rows: pl.DataFrame, prior: float | None) -> None:
    book = Book(rows)
    asked = rows.sample(60, seed=4).select(QUERY)
    last = rows["game_date"].max()
    ahead = asked[:20].with_columns(game_date=pl.lit(last) + pl.duration(days=3))
    asked = pl.concat([asked, ahead])
    made = feature_frame(rows, asked, parity=prior is not None)
    for query, answers in zip(asked.iter_rows(named=True), made.iter_rows(named=True), strict=True):
        expected = book.answer(query, prior)
        assert expected.keys() == answers.keys()
        wrong = {n: (v, expected[n]) for n, v in answers.items() if not close(v, expected[n])}
        assert not wrong, query


@pytest.mark.parametrize("dates", [0, 1, 40, 120, 199])
def test_time_travel(rows: pl.DataFrame, dates: int) -> None:
    day = rows["game_date"].unique().sort()[dates]
    asked = rows.filter(pl.col("game_date") == day).select(QUERY)
    made = asof.fingerprint(feature_frame(rows, asked))
    for seed in range(3):
        wrong = asof.scramble(rows, day, seed, column="game_date")
        assert not wrong.equals(rows)
        assert asof.fingerprint(feature_frame(wrong, asked)) == made
    assert asof.fingerprint(feature_frame(asof.before(rows, day, "game_date"), asked)) == made


def test_time_travel_would_notice(rows: pl.DataFrame) -> None:
    day = rows["game_date"][rows.height // 2]
    asked = rows.filter(pl.col("game_date") == day).select(QUERY)
    made = feature_frame(rows, asked)
    wrong = feature_frame(asof.scramble(rows, day - timedelta(days=1), 1, column="game_date"), asked)
    told = {"weather_temp", "wind_out_cf", "is_indoor"}  # of the query itself
    assert {name for name in ALL if made[name].equals(wrong[name])} <= told


def test_training_rows_know_no_more_than_queries(rows: pl.DataFrame) -> None:
    made = feature_frame(rows)
    for day in rows["game_date"].unique().sort()[30::60]:
        then = rows["game_date"] == day
        asked = rows.filter(then).select(QUERY)
        known = feature_frame(asof.before(rows, day, "game_date"), asked)
        assert made.filter(then).equals(known)
