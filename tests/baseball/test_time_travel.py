"""The honesty rule: make everything from a day on wrong, forecast the day again, the bytes are the same.

A league is played to the end. At several dates all that is dated on or after them is dropped, doubled, dealt
out anew and changed, in all three tables. What was known before the date, what is learnt from it and what is
forecast must not notice. Of the day itself its games and line-ups are given as they were for the forecast
with line-ups as if confirmed, and not its plate appearances: its second games do not know the first ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from formguide import asof, schema
from formguide.asof import fingerprint
from formguide.baseball import (
    abilities,
    backtest,
    baselines,
    blend,
    features,
    forecast,
    issuing,
    model_file,
    opportunity,
    starters,
)
from formguide.baseball.forecast import Asked, Knowledge
from formguide.baseball.tables import Games, Lineups, PlateAppearances
from formguide.lake import Lake
from formguide.schema import Table
from tests.baseball.small_league import FIRST_DAY, League, small_league

SEEDS = (1, 2)
OPENING = FIRST_DAY[2024]
DATES = {
    "opening day": OPENING,
    "a doubleheader within a fortnight": OPENING + timedelta(days=22),
    "the day of a refit": OPENING + timedelta(days=28),
    "the season before": FIRST_DAY[2023] + timedelta(days=20),
}

KEPT: dict[type[Table], tuple[str, ...]] = {
    Games: ("season", "game_pk", "state", "game_number", "scheduled_innings", "wind_mph"),
    Lineups: ("season", "game_pk", "team_id", "slot"),
    PlateAppearances: ("season", "game_pk", "slot", "balls", "strikes", "outs_after", "wind_mph"),
}
"""What a scrambled row keeps, so that it still is a game, a place in the order, a count."""


@pytest.fixture(autouse=True, scope="module")
def _fewer_variants() -> Iterator[None]:
    """Three variants of the blend learn like twelve, and small ones: the league is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blend, "VARIANTS", dict([*blend.VARIANTS.items()][::-5]))
        patch.setitem(blend.PARAMETERS, "min_data_in_leaf", 100)
        patch.setattr(issuing, "DAY_SEEDS", SEEDS)
        yield


@cache
def honest() -> League:
    return small_league()


def scrambled(league: League, day: date, seed: int = 0, today: bool = True) -> League:
    """The league with everything from the day on made wrong; `today`: but the day's games and line-ups."""
    wrong = {}
    for n, (table, frame) in enumerate(league.tables.items()):
        keep = KEPT[table]
        given = today and table is not PlateAppearances
        since = day + timedelta(days=1) if given else day
        wrong[table] = asof.scramble(frame, since, seed + n, column="game_date", keep=keep)
    return League(*wrong.values())


def cut(league: League, day: date) -> League:
    """The league as it stood on the morning of the day."""
    return League(*(asof.before(frame, day, "game_date") for frame in league.tables.values()))


@dataclass(frozen=True)
class World:
    """A league and what was known in it."""

    league: League
    known: Knowledge

    def on(self, day: date, task: str) -> Asked:
        """Who is asked about on a day, with the games and line-ups of the honest league."""
        games, lineups = (frame.filter(game_date=day) for frame in (honest().games, honest().lineups))
        pa = self.known.plate_appearances
        if task == "actual":
            who = starters.confirmed(games, lineups, pa)
        else:
            who = starters.projected(coming(games), self.league.games, self.league.lineups, pa)
        return forecast.ask(who, pa, self.known.outcomes)


def coming(games: pl.DataFrame) -> pl.DataFrame:
    """The day's games as they are known before line-ups, weather and umpires are."""
    late = ("home_starter_id", "away_starter_id", "plate_umpire_id", "weather_condition", "temp_f",
            "wind_mph", "wind_direction")  # fmt: skip
    return games.with_columns(
        *(pl.lit(None, games.schema[c]).alias(c) for c in late), state=pl.lit("preview")
    )


@cache
def world(name: str = "honest", day: date | None = None) -> World:
    if name == "honest" or day is None:
        league = honest()
    elif name == "cut":
        league = cut(honest(), day)
    else:
        league = scrambled(honest(), day)
    return World(league, forecast.knowledge(league.games, league.lineups, league.plate_appearances))


def same_bytes(ours: pl.DataFrame, theirs: pl.DataFrame) -> None:
    assert ours.height > 0
    assert fingerprint(ours) == fingerprint(theirs)


