"""What the streak's commands show: advice, chances and thresholds."""

from __future__ import annotations

import json
import sys
from typing import Any

import polars as pl

from formguide.baseball.streak.advice import Advice
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.rules import ACTIONS
from formguide.baseball.streak.search import Variation
from formguide.baseball.streak.strategies import STRATEGIES
from formguide.cli.base import out
from formguide.cli.screen import table


def answers_table(policy: Policy, days_left: int, answers: list[Advice]) -> pl.DataFrame:
    """What each choice is worth, one row per kind of day."""
    edges = policy.bins.edges[policy.bins.phase(min(days_left, policy.days))]
    rows = []
    for a in answers:
        low = edges[a.quality - 1] if a.quality else 0.0
        high = edges[a.quality] if a.quality + 1 < a.bins else 1.0
        rows.append(
            {
                "bin": f"{a.quality + 1} of {a.bins}",
                "best pick": f"{100 * low:.1f}–{100 * min(high, 1.0):.1f} %",
                "hit": f"{a.p_hit:.1%}",
                "both": f"{a.p_both:.1%}",
                **{name: chance_text(a.values[name]) for name in ACTIONS if name in a.values},
                "do": a.action,
            }
        )
    return pl.DataFrame(rows)


def least_chance(name: str) -> pl.Expr:
    """A threshold in words."""
    chance = pl.col(name)
    return (
        pl.when(chance.is_null())
        .then(pl.lit("never"))
        .when(chance == 0)
        .then(pl.lit("every day"))
        .otherwise(pl.format("{} %", (100 * chance).round(1)))
        .alias(name)
    )


def says(name: str) -> str:
    """What a way to play does."""
    return STRATEGIES[name].says if name in STRATEGIES else "the best there is, if days come as the bins say"


def in_words(action: str) -> str:
    """An action as an answer."""
    return {"skip": "nobody today", "single": "one batter", "double": "two batters"}[action]


def chance_text(p: float) -> str:
    """A small chance to three digits, in percent."""
    return f"{100 * p:.3g} %" if p == 0 or p >= 1e-8 else "below 1e-06 %"


def listed(known: list[int]) -> str:
    """Seasons in words."""
    return ", ".join(str(season) for season in known)


def show(rows: list[dict[str, Any]], title: str, as_json: bool) -> None:
    """Rows as JSON or as a table."""
    if as_json:
        write_json(rows)
        return
    percent = ("p_goal", "exactly", "standard_error")
    shown = [
        {k: chance_text(v) if k in percent else v for k, v in row.items() if k != "says"} for row in rows
    ]
    console = out()
    if len(shown) == 1:
        lines = [(name.replace("_", " "), _text(value)) for name, value in shown[0].items()]
        table(console, title, pl.DataFrame(lines, schema=["what", "value"], orient="row"))
    else:
        table(console, title, pl.DataFrame(shown))
    for row in rows:
        if "says" in row:
            console.print(f"{row['strategy']}: {row['says']}", soft_wrap=True)


def _text(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def honest(rows: list[dict[str, Any]], known: str, draws: int) -> None:
    """The chance of 57 of every way to play, the best policy's first and in words."""
    shown = [
        {
            "strategy": row["strategy"],
            "held out": _within(row, "held_out"),
            "calibrated": _within(row, "calibrated"),
            "as forecast": chance_text(row["as_forecast"]),
        }
        for row in rows
    ]
    console = out()
    best = rows[0]
    console.print(
        f"57 in a row in one season: {_within(best, 'calibrated')} if forecasts are right but for their "
        f"mean; what came of these days says {_within(best, 'held_out')}.",
        soft_wrap=True,
    )
    table(console, f"Chance of 57 in a season, from {known}", pl.DataFrame(shown))
    console.print(
        "held out: seasons of blocks of real days with what came of them, by a policy made from other "
        "seasons. calibrated: the same days, forecasts corrected by their mean error only. as forecast: if "
        f"they are exactly right. In brackets 5 % and 95 % of {draws} draws of seasons, seeds and blocks of "
        "days.",
        soft_wrap=True,
    )


def changes(found: list[tuple[str, Variation]]) -> None:
    """What would raise the chance, most first within each way to answer."""
    rows = [
        {
            "answered": basis,
            "change": v.name,
            "chance of 57": chance_text(v.p_goal),
            "times": "" if v.ratio != v.ratio else f"{v.ratio:.2f}",
        }
        for basis, v in sorted(found, key=lambda one: (one[0], -one[1].p_goal))
    ]
    table(out(), "What would raise it", pl.DataFrame(rows))


def _within(row: dict[str, Any], measure: str) -> str:
    low, high = (chance_text(row[f"{measure}_{end}"]) for end in ("low", "high"))
    return f"{chance_text(row[measure])} ({low.removesuffix(' %')} to {high})"


def write_json(rows: list[dict[str, Any]]) -> None:
    """One JSON object per row."""
    for row in rows:
        sys.stdout.write(json.dumps(row, allow_nan=False, default=str) + "\n")
