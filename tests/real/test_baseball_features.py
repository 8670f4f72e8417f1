"""The features on real seasons: recomputed from scratch for random rows, and blind to what comes later."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from formguide import asof, schema
from formguide.baseball import archive, feed
from formguide.baseball.features import ALL, ASKED, CONTEXT, CORE, LAST_PITCH, STATCAST, feature_frame
from formguide.baseball.tables import PlateAppearances
from tests.baseball.features_by_hand import Book

ROWS = 260
ABSENT = {
    *("batter_whiff_60g", "batter_count_tendency_30g", "pitcher_entropy_30g", "pitcher_catcher_framing"),
    *("weather_temp", "ump_hr_30g", "wind_out_cf", "is_indoor", "batter_avg_velo_faced_30g"),
    *(name for name in STATCAST if name.startswith("pitcher_")),
}
"""What the archived days cannot tell: they have the last pitch alone, no umpire, no catcher, no weather."""


@pytest.fixture(scope="module")
def rows(real_data: Callable[[str], Path]) -> pl.DataFrame:
    return archive.read_folder(real_data("baseball"), 2023).plate_appearances


@pytest.fixture(scope="module")
def features(rows: pl.DataFrame) -> pl.DataFrame:
    return feature_frame(rows)


def test_what_the_archive_can_tell(features: pl.DataFrame) -> None:
    assert {name for name in ALL if features[name].null_count() == features.height} == ABSENT
    assert len([name for name in CORE + CONTEXT + STATCAST if name not in ABSENT]) == 15
    assert not ABSENT & set(LAST_PITCH)
    usual = features.select(pl.all().median()).row(0, named=True)
    assert 0.19 < usual["batter_hr_120g"] < 0.25
    assert 0.97 < usual["park_factor"] < 1.03
    assert 85 < usual["batter_avg_ev_30g"] < 92
    assert 0.3 < usual["batter_hard_hit_rate_30g"] < 0.5
    assert usual["days_rest"] == 1


def test_random_rows_recomputed_from_scratch(rows: pl.DataFrame, features: pl.DataFrame) -> None:
    book = Book(rows)
    asked = rows.with_row_index().sample(ROWS, seed=20230330)
    made = features[asked["index"].to_list()]
    told = 0
    for query, answers in zip(asked.iter_rows(named=True), made.iter_rows(named=True), strict=True):
        for name, expected in book.answer(query).items():
            value = answers[name]
            told += value is not None
            same = (
                value is expected
                if value is None or expected is None
                else math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)
            )
            assert same, (query["game_pk"], query["at_bat_index"], name, value, expected)
    assert told > 0.8 * ROWS * (len(ALL) - len(ABSENT))


@pytest.mark.parametrize("day", [date(2023, 4, 1), date(2023, 5, 13), date(2023, 7, 14), date(2023, 9, 30)])
def test_time_travel(rows: pl.DataFrame, features: pl.DataFrame, day: date) -> None:
    asked = rows.filter(pl.col("game_date") == day).select(list(ASKED))
    assert asked.height > 700
    made = feature_frame(rows, asked)
    for seed in (1, 2):
        wrong = asof.scramble(rows, day, seed, column="game_date")
        assert asof.fingerprint(feature_frame(wrong, asked)) == asof.fingerprint(made)
    known = feature_frame(asof.before(rows, day, "game_date"), asked)
    assert asof.fingerprint(known) == asof.fingerprint(made)
    assert features.filter(rows["game_date"] == day).equals(made)
    earlier = asof.scramble(rows, day - timedelta(days=14), 1, column="game_date")
    assert not feature_frame(earlier, asked).equals(made)


def test_both_games_of_a_doubleheader_see_the_same_morning(
    rows: pl.DataFrame, features: pl.DataFrame
) -> None:
    keys = ["game_date", "batter_id", "pitch_hand", "pitcher_id", "fielding_team_id", "venue"]
    made = pl.concat([rows, features], how="horizontal")
    twice = made.filter(pl.col("game_number").n_unique().over("game_date", "batter_id") == 2)
    assert twice.height > 1000
    assert twice.select("game_date", "batter_id", "batter_hr_7g", "days_rest").unique().height == (
        twice.select("game_date", "batter_id").unique().height
    )
    assert twice.select(*keys, *ALL).unique().height == twice.select(keys).unique().height


def test_the_full_set_on_real_feed_documents(real_data: Callable[[str], Path]) -> None:
    """Three real games, as if they were played again every day for forty days: everybody has a history."""
    games = sorted((real_data("baseball") / "mlb_api").glob("feed_live_*.json"))
    once = [feed.read_feed(path.name, path.read_bytes()).plate_appearances for path in games]
    types = schema.dtypes(PlateAppearances)
    one_day = pl.concat(
        pl.DataFrame([{c: row.get(c) for c in types} for row in g], schema=types) for g in once
    )
    rows = pl.concat(
        one_day.with_columns(
            game_date=pl.lit(date(2024, 5, 1) + timedelta(days=k)),
            game_pk=pl.col("game_pk") + 1000 * k,
            # Now and then somebody has a day off.
            batter_id=pl.when((pl.col("batter_id") + k) % 5 > 0).then("batter_id").otherwise(1),
        )
        for k in range(40)
    )
    book = Book(rows)
    asked = rows[-one_day.height :]
    made = feature_frame(rows)[-one_day.height :]
    for query, answers in zip(asked.iter_rows(named=True), made.iter_rows(named=True), strict=True):
        for name, expected in book.answer(query).items():
            value = answers[name]
            if value is None or expected is None:
                assert value is expected, (name, query["batter"])
            else:
                assert math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9), (name, query["batter"])
    assert {name for name in ALL if made[name].null_count() == made.height} == set()