def same_asked(ours: Asked, theirs: Asked) -> None:
    for field in fields(Asked):
        if field.name != "records":
            same_bytes(getattr(ours, field.name), getattr(theirs, field.name))
    for field in fields(ours.records):
        one, other = (getattr(asked.records, field.name) for asked in (ours, theirs))
        assert one.tobytes() == other.tobytes(), field.name


@pytest.mark.parametrize("day", DATES.values(), ids=DATES)
def test_what_was_known_before_a_day_does_not_know_what_came(day: date) -> None:
    ours, theirs = world().known, world("scrambled", day).known
    rows, past = ours.until(day)
    assert theirs.until(day) == (rows, past)
    for name in ("plate_appearances", "features", "abilities"):
        same_bytes(getattr(ours, name)[:rows], getattr(theirs, name)[:rows])
    same_asked(ours.past.rows(slice(0, past)), theirs.past.rows(slice(0, past)))
    same_bytes(ours.outcomes[:past], theirs.outcomes[:past])


KNOWN_OF_A_TURN = (
    *features.ASKED, "season", "game_pk", "at_bat_index", "source", "fingerprint", "game_number", "slot",
    "bat_side", "is_home_batting", "batting_team_id", "is_starter", "pitcher_is_starter",
)  # fmt: skip
"""Of a plate appearance: who meets whom and where. All else is what became of it."""


def test_what_became_of_a_plate_appearance_is_not_in_what_it_is_learnt_with() -> None:
    """From a day on the same players meet and all goes otherwise: the day's own rows stay the same."""
    day = DATES["a doubleheader within a fortnight"]
    league = honest()
    past = asof.before(league.plate_appearances, day, "game_date")
    future = league.plate_appearances[past.height :]
    otherwise = pl.exclude(*KNOWN_OF_A_TURN).shuffle(seed=1)
    changed = future.with_columns(otherwise).with_columns(~pl.col("is_hit"))
    theirs = forecast.knowledge(league.games, league.lineups, pl.concat([past, changed]))
    ours, until = world().known, day + timedelta(days=1)
    rows, turns = ours.until(until)
    assert rows > past.height + 200
    for name in ("features", "abilities"):
        same_bytes(getattr(ours, name)[:rows], getattr(theirs, name)[:rows])
    same_asked(ours.past.rows(slice(0, turns)), theirs.past.rows(slice(0, turns)))
    same_bytes(ours.outcomes.select("usual")[:turns], theirs.outcomes.select("usual")[:turns])
    assert fingerprint(ours.outcomes[:turns]) != fingerprint(theirs.outcomes[:turns])


@pytest.mark.parametrize("task", ["actual", "projected"])
@pytest.mark.parametrize("day", DATES.values(), ids=DATES)
def test_what_is_known_of_a_days_starters_is_from_earlier_days(day: date, task: str) -> None:
    ours = world().on(day, task)
    assert ours.starters["game_pk"].n_unique() == honest().games.filter(game_date=day).height
    theirs = world("scrambled", day)
    if task == "projected":
        # Whoever is projected must not see who really played, either.
        theirs = World(scrambled(honest(), day, today=False), theirs.known)
    same_asked(ours, theirs.on(day, task))


def test_starters_asked_about_later_are_those_of_the_past_seen_again() -> None:
    """What a season's walk takes from everything there is, the day itself takes from what there was."""
    day = DATES["a doubleheader within a fortnight"]
    walked = world().known.past
    same_asked(
        walked.rows((walked.starters["game_date"] == day).to_numpy()), world("cut", day).on(day, "actual")
    )


@pytest.mark.parametrize("day", DATES.values(), ids=DATES)
def test_models_and_forecasts_of_a_day_are_the_same_bytes(day: date) -> None:
    models = forecast.fit_models(world().known, day, SEEDS, shadow=True)
    travelled = forecast.fit_models(world("scrambled", day).known, day, SEEDS, shadow=True)
    assert model_file.as_files(models) == model_file.as_files(travelled)
    assert any("split_feature=" in text for text in models.blends[1].texts().values())
    for task in ("actual", "projected"):
        ours = forecast.forecast(models, world().on(day, task))
        theirs = forecast.forecast(travelled, world("scrambled", day).on(day, task))
        assert list(ours) == list(SEEDS)
        for seed, answer in ours.items():
            same_bytes(answer, theirs[seed])


