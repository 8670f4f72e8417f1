"""What the commands of heart rate show: a curve, and the scorecard."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from rich.console import Console

from formguide.cli.screen import table
from formguide.heartrate.asked import Answer
from formguide.heartrate.forecast_tables import AS_RECORDED, CORRECTED, ROUTE_ONLY, TASKS, ForecastScorecard
from formguide.heartrate.sequences import Floats
from formguide.heartrate.tables import OTHER, RUN, SPORT
from formguide.lake import Lake

ROWS = 14
"""In about so many rows a curve is shown."""

_FEWEST_FOR_T = 5
"""Of fewer workouts a standard error is a guess, and what is divided by it says nothing."""


def show_answer(console: Console, answer: Answer) -> None:
    """A curve in some rows, and what it comes to."""
    inputs, curve = answer.inputs, answer.curve
    given = "the pace is planned" if answer.given == ROUTE_ONLY else f"given the {answer.given}"
    kind = inputs.activity if inputs.activity != OTHER else "workout"
    moment = f"{answer.as_of:%Y-%m-%d %H:%M} UTC"
    earlier = f"{answer.earlier} earlier {kind}{'s' if answer.earlier > 1 else ''} that had ended by {moment}"
    if not answer.earlier:
        earlier = f"what runners have in common: no {kind} is known that had ended by {moment}"
    console.print(
        f"{inputs.distance_m[-1] / 1000:.1f} km in {_clock(len(inputs))}, {given}; from {earlier}",
        soft_wrap=True,
    )
    step = max(1, round(len(inputs) / 60 / ROWS)) * 60
    rows = [_part(answer, slice(begin, begin + step)) for begin in range(0, len(inputs), step)]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    table(console, "", frame.drop(name for name in frame.columns if frame[name].null_count() == frame.height))
    where = " at the same place, by the plan's clock," if answer.given == ROUTE_ONLY else ""
    off = f"; what was measured{where} lay {answer.mae_bpm:.1f} away on average" if answer.mae_bpm else ""
    console.print(
        f"rows are means; over all {curve.p50.mean():.0f} bpm, highest second {curve.p50.max():.0f}{off}",
        soft_wrap=True,
    )
    if inputs.activity != RUN:
        console.print(f"[dim]forecast with the cost of running, which is not that of a {kind}[/dim]")
    if not inputs.altitude_m.any():
        console.print("[dim]no altitude in it: taken as flat[/dim]")


def _part(answer: Answer, part: slice) -> dict[str, Any]:
    """One row: the beginning of some seconds, and their means."""
    inputs, curve = answer.inputs, answer.curve
    return {
        "time": f"{_clock(part.start)}–{_clock(min(part.stop, len(inputs)))}",
        "km": round(float(inputs.distance_m[part.start]) / 1000, 1),
        "min/km": _pace(float(inputs.speed_mps[part].mean())),
        "altitude": round(float(inputs.altitude_m[part].mean())),
        "10 %": round(float(curve.p10[part].mean())),
        "bpm": round(float(curve.p50[part].mean())),
        "90 %": round(float(curve.p90[part].mean())),
        "measured": None if answer.measured_bpm is None else _mean(answer.measured_bpm[part]),
    }


def scorecard(console: Console, lake: Lake) -> None:
    """The headline of the scorecard, where there is one."""
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    if not card.is_empty():
        scores(console, card, False)


def scores(console: Console, card: pl.DataFrame, full: bool, by: str | None = None) -> None:
    """The scorecard, a table per task and what was given; full: every group and every other row too; by: the
    headline with its groups of one kind."""
    if card["is_sample"].any():
        console.print("[dim]Made from the sample league: says nothing about real runners.[/dim]")
    for task in TASKS:
        of_task = card.filter(pl.col("task") == task)
        keys = ("given", "training", "scored")
        for names, part in of_task.partition_by(*keys, as_dict=True, maintain_order=True).items():
            given, training, scored = (str(name) for name in names)
            if not full and _not_the_headline(training, scored):
                continue
            title = f"{task}, {given}"
            title += "" if training == AS_RECORDED else f"; learnt from heart rates {training}"
            title += "" if scored == AS_RECORDED else f"; scored against heart rates {scored}"
            if _not_the_headline(training, scored) and _says_the_same(part, of_task):
                console.print(f"[dim]{title}: the same scores, no record is corrected[/dim]")
                continue
            headline = part.filter(pl.col("by") == "all")
            _scores(console, headline, title)
            rest = part.filter(pl.col("by") != "all" if full else pl.col("by") == (by or ""))
            parts = rest.partition_by("by", "group", as_dict=True, maintain_order=True)
            for (kind, group), rows in parts.items():
                _scores(console, rows, f"{title}; {kind}: {group}")
    if not full and by is None:
        console.print("[dim]By kind, minute or history: --by. With heart rates corrected too: --full.[/dim]")


def _not_the_headline(training: str, scored: str) -> bool:
    """Whether a row is not the headline: it scores corrected heart rates, or learns from them where others
    learn from what was recorded."""
    return CORRECTED in (training, scored)


def _says_the_same(part: pl.DataFrame, of_task: pl.DataFrame) -> bool:
    """Whether every score is that of the same model on the same runs, all as recorded."""
    as_recorded = of_task.filter(pl.col("training") == AS_RECORDED, pl.col("scored") == AS_RECORDED)
    both = part.join(as_recorded, on=["given", "model", "by", "group", "metric"], how="left")
    return bool((both["value"] == both["value_right"]).fill_null(False).all())


def _scores(console: Console, rows: pl.DataFrame, title: str) -> None:
    n = rows.row(0, named=True)
    shown = []
    for (model,), of in rows.partition_by("model", as_dict=True, maintain_order=True).items():
        by_metric = {str(row["metric"]): row for row in of.iter_rows(named=True)}
        shown.append({"model": str(model), **_cells(by_metric, n["n_workouts"])})
    workouts = "workout" if n["n_workouts"] == 1 else "workouts"
    users = f" of {n['n_users']} users" if n["n_users"] > 1 else ""
    table(
        console,
        f"{title}: {n['n_workouts']} {workouts}{users}",
        pl.DataFrame(shown, infer_schema_length=None),
    )


def _cells(of: dict[str, dict[str, Any]], workouts: int) -> dict[str, Any]:
    mae = of["mae_bpm"]
    gain, t = mae["difference"], mae["difference_t"] if workouts >= _FEWEST_FOR_T else None
    return {
        "MAE bpm": f"{mae['value']:.2f}{_error(mae['standard_error'])}",
        "RMSE": round(of["rmse_bpm"]["value"], 2),
        "bias": round(of["bias_bpm"]["value"], 2),
        "80 % covers": f"{100 * of['coverage_80']['value']:.0f} %",
        "better than ridge by": None if gain is None else f"{gain:+.2f}{_error(mae['difference_se'])}",
        "t": None if t is None else round(t, 1),
    }


def _error(value: float | None) -> str:
    return "" if value is None else f" ± {value:.2f}"


def _mean(values: Floats) -> int | None:
    return round(float(np.nanmean(values))) if np.isfinite(values).any() else None


def _pace(speed_mps: float) -> str:
    if speed_mps < 0.5:
        return "–"
    seconds = round(1000 / speed_mps)
    return f"{seconds // 60}:{seconds % 60:02d}"


def _clock(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
