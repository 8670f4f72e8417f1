"""A season's forecasts as somebody asks for them: other weights, other weather, another moment.

The strengths are the lake's; what is asked for changes only what is made of them. An answer can be built on
an earlier one: a race whose forecast is made from the same things as before is taken over from it, not made
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from formguide import asof
from formguide.formula1 import forecast, ids, issuing, season_json, simulate, title_odds
from formguide.formula1.arrivals import SPORT
from formguide.formula1.forecast import Adjustment, ForecastOptions
from formguide.formula1.forecast_tables import RaceForecasts, SeasonForecasts
from formguide.formula1.incremental import STRENGTH_INPUTS, season_tables
from formguide.formula1.outlook import Outlook, look, race_field
from formguide.formula1.scenarios import MIXED
from formguide.formula1.settings import ForecastSettings
from formguide.formula1.strengths import Checkpoint
from formguide.formula1.weekends import MOMENTS, Weekend, build_weekends
from formguide.lake import Lake
from formguide.schema import dtypes, empty

LATEST = "latest"
SEED = 1


class UnknownRaceError(ValueError):
    """A race that is not on the season's calendar; the message names those that are."""


@dataclass(frozen=True)
class Question:
    """What is asked for. `race` is a name, an id or a round; `moment` is `latest` or one of the four;
    `as_of` cuts everything that was known later; the weights in `options` are by canonical id."""

    season: int
    options: ForecastOptions = field(default_factory=ForecastOptions)
    num_simulations: int = 5000
    use_ml_layer: bool = False
    race: str | None = None
    moment: str = LATEST
    as_of: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """The forecasts: rows (one moment per race), entries of the season JSON by the race's name, the title
    odds, which races were computed and taken over, and why some could not be forecast."""

    rows: pl.DataFrame
    races: dict[str, dict[str, Any]]
    season: dict[str, Any] | None
    computed: int
    reused: int
    not_forecast: dict[str, str]


def answer(
    lake: Lake,
    question: Question,
    settings: ForecastSettings | None = None,
    earlier_rows: pl.DataFrame | None = None,
    earlier_races: Mapping[str, Any] | None = None,
) -> Answer:
    """Forecasts what is asked for; `earlier_rows` and `earlier_races` are an earlier answer's, to be built
    on.

    Raises `UnknownRaceError`.
    """
    settings = settings or ForecastSettings()
    known = _Known.of(lake, question)
    only = known.race_id(question.race) if question.race else None
    wanted = [w for w in known.weekends if w.season == question.season and only in (None, w.race_id)]
    adjust = _ml_layer(lake, question, settings) if question.use_ml_layer else None
    result = forecast.forecast_races(
        known.weekends,
        known.points,
        known.conditions,
        settings,
        question.options,
        seasons=[question.season],
        carried=earlier_rows,
        adjust=adjust,
        adjust_fingerprint=issuing.ml_fingerprint(lake, question.season) if adjust else "",
        moments=MOMENTS if question.moment == LATEST else (question.moment,),
        only=only,
    )
    rows = _one_moment(result.table)
    states = {point.race_id: point for point in known.points}
    races: dict[str, dict[str, Any]] = {}
    not_forecast, reused = {}, 0
    for weekend in wanted:
        mine = rows.filter(pl.col("race_id") == weekend.race_id)
        if mine.is_empty():
            not_forecast[weekend.race_name] = _why_not(weekend, known, question)
            continue
        before = (earlier_races or {}).get(weekend.race_name)
        if before and _same(before["metadata"], mine, question.num_simulations):
            races[weekend.race_name] = {**before, "metadata": {**before["metadata"], "round": weekend.round}}
            reused += 1
            continue
        simulated = _simulate(mine, weekend, known, states, question, settings, adjust)
        races[weekend.race_name] = season_json.race_entry(mine, simulated, question.num_simulations)
    odds = None if only else season_json.season_entry(_odds(lake, known, question, settings))
    return Answer(rows, races, odds, len(races) - reused, reused, not_forecast)


@dataclass(frozen=True)
class _Known:
    """What may be used: the weekends, checkpoints and conditions of the lake, cut at the question's
    `as_of`."""

    season: int
    weekends: list[Weekend]
    points: list[Checkpoint]
    conditions: pl.DataFrame

    @classmethod
    def of(cls, lake: Lake, question: Question) -> _Known:
        season = question.season
        before = issuing.season_before(lake, season)
        tables = season_tables(lake, [s for s in (before, season) if s is not None], STRENGTH_INPUTS)
        points = issuing.season_checkpoints(lake, season)
        conditions = issuing.conditions_until(lake, season)
        if question.as_of is not None:
            # The calendar is published ahead: what is still to come was known, and the title hangs on it.
            tables = {
                name: frame if name == "race_calendar" else asof.before(frame, question.as_of)
                for name, frame in tables.items()
            }
            conditions = asof.before(conditions, question.as_of)
            run = set(tables["race_results"]["race_id"])
            points = [p for p in points if p.race_id in run or (before is not None and p.season < before)]
        return cls(season, build_weekends(tables), points, conditions)

    def race_id(self, text: str) -> str:
        """The race that a name, an id or a round means."""
        mine = [w for w in self.weekends if w.season == self.season]
        folded = ids.fold(text)
        for weekend in mine:
            short = weekend.race_id.split("-", 1)[1]
            names = {ids.fold(n) for n in (weekend.race_id, short, weekend.race_name, str(weekend.round))}
            if folded in names or folded == ids.fold(weekend.race_name.removesuffix(" Grand Prix")):
                return weekend.race_id
        known = ", ".join(f"{w.round} {w.race_name}" for w in mine) or "none"
        raise UnknownRaceError(f"no race {text!r} in {self.season}; there are {known}")


