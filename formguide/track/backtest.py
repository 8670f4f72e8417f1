"""What the forecasts would have been worth: models fitted on the past, the last two seasons forecast once.

Careers come from two worlds, elite athletes (Open Athletics) and American colleges (TFRRS), whose records end
at different times; each is a population with a test block of its own, its last two calendar years. Models for
it are fitted on everything, of both worlds, dated before the block's first season begins. They choose and
calibrate themselves on their own last training seasons; nothing is decided by the block.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl

from formguide.making import TooLittle
from formguide.schema import dtypes, empty
from formguide.track.forecast import as_table
from formguide.track.forecast_tables import BacktestForecasts
from formguide.track.peak_model import PeakSettings, fit, history
from formguide.track.peaks import season_peaks
from formguide.track.tables import INDOOR, season_start

OPENATH, TFRRS = "openath", "tfrrs"
POPULATIONS = (OPENATH, TFRRS)

BLOCK_YEARS = 2
"""Calendar years at the end of a population's records that are only ever scored."""

Progress = Callable[[str], object]


def population_of(athlete_id: pl.Expr) -> pl.Expr:
    """Whose careers an athlete's are, by the source that names him."""
    return pl.when(athlete_id.str.starts_with("openath:")).then(pl.lit(OPENATH)).otherwise(pl.lit(TFRRS))


def first_test_season(performances: pl.DataFrame, population: str) -> int | None:
    """The first season of a population's test block: the year before its last mark's; None without marks."""
    own = performances.filter(pl.col("complete") & (population_of(pl.col("athlete_id")) == population))
    last = own["date"].max()
    return last.year - BLOCK_YEARS + 1 if isinstance(last, date) else None


def walk(
    performances: pl.DataFrame,
    first_season: int | None = None,
    settings: PeakSettings | None = None,
    progress: Progress = lambda _: None,
    taught_by: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """`BacktestForecasts` of every population's test block, in the order of their key.

    first_season: where the blocks begin instead; settings: how the models are fitted; taught_by: other
    performances to fit them to, of whatever is dated before the block, to see what they are worth for
    athletes that they have never met. A population with too little history before its block has none.
    """
    teachers = performances if taught_by is None else taught_by
    parts = []
    for name in POPULATIONS:
        begins = first_season or first_test_season(performances, name)
        if begins is None:
            continue
        fitted_on = season_start(begins, INDOOR)
        progress(f"{name}: models of what was known on {fitted_on}")
        try:
            model = fit(teachers, fitted_on, settings)
        except TooLittle as error:
            progress(f"{name}: {error}")
            continue
        end = date(performances["date"].max().year + 2, 1, 1)  # type: ignore[union-attr]
        asked = history(performances, end, settings).windows.filter(
            (pl.col("season") >= begins) & (population_of(pl.col("athlete_id")) == name)
        )
        if asked.is_empty():
            continue
        rows = model.forecast(asked, performances)
        parts.append(_with_what_came(rows, performances, name, fitted_on))
    if not parts:
        return empty(BacktestForecasts)
    return pl.concat(parts).sort("athlete_id", "gender", "event", "season", "label")


def _with_what_came(
    rows: pl.DataFrame, performances: pl.DataFrame, population: str, fitted_on: date
) -> pl.DataFrame:
    key = ["athlete_id", "gender", "event", "season", "label"]
    text = [pl.col(name).cast(pl.String) for name in ("gender", "label")]
    came = season_peaks(performances).select(*key, "peak_date").with_columns(text)
    said = rows.with_columns(text)
    table = as_table(rows, performances)
    return (
        table.join(said.select(*key, "peak"), on=key, how="left", maintain_order="left")
        .join(came, on=key, how="left", maintain_order="left")
        .with_columns(population=pl.lit(population), fitted_on=pl.lit(fitted_on))
        .select(pl.col(name).cast(dtype) for name, dtype in dtypes(BacktestForecasts).items())
    )
