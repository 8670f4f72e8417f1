"""A workout to look at: what was run, what was measured, and the curve that was forecast of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from formguide.heartrate.curves import Curve
from formguide.heartrate.forecast_tables import ROUTE_ONLY, SPEED_RUN, HeartRateForecasts
from formguide.heartrate.sequences import Floats, Inputs, recorded
from formguide.heartrate.tables import SPORT, Samples, Workouts
from formguide.lake import Lake, LakeError

PLANNED = "pace that is planned"
"""What a forecast of a run that nobody has run yet was given."""


@dataclass(frozen=True)
class Shown:
    """One workout. measured_bpm (n,): NaN where nothing was measured, None where nobody asked; curve: None
    where nothing was forecast; given: what the forecast was given (`forecast_tables.GIVEN` or `PLANNED`);
    of_plan: the inputs are a plan's, of a run that has a speed of its own perhaps."""

    inputs: Inputs
    measured_bpm: Floats | None
    curve: Curve | None
    given: str = SPEED_RUN
    of_plan: bool = False

    @property
    def title(self) -> str:
        """Whose it was, and when."""
        if self.given == PLANNED:
            return f"a plan of {len(self.inputs) / 60:.0f} min"
        return f"{self.inputs.user_id}, {self.inputs.activity}, {self.inputs.started_at:%Y-%m-%d %H:%M}"

    @property
    def forecast_given(self) -> str:
        """What the forecast was given, as the end of a title; empty without a forecast."""
        if self.curve is None:
            return ""
        return f"; given the {'route alone' if self.given == ROUTE_ONLY else self.given}"

    @property
    def speed_label(self) -> str:
        """Whose speed it is: a forecast given the route alone is drawn on the clock of the run and did not
        know the speed that is drawn."""
        return f"speed, m/s\n({'planned' if self.of_plan else 'as run'})"

    @property
    def error_bpm(self) -> Floats:
        """Forecast less measured (n,), beats a minute; NaN where either is missing."""
        if self.curve is None or self.measured_bpm is None:
            return np.full(len(self.inputs), np.nan)
        return np.asarray(self.curve.p50 - self.measured_bpm)

    @property
    def mae_bpm(self) -> float | None:
        """Mean absolute error over the seconds with a measurement, None without one."""
        error = np.abs(self.error_bpm)
        known = np.isfinite(error)
        return float(error[known].mean()) if known.any() else None


def of_lake(
    lake: Lake,
    workouts: Sequence[str] | None = None,
    *,
    user: str | None = None,
    last: int | None = None,
    given: str = SPEED_RUN,
    forecast_only: bool = False,
) -> list[Shown]:
    """Workouts of a lake in the order of their start, each with its forecast if it has one.

    workouts: these, in their order instead (LakeError names one that is not there); user: only that user's;
    last: only the last so many; forecast_only: only those with a forecast. A forecast given the route alone
    has a clock of its own: it is shown where it expected the runner's place to be.
    """
    rows = lake.read_table(SPORT, Workouts.name, None, Workouts).sort("started_at", "workout_id")
    if workouts is not None:
        if missing := sorted(set(workouts) - set(rows["workout_id"])):
            raise LakeError(f"the lake has no workout {missing[0]}: formguide sql lists them")
        rows = rows.filter(pl.col("workout_id").is_in(list(workouts)))
    if user is not None:
        rows = rows.filter(user_id=user)
    if forecast_only:
        keys = lake.read_table(SPORT, HeartRateForecasts.name, _months(rows), HeartRateForecasts)
        rows = rows.join(keys.filter(given=given), on="workout_id", how="semi", maintain_order="left")
    rows = rows.tail(last) if last is not None else rows
    samples = lake.read_table(SPORT, Samples.name, _months(rows), Samples)
    forecasts = lake.read_table(SPORT, HeartRateForecasts.name, _months(rows), HeartRateForecasts)
    shown = joined(rows, samples, forecasts, given)
    if workouts is None:
        return shown
    return sorted(shown, key=lambda one: workouts.index(one.inputs.workout_id))


def joined(
    workouts: pl.DataFrame, samples: pl.DataFrame, forecasts: pl.DataFrame, given: str = SPEED_RUN
) -> list[Shown]:
    """Rows of `Workouts`, `Samples` and `HeartRateForecasts` as workouts to look at."""
    wanted = samples.join(workouts.select("workout_id"), on="workout_id", how="semi")
    curves = (
        forecasts.filter(given=given).sort("workout_id", "t_sec").partition_by("workout_id", as_dict=True)
    )
    return [
        Shown(run.inputs, run.heart_rate_bpm, _curve(run.inputs, curves.get((run.inputs.workout_id,))), given)
        for run in recorded(workouts, wanted)
    ]


def _months(workouts: pl.DataFrame) -> list[str]:
    return [str(month) for month in workouts["month"].unique().sort()]


def _curve(inputs: Inputs, rows: pl.DataFrame | None) -> Curve | None:
    """The forecast at every second of the workout: by its clock, or, from the route alone, by its place."""
    if rows is None:
        return None
    by_place = rows["given"][0] == ROUTE_ONLY
    at = inputs.distance_m if by_place else inputs.t_sec
    known = rows["distance_m" if by_place else "t_sec"].to_numpy().astype(float)
    quantiles = rows.select("p10_bpm", "p50_bpm", "p90_bpm").to_numpy().T
    return Curve(*(np.interp(at, known, values) for values in quantiles))
