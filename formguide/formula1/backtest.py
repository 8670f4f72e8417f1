"""Forecasts scored against what happened, every baseline beside them on the same races.

Races are the events: each metric is one number per race, averaged, with a standard error over races, and
models are compared by their difference on the same races. Positions are those among the cars that started; a
driver
forecast who did not start is left out, and a winner who was not forecast counts as one chance in a thousand
for every
model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from formguide import asof, schema, scoring
from formguide.formula1 import ids
from formguide.formula1.baselines import BASELINES, Baselines, BaselineSettings
from formguide.formula1.forecast_tables import ForecastScorecard
from formguide.formula1.scenarios import MIXED
from formguide.formula1.weekends import MOMENTS, Weekend

FORMGUIDE = "formguide"
ML = "formguide+ml"

_UNFORECAST_WINNER = 1e-3
# So that one place that a frequency table never saw does not decide a whole season.
_UNFORECAST_PLACE = 1e-6

METRICS: Mapping[str, str] = {
    "winner_log_loss": "lower",
    "winner_brier": "lower",
    "winner_top1": "higher",
    "podium_brier": "lower",
    "podium_precision_at_3": "higher",
    "spearman": "higher",
    "spearman_starters": "higher",
    "position_log_loss": "lower",
    "position_rps": "lower",
    "retire_brier": "lower",
    "pit_coverage_80": "0.8",
}
"""Each metric and which way is better. `spearman` is over the classified cars, `spearman_starters` over all
starters; `retire_brier` and coverage exist where a model says so much."""


@dataclass(frozen=True)
class RaceView:
    """What a baseline may look at: the field of one forecast as that forecast saw it."""

    drivers: tuple[str, ...]
    teams: tuple[str, ...]
    grid: np.ndarray
    grid_from: str


def race_scores(
    weekends: Sequence[Weekend],
    forecasts: pl.DataFrame,
    seasons: Iterable[int],
    baselines: BaselineSettings | None = None,
) -> pl.DataFrame:
    """One row per race of `seasons`, moment, model and metric: race_id, season, moment, model, metric, value.

    forecasts: the `race_forecasts` table; hand-weighted ones do not belong in it. Baselines see the races in
    order and forecast each one before they learn from it.
    """
    wanted = set(seasons)
    mixed = forecasts.filter((pl.col("scenario") == MIXED) & pl.col("season").is_in(list(wanted)))
    views = mixed.sort("driver_id").partition_by("race_id", "moment", "model", as_dict=True)
    memory = Baselines(baselines or BaselineSettings())
    rows: list[tuple[str, int, str, str, str, float]] = []
    for weekend in weekends:
        if weekend.race is None:
            continue
        memory.open_season(weekend.season)
        if weekend.season in wanted:
            for moment in MOMENTS:
                for table_model, name in (("strengths", FORMGUIDE), ("strengths+ml", ML)):
                    frame = views.get((weekend.race_id, moment, table_model))
                    if frame is None:
                        continue
                    view = _view(frame)
                    places = {name: np.array(frame["position_probs"].to_list())}
                    if name == FORMGUIDE:
                        places |= {b: p for b in BASELINES if (p := memory.positions(view, b)) is not None}
                    retire = {name: frame["p_retire"].to_numpy()}
                    for model, p in places.items():
                        scores = _score(weekend, moment, view.drivers, p, retire.get(model))
                        rows += [
                            (weekend.race_id, weekend.season, moment, model, metric, value)
                            for metric, value in scores.items()
                        ]
        memory.learn(weekend)
    return pl.DataFrame(rows, schema=_RACE_SCORES, orient="row")


_RACE_SCORES = {
    "race_id": pl.String(), "season": pl.Int32(), "moment": pl.String(), "model": pl.String(),
    "metric": pl.String(), "value": pl.Float64(),
}  # fmt: skip


def _view(frame: pl.DataFrame) -> RaceView:
    return RaceView(
        tuple(frame["driver_id"]),
        tuple(ids.lineage(c) for c in frame["constructor_id"]),
        frame["grid_place"].to_numpy(),
        str(frame["grid_from"][0]),
    )


def _score(
    weekend: Weekend, moment: str, drivers: Sequence[str], places: np.ndarray, retire: np.ndarray | None
) -> dict[str, float]:
    race = weekend.race
    assert race is not None
    index = {d: i for i, d in enumerate(drivers)}
    started = np.flatnonzero(race.started)
    order = [race.drivers[i] for i in started]
    classified = [race.drivers[i] for i in started if race.finished[i]]
    places = places / places.sum(axis=1, keepdims=True)
    here, position = _placed(order, index, places.shape[1])
    both, rank = _placed(classified, index, places.shape[1])
    winner = index.get(order[0])
    win = places[:, 0] / places[:, 0].sum()
    podium = places[:, :3].sum(axis=1).clip(0, 1)
    place = np.array([order.index(d) + 1 if d in order else len(order) + 1 for d in drivers])
    expected = places @ np.arange(1.0, places.shape[1] + 1)
    happened = places[here, position - 1]
    scores = {
        "winner_log_loss": -np.log(_UNFORECAST_WINNER) if winner is None else scoring.log_loss(win, winner),
        "winner_brier": float((win**2).sum() + 1) if winner is None else scoring.brier(win, winner),
        "winner_top1": 0.0 if winner is None else scoring.top_1(win, winner),
        "podium_brier": scoring.binary_brier(podium, place <= 3),
        "podium_precision_at_3": scoring.precision_at(3, podium, place),
        "spearman": scoring.spearman(expected[both], rank),
        "spearman_starters": scoring.spearman(expected[here], position),
        "position_log_loss": float(-np.log(np.maximum(happened, _UNFORECAST_PLACE)).mean()),
        "position_rps": float(scoring.ranked_probability_score(places[here], position).mean()),
        "pit_coverage_80": scoring.central_coverage(_pit(weekend, moment, places[here], position)).mean,
    }
    if retire is not None:
        out = {race.drivers[i] for i in started if race.retired[i]}
        chance = [(retire[index[d]], d in out) for d in order if d in index]
        scores["retire_brier"] = scoring.binary_brier([c for c, _ in chance], [y for _, y in chance])
    return {metric: float(value) for metric, value in scores.items() if np.isfinite(value)}


def _placed(order: Sequence[str], index: Mapping[str, int], places: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the drivers of `order` that were forecast, and their positions in it, from 1 and at most
    `places`."""
    found = [(index[d], min(k, places)) for k, d in enumerate(order, start=1) if d in index]
    return np.array([i for i, _ in found]), np.array([k for _, k in found])


