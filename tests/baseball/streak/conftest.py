"""Games and days to play on."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import strategies as st

from formguide.baseball.forecast_tables import BacktestForecasts
from formguide.baseball.streak.made_up import made_up_profiles
from formguide.baseball.streak.profiles import Days, paired_days
from formguide.schema import dtypes


@pytest.fixture(scope="session")
def profiles() -> pl.DataFrame:
    """Three made-up seasons of two seeds."""
    return made_up_profiles(seasons=3, seeds=2)


@pytest.fixture(scope="session")
def days(profiles: pl.DataFrame) -> Days:
    return paired_days(profiles)


def as_backtest(rows: pl.DataFrame, task: str = "actual") -> pl.DataFrame:
    """Rows of picks as the table `backtest_forecasts`; whatever they do not say is filled with anything."""
    filled = {}
    for name, dtype in dtypes(BacktestForecasts).items():
        if name in rows.columns:
            filled[name] = pl.col(name)
        elif name == "task":
            filled[name] = pl.lit(task)
        elif name == "as_of":
            filled[name] = pl.col("game_date")
        elif name == "start_at":
            filled[name] = pl.lit(None)
        else:
            filled[name] = pl.lit("x") if dtype == pl.String else pl.lit(1)
    return rows.select(
        column.cast(dtypes(BacktestForecasts)[name]).alias(name) for name, column in filled.items()
    )


@pytest.fixture(scope="session")
def backtest(profiles: pl.DataFrame) -> pl.DataFrame:
    """The same as backtest forecasts."""
    return as_backtest(profiles.drop("rank"))


chances = st.floats(0.01, 0.99)
