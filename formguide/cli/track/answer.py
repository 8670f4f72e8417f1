"""An athlete's next peak on the screen: the sentence, the interval, and a small picture of the marks."""

from __future__ import annotations

import polars as pl
from rich.console import Console

from formguide.cli.screen import table
from formguide.track import events, marks
from formguide.track.asked import Answer

_WIDTH = 48
_SHOWN = 24


def answer(console: Console, said: Answer) -> None:
    """The forecast against the last peak and the best, and every mark on one line with the interval below."""
    written = said.written
    console.print(
        f"[bold]{said.event.name}, {said.season} {said.label}[/bold] (as of {said.as_of}): a peak of "
        f"[bold]{written(said.median)}[/bold]; eight in ten are between {written(said.low)} and "
        f"{written(said.high)}.",
        soft_wrap=True,
    )
    console.print(
        f"The {said.last_season} {said.label} peak was {written(said.last)} "
        f"({_compared(said, said.last)}), the best so far {written(said.best)} "
        f"({_compared(said, said.best)}). Model: {said.model}{_beside(said)}.\n",
        soft_wrap=True,
    )
    for line in picture(said):
        console.print(line, markup=False)


def _beside(said: Answer) -> str:
    return f"; the simple regression says {said.written(said.linear)}" if said.linear is not None else ""


def picture(said: Answer) -> list[str]:
    """The marks in their order, each as a dot between the worst and the best, and the forecast below them."""
    shown = said.marks[-_SHOWN:]
    values = [mark for _, mark, _, _ in shown]
    lower = said.event.lower_is_better
    worst = max([*values, said.low]) if lower else min([*values, said.low])
    best = min([*values, said.high]) if lower else max([*values, said.high])

    def at(mark: float) -> int:
        return round((mark - worst) / (best - worst) * (_WIDTH - 1)) if best != worst else _WIDTH // 2

    left = max(len(said.written(v)) for v in [*values, said.median])
    lines = []
    for day, mark, wind, label in shown:
        dots = [" "] * _WIDTH
        dots[at(mark)] = "●"
        blew = f"{wind:+.1f}" if wind is not None else ""
        lines.append(f"{day}  {said.written(mark):>{left}} {blew:>5}  {''.join(dots)}  {label}".rstrip())
    bar = [" "] * _WIDTH
    ends = sorted((at(said.low), at(said.high)))
    bar[ends[0] : ends[1] + 1] = "─" * (ends[1] - ends[0] + 1)
    bar[at(said.median)] = "◆"
    forecast = f"{'forecast':<10}  {said.written(said.median):>{left}} {'':>5}  {''.join(bar)}  {said.label}"
    return [*lines, f"{forecast} {said.season}"]


def peaks(console: Console, title: str, rows: pl.DataFrame) -> None:
    """Forecasts of the lake, one line per event and season, in each event's notation."""
    written = [
        {
            "event": row["event"],
            "season": f"{row['season']} {row['label']}",
            **{
                shown: marks.format(row[name], events.find(row["event"], row["gender"]))
                for shown, name in (
                    ("forecast", "median"), ("one in ten worse", "low"), ("one in ten better", "high"),
                    ("last peak", "last"), ("best", "best"),
                )
            },
        }
        for row in rows.sort("season", "label", "event").iter_rows(named=True)
    ]  # fmt: skip
    table(console, title, pl.DataFrame(written))


def _compared(said: Answer, mark: float) -> str:
    difference = (said.median - mark) * (-1 if said.event.lower_is_better else 1)
    unit = {"sec": " s", "m": " m", "points": " points"}[said.event.unit]
    size = f"{abs(difference):.{0 if said.event.unit == 'points' else 2}f}{unit}"
    return f"the forecast is {size} {'better' if difference > 0 else 'short of it'}"
