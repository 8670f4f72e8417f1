"""The scorecard: every forecast of a backtest scored, the simple rules and hindsight beside it.

Per game a forecast is a batter's game; per date it is a batter's day, on which any of his games counts. All
models are scored on the same rows: those of batters who came to bat. What is called hindsight ranks by the
plate appearances that really happened; nobody could have, before the game.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from formguide import schema
from formguide.baseball import scores
from formguide.baseball.baselines import RULES
from formguide.baseball.forecast_tables import ForecastScorecard
from formguide.baseball.scores import Score

VERSION = "1"
"""Changes when the same forecasts would be scored otherwise."""

OURS = "blend"
HINDSIGHT = "hindsight: not available before the game"
MODELS = {OURS: "p_game_hit", **RULES, HINDSIGHT: "p_game_hit_hindsight"}
"""Name of each model, and the column of its probabilities."""

EACH_DAY = (1, 5, 10)
OVERALL = (100, 500)
_FEWEST_DAYS = 5
_KEY = ("task", "unit", "span", "metric")


@dataclass(frozen=True)
class Rows:
    """What is scored together: outcomes, days and every model's probabilities, row by row."""

    y: np.ndarray
    day: np.ndarray
    p: dict[str, np.ndarray]
    plate_appearances: np.ndarray


def scorecard(forecasts: pl.DataFrame, is_sample: bool) -> pl.DataFrame:
    """The scorecard (ForecastScorecard) of backtest forecasts; seeds are averaged first."""
    found: list[dict[str, object]] = []
    played = forecasts.filter(pl.col("got_hit").is_not_null())
    for task in sorted(played["task"].unique()):
        games = _over_seeds(played.filter(pl.col("task") == task))
        for unit, frame in (("game", games), ("date", _by_date(games))):
            for span, part in _spans(frame):
                rows = _rows(part)
                if len(np.unique(rows.day)) < _FEWEST_DAYS:
                    continue
                found += [
                    {"task": task, "unit": unit, "span": span, **line}
                    for line in _scored(rows, span == "all")
                ]
    if not found:
        return schema.empty(ForecastScorecard)
    card = pl.DataFrame(found, infer_schema_length=None).with_columns(is_sample=pl.lit(is_sample))
    return card.select(pl.col(c).cast(t) for c, t in schema.dtypes(ForecastScorecard).items())


def save(card: pl.DataFrame, path: Path) -> None:
    """Keeps a scorecard as JSON, one object per row, to compare with later."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(card.to_dicts(), indent=1) + "\n", encoding="utf-8")


def diff(card: pl.DataFrame, baseline: Path) -> pl.DataFrame:
    """What has changed since a scorecard was saved: one row per score that both have, with `before`, `now`
    and `change`. Raises ValueError if the file is no scorecard."""
    try:
        before = pl.DataFrame(json.loads(baseline.read_text(encoding="utf-8")), infer_schema_length=None)
        before = before.select(*_KEY, "model", before=pl.col("value").cast(pl.Float64))
    except (json.JSONDecodeError, UnicodeDecodeError, pl.exceptions.PolarsError, TypeError) as error:
        raise ValueError(f"{baseline}: not a saved scorecard ({type(error).__name__})") from error
    both = card.join(before, on=[*_KEY, "model"], how="inner", maintain_order="left")
    return both.select(
        *_KEY, "model", "n", "before", now="value", change=pl.col("value") - pl.col("before"),
        standard_error="standard_error",
    )  # fmt: skip


def _over_seeds(forecasts: pl.DataFrame) -> pl.DataFrame:
    chances = sorted(set(MODELS.values()))
    return (
        forecasts.group_by("game_date", "game_pk", "batter_id")
        .agg(
            pl.col(*chances).mean(),
            pl.col("got_hit", "plate_appearances_after").first(),
        )
        .sort("game_date", "game_pk", "batter_id")
    )


def _by_date(games: pl.DataFrame) -> pl.DataFrame:
    """A batter's games of a date as one: at least one hit in any of them."""
    chances = sorted(set(MODELS.values()))
    return (
        games.group_by("game_date", "batter_id", maintain_order=True)
        .agg(
            *((1 - (1 - pl.col(c)).product()).alias(c) for c in chances),
            pl.col("got_hit").any(),
            pl.col("plate_appearances_after").sum(),
        )
        .sort("game_date", "batter_id")
    )