def test_the_rules_to_beat_learn_from_earlier_days() -> None:
    day = DATES["the day of a refit"]

    def rules(at: World) -> pl.DataFrame:
        past = at.known.until(day)[1]
        earlier, hits = at.known.past.rows(slice(0, past)), at.known.outcomes["hits"][:past].to_numpy()
        return baselines.probabilities(earlier, hits, at.on(day, "actual"))

    same_bytes(rules(world()), rules(world("scrambled", day)))


def walk(at: World) -> pl.DataFrame:
    return backtest.walk_season(at.known, at.league.games, at.league.lineups, 2024, [1])


@cache
def walked() -> pl.DataFrame:
    return walk(world())


@pytest.mark.parametrize("name", ["a doubleheader within a fortnight", "the day of a refit"])
def test_a_walk_through_a_season_leaves_its_earlier_days_as_they_were(name: str) -> None:
    """Within a fortnight as well: the rest of it is not learnt from before it is forecast."""
    day = DATES[name]
    ours, theirs = (asof.before(rows, day, "game_date") for rows in (walked(), walk(world("scrambled", day))))
    assert ours["game_date"].n_unique() == (day - OPENING).days
    assert set(ours["task"]) == {"actual", "projected"}
    numbers = [column for column, kind in ours.schema.items() if kind == pl.Float64]
    same_bytes(ours.drop(numbers), theirs.drop(numbers))
    for column in numbers:
        # What is added up beside other rows may be rounded otherwise by the processor, no more.
        one, other = (rows[column].fill_null(-1.0).to_list() for rows in (ours, theirs))
        assert one == pytest.approx(other, rel=1e-12), column
    whole = day - timedelta(days=(day - OPENING).days % backtest.REFIT_DAYS)
    same_bytes(*(asof.before(rows, whole, "game_date") for rows in (ours, theirs)))


def test_the_projected_row_of_a_walk_knows_nothing_that_is_told_late() -> None:
    """Line-ups, starters, umpire and weather of a played game are in the tables; the morning had none."""
    known, league = world().known, honest()
    played = starters.projected(league.games, league.games, league.lineups, known.plate_appearances)
    to_come = starters.projected(coming(league.games), league.games, league.lineups, known.plate_appearances)
    same_bytes(played, to_come)
    assert played["plate_umpire_id"].null_count() == played.height
    opened = played.filter(game_date=FIRST_DAY[2023] + timedelta(days=20))
    assert opened["temp_f"].null_count() == 0  # of the park's last game


# -- the day's own forecast, from a lake -----------------------------------------------------------


def lake_of(league: League, folder: Path) -> Lake:
    lake = Lake(folder)
    for table, frame in league.tables.items():
        for season in FIRST_DAY:
            rows = schema.split(frame.filter(season=season), table).good
            rows = rows.unique(schema.key_columns(table), keep="first", maintain_order=True)
            lake.write_table("baseball", table.name, str(season), rows, table, "by hand")
    return lake


def of_the_day(lake: Lake, day: date, known: str) -> pl.DataFrame:
    """The forecast of a day, with its line-ups out or not."""
    games, lineups = (frame.filter(game_date=day) for frame in (honest().games, honest().lineups))
    if known == "before":
        return issuing.forecast_day(lake, day, coming(games), lineups[:0])
    return issuing.forecast_day(lake, day, games, lineups)


def test_the_days_forecast_from_a_lake_that_knows_the_future(tmp_path: Path) -> None:
    day = DATES["a doubleheader within a fortnight"]
    wrong = scrambled(honest(), day, today=False)
    assert wrong.plate_appearances.filter(pl.col("game_date") >= day).height > 1000
    leagues = {"honest": honest(), "wrong": wrong, "cut": cut(honest(), day)}
    lakes = {name: lake_of(league, tmp_path / name) for name, league in leagues.items()}
    for known, status in (("before", "projected"), ("confirmed", "confirmed")):
        ours, *others = (of_the_day(lake, day, known) for lake in lakes.values())
        assert set(ours["lineup_status"]) == {status}
        for theirs in others:
            same_bytes(ours, theirs)


