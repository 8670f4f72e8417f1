"""Pictures of triathlon's posterior and forecasts, as PNG bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import drawing
from formguide.lake import Lake
from formguide.triathlon import issuing
from formguide.triathlon.arrivals import SPORT
from formguide.triathlon.forecast_tables import FinishTimeForecasts, ForecastScorecard
from formguide.triathlon.posterior import Posterior
from formguide.triathlon.tables import RaceResults

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

BLUE, GREY, RED = "#1f5a8a", "#8a8a8a", "#b5432e"
_COURSES_SHOWN = 24


def effects_png(lake: Lake, distance: str) -> bytes | None:
    """Courses, and gender and age groups, with 95 % intervals; None without a posterior."""
    if lake.manifest(SPORT, issuing.POSTERIOR, distance) is None:
        return None
    return effects(issuing.read_posterior(lake, distance), distance)


def effects(found: Posterior, distance: str) -> bytes:
    """Effects in percent of the finish time: courses from fast to slow, races' and years' spreads beside
    them."""
    figure, axes = _figure(1, 2, (10.0, 6.5))
    course = 100 * np.expm1(found.flat("course"))
    order = np.argsort(course.mean(axis=0))
    keep = (
        order
        if len(order) <= _COURSES_SHOWN
        else np.r_[order[: _COURSES_SHOWN // 2], order[-_COURSES_SHOWN // 2 :]]
    )
    names = [
        found.levels["course"][i].removeprefix("im703_").removeprefix("ironman_").replace("_", " ")
        for i in keep
    ]
    _intervals(axes[0], names, course[:, keep], "courses, % of the time")
    spreads = [name for name in found.draws if name.startswith("sigma_")]
    values = 100 * np.column_stack([found.flat(name) for name in spreads])
    _intervals(
        axes[1],
        [name.removeprefix("sigma_").replace("_", " ") for name in spreads],
        values,
        "spread of effects, %",
    )
    figure.suptitle(f"{distance}: effects with 95 % intervals ({found.n:,} finishes)", fontsize=11)
    return _png(figure)


def predictive_check_png(lake: Lake, distance: str) -> bytes | None:
    """Finish times of the last forecast season beside the mixture of all its forecasts; None without one."""
    keys = [k for k in lake.partitions(SPORT, FinishTimeForecasts.name) if k.startswith(f"{distance}_")]
    frame = lake.read_table(SPORT, FinishTimeForecasts.name, keys, FinishTimeForecasts).filter(
        pl.col("pit").is_not_null()
    )
    if frame.is_empty():
        return None
    last = frame.filter(pl.col("year") == pl.col("year").max())
    results = lake.read_table(SPORT, RaceResults.name, [str(last["year"][0])], RaceResults)
    return predictive_check(last.join(results.select("result_id", "total_sec"), on="result_id"), distance)


def predictive_check(frame: pl.DataFrame, distance: str) -> bytes:
    """Histogram of finish times (total_sec) and what the forecasts of the same starts add up to."""
    figure, axes = _figure(1, 1, (7.5, 4.2))
    hours = frame["total_sec"].to_numpy() / 3600
    edges = np.linspace(float(np.quantile(hours, 0.001)), float(np.quantile(hours, 0.999)), 50)
    axes[0].hist(hours, bins=edges, density=True, color=GREY, alpha=0.6, label="finish times")
    points = (
        frame.select("p05_sec", "p10_sec", "p25_sec", "p50_sec", "p75_sec", "p90_sec", "p95_sec").to_numpy()
        / 3600
    )
    at = 0.5 * (edges[1:] + edges[:-1])
    levels = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
    chosen = points[:: max(len(points) // 4000, 1)]
    below = np.array([np.interp(edges, row, levels, left=0.0, right=1.0) for row in _tails(chosen)])
    axes[0].plot(
        at, np.diff(below.mean(axis=0)) / np.diff(edges), color=BLUE, lw=2, label="forecasts, added up"
    )
    axes[0].set_xlabel("hours")
    axes[0].legend(frameon=False)
    axes[0].set_title(
        f"{distance}, {frame['year'][0]}: {frame.height:,} finishes and what was forecast", fontsize=11
    )
    return _png(figure)


def calibration_png(lake: Lake) -> bytes | None:
    """PIT histograms and coverage of the scorecard; None without one."""
    if lake.manifest(SPORT, ForecastScorecard.name, None) is None:
        return None
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    return calibration(card) if not card.is_empty() else None


def calibration(card: pl.DataFrame) -> bytes:
    """Where finishes came in their forecasts, in tenths, by distance: flat if calibrated; whiskers of two
    standard errors, by race."""
    whole = card.filter(
        (pl.col("model") == "formguide") & (pl.col("population") == "all") & (pl.col("by") == "all")
    )
    distances = sorted(whole["distance"].cast(pl.String).unique())
    figure, axes = _figure(1, len(distances), (4.6 * len(distances), 3.8))
    for axis, distance in zip(axes, distances, strict=True):
        here = whole.filter(pl.col("distance").cast(pl.String) == distance)
        first = here.filter(pl.col("task") == here["task"][0])
        span = first["span"][0]
        pit = first.filter((pl.col("span") == span) & pl.col("metric").str.starts_with("pit_"))
        tenth = pit["metric"].str.strip_prefix("pit_").cast(pl.Int64).to_numpy()
        error = 2 * pit["standard_error"].fill_null(0.0).to_numpy()
        axis.bar(
            (tenth - 0.5) / 10, pit["value"], width=0.09, color=BLUE, alpha=0.75, yerr=error, ecolor=GREY
        )
        axis.axhline(0.1, color=RED, lw=1)
        axis.set_title(f"{distance}: {span}, {first['n'][0]:,} finishes", fontsize=11)
        axis.set_xlabel("place of the finish in its forecast")
    return _png(figure)


def one_start(points_sec: Floats, field_sec: Floats, title: str) -> bytes:
    """One forecast (5, 10, 25, 50, 75, 90, 95 % points) over the finish times of a field to compare it
    with."""
    figure, axes = _figure(1, 1, (7.5, 3.8))
    hours = points_sec / 3600
    if len(field_sec):
        axes[0].hist(
            field_sec / 3600, bins=40, color=GREY, alpha=0.5, density=True, label="the course's field so far"
        )
    axes[0].axvspan(hours[0], hours[-1], color=BLUE, alpha=0.15, label="90 %")
    axes[0].axvspan(hours[2], hours[4], color=BLUE, alpha=0.3, label="50 %")
    axes[0].axvline(hours[3], color=BLUE, lw=2)
    axes[0].set_xlabel("hours")
    axes[0].set_yticks([])
    axes[0].legend(frameon=False, fontsize=9)
    axes[0].set_title(title, fontsize=11)
    return _png(figure)


def _tails(points: Floats) -> Floats:
    """The same points; np.interp needs them to rise."""
    rising: Floats = np.maximum.accumulate(points, axis=1) + 1e-9 * np.arange(points.shape[1])
    return rising


def _intervals(axis: Any, names: list[str], draws: Floats, title: str) -> None:
    low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975], axis=0)
    place = np.arange(len(names))
    axis.hlines(place, low, high, color=BLUE, lw=2)
    axis.plot(middle, place, "o", color=BLUE, ms=4)
    axis.set_yticks(place, names, fontsize=8)
    axis.axvline(0, color=GREY, lw=0.8)
    axis.set_title(title, fontsize=10)


def _figure(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, list[Any]]:
    drawn = drawing.figure(*size)
    return drawn, [*np.atleast_1d(drawn.subplots(rows, columns)).ravel()]


def _png(figure: Figure) -> bytes:
    return drawing.png(figure, dpi=110)
