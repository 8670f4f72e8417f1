"""A forecast to look at: the table and the picture of one race."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from formguide.drawing import figure, png
from formguide.formula1 import ids
from formguide.formula1.scenarios import MIXED
from formguide.formula1.weekends import MOMENTS

HEADLINE_METRICS = ("winner_log_loss", "spearman")
HEADLINE_MOMENTS = ("before_weekend", "on_grid")
_MOMENT_ORDER = {moment: i for i, moment in enumerate(MOMENTS)}


def next_race(forecasts: pl.DataFrame, calendar: pl.DataFrame, results: pl.DataFrame) -> str | None:
    """The first race that is forecast and not run; if all are run, the last one; None without a forecast."""
    races = calendar.join(forecasts.select("race_id").unique(), on="race_id").sort("race_at", "race_id")
    coming = races.join(results.select("race_id").unique(), on="race_id", how="anti")
    if not coming.is_empty():
        return str(coming["race_id"][0])
    return str(races["race_id"][-1]) if not races.is_empty() else None


def latest(forecasts: pl.DataFrame, race_id: str, scenario: str = MIXED) -> pl.DataFrame:
    """The rows of a race's forecast at the latest moment there is, favourites first."""
    race = forecasts.filter((pl.col("race_id") == race_id) & (pl.col("scenario") == scenario))
    order = pl.col("moment").replace_strict(_MOMENT_ORDER, return_dtype=pl.Int32)
    return race.filter(order == order.max()).sort(
        "p_win", "p_podium", "driver_id", descending=[True, True, False]
    )


def forecast_table(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with names to read: driver, team, grid, chances and expectations."""
    return rows.select(
        driver=pl.col("driver_id").map_elements(
            lambda i: ids.display_name("driver", i), return_dtype=pl.String
        ),
        team=pl.col("constructor_id").map_elements(
            lambda i: ids.display_name("constructor", i), return_dtype=pl.String
        ),
        grid=pl.col("grid_place"),
        win="p_win",
        podium="p_podium",
        points="p_points",
        retire="p_retire",
        expected_position="expected_position",
        expected_points="expected_points",
    )


def title_table(odds: pl.DataFrame, first: int = 5) -> pl.DataFrame:
    """The favourites for each title after the latest round, with names to read."""
    now = odds.filter(pl.col("after_round") == pl.col("after_round").max())
    best = (
        now.sort("p_title", "expected_points", descending=True)
        .group_by("kind", maintain_order=True)
        .head(first)
    )
    best = best.sort("kind", maintain_order=True, descending=True)
    names = [
        ids.display_name("driver" if kind == "driver" else "constructor", name)
        for kind, name in best.select("kind", "entity_id").iter_rows()
    ]
    columns = ["after_round", "points_now", "expected_points", "p_title", "p_top3"]
    return best.select("kind", pl.Series("name", names, pl.String), *columns)


def headline_scores(card: pl.DataFrame) -> pl.DataFrame:
    """The scores that people ask for first: two metrics at two moments, all seasons together."""
    return ordered_scores(
        card.filter(pl.col("metric").is_in(HEADLINE_METRICS) & pl.col("moment").is_in(HEADLINE_MOMENTS))
    )


def ordered_scores(card: pl.DataFrame, each_season: bool = False) -> pl.DataFrame:
    """A scorecard in the order in which it is read: by moment and metric, ours before the baselines."""
    length = pl.col("seasons").str.len_chars()
    shown = card if each_season else card.filter(length == length.max())
    order = [pl.col("moment").replace_strict(_MOMENT_ORDER), pl.col("metric"), pl.col("model") != "formguide"]
    return shown.sort(length, "seasons", *order, "model", descending=[True, *[False] * 5])


def race_title(race_name: str, moment: str, as_of: datetime) -> str:
    """How a forecast is headed: the race, the moment, and until when records were used."""
    return f"{race_name}, {moment.replace('_', ' ')} (as of {as_of:%Y-%m-%d %H:%M} UTC)"


def finishing_positions_png(rows: pl.DataFrame, title: str) -> bytes:
    """Every driver's distribution over finishing positions as a heat map, favourites on top."""
    table = forecast_table(rows)
    places = rows["position_probs"].to_list()
    drawn = figure(8.0, 0.28 * len(places) + 1.2, 80)
    axes = drawn.add_subplot()
    image = axes.imshow(places, aspect="auto", cmap="viridis", vmin=0.0)
    axes.set_yticks(range(len(places)), table["driver"].to_list())
    axes.set_xticks(range(len(places)), [str(place + 1) for place in range(len(places))])
    axes.set_xlabel("finishing position")
    axes.set_title(title, fontsize=10)
    drawn.colorbar(image, label="probability")
    return png(drawn)