@pytest.mark.parametrize("task", ["actual", "projected"])
def test_the_days_forecast_is_that_of_the_walk(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Walked through in one go or asked for on the day: the same models, the same numbers."""
    monkeypatch.setattr(issuing, "DAY_SEEDS", (1,))
    day = DATES["a doubleheader within a fortnight"]
    asked = of_the_day(lake_of(honest(), tmp_path), day, "confirmed" if task == "actual" else "before")
    back = walked().filter(game_date=day, task=task).sort("game_pk", "batter_id")
    numbers = [name for name, kind in asked.schema.items() if kind == pl.Float64]
    texts = [name for name in asked.columns if name not in numbers]
    assert asked.height == back.height > 0
    assert asked.select(texts).equals(back.select(texts))
    for name in numbers:
        # A row in a longer table may be added up in another order by the processor.
        assert asked[name].to_list() == pytest.approx(back[name].to_list(), rel=1e-12), name


# -- and the tests can fail ------------------------------------------------------------------------


def _earlier(day: date) -> World:
    """The world in which the day before is wrong as well."""
    return world("scrambled", day - timedelta(days=1))


def test_a_wrong_yesterday_is_seen_everywhere() -> None:
    day = DATES["a doubleheader within a fortnight"]
    ours, theirs = world(), _earlier(day)
    rows = ours.known.until(day)[0]
    assert fingerprint(ours.known.plate_appearances[:rows]) != fingerprint(
        theirs.known.plate_appearances[:rows]
    )
    for task in ("actual", "projected"):
        one, other = ours.on(day, task), theirs.on(day, task)
        for name in ("features", "abilities", "bullpen_features", "bullpen_abilities"):
            assert fingerprint(getattr(one, name)) != fingerprint(getattr(other, name)), (task, name)
        assert one.records.staying.tobytes() != other.records.staying.tobytes()
    models, others = (forecast.fit_models(at.known, day, [1]) for at in (ours, theirs))
    assert model_file.as_files(models) != model_file.as_files(others)


LEAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {}


def leak(change: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
    LEAKS[change.__name__] = change
    return change


@leak
def records_count_a_day_early(patch: pytest.MonkeyPatch) -> None:
    rows_of = abilities._rows

    def rows(pa: pl.DataFrame, queries: pl.DataFrame | None) -> pl.DataFrame:
        early = pl.col("day") - pl.col("counted").cast(pl.Int64)
        counted: pl.DataFrame = rows_of(pa, queries).with_columns(early).sort("day", maintain_order=True)
        return counted

    patch.setattr(abilities, "_rows", rows)


@leak
def features_are_those_of_the_next_morning(patch: pytest.MonkeyPatch) -> None:
    feature_frame = features.feature_frame

    def of_tomorrow(pa: pl.DataFrame, queries: pl.DataFrame | None = None) -> pl.DataFrame:
        asked = pa if queries is None else queries
        return feature_frame(pa, asked.with_columns(pl.col("game_date") + timedelta(days=1)))

    patch.setattr(forecast, "feature_frame", of_tomorrow)


@leak
def names_and_sides_are_those_of_today(patch: pytest.MonkeyPatch) -> None:
    finished = starters._finished

    def told_early(rows: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
        return finished(rows, history.with_columns(pl.col("game_date") - timedelta(days=1)))

    patch.setattr(starters, "_finished", told_early)


@leak
def what_is_usual_is_so_in_all_games(patch: pytest.MonkeyPatch) -> None:
    past_turns = opportunity.past_turns

    def over_everything(who: pl.DataFrame, pa: pl.DataFrame) -> pl.DataFrame:
        return past_turns(who, pa).with_columns(usual=pl.col("replaced").mean().over("slot", "due"))

    patch.setattr(opportunity, "past_turns", over_everything)


@leak
def models_learn_a_day_too_many(patch: pytest.MonkeyPatch) -> None:
    until = Knowledge.until
    patch.setattr(Knowledge, "until", lambda known, day: until(known, day + timedelta(days=1)))


def nothing_leaks(ours: World, theirs: World, day: date) -> None:
    """What the tests above demand, in short."""
    same_asked(ours.on(day, "actual"), theirs.on(day, "actual"))
    models, others = (forecast.fit_models(at.known, day, [1]) for at in (ours, theirs))
    assert model_file.as_files(models) == model_file.as_files(others)


def test_without_a_leak_nothing_leaks() -> None:
    day = DATES["a doubleheader within a fortnight"]
    nothing_leaks(world(), world("scrambled", day), day)


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaks planted one at a time: each turns the tests above red."""
    day = DATES["a doubleheader within a fortnight"]
    LEAKS[name](monkeypatch)
    leagues = (honest(), scrambled(honest(), day))
    ours, theirs = (
        World(at, forecast.knowledge(at.games, at.lineups, at.plate_appearances)) for at in leagues
    )
    with pytest.raises(AssertionError):
        nothing_leaks(ours, theirs, day)
