"""Forecasts made again where their inputs changed, put on record when they are issued, and scored afterwards.

`race_forecasts` is a pure function of the lake as it stands. What was issued is another matter:
`forecast_log` gets a row for every forecast of a race whose result the lake does not know yet, with the
clock's time, and keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import polars as pl

from formguide import asof, schema
from formguide.formula1 import backtest, forecast, ml_layer, strengths, title_odds
from formguide.formula1.arrivals import SPORT, holds_sample
from formguide.formula1.forecast_tables import ForecastLog, ForecastScorecard, RaceForecasts, SeasonForecasts
from formguide.formula1.incremental import (
    CHECKPOINTS,
    STRENGTH_INPUTS,
    checkpoints,
    conditions_from,
    last_checkpoint,
    last_run,
    results_from,
    season_tables,
    strengths_from,
    version_of,
)
from formguide.formula1.ml_layer import MlLayer
from formguide.formula1.outlook import Outlook, look
from formguide.formula1.scenarios import MIXED
from formguide.formula1.settings import ForecastSettings, as_dict
from formguide.formula1.strengths import Checkpoint
from formguide.formula1.tables import RaceCalendar, RaceResults
from formguide.formula1.weekends import Weekend, build_weekends
from formguide.lake import Lake
from formguide.making import Made

SCORECARD_VERSION = "1"
"""Changes when the same forecasts and results would give other scores."""

ML_FORECASTS = "race_forecasts_with_ml"
"""The asset of the forecasts with the ML layer on top."""


def make_race_forecasts(
    lake: Lake, seasons: Iterable[int], settings: ForecastSettings | None = None
) -> dict[int, Made]:
    """Finishing-position probabilities of every race of some seasons; `computed` and `carried` count
    forecasts (a race at a moment)."""
    settings = settings or ForecastSettings()
    made = {}
    for season in sorted(seasons):
        made_from = forecasts_from(lake, season, settings)
        manifest = lake.manifest(SPORT, RaceForecasts.name, str(season))
        if manifest is not None and manifest.made_from == made_from:
            made[season] = Made(manifest.hash, manifest.rows or 0, 0, manifest.extra["forecasts"])
            continue
        result = forecast.forecast_races(
            season_weekends(lake, season),
            season_checkpoints(lake, season),
            conditions_until(lake, season),
            settings,
            seasons=[season],
            carried=lake.read_table(SPORT, RaceForecasts.name, [str(season)], RaceForecasts),
        )
        extra = {"forecasts": result.computed + result.carried}
        written = lake.write_table(
            SPORT, RaceForecasts.name, str(season), result.table, RaceForecasts, made_from, extra
        )
        made[season] = Made(written.hash, result.table.height, result.computed, result.carried)
    return made


def make_season_forecasts(
    lake: Lake, seasons: Iterable[int], settings: ForecastSettings | None = None
) -> dict[int, Made]:
    """Title odds of some seasons from each round onward; `computed` and `carried` count rounds."""
    settings = settings or ForecastSettings()
    made = {}
    for season in sorted(seasons):
        made_from = odds_from(lake, season, settings)
        manifest = lake.manifest(SPORT, SeasonForecasts.name, str(season))
        if manifest is not None and manifest.made_from == made_from:
            made[season] = Made(manifest.hash, manifest.rows or 0, 0, manifest.extra["rounds"])
            continue
        table, computed, carried = title_odds.title_odds(
            season_weekends(lake, season),
            season_checkpoints(lake, season),
            conditions_until(lake, season),
            season,
            settings,
            carried=lake.read_table(SPORT, SeasonForecasts.name, [str(season)], SeasonForecasts),
        )
        extra = {"rounds": computed + carried}
        written = lake.write_table(
            SPORT, SeasonForecasts.name, str(season), table, SeasonForecasts, made_from, extra
        )
        made[season] = Made(written.hash, table.height, computed, carried)
    return made


def forecasts_from(lake: Lake, season: int, settings: ForecastSettings) -> str:
    """What a season's race forecasts would be made from now."""
    return asof.fingerprint(forecast.VERSION, as_dict(settings), _inputs(lake, season))


def odds_from(lake: Lake, season: int, settings: ForecastSettings) -> str:
    """What a season's title odds would be made from now."""
    return asof.fingerprint(title_odds.VERSION, as_dict(settings), _inputs(lake, season))


def is_current(lake: Lake, seasons: Iterable[int], settings: ForecastSettings | None = None) -> bool:
    """Whether making the seasons again, from the results to the forecasts, would change nothing."""
    settings = settings or ForecastSettings()

    def fits(asset: str, season: int, made_from: str) -> bool:
        manifest = lake.manifest(SPORT, asset, str(season))
        return manifest is not None and manifest.made_from == made_from

    return all(
        fits("race_calendar", season, results_from(lake, season))
        and fits("race_conditions", season, conditions_from(lake, season))
        and fits(CHECKPOINTS, season, strengths_from(lake, season, settings))
        and fits(RaceForecasts.name, season, forecasts_from(lake, season, settings))
        and fits(SeasonForecasts.name, season, odds_from(lake, season, settings))
        for season in seasons
    )


