"""The sample league, read once for all tests of the sport."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from formguide.formula1 import conditions, results, strengths
from formguide.formula1.sample import SampleTruth, write_sample
from formguide.formula1.settings import ForecastSettings
from formguide.formula1.weekends import Weekend, build_weekends


@pytest.fixture(scope="session")
def league(tmp_path_factory) -> tuple[Path, SampleTruth]:
    """The folder of a small sample league and the truth behind it."""
    folder = tmp_path_factory.mktemp("league")
    return folder, write_sample(folder, seed=3)


@pytest.fixture(scope="session")
def tables(league) -> dict[str, pl.DataFrame]:
    """The league's canonical tables, race conditions included."""
    files = results.read_folder(league[0])
    seasons = [results.build_season(s, files).tables for s in sorted(results.seasons_of(files))]
    frames = {name: pl.concat([s[name] for s in seasons]) for name in seasons[0]}
    frames["race_conditions"] = conditions.race_conditions(
        *(
            frames[name]
            for name in (
                "race_calendar", "race_results", "qualifying_results", "fastest_laps", "pit_stops",
                "race_incidents",
            )
        )
    )  # fmt: skip
    return frames


@pytest.fixture(scope="session")
def weekends(tables) -> list[Weekend]:
    return build_weekends(tables)


@pytest.fixture(scope="session")
def run(weekends) -> strengths.StrengthsResult:
    return strengths.run_forward(weekends, ForecastSettings())
