"""Looking at the day: its schedule, the line-ups announced so far, and what they make of the forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from formguide.alerts import record_failure
from formguide.asof import fingerprint
from formguide.baseball.day import documents, ledger
from formguide.baseball.day.deps import JOB, Day, Forecast
from formguide.baseball.day.pick import candidates
from formguide.baseball.day.plan import TO_COME
from formguide.baseball.day.source import SourceDown
from formguide.baseball.day.tables import (
    MODELS,
    REAL,
    SHADOW,
    SPORT,
    DayGames,
    DayLineups,
    Picks,
    ShadowForecasts,
)
from formguide.baseball.forecast_tables import BatterForecasts
from formguide.baseball.tables import Games, Lineups
from formguide.baseball.today import HISTORY, log_forecasts
from formguide.lake import Written
from formguide.making import TooLittle
from formguide.schema import dtypes, empty

FORECASTS = {REAL: BatterForecasts, SHADOW: ShadowForecasts}
"""The table of each model's forecasts."""


@dataclass(frozen=True)
class Looked:
    """What a look brought: games seen, line-ups confirmed so far, and what did not answer."""

    games: int
    lineups: int
    says: str


def look(day: Day, game_date: date) -> Looked:
    """Asks for the schedule and for every game that is still to come, and keeps what they say.

    A game whose document does not come keeps what was known of it. If nothing answers this raises SourceDown,
    unless a pick's time is up: then the day goes on with what is known, for an unconfirmed pick is better
    than none.
    """
    held = ledger.read(day.lake, DayGames, [game_date])
    try:
        games = documents.schedule_games(day.source.schedule(game_date), game_date)
        feeds, missing = _feeds(day, games.filter(pl.col("state") == TO_COME)["game_pk"].to_list())
    except SourceDown as error:
        if not _time_is_up(day, game_date):
            raise
        return Looked(held.height, _lineups(day, game_date), f"going by what was known: {error}")
    games = documents.completed(games, [feed.game for feed in feeds], held)
    with ledger.writing(day.lake, str(game_date)):
        ledger.put(day.lake, DayGames, game_date, games)
        fresh = {game for feed in feeds for game in feed.game["game_pk"]}
        kept = ledger.read(day.lake, DayLineups, [game_date]).filter(
            ~pl.col("game_pk").is_in(list(fresh)) & pl.col("game_pk").is_in(games["game_pk"].to_list())
        )
        ledger.put(day.lake, DayLineups, game_date, pl.concat([kept, *(feed.lineups for feed in feeds)]))
    says = f"{len(missing)} of {len(missing) + len(feeds)} games did not answer" if missing else ""
    return Looked(games.height, _lineups(day, game_date), says)


def list_games(day: Day, game_date: date) -> int:
    """Asks for the schedule alone, and keeps it; how many games it has. Raises SourceDown."""
    held = ledger.read(day.lake, DayGames, [game_date])
    games = documents.schedule_games(day.source.schedule(game_date), game_date)
    with ledger.writing(day.lake, str(game_date)):
        ledger.put(day.lake, DayGames, game_date, documents.completed(games, [], held))
    return games.height


def forecast(day: Day, game_date: date, model: str = REAL) -> Written:
    """A model's forecasts of the day, from what is known of it; made again only if something of that, or of
    the history, has changed.

    With too little history to learn from nobody is forecast. If the forecast fails when a pick's time is up,
    those made before are kept, and the log of failures says so.
    """
    if model not in MODELS:
        raise ValueError(f"{model} is none of {', '.join(MODELS)}")
    table, key = FORECASTS[model], ledger.partition(game_date)
    games = ledger.read(day.lake, DayGames, [game_date]).select(list(dtypes(Games)))
    if games.is_empty():
        return day.lake.write_table(SPORT, table.name, key, empty(table), table, made_from="")
    lineups = ledger.read(day.lake, DayLineups, [game_date]).select(list(dtypes(Lineups)))
    version = version_of(day.forecast)
    history = [m.hash for name in HISTORY for m in day.lake.manifests(SPORT, name).values()]
    made_from = fingerprint(model, version, games, lineups, history)
    manifest = day.lake.manifest(SPORT, table.name, key)
    held = ledger.read(day.lake, table, [game_date])
    if manifest is not None and manifest.made_from == made_from:
        return day.lake.write_table(SPORT, table.name, key, held, table, made_from)
    try:
        frame = day.forecast(day.lake, game_date, games, lineups, shadow=model == SHADOW)
    except TooLittle:
        frame = empty(table)
    except Exception as error:
        # A pick on an older forecast is better than none; anything may be wrong with a model.
        if manifest is None or not _time_is_up(day, game_date):
            raise
        reason = {"forecast": f"{type(error).__name__}: {error}"}
        record_failure(day.lake, f"{game_date} forecast {day.clock():%H:%M:%S}", JOB, day.clock(), reason)
        return day.lake.write_table(SPORT, table.name, key, held, table, manifest.made_from)
    if model == REAL:
        # What is issued goes on record first: a log that misses a forecast cannot be mended.
        now = day.clock()
        to_come = candidates(frame, ledger.read(day.lake, DayGames, [game_date]), now)["game_pk"].to_list()
        log_forecasts(day.lake, frame.filter(pl.col("game_pk").is_in(to_come)), version, made_from, now)
    return day.lake.write_table(SPORT, table.name, key, frame, table, made_from)


def version_of(forecast: Forecast) -> str:
    """The version of a forecast's code: its own `version`, else where it comes from."""
    return str(getattr(forecast, "version", getattr(forecast, "__module__", "")))


def _feeds(day: Day, wanted: list[int]) -> tuple[list[documents.FeedSeen], list[int]]:
    """The documents of some games, and the games whose document did not come; raises if none came."""
    found, missing, last = [], [], None
    for game_pk in wanted:
        try:
            found.append(documents.feed_seen(game_pk, day.source.feed(game_pk)))
        except (SourceDown, ValueError) as error:
            missing.append(game_pk)
            last = error
    if missing and not found:
        raise SourceDown(f"none of {len(missing)} games answered, the last said: {last}")
    return found, missing


def _time_is_up(day: Day, game_date: date) -> bool:
    """Whether a pick that is still open must be locked now or never."""
    deadline = day.clock() + timedelta(minutes=day.settings.fallback_deadline_min)
    picks = ledger.read(day.lake, Picks, [game_date])
    waiting = picks.filter((pl.col("model") == REAL) & (pl.col("status") == "preview"))
    return waiting.filter(pl.col("start_at") <= pl.lit(deadline, pl.Datetime("us"))).height > 0


def _lineups(day: Day, game_date: date) -> int:
    return ledger.read(day.lake, DayLineups, [game_date]).select("game_pk", "team_id").n_unique()