def _inputs(lake: Lake, season: int) -> str:
    """Names everything in the lake that a season's forecasts are made from."""
    before = season_before(lake, season)
    tables = (*STRENGTH_INPUTS, CHECKPOINTS)
    return asof.fingerprint(
        strengths.VERSION,
        [version_of(lake, name, season) for name in tables],
        [version_of(lake, name, before) for name in tables] if before else [],
        [
            version_of(lake, "race_conditions", earlier)
            for earlier in known_seasons(lake)
            if earlier <= season
        ],
    )


def make_ml_forecasts(
    lake: Lake, seasons: Iterable[int], settings: ForecastSettings | None = None
) -> dict[int, Made]:
    """The same forecasts with the ML layer on top, taught by what was known before each, to be compared."""
    settings = settings or ForecastSettings()
    made = {}
    layer: MlLayer | None = None
    for season in sorted(seasons):
        made_from = ml_from(lake, season, settings)
        manifest = lake.manifest(SPORT, ML_FORECASTS, str(season))
        if manifest is not None and manifest.made_from == made_from:
            made[season] = Made(manifest.hash, manifest.rows or 0, 0, manifest.extra["forecasts"])
            continue
        # Taught once for all seasons: it answers each question from the races before it alone.
        layer = layer or taught_layer(lake, max(seasons), settings)
        result = forecast.forecast_races(
            season_weekends(lake, season),
            season_checkpoints(lake, season),
            conditions_until(lake, season),
            settings,
            seasons=[season],
            carried=lake.read_table(SPORT, ML_FORECASTS, [str(season)], RaceForecasts),
            adjust=layer.adjust,
            adjust_fingerprint=ml_fingerprint(lake, season),
        )
        extra = {"forecasts": result.computed + result.carried}
        written = lake.write_table(
            SPORT, ML_FORECASTS, str(season), result.table, RaceForecasts, made_from, extra
        )
        made[season] = Made(written.hash, result.table.height, result.computed, result.carried)
    return made


def ml_from(lake: Lake, season: int, settings: ForecastSettings) -> str:
    """What a season's forecasts with the ML layer would be made from now."""
    version = [forecast.VERSION, as_dict(settings), ml_layer.VERSION]
    return asof.fingerprint(version, [_inputs(lake, s) for s in known_seasons(lake) if s <= season])


def _with_ml(lake: Lake, seasons: Iterable[int]) -> list[int]:
    """The seasons of which the lake has such forecasts, made from what it holds now: they are made on demand,
    and those of an earlier state must not be compared with today's."""
    return [
        season
        for season in seasons
        if (manifest := lake.manifest(SPORT, ML_FORECASTS, str(season)))
        and manifest.made_from == ml_from(lake, season, ForecastSettings())
    ]


def ml_fingerprint(lake: Lake, season: int) -> str:
    """Names what the ML layer takes from the calendars up to a season. All else that it was taught is named
    by the checkpoint that a forecast starts from."""
    seasons = [known for known in known_seasons(lake) if known <= season]
    calendar = season_tables(lake, seasons, ["race_calendar"])["race_calendar"]
    return asof.fingerprint(ml_layer.VERSION, calendar.select("race_id", "round", "course_km").rows())


def taught_layer(lake: Lake, season: int, settings: ForecastSettings) -> MlLayer:
    """The ML layer, taught every outlook up to a season whose race has been run."""
    seasons = [known for known in known_seasons(lake) if known <= season]
    weekends = build_weekends(season_tables(lake, seasons, STRENGTH_INPUTS))
    layer = MlLayer(settings)
    layer.learn(list(outlooks(weekends, checkpoints(lake, seasons), settings)))
    return layer


def outlooks(
    weekends: Sequence[Weekend], points: Sequence[Checkpoint], settings: ForecastSettings
) -> Iterator[Outlook]:
    """What was believed before every race at every moment that came."""
    for due in forecast.due_forecasts(weekends, points):
        if due.checkpoint is not None:
            seen = look(due.weekend, due.moment, due.checkpoint, due.checkpoint.state, due.steps, settings)
            if seen is not None:
                yield seen


def scorecard(lake: Lake, seasons: Iterable[int] | None = None) -> pl.DataFrame:
    """The `forecast_scorecard` of some seasons, by default the last three; baselines learn before."""
    wanted = set(seasons) if seasons is not None else set(scored_seasons(lake))
    weekends = build_weekends(season_tables(lake, None, STRENGTH_INPUTS))
    held = {RaceForecasts.name: sorted(wanted), ML_FORECASTS: _with_ml(lake, sorted(wanted))}
    forecasts = pl.concat(
        [lake.read_table(SPORT, name, [str(s) for s in made], RaceForecasts) for name, made in held.items()]
    )
    return backtest.scorecard(backtest.race_scores(weekends, forecasts, wanted), holds_sample(lake))


