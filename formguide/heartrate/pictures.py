"""Pictures of heart rate, as PNG bytes: forecasts beside what was measured, and how far off they were.

Each is a function of rows or arrays and the same for the same ones; what is measured is black, what is
forecast blue with its 80 % interval, so that nobody takes one for the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from formguide.drawing import figure, png
from formguide.heartrate.sequences import Floats, Inputs
from formguide.heartrate.shown import Shown

FORECAST, MEASURED, SPEED, GROUND, GREY = "#1f5a8c", "#1f2933", "#c9701c", "#d9dfe5", "#8a949e"
_COLOURS = (FORECAST, "#c9701c", "#2e7d4f", "#8e44ad", "#b3261e", "#66727f", "#a08000")
BRIDGED_SEC = 30
_MOST = 12
_LEAST_WORKOUTS = 3


def forecast(shown: Shown) -> bytes:
    """One workout: heart rate with its interval, speed and altitude below, by minute."""
    drawn = figure(9.0, 6.0)
    heart, speed, ground = drawn.subplots(3, 1, sharex=True, height_ratios=(3, 1.2, 1))
    minutes = shown.inputs.t_sec / 60
    heart_rate(heart, shown, minutes)
    heart.set_ylabel("heart rate, bpm")
    if shown.curve is not None or shown.measured_bpm is not None:
        heart.legend(frameon=False, fontsize=8, loc="lower right", ncols=3)
    speed.plot(minutes, _smooth(shown.inputs.speed_mps, 15), color=SPEED, lw=1)
    speed.set_ylabel(shown.speed_label)
    speed.set_ylim(bottom=0)
    _altitude(ground, minutes, shown.inputs.altitude_m)
    ground.set_xlabel("minutes")
    ground.set_xlim(0, max(minutes[-1], 1 / 60))
    for axis in (heart, speed, ground):
        _plain(axis)
    heart.set_title(f"{shown.title}{shown.forecast_given}{_off(shown)}", fontsize=10, loc="left")
    return png(drawn)


def plan(inputs: Inputs) -> bytes:
    """A run to come by kilometre: its pace, the faster the higher, and its altitude."""
    drawn = figure(6.0, 3.2)
    pace, ground = drawn.subplots(2, 1, sharex=True, height_ratios=(1.6, 1))
    km = inputs.distance_m / 1000
    moving = inputs.speed_mps > 0
    minutes = np.where(moving, 1000 / np.where(moving, inputs.speed_mps, 1.0) / 60, np.nan)
    pace.plot(km, minutes, color=SPEED, lw=1.5, drawstyle="steps-post")
    if moving.any():
        quickest, slowest = float(np.nanmin(minutes)), float(np.nanmax(minutes))
        pace.set_ylim(slowest + 0.5, quickest - 0.5)
    pace.yaxis.set_major_formatter(lambda value, _: f"{int(value)}:{round(60 * (value % 1)) % 60:02d}")
    pace.set_ylabel("min/km")
    _altitude(ground, km, inputs.altitude_m)
    ground.set_xlabel("km")
    ground.set_xlim(0, max(float(km[-1]), 0.01))
    for axis in (pace, ground):
        _plain(axis)
    for at in km[1:][np.diff(moving.astype(int)) < 0]:
        pace.axvline(at, color=GREY, lw=0.8, ls=":")
    return png(drawn)


def several(shown: Sequence[Shown], most: int = _MOST) -> bytes:
    """Up to twelve workouts beside each other on one scale, each with its error."""
    some = list(shown)[:most]
    columns = min(3, max(len(some), 1))
    rows = -(-max(len(some), 1) // columns)
    drawn = figure(3.6 * columns, 2.3 * rows + 0.4)
    axes = drawn.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axis in axes[len(some) :]:
        axis.set_visible(False)
    for axis, one in zip(axes, some, strict=False):
        heart_rate(axis, one, one.inputs.t_sec / 60, lw=1.0)
        axis.set_title(f"{one.title}{_off(one)}", fontsize=7, loc="left")
        axis.tick_params(labelsize=7)
        _plain(axis)
    left_out = f" ({len(some)} of {len(shown)})" if len(shown) > len(some) else ""
    given = some[0].forecast_given if some else ""
    drawn.suptitle(f"forecast (80 %) and measured heart rate, bpm, by minute{given}{left_out}", fontsize=9)
    return png(drawn)


def residuals(shown: Sequence[Shown]) -> bytes:
    """Forecast less measured by minute of every workout, and their mean with two standard errors."""
    drawn = figure(9.0, 3.8)
    axis = drawn.add_subplot()
    lines = [_by_minute(one.error_bpm) for one in shown if one.mae_bpm is not None]
    for line in lines:
        axis.plot(np.arange(len(line)) + 0.5, line, color=GREY, lw=0.6, alpha=0.5)
    if lines:
        table = np.full((len(lines), max(map(len, lines))), np.nan)
        for row, line in enumerate(lines):
            table[row, : len(line)] = line
        _mean_with_error(axis, table)
        # A sensor that says 0 for a minute would leave a line for everything else.
        far = float(np.nanquantile(np.abs(table), 0.99))
        axis.set_ylim(-1.3 * far - 1.0, 1.3 * far + 1.0)
    axis.axhline(0, color=MEASURED, lw=0.8)
    axis.set_xlabel("minutes")
    axis.set_ylabel("forecast less measured, bpm")
    given = shown[0].forecast_given if shown else ""
    axis.set_title(f"{len(lines)} workouts{given}", fontsize=10, loc="left")
    _plain(axis)
    return png(drawn)


def error_by_minute(card: pl.DataFrame, title: str = "") -> bytes:
    """The scorecard's mean absolute error by minute of the workout, a line a model, with two standard errors.

    card: rows of `ForecastScorecard`; those `by` minute of one task are drawn.
    """
    rows = card.filter((pl.col("by") == "minute") & (pl.col("metric").cast(pl.String) == "mae_bpm"))
    first = rows.with_columns(first=pl.col("group").str.extract(r"(\d+)").cast(pl.Int32)).sort("first")
    groups = first["group"].unique(maintain_order=True).to_list()
    place = {group: at for at, group in enumerate(groups)}
    drawn = figure(8.0, 3.8)
    axis = drawn.add_subplot()
    models = sorted(first["model"].unique(), key=lambda name: (name != "formguide", name))
    for k, model in enumerate(models):
        own = first.filter(model=model)
        # Side by side, so that the intervals of several models can be told apart.
        at = np.array([place[group] for group in own["group"]]) + 0.08 * (k - (len(models) - 1) / 2)
        error = 2 * own["standard_error"].fill_null(0.0).to_numpy()
        heavy = 2.0 if model == "formguide" else 1.0
        axis.errorbar(
            at, own["value"].to_numpy(), yerr=error, color=_COLOURS[k % len(_COLOURS)], lw=heavy,
            elinewidth=0.8, marker="o", ms=3, label=model,
        )  # fmt: skip
    axis.set_xticks(range(len(groups)), groups)
    axis.set_xlabel("minute of the workout (whiskers: two standard errors)")
    axis.set_ylabel("mean absolute error, bpm")
    axis.set_ylim(bottom=0)
    axis.set_title(title or "error by minute", fontsize=10, loc="left")
    if models:
        axis.legend(frameon=False, fontsize=8)
    _plain(axis)
    return png(drawn)


def losses(curves: pl.DataFrame, title: str = "") -> bytes:
    """Losses of a training by epoch; the epoch that was kept is where validation is lowest.

    curves: epoch, training and validation loss in the columns `epoch`, `training`, `validation`.
    """
    drawn = figure(6.5, 3.6)
    axis = drawn.add_subplot()
    epoch = curves["epoch"].to_numpy()
    axis.plot(epoch, curves["training"], color=GREY, lw=1.5, label="training")
    axis.plot(epoch, curves["validation"], color=FORECAST, lw=1.5, label="validation")
    best = curves["validation"].fill_nan(None).arg_min()
    if best is not None:
        axis.axvline(epoch[best], color=SPEED, lw=1, ls=":", label=f"kept: epoch {epoch[best]}")
    axis.set_xlabel("epoch")
    axis.set_ylabel("loss")
    axis.set_title(title, fontsize=10, loc="left")
    axis.legend(frameon=False, fontsize=8)
    _plain(axis)
    return png(drawn)


def correlations(names: Sequence[str], within: Floats, between: Floats, title: str = "") -> bytes:
    """Two matrices of correlations side by side, (k, k) in the order of the names; NaN stays empty."""
    drawn = figure(14.0, 7.0)
    image: Any = None
    for axis, values, said in zip(
        drawn.subplots(1, 2, sharey=True),
        (within, between),
        ("within a workout", "between workouts"),
        strict=True,
    ):
        image = axis.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
        axis.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=7)
        axis.set_yticks(range(len(names)), names, fontsize=7)
        axis.set_title(f"{said}{title}", fontsize=10, loc="left")
        for row, column in zip(*np.nonzero(np.isfinite(values)), strict=True):
            value = values[row, column]
            ink = "white" if abs(value) > 0.6 else MEASURED
            axis.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=6, color=ink)
    drawn.colorbar(image, ax=drawn.axes, shrink=0.7)
    return png(drawn)


def heart_rate(axis: Any, shown: Shown, at: Floats, lw: float = 1.4) -> None:
    """Draws a forecast with its interval and what was measured on axes."""
    if shown.curve is not None:
        axis.fill_between(
            at, shown.curve.p10, shown.curve.p90, color=FORECAST, alpha=0.18, lw=0, label="80 %"
        )
        axis.plot(at, shown.curve.p50, color=FORECAST, lw=lw, label="forecast")
    if shown.measured_bpm is not None:
        axis.plot(at, bridged(shown.measured_bpm), color=MEASURED, lw=0.8 * lw, label="measured")


def bridged(values: Floats, longest: int = BRIDGED_SEC) -> Floats:
    """Joins what was measured over gaps of up to so many seconds; longer ones stay NaN."""
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2:
        return values
    joined = np.interp(np.arange(len(values)), known, values[known], left=np.nan, right=np.nan)
    for before, after in pairwise(known):
        if after - before > longest:
            joined[before + 1 : after] = np.nan
    return joined


def _off(shown: Shown) -> str:
    return "" if shown.mae_bpm is None else f"; off by {shown.mae_bpm:.1f}"


def _by_minute(error: Floats) -> Floats:
    """Means of whole minutes (of the last, of what there is), NaN where nothing was measured."""
    minute = np.arange(len(error)) // 60
    known = np.isfinite(error)
    total = np.bincount(minute[known], weights=error[known], minlength=minute[-1] + 1)
    count = np.bincount(minute[known], minlength=minute[-1] + 1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _mean_with_error(axis: Any, table: Floats) -> None:
    """The mean over workouts where three of them have a value."""
    n = np.isfinite(table).sum(axis=0)
    enough = n >= _LEAST_WORKOUTS
    if not enough.any():
        return
    kept = table[:, enough]
    mean = np.nanmean(kept, axis=0)
    error = 2 * np.nanstd(kept, axis=0, ddof=1) / np.sqrt(n[enough])
    at = np.flatnonzero(enough) + 0.5
    axis.plot(at, mean, color=FORECAST, lw=2, label="mean over workouts")
    axis.fill_between(at, mean - error, mean + error, color=FORECAST, alpha=0.2, lw=0, label="± 2 s.e.")
    axis.legend(frameon=False, fontsize=8)


def _smooth(values: Floats, seconds: int) -> Floats:
    """A centred mean, so that a line of speed can be read."""
    wide = min(seconds, len(values))
    padded = np.pad(values, (wide // 2, wide - 1 - wide // 2), mode="edge")
    return np.convolve(padded, np.full(wide, 1 / wide), mode="valid")


def _altitude(axis: Any, along: Floats, altitude_m: Floats) -> None:
    """The ground, over 20 m at least: a flat run is to look flat."""
    lowest = float(altitude_m.min())
    axis.fill_between(along, altitude_m, lowest - 1, color=GROUND)
    axis.set_ylim(lowest - 1, max(float(altitude_m.max()), lowest + 20) + 1)
    axis.set_ylabel("altitude, m")


def _plain(axis: Any) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(alpha=0.25, lw=0.5)
