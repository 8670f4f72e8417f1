"""Making baseball's forecasts in the lake: the backtest, its scorecard, an audit of seeds, and today's.

Everything goes by fingerprints: what a partition was made from is compared with what it would be made from
now, and where they agree nothing is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from formguide import asof, schema
from formguide.asof import fingerprint
from formguide.baseball import (
    arrivals,
    backtest,
    forecast,
    model_file,
    opportunity,
    scorecard,
    scores,
    starters,
)
from formguide.baseball.arrivals import SPORT
from formguide.baseball.forecast import Knowledge, Models
from formguide.baseball.forecast_tables import (
    BacktestForecasts,
    BatterForecasts,
    ForecastScorecard,
    SeedAudit,
)
from formguide.baseball.incremental import season_tables
from formguide.baseball.tables import SOURCE_TABLES, Games, Lineups, PlateAppearances
from formguide.lake import Lake
from formguide.making import Made, carried_over, version_of

VERSION = forecast.VERSION
"""Changes when the same records would give other forecasts."""

SCORECARD_VERSION = scorecard.VERSION

DAY_SEEDS = (1, 2, 3, 4, 5)
"""The seeds of the day's blend: their mean is the forecast, their spread its interval."""

MODELS = "blend_models"
"""What the day's forecasts are made with, fitted every 14 days."""

Progress = Callable[[str], object]


def make_backtest(
    lake: Lake, seasons: Iterable[int], seeds: int = 1, progress: Progress = lambda _: None
) -> dict[int, Made]:
    """Walks through seasons with that many seeds (1, 2, …); each day knows only what came before it."""
    wanted = sorted(set(seasons))
    numbers = list(range(1, seeds + 1))
    froms = {season: _backtest_from(lake, season, numbers) for season in wanted}
    kept = {season: lake.manifest(SPORT, BacktestForecasts.name, str(season)) for season in wanted}
    known: Knowledge | None = None
    made = {}
    for season in wanted:
        manifest = kept[season]
        if manifest is not None and manifest.made_from == froms[season]:
            made[season] = carried_over(manifest)
            continue
        tables = _tables(lake, max(wanted))
        if known is None:
            progress(f"reading what was known of {tables['plate_appearances'].height:,} plate appearances")
            known = _knowledge(tables)
        rows = backtest.walk_season(
            known, tables["games"], tables["lineups"], season, numbers, lambda said: progress(said)
        )
        facts = {
            "seeds": seeds,
            "dates": rows["game_date"].n_unique(),
            "variants": _largest(rows, "variants"),
        }
        written = lake.write_table(
            SPORT, BacktestForecasts.name, str(season), rows, BacktestForecasts, froms[season], facts
        )
        made[season] = Made(written.hash, rows.height, 1, 0, facts)
    return made


def make_scorecard(lake: Lake) -> Made:
    """Scores every season of the backtest and keeps the scorecard."""
    hashes = {key: m.hash for key, m in lake.manifests(SPORT, BacktestForecasts.name).items()}
    sample = arrivals.holds_sample(lake)
    made_from = fingerprint(SCORECARD_VERSION, {str(k): v for k, v in hashes.items()}, sample)
    manifest = lake.manifest(SPORT, ForecastScorecard.name, None)
    if manifest is not None and manifest.made_from == made_from:
        return carried_over(manifest)
    card = score(lake)
    written = lake.write_table(SPORT, ForecastScorecard.name, None, card, ForecastScorecard, made_from)
    return Made(written.hash, card.height, 1, 0)


def score(lake: Lake, seasons: Sequence[int] | None = None) -> pl.DataFrame:
    """The scorecard of some seasons of the lake's backtest (default all)."""
    keys = None if seasons is None else [str(season) for season in seasons]
    rows = lake.read_table(SPORT, BacktestForecasts.name, keys, BacktestForecasts)
    return scorecard.scorecard(rows, arrivals.holds_sample(lake))


def make_seed_audit(lake: Lake, seed: int, progress: Progress = lambda _: None) -> Made:
    """Walks through all seasons but the first with one seed and keeps what it scored."""
    seasons = [int(key) for key in lake.partitions(SPORT, PlateAppearances.name)]
    walked = seasons[1:] or seasons
    made_from = fingerprint([_backtest_from(lake, season, [seed]) for season in walked])
    key = f"seed={seed}"
    manifest = lake.manifest(SPORT, SeedAudit.name, key)
    if manifest is not None and manifest.made_from == made_from:
        return carried_over(manifest)
    tables = _tables(lake, max(seasons))
    known = _knowledge(tables)
    parts = []
    for season in walked:
        rows = backtest.walk_season(known, tables["games"], tables["lineups"], season, [seed], progress)
        if not rows.is_empty():
            parts.append(_audited(rows, seed, season))
    table = pl.concat(parts) if parts else schema.empty(SeedAudit)
    written = lake.write_table(SPORT, SeedAudit.name, key, table, SeedAudit, made_from)
    return Made(written.hash, table.height, 1, 0)


def _audited(rows: pl.DataFrame, seed: int, season: int) -> pl.DataFrame:
    from formguide.baseball.streak import evaluation, exact
    from formguide.baseball.streak.profiles import day_profiles, paired_days

    played = rows.filter((pl.col("task") == "actual") & pl.col("got_hit").is_not_null())
    p, y = played["p_game_hit"].to_numpy(), played["got_hit"].to_numpy().astype(bool)
    day = played["game_date"].cast(pl.Int32).to_numpy()
    ranked = scores.auc(p, y)
    days = paired_days(day_profiles(rows))
    first = scores.top_each_day(p, y, day, 1)
    values = {
        "seed": seed,
        "season": season,
        "dates": first.n,
        "p_at_1": first.value,
        "log_loss": scores.log_loss(p, y).value,
        "auc": ranked.value if ranked else 0.5,
        "p_streak_57": exact.p_goal(evaluation.make(days, evaluation.PolicySettings())),
    }
    return pl.DataFrame([values]).select(pl.col(c).cast(t) for c, t in schema.dtypes(SeedAudit).items())


