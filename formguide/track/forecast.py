"""Next season's peaks: of everybody who has been active lately, each with an interval.

A forecast is of a season, indoor or outdoor, made as of its first day; of each label the one that is not over
yet. It is made for every event in which the athlete had a peak under the label in one of the last two years.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from formguide.making import TooLittle
from formguide.schema import dtypes, empty
from formguide.track import events
from formguide.track.forecast_tables import PeakForecasts
from formguide.track.peak_model import PeakModel
from formguide.track.peaks import season_peaks
from formguide.track.sequences import season_sequences
from formguide.track.tables import FIRST_INDOOR_MONTH, INDOOR, LABELS
from formguide.track.windows import windows_ahead

ACTIVE_WITHIN = 2
"""Seasons before the one asked for in one of which an athlete must have been there."""


def known_until(performances: pl.DataFrame) -> date:
    """The first day of which nothing is known: the one after the last mark of a whole career."""
    last = performances.filter(pl.col("complete"))["date"].max()
    if not isinstance(last, date):
        raise TooLittle("there are no careers to forecast from: a toplist is none")
    return last + timedelta(days=1)


def seasons_ahead(as_of: date) -> dict[str, int]:
    """Of each label the season that is not over on a day: 1 April ends the indoor one, 1 November the
    outdoor one."""
    indoor_over = (as_of.month, as_of.day) >= (4, 1)
    outdoor_over = as_of.month >= FIRST_INDOOR_MONTH
    return {label: as_of.year + int(indoor_over if label == INDOOR else outdoor_over) for label in LABELS}


def forecast_ahead(
    model: PeakModel, performances: pl.DataFrame, gender: str | None = None, as_of: date | None = None
) -> pl.DataFrame:
    """`PeakForecasts` of the coming indoor and outdoor season, in the order of their key.

    performances: what is dated on or after `as_of` (default: the model's) is not used; gender: only these.
    """
    moment = as_of or model.as_of
    known = performances.filter(pl.col("date") < moment)
    if gender is not None:
        known = known.filter(pl.col("gender").cast(pl.String) == gender)
    if known.is_empty():
        return empty(PeakForecasts)
    lstm = model.lstm
    peaks, sequences = season_peaks(known), season_sequences(known, lstm.marks)
    asked = [
        windows_ahead(peaks, sequences, season, label, ACTIVE_WITHIN, lstm.seasons_back)
        for label, season in seasons_ahead(moment).items()
    ]
    windows = pl.concat([frame for frame in asked if frame.height] or asked[:1])
    if windows.is_empty():
        return empty(PeakForecasts)
    rows = model.forecast(windows, known, sequences).with_columns(as_of=pl.lit(moment))
    return as_table(rows, known)


def as_table(rows: pl.DataFrame, performances: pl.DataFrame) -> pl.DataFrame:
    """What `PeakModel.forecast` gave as `PeakForecasts`, with each athlete's name and team as last told
    before the row's `as_of`."""
    whose = ["athlete_id", "gender", "as_of"]
    names = (
        rows.select(whose)
        .unique()
        .join(performances, on=whose[:2])
        .filter(pl.col("date") < pl.col("as_of"))
        .sort("date", "performance_id")
        .group_by(whose, maintain_order=True)
        .agg(pl.col("athlete", "team").last())
    )
    group = {name: events.find(name).group for name in rows["event"].unique().to_list()}
    declared = dtypes(PeakForecasts)
    return (
        rows.join(names, on=whose, how="left", maintain_order="left")
        .with_columns(event_group=pl.col("event").replace_strict(group, return_dtype=pl.String))
        .select(pl.col(name).cast(dtype) for name, dtype in declared.items())
        .sort("athlete_id", "gender", "event", "season", "label")
    )