def _spans(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    yield "all", frame
    for pattern in ("%Y", "%Y-%m"):
        named = frame.with_columns(span=pl.col("game_date").dt.strftime(pattern))
        for part in named.partition_by("span", maintain_order=True):
            yield part["span"][0], part


def _rows(frame: pl.DataFrame) -> Rows:
    return Rows(
        frame["got_hit"].to_numpy().astype(bool),
        frame["game_date"].cast(pl.Int32).to_numpy(),
        {name: frame[column].to_numpy() for name, column in MODELS.items()},
        frame["plate_appearances_after"].to_numpy().astype(float),
    )


def _scored(rows: Rows, everything: bool) -> Iterator[dict[str, object]]:
    ours = dict(_metrics(rows, OURS))
    for model in MODELS:
        for metric, score in ours.items() if model == OURS else _metrics(rows, model):
            line = _line(model, metric, score, rows.day)
            beside = ours.get(metric)
            if model != OURS and beside and beside.influence is not None and score.influence is not None:
                line |= _difference(beside, score, rows.day)
            yield line
        if everything:
            for metric, score in _reliability(rows, model):
                yield _line(model, metric, score, rows.day)
    for metric, score in _picks(rows):
        yield _line(OURS, metric, score, rows.day)


def _metrics(rows: Rows, model: str) -> Iterator[tuple[str, Score]]:
    p, y = rows.p[model], rows.y
    for k in EACH_DAY:
        yield f"p_at_{k}", scores.top_each_day(p, y, rows.day, k)
    for k in OVERALL:
        if (score := scores.top(p, y, k)) is not None:
            yield f"p_at_{k}", score
    yield "log_loss", scores.log_loss(p, y)
    yield "brier", scores.brier(p, y)
    if (area := scores.auc(p, y)) is not None:
        yield "auc", area
    if (line := scores.calibration(p, y)) is not None:
        yield "calibration_slope", line[0]
        yield "calibration_intercept", line[1]
    tenth = max(len(p) // 10, 1)
    best = np.argsort(-p, kind="stable")[:tenth]
    yield "top_decile_hit_less_forecast", _of(best, y - p)


def _reliability(rows: Rows, model: str) -> Iterator[tuple[str, Score]]:
    """Forecast and hit rate of each tenth of the rows, from the least likely to the most."""
    p = rows.p[model]
    for number, part in enumerate(np.array_split(np.argsort(p, kind="stable"), 10), start=1):
        if len(part):
            yield f"tenth_{number}_forecast", _of(part, p)
            yield f"tenth_{number}_hit_rate", _of(part, rows.y.astype(float))


def _of(part: np.ndarray, values: np.ndarray) -> Score:
    """The mean of a value over some of the rows."""
    inner = scores.mean(values[part])
    influence = np.zeros(len(values))
    influence[part] = inner.influence
    return Score(inner.value, inner.n, influence)


def _picks(rows: Rows) -> Iterator[tuple[str, Score]]:
    """Of each day's first pick: the longest run of hits, misses against those expected, and how often he came
    to bat when it went well and when it did not."""
    p = rows.p[OURS]
    order = np.lexsort((np.arange(len(p)), -p, rows.day))
    _, first = np.unique(rows.day[order], return_index=True)
    pick = order[first]
    hit = rows.y[pick]
    # Between two misses lie as many hits as their places are apart; a miss is put before and after all.
    runs = np.diff(np.flatnonzero(np.concatenate([[True], ~hit, [True]]))) - 1
    yield "longest_streak", Score(float(runs.max()), len(pick))
    yield "picks_missed", Score(float((~hit).sum()), len(pick))
    yield "picks_missed_expected", Score(float((1 - p[pick]).sum()), len(pick))
    if hit.any():
        yield "plate_appearances_of_hits", _of(pick[hit], rows.plate_appearances)
    if not hit.all():
        yield "plate_appearances_of_misses", _of(pick[~hit], rows.plate_appearances)


def _line(model: str, metric: str, score: Score, day: np.ndarray) -> dict[str, object]:
    return {
        "model": model,
        "metric": metric,
        "n": score.n,
        "value": score.value,
        "standard_error": score.error(day),
        "difference": None,
        "difference_se": None,
        "difference_t": None,
    }


def _difference(ours: Score, other: Score, day: np.ndarray) -> dict[str, object]:
    assert ours.influence is not None
    assert other.influence is not None
    difference = ours.value - other.value
    error = scores.clustered(ours.influence - other.influence, day)
    t = difference / error if error else None
    return {"difference": difference, "difference_se": error, "difference_t": t}
