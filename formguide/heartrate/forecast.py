"""The curve of every run of a month as it would have been forecast when it began.

A run's forecast knows the runner's own workouts that had ended by then; what runners have in common (the
prior) is learnt from workouts that had ended before the month began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from formguide.asof import fingerprint
from formguide.heartrate import pace_plan, personal
from formguide.heartrate.backtest import History, is_run
from formguide.heartrate.curves import Curve
from formguide.heartrate.forecast_tables import ROUTE_ONLY, SPEED_RUN, STEP_SEC, HeartRateForecasts
from formguide.heartrate.pace_doubt import pace_doubt_bpm
from formguide.heartrate.pace_plan import NoRoute
from formguide.heartrate.personal import Personal
from formguide.heartrate.sequences import Inputs, Recorded
from formguide.schema import dtypes, empty

VERSION = f"2-{personal.VERSION}"
"""Changes when the same workouts would give other forecasts."""


@dataclass(frozen=True)
class MonthForecast:
    """rows: of `HeartRateForecasts`; made_from: by workout, a fingerprint of all that its forecast depends
    on; computed, carried: workouts forecast now, and taken over; no_route: workouts too short for a plan."""

    rows: pl.DataFrame
    made_from: Mapping[str, str]
    computed: int
    carried: int
    no_route: list[str]


def forecast_month(
    history: History, month: int, before: pl.DataFrame | None = None, known: Mapping[str, str] | None = None
) -> MonthForecast:
    """Every run of a month, with a heart rate or without.

    before: the month's rows as they are; known: what each of their workouts was made from. Where that has not
    changed the rows are taken over.
    """
    forecaster = personal.fit_personal(history.known(_begin_of(month)))
    common = fingerprint(VERSION, forecaster.prior.mean.tolist(), forecaster.prior.sd.tolist())
    names: dict[str, str] = {}
    parts: list[pl.DataFrame] = []
    made_from: dict[str, str] = {}
    no_route: list[str] = []
    computed = carried = 0
    for run in history.runs:
        inputs = run.inputs
        if inputs.started_at.year * 100 + inputs.started_at.month != month or not is_run(run):
            continue
        past = [
            one
            for one in history.learnt
            if one.inputs.user_id == inputs.user_id and one.inputs.ended_at < inputs.started_at
        ]
        now = fingerprint(common, _name(inputs), [_name_of(one, names) for one in past])
        made_from[inputs.workout_id] = now
        if before is not None and (known or {}).get(inputs.workout_id) == now:
            parts.append(before.filter(pl.col("workout_id") == inputs.workout_id))
            carried += 1
            continue
        computed += 1
        earlier = len(personal.learnt_from(inputs.activity, past))
        for given, on, curve in _both(inputs, past, forecaster, no_route):
            parts.append(_rows(inputs, given, on, curve, month, earlier, forecaster.name))
    rows = pl.concat(parts).sort("workout_id", "given", "t_sec") if parts else empty(HeartRateForecasts)
    return MonthForecast(rows, made_from, computed, carried, no_route)


def _both(
    inputs: Inputs, past: list[Recorded], forecaster: Personal, no_route: list[str]
) -> Iterator[tuple[str, Inputs, Curve]]:
    """Given the speed that was run, and given the route alone, where there is one."""
    yield SPEED_RUN, inputs, forecaster.curve(inputs, past)
    try:
        plan = pace_plan.planned(inputs, past)
    except NoRoute:
        no_route.append(inputs.workout_id)
        return
    doubt = pace_doubt_bpm(past, inputs.activity)
    yield ROUTE_ONLY, plan, pace_plan.widened(forecaster.curve(plan, past), doubt)


def _rows(
    inputs: Inputs, given: str, on: Inputs, curve: Curve, month: int, earlier: int, model: str
) -> pl.DataFrame:
    """A curve at every fifth second, as rows of `HeartRateForecasts`."""
    here = slice(None, None, STEP_SEC)
    columns: dict[str, Any] = {
        "t_sec": on.t_sec[here],
        "distance_m": np.maximum(on.distance_m[here], 0.0),
        "p10_bpm": curve.p10[here],
        "p50_bpm": curve.p50[here],
        "p90_bpm": curve.p90[here],
    }
    labels = {
        "workout_id": inputs.workout_id,
        "given": given,
        "month": month,
        "user_id": inputs.user_id,
        "as_of": inputs.started_at,
        "earlier_workouts": earlier,
        "model": model,
    }
    frame = pl.DataFrame(columns).with_columns(pl.lit(value).alias(name) for name, value in labels.items())
    return frame.select(pl.col(name).cast(dtype) for name, dtype in dtypes(HeartRateForecasts).items())


def _begin_of(month: int) -> datetime:
    return datetime(month // 100, month % 100, 1)


def _name(inputs: Inputs) -> str:
    """A fingerprint of what a forecast sees of a run."""
    arrays = [inputs.t_sec, inputs.speed_mps, inputs.altitude_m]
    optional = [None if a is None else a.tobytes() for a in (inputs.cadence_rpm, inputs.power_w)]
    about = [inputs.workout_id, inputs.user_id, inputs.activity, inputs.gender, inputs.started_at]
    return fingerprint(about, [array.tobytes() for array in arrays], optional)


def _name_of(run: Recorded, names: dict[str, str]) -> str:
    """The same of a run that is learnt from, with its heart rate; each is named once."""
    if run.inputs.workout_id not in names:
        names[run.inputs.workout_id] = fingerprint(_name(run.inputs), run.heart_rate_bpm.tobytes())
    return names[run.inputs.workout_id]
