"""Track's forecasts and scores as tables and pictures that people can read."""

from __future__ import annotations

import polars as pl

from formguide.drawing import figure, png
from formguide.track import events, forecasters, marks, programme

HEADLINE_METRICS = ("mae_pct", "pinball_pct", "coverage_80")
FORECASTERS = ("default", *forecasters.FORECASTERS)
"""The forecasters in the order in which they are read: ours, then what it has to beat."""

_FIRST = 1
_DPI = 80
_ORDER = {name: place for place, name in enumerate(FORECASTERS)}


def best_to_come(forecasts: pl.DataFrame, first: int = _FIRST) -> pl.DataFrame:
    """The best of the coming seasons' forecasts in each event of the programme, as marks are written."""
    place = {event.name: at for at, event in enumerate(programme.events())}
    better = pl.when(pl.col("unit") == "sec").then(pl.col("median")).otherwise(-pl.col("median"))
    best = (
        forecasts.filter(pl.col("event").is_in(list(place)))
        .sort(better, "athlete_id", maintain_order=True)
        .group_by("event", "gender", "season", "label", maintain_order=True)
        .head(first)
        .sort(
            pl.col("event").replace_strict(place, return_dtype=pl.Int32), "gender", "season", "label", better
        )
    )
    return best.select(
        "event",
        "gender",
        pl.format("{} {}", "season", "label").alias("season"),
        "athlete",
        *(written(best, name) for name in ("last", "median", "low", "high")),
    ).rename({"median": "forecast", "low": "10 %", "high": "90 %"})


def written(rows: pl.DataFrame, column: str) -> pl.Series:
    """A column of marks in each row's event's usual notation."""
    said = [
        None if mark is None else marks.format(mark, events.find(event, gender))
        for mark, event, gender in rows.select(column, "event", "gender").iter_rows()
    ]
    return pl.Series(column, said, pl.String)


def headline_scores(card: pl.DataFrame) -> pl.DataFrame:
    """The scores that people ask for first: over all events of each population, ours before the baselines."""
    return ordered_scores(
        card.filter((pl.col("event_group") == "all") & pl.col("metric").is_in(HEADLINE_METRICS))
    ).drop("is_sample", "counts", "first_season", "last_season")


def ordered_scores(card: pl.DataFrame) -> pl.DataFrame:
    """A scorecard in the order in which it is read: population, group, metric, ours before the baselines."""
    groups = {name: place for place, name in enumerate(("all", *programme.GROUPS))}
    return card.sort(
        "population",
        pl.col("event_group").replace_strict(groups, default=len(groups), return_dtype=pl.Int32),
        "metric",
        pl.col("forecaster").replace_strict(_ORDER, default=len(_ORDER), return_dtype=pl.Int32),
        maintain_order=True,
    )


def changes_png(forecasts: pl.DataFrame, title: str) -> bytes:
    """How far forecasts are from the last peak, percent and better to the right, event group by group."""
    drawn = figure(7.0, 3.2, _DPI)
    axes = drawn.add_subplot()
    groups = [name for name in programme.GROUPS if name in set(forecasts["event_group"])]
    said = forecasts.with_columns(change=_percent_better("median"))
    boxes = [said.filter(event_group=name)["change"].to_numpy() for name in groups]
    axes.boxplot(boxes, orientation="horizontal", tick_labels=groups, showfliers=False, whis=(10, 90))
    axes.axvline(0.0, color="grey", linewidth=0.8)
    axes.set_xlabel("percent better than the last peak (box: half of the athletes; whiskers: 80 %)")
    axes.set_title(title, fontsize=10)
    return png(drawn)


def forecast_and_peak_png(walked: pl.DataFrame, title: str) -> bytes:
    """Every forecast against the peak that came, and how many peaks fell below each end of their interval."""
    drawn = figure(8.0, 3.6, _DPI)
    left, right = drawn.subplots(1, 2)
    said = walked.with_columns(expected=_percent_better("median"), came=_percent_better("peak"))
    left.plot(said["expected"].to_numpy(), said["came"].to_numpy(), ".", markersize=2, alpha=0.4)
    ends = [float(said["expected"].min() or -1.0), float(said["expected"].max() or 1.0)]  # type: ignore[arg-type]
    left.plot(ends, ends, color="grey", linewidth=0.8)
    left.set_xlabel("expected, percent better than the last peak")
    left.set_ylabel("what came")
    parts = [_percent_better(name) for name in ("low", "median", "high")]
    below = [said.select((pl.col("came") < part).mean()).item() for part in parts]
    right.bar(["10 %", "50 %", "90 %"], [100 * share for share in below])
    for x, level in enumerate((10, 50, 90)):
        right.plot([x - 0.4, x + 0.4], [level, level], color="black", linewidth=1.2)
    right.set_ylabel("peaks that were worse, percent (line: what was said)")
    drawn.suptitle(title, fontsize=10)
    return png(drawn)


def _percent_better(column: str) -> pl.Expr:
    """A mark against the last peak in percent of log speed, distance or points."""
    ratio = pl.col(column) / pl.col("last")
    return 100 * pl.when(pl.col("unit") == "sec").then(-ratio.log()).otherwise(ratio.log())