def make_scorecard(lake: Lake) -> Made:
    """Scores what the lake holds and keeps the scorecard."""
    seasons = scored_seasons(lake)
    inputs = [version_of(lake, RaceForecasts.name, s) for s in seasons]
    inputs += [f"{s} {version_of(lake, ML_FORECASTS, s)}" for s in _with_ml(lake, seasons)]
    history = [version_of(lake, "race_results", s) for s in known_seasons(lake)]
    made_from = asof.fingerprint(SCORECARD_VERSION, seasons, inputs, history, holds_sample(lake))
    manifest = lake.manifest(SPORT, ForecastScorecard.name, None)
    if manifest is not None and manifest.made_from == made_from:
        return Made(manifest.hash, manifest.rows or 0, 0, 1)
    card = scorecard(lake, seasons)
    written = lake.write_table(SPORT, ForecastScorecard.name, None, card, ForecastScorecard, made_from)
    return Made(written.hash, card.height, 1, 0)


def scored_seasons(lake: Lake, last: int = 3) -> list[int]:
    """The last seasons of which a race was run and forecast; never the first, which nothing came before."""
    run = [s for s in known_seasons(lake) if (m := lake.manifest(SPORT, "race_results", str(s))) and m.rows]
    return run[1:][-last:]


def log_forecasts(lake: Lake, seasons: Sequence[int], made_at: datetime | None = None) -> dict[int, Made]:
    """Puts on record what is issued now: the forecasts of races not yet run that the log does not hold."""
    now = made_at or datetime.now(UTC).replace(tzinfo=None)
    log = lake.read_table(SPORT, ForecastLog.name, None, ForecastLog)
    made = {}
    for season in sorted(seasons):
        rows = issued(lake, season, now)
        new = rows.join(log, on="forecast_id", how="anti")
        if not new.is_empty():
            lake.append_log(SPORT, new, ForecastLog)
        held = pl.concat([log.filter(pl.col("season") == season), new])
        made[season] = Made(
            asof.fingerprint(*sorted(held["forecast_id"].unique())),
            held.height,
            new["forecast_id"].n_unique(),
            rows["forecast_id"].n_unique() - new["forecast_id"].n_unique(),
        )
    return made


def issued(lake: Lake, season: int, made_at: datetime) -> pl.DataFrame:
    """The season's forecasts of races of which there is no result, as rows of the log.

    A result may be late, or have been taken back: whether a row was issued in time is for the clock to say.
    """
    forecasts = lake.read_table(SPORT, RaceForecasts.name, [str(season)], RaceForecasts)
    results = lake.read_table(SPORT, RaceResults.name, [str(season)], RaceResults)
    run = results["race_id"].unique().to_list()
    calendar = lake.read_table(SPORT, RaceCalendar.name, [str(season)], RaceCalendar)
    rows = forecasts.filter((pl.col("scenario") == MIXED) & ~pl.col("race_id").is_in(run))
    rows = rows.join(calendar.select("race_id", "race_at"), on="race_id", how="left", maintain_order="left")
    names = {
        key: asof.fingerprint(*key)
        for key in rows.select("race_id", "moment", "model", "fingerprint").unique().rows()
    }
    return rows.with_columns(
        forecast_id=pl.Series(
            [names[key] for key in rows.select("race_id", "moment", "model", "fingerprint").iter_rows()],
            dtype=pl.String,
        ),
        made_at=pl.lit(made_at, pl.Datetime("ms")),
        issued_before_race=(pl.lit(made_at) < pl.col("race_at")).fill_null(False),
        code_version=pl.lit(forecast.VERSION),
        data_version=pl.col("fingerprint"),
        seed=pl.lit(0, pl.Int32),
    ).select(list(schema.dtypes(ForecastLog)))


def conditions_until(lake: Lake, season: int) -> pl.DataFrame:
    """The race conditions of every season up to this one."""
    until = [known for known in known_seasons(lake) if known <= season]
    return season_tables(lake, until, ["race_conditions"])["race_conditions"]


def known_seasons(lake: Lake) -> list[int]:
    """The seasons that the lake has a calendar of, in order."""
    return [int(key) for key in lake.partitions(SPORT, "race_calendar")]


def season_before(lake: Lake, season: int) -> int | None:
    """The last earlier season of which a race was run: where the season's first forecasts start from."""
    return last_run(lake, season)[0]


def season_weekends(lake: Lake, season: int) -> list[Weekend]:
    """The season's weekends, after those of the season it starts from."""
    before = season_before(lake, season)
    return build_weekends(
        season_tables(lake, [s for s in (before, season) if s is not None], STRENGTH_INPUTS)
    )


def season_checkpoints(lake: Lake, season: int) -> list[strengths.Checkpoint]:
    """The season's checkpoints, after the last one before it."""
    before = last_checkpoint(lake, season)
    return [*([before] if before else []), *checkpoints(lake, [season])]