def _pit(weekend: Weekend, moment: str, places: np.ndarray, position: np.ndarray) -> np.ndarray:
    """The same numbers break ties for every model, each time."""
    return scoring.randomised_pit(
        places, position, seed=int(asof.fingerprint(weekend.race_id, moment)[:8], 16)
    )


def scorecard(scores: pl.DataFrame, is_sample: bool) -> pl.DataFrame:
    """The `forecast_scorecard` table: means over all the seasons scored together and over each, with paired
    differences."""
    if scores.is_empty():
        return schema.empty(ForecastScorecard)
    seasons = sorted(scores["season"].unique())
    spans = [(f"{seasons[0]}-{seasons[-1]}", seasons)] if len(seasons) > 1 else []
    spans += [(str(s), [s]) for s in seasons]
    rows: list[tuple[object, ...]] = []
    for label, members in spans:
        part = scores.filter(pl.col("season").is_in(members))
        values = {
            key: dict(zip(frame["race_id"], frame["value"], strict=True))
            for key, frame in part.partition_by("moment", "model", "metric", as_dict=True).items()
        }
        for (moment, model, metric), by_race in values.items():
            mean = scoring.mean_se(list(by_race.values()))
            ours = values.get((moment, FORMGUIDE, metric), {})
            shared = [r for r in by_race if r in ours]
            row = (
                is_sample,
                label,
                moment,
                model,
                metric,
                METRICS[metric],
                mean.n,
                mean.mean,
                mean.standard_error,
            )
            if model == FORMGUIDE or not shared:
                rows.append((*row, None, None, None))
                continue
            gap = scoring.paired([ours[r] for r in shared], [by_race[r] for r in shared])
            rows.append((*row, gap.difference, gap.standard_error, gap.t))
    frame = pl.DataFrame(rows, schema=schema.dtypes(ForecastScorecard), orient="row")
    # One race has no standard error; equal forecasts have no t, and a constant difference an infinite one.
    number = pl.col(pl.Float64)
    finite = frame.with_columns(pl.when(number.is_finite()).then(number))
    return finite.sort("seasons", "moment", "metric", "model")


def pit_values(weekends: Sequence[Weekend], forecasts: pl.DataFrame, moment: str) -> np.ndarray:
    """Randomised PIT of every driver's finishing position at a moment, for a histogram; flat if
    calibrated."""
    views = forecasts.filter(
        (pl.col("scenario") == MIXED) & (pl.col("moment") == moment) & (pl.col("model") == "strengths")
    ).partition_by("race_id", as_dict=True)
    values = []
    for weekend in weekends:
        frame = views.get((weekend.race_id,))
        if frame is None or weekend.race is None:
            continue
        index = {d: i for i, d in enumerate(frame["driver_id"])}
        places = np.array(frame["position_probs"].to_list())
        order = [weekend.race.drivers[i] for i in np.flatnonzero(weekend.race.started)]
        here, position = _placed(order, index, places.shape[1])
        values.append(_pit(weekend, moment, places[here], position))
    return np.concatenate(values) if values else np.empty(0)