def forecast_day(
    lake: Lake, game_date: date, games: pl.DataFrame, lineups: pl.DataFrame, *, shadow: bool = False
) -> pl.DataFrame:
    """The day's forecasts (BatterForecasts) from what the lake knows of earlier days.

    games, lineups: the day's, as known now; a team whose nine are out is confirmed, any other projected.
    shadow: the context features (umpire, wind, hard contact, roof) join. Raises TooLittle if the lake knows
    too little to learn from.
    """
    tables = {
        name: asof.before(frame, game_date, "game_date")
        for name, frame in _tables(lake, game_date.year).items()
    }
    today = games.filter(pl.col("game_date") == game_date)
    if today.is_empty():
        return schema.empty(BatterForecasts)
    models = day_models(lake, tables, today, shadow=shadow)
    who = _who(today, lineups, tables)
    if who.is_empty():
        return schema.empty(BatterForecasts)
    pa = tables["plate_appearances"]
    played = tables["games"].join(pa.select("game_pk").unique(), on="game_pk", how="semi")
    turns = opportunity.past_turns(starters.confirmed(played, tables["lineups"], pa), pa)
    by_seed = backtest.forecast_rows(models, forecast.ask(who, pa, turns))
    chances = ("expected_pa", "p_hit_pa", "p_hit_pa_starter", "p_hit_pa_bullpen", "p_game_hit")
    first, *others = by_seed.values()
    mean = {
        name: np.mean([first[name].to_numpy(), *(o[name].to_numpy() for o in others)], axis=0)
        for name in chances
    }
    rows = first.with_columns(pl.Series(name, values) for name, values in mean.items())
    # The mean of equal numbers may lie a rounding error beside them.
    inside = pl.col("p_game_hit").clip(pl.col("p_game_hit_low"), pl.col("p_game_hit_high"))
    return rows.with_columns(inside).sort("game_pk", "batter_id")


def day_models(
    lake: Lake, tables: dict[str, pl.DataFrame], today: pl.DataFrame, *, shadow: bool = False
) -> Models:
    """The models in force on a day: those fitted on the last of the season's fortnights, kept in the lake.

    tables: what is dated before the day.
    """
    game_date = today["game_date"][0]
    season = today["season"][0]
    opened = (
        tables["games"].filter((pl.col("season") == season) & (pl.col("state") == "final"))["game_date"].min()
    )
    first = opened if isinstance(opened, date) else game_date
    fortnights = (game_date - first).days // backtest.REFIT_DAYS
    as_of = first + timedelta(days=fortnights * backtest.REFIT_DAYS)
    learnt = {name: asof.before(frame, as_of, "game_date") for name, frame in tables.items()}
    if learnt["plate_appearances"].height < forecast.FEWEST_TO_LEARN:
        # The season's first fortnight of a lake that knows no other: learn from all there is.
        learnt, as_of = tables, game_date
    key = "shadow" if shadow else "production"
    made_from = fingerprint(VERSION, as_of, list(DAY_SEEDS), shadow, *(learnt[t.name] for t in SOURCE_TABLES))
    manifest = lake.manifest(SPORT, MODELS, key)
    if manifest is not None and manifest.made_from == made_from:
        return model_file.from_files(lake.read_bytes(SPORT, MODELS, key))
    models = forecast.fit_models(_knowledge(learnt), as_of, DAY_SEEDS, shadow)
    lake.write_bytes(SPORT, MODELS, key, model_file.as_files(models), made_from, {"as_of": as_of.isoformat()})
    return models


def _who(today: pl.DataFrame, lineups: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The day's starters: confirmed where a whole line-up is out, else projected."""
    out = lineups.filter(pl.col("slot").count().over("game_pk", "team_id") == 9)
    confirmed = starters.confirmed(today, out, tables["plate_appearances"])
    expected = starters.projected(
        today, tables["games"], tables["lineups"], tables["plate_appearances"]
    ).join(confirmed.select("game_pk", "team_id").unique(), on=["game_pk", "team_id"], how="anti")
    return pl.concat([confirmed, expected]).sort("game_date", "game_pk", "team_id", "slot")


def _knowledge(tables: dict[str, pl.DataFrame]) -> Knowledge:
    return forecast.knowledge(tables["games"], tables["lineups"], tables["plate_appearances"])


def _tables(lake: Lake, last_season: int) -> dict[str, pl.DataFrame]:
    seasons = [int(key) for key in lake.partitions(SPORT, PlateAppearances.name)]
    tables = season_tables(lake, [season for season in seasons if season <= last_season])
    return {table.name: tables[table.name] for table in (Games, Lineups, PlateAppearances)}


def _backtest_from(lake: Lake, season: int, seeds: list[int]) -> str:
    """What a season's backtest would be made from now: it and the seasons before it."""
    known = [int(key) for key in lake.partitions(SPORT, PlateAppearances.name)]
    return fingerprint(
        VERSION,
        seeds,
        [
            [str(before), *(version_of(lake, SPORT, table.name, before) for table in SOURCE_TABLES)]
            for before in known
            if before <= season
        ],
    )


def _largest(rows: pl.DataFrame, column: str) -> int:
    found = rows[column].max()
    return found if isinstance(found, int) else 0
