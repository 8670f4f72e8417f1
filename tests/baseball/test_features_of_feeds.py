"""The full set of features on the sample league, read from its feed documents as the real ones are."""

from __future__ import annotations

import math

import polars as pl
import pytest

from formguide import asof
from formguide.baseball.features import ALL, ASKED, feature_frame
from formguide.baseball.results import build_season
from formguide.baseball.sample import write_sample
from tests.baseball.features_by_hand import Book


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, 1, dates=46, dates_played=45)
    feeds = {str(p.relative_to(folder / "feeds")): p.read_bytes() for p in (folder / "feeds").rglob("*.gz")}
    return build_season(2024, {"feeds": feeds}).plate_appearances


def test_every_feature_is_there(rows: pl.DataFrame) -> None:
    late = feature_frame(rows).filter(rows["game_date"] > rows["game_date"].unique().sort()[40])
    missing = {name: late[name].null_count() / late.height for name in ALL}
    assert all(share < 0.7 for share in missing.values()), missing
    usual = late.select(pl.all().median()).row(0, named=True)
    assert 0.15 < usual["batter_hr_30g"] < 0.32
    assert 0.1 < usual["batter_whiff_60g"] < 0.45
    assert -1.5 < usual["batter_count_tendency_30g"] < 1
    assert 0.5 < usual["pitcher_entropy_30g"] < math.log2(12)
    assert 0.15 < usual["pitcher_catcher_framing"] < 0.6
    assert 84 < usual["pitcher_avg_velo_30g"] < 98
    assert 5 < usual["pitcher_avg_extension_30g"] < 8
    made = feature_frame(rows)
    assert {0.0, 1.0} == set(made["is_indoor"])
    assert made["wind_out_cf"].min() < -5 < 5 < made["wind_out_cf"].max()  # type: ignore[operator]


def test_random_rows_recomputed_from_scratch(rows: pl.DataFrame) -> None:
    book = Book(rows)
    asked = rows.with_row_index().filter(pl.col("index") > rows.height // 2).sample(50, seed=8)
    made = feature_frame(rows)[asked["index"].to_list()]
    for query, answers in zip(asked.iter_rows(named=True), made.iter_rows(named=True), strict=True):
        for name, expected in book.answer(query).items():
            value = answers[name]
            if value is None or expected is None:
                assert value is expected, (name, query)
            else:
                assert math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9), (name, query)


def test_time_travel(rows: pl.DataFrame) -> None:
    for day in rows["game_date"].unique().sort()[[7, 30, 44]]:
        asked = rows.filter(pl.col("game_date") == day).select(list(ASKED))
        wrong = asof.scramble(rows, day, 2, column="game_date")
        assert asof.fingerprint(feature_frame(wrong, asked)) == asof.fingerprint(feature_frame(rows, asked))
