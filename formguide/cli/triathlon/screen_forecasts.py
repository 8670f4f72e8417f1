"""What the commands show of triathlon's forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from rich.console import Console

from formguide.cli.screen import table
from formguide.lake import Lake
from formguide.triathlon.arrivals import SPORT
from formguide.triathlon.forecast_tables import ForecastLog, ForecastScorecard
from formguide.triathlon.tables import FINISHED, SPLITS, RaceResults

if TYPE_CHECKING:
    from formguide.triathlon.asked import Answer

_BAR = 60
_METRICS = {
    "mae_min": ("MAE", 1),
    "r2": ("R²", 3),
    "crps_min": ("CRPS", 2),
    "coverage_50": ("50 %", 3),
    "coverage_80": ("80 %", 3),
    "coverage_90": ("90 %", 3),
    "coverage_90_by_race": ("by race", 3),
}
"""Metrics shown, with their titles and digits. Minutes; shares in the middle 50, 80 and 90 %; the last one
averaged over races. The gap is ours less theirs in CRPS."""
_LEG_WORDS = dict(zip(SPLITS, ("swim", "swim to bike", "bike", "bike to run", "run"), strict=True))


def clock(seconds: float) -> str:
    """5:12:30"""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def show_answer(console: Console, answer: Answer) -> None:
    """A forecast in words, with its parts, a bar and how it compares with the field."""
    t, q = answer.total, answer.question
    where = answer.course or "a new course"
    console.print(f"[bold]{clock(t['p50'])}[/bold]  {q.distance}, {where}, {q.gender} {q.age}")
    console.print(
        f"nine times in ten between {clock(t['p05'])} and {clock(t['p95'])}, every other time between "
        f"{clock(t['p25'])} and {clock(t['p75'])}, if it ends in a finish"
    )
    console.print(bar(answer))
    rows = [
        {"part": _LEG_WORDS[name], "5 %": clock(low), "middle": clock(middle), "95 %": clock(high)}
        for name, (low, middle, high) in zip(SPLITS, answer.parts, strict=True)
    ]
    table(console, "Parts", pl.DataFrame(rows))
    plural = "finish" if answer.earlier == 1 else "finishes"
    edition = "race" if answer.editions == 1 else "races"
    console.print(
        f"known: {answer.earlier} earlier {plural} over the distance, {answer.editions} earlier {edition} of "
        "the course"
    )
    for name, share in answer.ahead_of.items():
        if share is not None:
            whom = "everybody" if name == "all" else name
            console.print(f"ahead of {share:.0%} of {whom} in its last {answer.compared} {edition}")


def bar(answer: Answer) -> str:
    """The interval drawn over the range of the course's field: ┝ 90 %, ━ 50 %, ● the middle."""
    t = answer.total
    low, high = t["p05"], t["p95"]
    if len(answer.field_sec):
        low, high = min(low, float(answer.field_sec.min())), max(high, float(answer.field_sec.max()))
    else:
        low, high = low * 0.9, high * 1.1

    def at(seconds: float) -> int:
        return int((seconds - low) / max(high - low, 1.0) * (_BAR - 1))

    cells = ["·"] * _BAR
    for start, end, mark in (("p05", "p95", "─"), ("p25", "p75", "━")):
        for i in range(at(t[start]), at(t[end]) + 1):
            cells[i] = mark
    cells[at(t["p05"])], cells[at(t["p95"])], cells[at(t["p50"])] = "├", "┤", "●"
    return f"{clock(low)} {''.join(cells)} {clock(high)}"


def to_come(console: Console, lake: Lake) -> None:
    """The races to come whose starts are forecast and on record, if there are any."""
    if lake.manifest(SPORT, ForecastLog.name, None) is None:
        return
    results = lake.read_table(SPORT, RaceResults.name, None, RaceResults)
    run = results.filter(pl.col("status") == FINISHED)["race_id"].unique()
    log = lake.read_table(SPORT, ForecastLog.name, None, ForecastLog)
    races = (
        log.filter(~pl.col("race_id").is_in(run.implode()))
        .sort("made_at")
        .unique("result_id", keep="last", maintain_order=True)
        .group_by("race_id", maintain_order=True)
        .agg(
            day=pl.col("race_on").last().dt.to_string(),
            starts=pl.len(),
            fastest=pl.col("p50_sec").min(),
            middle=pl.col("p50_sec").median(),
            slowest=pl.col("p50_sec").max(),
        )
        .sort("day", "race_id")
    )
    if not races.is_empty():
        times = ("fastest", "middle", "slowest")
        shown = races.with_columns(pl.col(times).map_elements(clock, return_dtype=pl.String))
        table(console, "Races to come: what is forecast, on record in triathlon.forecast_log", shown)


def scorecard(console: Console, lake: Lake) -> None:
    """The headline of the scorecard in the lake, if there is one."""
    if lake.manifest(SPORT, ForecastScorecard.name, None) is None:
        return
    scores(console, lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard))


def scores(console: Console, card: pl.DataFrame, full: bool = False) -> None:
    """A scorecard: returning athletes and everybody over all years of each task; everything if `full`."""
    for (task, distance), part in card.partition_by(
        "task", "distance", as_dict=True, maintain_order=True
    ).items():
        spans = part["span"].unique(maintain_order=True).to_list()
        for span in spans if full else spans[:1]:
            for population in part["population"].unique(maintain_order=True):
                chosen = part.filter(
                    (pl.col("span") == span) & (pl.col("population") == population) & (pl.col("by") == "all")
                )
                if (full or population != "newcomers") and not chosen.is_empty():
                    n, races = chosen["n"][0], chosen["races"][0]
                    title = f"{distance}, {population}, {task}, {span}: {n:,} finishes in {races} races"
                    table(console, title, _wide(chosen))
        groups = part.filter((pl.col("by") != "all") & (pl.col("metric") == "coverage_90"))
        if full and not groups.is_empty():
            shown = groups.select("by", "n", "races", coverage_90="value", standard_error="standard_error")
            table(console, f"{distance}, {task}: how often the finish was in the middle 90 %", shown)
    if card["is_sample"].any():
        console.print("[dim]made from the sample league: says nothing about the real sport[/dim]")


def _wide(chosen: pl.DataFrame) -> pl.DataFrame:
    """A row per model: metrics, and ours less theirs in CRPS with its t."""
    wide = chosen.filter(pl.col("metric").is_in(list(_METRICS))).pivot(
        "metric", index="model", values="value"
    )
    gap = chosen.filter(pl.col("metric") == "crps_min").select(
        "model", crps_gap="difference", crps_gap_t="difference_t"
    )
    shown = wide.join(gap, on="model", how="left", maintain_order="left")
    rows = [
        {
            "model": row["model"],
            **{title: _digits(row.get(metric), digits) for metric, (title, digits) in _METRICS.items()},
            "gap": _digits(row["crps_gap"], 2),
            "t": _digits(row["crps_gap_t"], 1),
        }
        for row in shown.iter_rows(named=True)
    ]
    return pl.DataFrame(rows)


def _digits(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