def _ml_layer(lake: Lake, question: Question, settings: ForecastSettings) -> Adjustment:
    """The ML layer as it was at the question's `as_of`."""
    layer = issuing.taught_layer(lake, question.season, settings)
    if question.as_of is not None:
        layer.forget(question.as_of)
    return layer.adjust


def _one_moment(table: pl.DataFrame) -> pl.DataFrame:
    """Of each race the latest moment that had come."""
    order = pl.col("moment").replace_strict({m: i for i, m in enumerate(MOMENTS)}, return_dtype=pl.Int32)
    return table.filter(order == order.max().over("race_id"))


def _same(entry: Mapping[str, Any], rows: pl.DataFrame, num_simulations: int) -> bool:
    made_from = (entry["fingerprint"], entry["num_simulations"])
    return made_from == (rows["fingerprint"][0], num_simulations)


def _why_not(weekend: Weekend, known: _Known, question: Question) -> str:
    if not known.points:
        return "no earlier race has been run"
    if question.moment != LATEST:
        return f"the moment {question.moment} has not come"
    return "no race before it has been run" if weekend.race is not None else "nobody is known to drive in it"


def _simulate(
    rows: pl.DataFrame,
    weekend: Weekend,
    known: _Known,
    points: Mapping[str, Checkpoint],
    question: Question,
    settings: ForecastSettings,
    adjust: Adjustment | None,
) -> dict[str, np.ndarray]:
    """Each driver's finishing position in every simulated race, the scenarios in proportion to their
    chances."""
    outlook = _outlook(weekend, str(rows["moment"][0]), known, points, settings)
    if outlook is None:
        return {}
    if adjust is not None:
        outlook = outlook.shifted(adjust(outlook))
    outlook = forecast.weigh(outlook, question.options, settings)
    parts = rows.filter(pl.col("scenario") != MIXED).unique("scenario").sort("scenario")
    chances = dict(parts.select("scenario", "scenario_prob").iter_rows())
    draws = np.random.default_rng(SEED).multinomial(question.num_simulations, _shares(chances.values()))
    drawn = []
    for stream, (scenario, n) in enumerate(zip(chances, draws, strict=True)):
        field = race_field(outlook, settings.noise(scenario))
        drawn.append(simulate.simulate_races(field, int(n), SEED + stream))
    positions = np.concatenate(drawn)
    return {driver: positions[:, i] for i, driver in enumerate(outlook.drivers)}


def _shares(chances: Iterable[float]) -> np.ndarray:
    shares = np.array(list(chances))
    return np.asarray(shares / shares.sum())


def _outlook(
    weekend: Weekend,
    moment: str,
    known: _Known,
    points: Mapping[str, Checkpoint],
    settings: ForecastSettings,
) -> Outlook | None:
    for due in forecast.due_forecasts(known.weekends, list(points.values()), [moment]):
        if due.weekend.race_id == weekend.race_id and due.checkpoint is not None:
            return look(due.weekend, moment, due.checkpoint, due.checkpoint.state, due.steps, settings)
    return None


def _odds(lake: Lake, known: _Known, question: Question, settings: ForecastSettings) -> pl.DataFrame:
    table, _, _ = title_odds.title_odds(
        known.weekends,
        known.points,
        known.conditions,
        question.season,
        settings,
        question.num_simulations,
        SEED,
        carried=lake.read_table(SPORT, SeasonForecasts.name, [str(question.season)], SeasonForecasts),
    )
    return table


def resolve_weights(
    lake: Lake, season: int, drivers: Mapping[str, float], teams: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, float]]:
    """Hand weights by driver id and by team, from the codes and names that people use.

    A name may be one that only the season's own files know. Raises `UnknownNameError` with a suggestion.
    """
    entered = season_tables(lake, [season], ["race_results", "qualifying_results"])
    seen = pl.concat([frame.select("driver_id", "constructor_id") for frame in entered.values()])
    known = sorted(seen["driver_id"].unique())
    own = {}
    for constructor in sorted(seen["constructor_id"].unique()):
        own[ids.fold(constructor)] = own[ids.fold(ids.display_name("constructor", constructor))] = constructor
    by_team = {}
    for text, weight in teams.items():
        constructor = own.get(ids.fold(text)) or ids.find_constructor(text, season)
        by_team[ids.lineage(constructor)] = weight
    return {ids.find_driver(text, known): weight for text, weight in drivers.items()}, by_team


def rows_of(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Rows of forecasts kept from an earlier answer; those that do not fit today's table are left out."""
    declared = dtypes(RaceForecasts)
    fitting = [frame.select(list(declared)) for frame in frames if dict(frame.schema) == declared]
    return pl.concat(fitting) if fitting else empty(RaceForecasts)


def configuration(question: Question) -> dict[str, Any]:
    """The question as plain values, for the record."""
    options = question.options
    return {
        "season": question.season,
        "race": question.race,
        "moment": question.moment,
        "as_of": season_json.time_text(question.as_of) if question.as_of else None,
        "num_simulations": question.num_simulations,
        "use_bayesian": options.use_bayesian,
        "use_ml_layer": question.use_ml_layer,
        "scenarios": list(options.scenarios),
        "p_wet": options.p_wet,
        "driver_weights": dict(options.driver_weights),
        "team_weights": dict(options.team_weights),
    }
