"""What the commands show of baseball: a day's batters, why the first of them, and the scorecard."""

from __future__ import annotations

import polars as pl
from rich.console import Console

from formguide.baseball.forecast_tables import ForecastScorecard
from formguide.baseball.scorecard import HINDSIGHT
from formguide.baseball.streak import advise, making
from formguide.baseball.streak.tables import StreakEvaluation
from formguide.baseball.tables import Games
from formguide.cli.screen import not_used, rejects, table
from formguide.lake import Lake

SPORT = "baseball"
MAIN_METRICS = ("p_at_1", "p_at_5", "p_at_10", "log_loss", "brier", "auc", "calibration_slope")
"""What is printed of the scorecard unless everything is asked for."""
METRIC_ORDER = {metric: place for place, metric in enumerate(MAIN_METRICS)}
HEADLINE_METRICS = ("p_at_1", "p_at_10", "log_loss", "auc")
"""What a run says of it at its end, of the confirmed line-ups, game by game."""
STREAK, DAYS_LEFT = 12, 40
"""The streak player that the headline speaks to."""


def best_first(forecasts: pl.DataFrame) -> pl.DataFrame:
    """A day's forecasts, the surest hit first; ties as the day's own pick breaks them."""
    return forecasts.sort("p_game_hit", "batter_id", "game_pk", descending=[True, False, False])


def batters(console: Console, title: str, forecasts: pl.DataFrame, teams: dict[int, str]) -> None:
    """The day's batters, the surest first."""
    name = pl.col("team_id").replace_strict(teams, default=None, return_dtype=pl.String)
    rows = forecasts.with_row_index("#", 1).select(
        "#",
        "batter",
        team=pl.coalesce(name, pl.col("team_id").cast(pl.String)),
        slot="slot",
        line_up="lineup_status",
        against=pl.coalesce("pitcher", "pitcher_status"),
        expected_pa="expected_pa",
        p_hit_pa="p_hit_pa",
        p_game_hit="p_game_hit",
    )
    table(console, title, rows)


def why(forecasts: pl.DataFrame) -> str:
    """Why the first of some forecasts (best first) is the pick, against the middle of the day's batters."""
    pick, middle = forecasts.row(0, named=True), forecasts.select(pl.median("expected_pa", "p_hit_pa")).row(0)
    pitcher = pick["pitcher"] or f"the starter ({pick['pitcher_status']})"
    lines = [
        f"{pick['batter']}: {pick['p_game_hit']:.1%} to get a hit. "
        f"He bats {_ordinal(pick['slot'])} ({pick['lineup_status']} line-up), "
        f"which is good for {pick['expected_pa']:.1f} plate appearances (the day's middle: {middle[0]:.1f}), "
        f"each worth {pick['p_hit_pa']:.1%} ({middle[1]:.1%}): "
        f"{pick['p_hit_pa_starter']:.1%} against {pitcher}, "
        f"{pick['p_hit_pa_bullpen']:.1%} against the bullpen after him."
    ]
    if forecasts.height > 1:
        second = forecasts.row(1, named=True)
        lead = 100 * (pick["p_game_hit"] - second["p_game_hit"])
        lines.append(f"{lead:.1f} points ahead of {second['batter']}.")
    if pick["seeds"] > 1:
        low, high = pick["p_game_hit_low"], pick["p_game_hit_high"]
        lines.append(f"{pick['seeds']} seeds say {low:.1%} to {high:.1%}.")
    return " ".join(lines)


def streak(console: Console, lake: Lake, forecasts: pl.DataFrame) -> None:
    """What a streak player in the middle of a season should do about the day (forecasts best first), and what
    his chance of 57 is; nothing before the lake has a policy."""
    if lake.manifest(SPORT, making.POLICY, None) is None:
        return
    best = forecasts.row(0, named=True)
    second = not forecasts.filter(pl.col("game_pk") != best["game_pk"]).is_empty()
    policy = making.load_policy(lake)
    advice = advise(policy, STREAK, DAYS_LEFT, saver=True, p=best["p_game_hit"], second=second)
    console.print(
        f"A streak of {STREAK}, {DAYS_LEFT} days left, with the saver: {advice.action}. {advice.why}",
        soft_wrap=True,
    )
    honest = lake.read_table(SPORT, StreakEvaluation.name, None, StreakEvaluation).filter(
        (pl.col("question") == "held_out") & (pl.col("policy") == "optimal") & (pl.col("span") == "all")
    )
    for row in honest.iter_rows(named=True):
        low, high = row["p_low"] or 0.0, row["p_high"] or 0.0
        console.print(
            f"57 in a season by this policy, on days that it was not made for: {100 * row['p_goal']:.2g} % "
            f"({100 * low:.2g} to {100 * high:.2g} %), going by {row['dates']} dates.\n",
            soft_wrap=True,
        )


def scorecard(console: Console, lake: Lake) -> None:
    """The headline of the lake's scorecard, if there is one."""
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    if not card.is_empty():
        of_games = (pl.col("task") == "actual") & (pl.col("unit") == "game")
        rows = headline_scores(card).filter(of_games & pl.col("metric").is_in(HEADLINE_METRICS))
        if not rows.is_empty():
            scores(console, rows)


def headline_scores(card: pl.DataFrame) -> pl.DataFrame:
    """The main metrics over everything that was scored."""
    return card.filter((pl.col("span") == "all") & pl.col("metric").is_in(MAIN_METRICS))


def scores(console: Console, card: pl.DataFrame) -> None:
    """Rows of a scorecard, a table per line-up knowledge and unit, with errors and paired differences."""
    columns = [
        "metric",
        "model",
        "n",
        "value",
        "standard_error",
        "difference",
        "difference_se",
        "difference_t",
    ]
    card = card.with_columns(pl.col("model").replace(HINDSIGHT, "hindsight*"))
    order = pl.col("metric").replace_strict(METRIC_ORDER, default=len(METRIC_ORDER), return_dtype=pl.Int32)
    for part in card.partition_by("task", "unit", "span", maintain_order=True):
        task, unit, span = part.select("task", "unit", "span").row(0)
        part = part.sort(order, maintain_order=True)
        seasons = "all seasons" if span == "all" else span
        table(console, f"Scores per {unit}, {task} line-ups, {seasons}", part.select(columns))
    console.print(
        "difference: the blend minus the model beside it, on the same days; t: over its standard error, "
        "clustered by day. p_at_1: how often the day's first pick had a hit; slot: by place in the order; "
        "rate_60, rate_120: by hit rate over so many game-dates; first_two: the better of the first two in "
        "an order. * hindsight, not available before the game: by the times at bat that really happened.",
        soft_wrap=True,
    )


def set_aside(console: Console, lake: Lake) -> None:
    """Records that could not be used, if there are any: the first few, and where all of them lie."""
    not_used(console, lake, SPORT, *rejects(lake, SPORT, Games.name))


def _ordinal(n: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(n, "th")
    return f"{n}{ending}"
