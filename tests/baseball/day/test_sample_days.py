"""Two days of the sample league, played through on a clock of their own: a rain-out and the doubleheader it
leaves behind, a scratched batter, a late line-up, a delayed start, a hit that becomes an error, a feed that
is down for an hour, and a process that is stopped in the middle."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from upath import UPath

from formguide.baseball.day import Day, DaySettings, ledger
from formguide.baseball.day.pick import by_thresholds
from formguide.baseball.day.play import Scene, SimulatedClock, Stage, stage
from formguide.baseball.day.source import NetworkSource
from formguide.baseball.day.tables import DayChecks, PickResults, Picks, Published
from formguide.baseball.feed import read_feed
from formguide.baseball.forecast_tables import BatterForecasts
from formguide.baseball.sample import SampleTruth, write_sample
from formguide.baseball.sample.day import DayScript, day_documents
from formguide.baseball.sample.server import DOWN, Fault, SampleApi
from formguide.fetch import Fetcher
from formguide.hosts import HostLimit, Rate
from formguide.lake import Lake
from formguide.schema import dtypes
from tests.baseball.day.conftest import Board

HITS = {"single", "double", "triple", "home_run"}


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "league"
    write_sample(folder, seasons=1, dates=9, dates_played=7)
    return folder


@pytest.fixture(scope="module")
def dates(league: Path) -> list[date]:
    return [date.fromisoformat(day) for day in SampleTruth.read(league).next_dates[:2]]


@pytest.fixture(scope="module")
def abilities(league: Path) -> Callable[..., pl.DataFrame]:
    """A forecast that knows the batters' abilities, and takes the last line-up for one not announced."""
    chances = {
        int(player): 1 / (1 + math.exp(-1 - own["hit"] + 0.3 * own["strikeout"]))
        for player, own in SampleTruth.read(league).batters.items()
    }
    last: dict[int, list[tuple[int, int, str]]] = {}
    for file in sorted(league.glob("feeds/*/*.json.gz")):
        for row in read_feed(file.name, file.read_bytes()).lineups:
            nine = last.setdefault(row["team_id"], [])
            if len(nine) == 9:
                nine.clear()
            nine.append((row["slot"], row["batter_id"], row["batter"]))

    def forecast(
        lake: Lake, game_date: date, games: pl.DataFrame, lineups: pl.DataFrame, *, shadow: bool = False
    ) -> pl.DataFrame:
        rows = []
        for game in games.iter_rows(named=True):
            for side, other in (("home", "away"), ("away", "home")):
                team = game[f"{side}_team_id"]
                told = lineups.filter((pl.col("game_pk") == game["game_pk"]) & (pl.col("team_id") == team))
                nine = told.select("slot", "batter_id", "batter").rows() or last[team]
                for slot, batter_id, batter in nine:
                    p = chances[batter_id] * (0.9 if shadow and game["game_number"] == 2 else 1)
                    values = {
                        **{
                            name: game[name]
                            for name in ("season", "game_pk", "game_number", "start_at", "venue")
                        },
                        "game_date": game_date,
                        "batter_id": batter_id,
                        "batter": batter,
                        "team_id": team,
                        "opponent_id": game[f"{other}_team_id"],
                        "is_home": side == "home",
                        "slot": slot,
                        "lineup_status": "confirmed" if told.height else "projected",
                        "pitcher_id": game[f"{other}_probable_id"],
                        "pitcher_status": "probable",
                        "as_of": game_date,
                        "expected_pa": 4.0,
                        **dict.fromkeys(("p_hit_pa", "p_hit_pa_starter", "p_hit_pa_bullpen"), 0.25),
                        **dict.fromkeys(("p_game_hit", "p_game_hit_low", "p_game_hit_high"), p),
                        "seeds": 1,
                        "variants": 1,
                    }
                    rows.append([values.get(name) for name in dtypes(BatterForecasts)])
        return pl.DataFrame(rows, schema=dtypes(BatterForecasts), orient="row")

    return forecast


@pytest.fixture
def day(tmp_path: Path, abilities: Any) -> Day:
    return _day(tmp_path, abilities)


@dataclass(frozen=True)
class Lived:
    """Days that were lived through, and what was seen of them."""

    stage: Stage
    scenes: list[Scene]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, league: Path, dates: list[date], abilities: Any) -> Lived:
    """The two days as the script has them; nobody changes anything in their lake."""
    played = stage(_day(tmp_path_factory.mktemp("plain"), abilities), league, dates)
    return Lived(played, lived(played))


def _day(folder: Path, abilities: Any) -> Day:
    return Day(
        lake=Lake(UPath(folder / "lake")),
        source=None,  # type: ignore[arg-type]
        forecast=abilities,
        advise=by_thresholds,
        publisher=Board(),
        settings=DaySettings(),
    )


def board_of(played: Stage) -> Board:
    assert isinstance(played.day.publisher, Board)
    return played.day.publisher


def locked(played: Stage) -> pl.DataFrame:
    return ledger.read(played.day.lake, Picks).filter(pl.col("status") == "locked")


def recounted(played: Stage, model: str) -> list[tuple[date, str, int]]:
    """The streak by hand: every locked pick looked up in the last document of its game, play by play."""
    length, saver, days = 0, True, []
    picks = locked(played).filter(pl.col("model") == model).sort("game_date", "rank")
    for script in played.scripts:
        outcomes = []
        for game_pk, batter in (
            picks.filter(pl.col("game_date") == script.day).select("game_pk", "batter_id").iter_rows()
        ):
            game = script.game(game_pk)
            if game.rained_out_at is not None:
                outcomes.append("void")
                continue
            own = [
                play["result"]["eventType"]
                for play in (game.corrected or game.final)["liveData"]["plays"]["allPlays"]
                if play["matchup"]["batter"]["id"] == batter
            ]
            outcomes.append("hit" if HITS & set(own) else ("miss" if own else "void"))
        if not outcomes:
            continue
        if "miss" in outcomes:
            said = "saved" if saver and 10 <= length <= 15 else "miss"
            length, saver = (length, False) if said == "saved" else (0, saver)
        else:
            said = "hit" if "hit" in outcomes else "void"
            length += outcomes.count("hit")
        days.append((script.day, said, length))
    return days


def record_of(played: Stage, model: str) -> list[tuple[Any, ...]]:
    own = ledger.read_record(played.day.lake).filter(pl.col("model") == model)
    return own.select("game_date", "outcome", "streak_after").rows()


def assert_in_order(played: Stage) -> None:
    """What holds of every day, however it went."""
    board, picks = board_of(played), locked(played)
    keys = [(post.game_date, post.key) for post in board.attempts]
    assert len(keys) == len(set(keys)), "something was posted twice"
    said = ledger.read(played.day.lake, Published).select("game_date", "post_key").rows()
    assert sorted(said) == sorted(keys)
    for row in picks.iter_rows(named=True):
        script = next(s for s in played.scripts if s.day == row["game_date"])
        game = script.game(row["game_pk"])
        assert row["locked_at"] < game.fixture.start_at.replace(tzinfo=None), "locked after the first pitch"
        if row["rank"] == 2:
            first = picks.filter(
                (pl.col("game_date") == row["game_date"]) & (pl.col("model") == row["model"])
            ).filter(pl.col("rank") == 1)
            assert first["game_pk"][0] != row["game_pk"]
    for model in ("blend", "shadow"):
        assert record_of(played, model) == recounted(played, model)


def lived(played: Stage) -> list[Scene]:
    return list(played.scenes(played.ends_at))


def test_two_days_as_scripted(plain, dates):
    played, scenes = plain.stage, plain.scenes
    assert_in_order(played)
    assert {row["game_date"] for row in locked(played).iter_rows(named=True)} == set(dates)
    kinds = {happened.kind for scene in scenes for happened in scene.happened}
    assert {"rained_out", "scratched", "lineups", "delayed", "overturned", "final"} <= kinds
    doubleheader = [g.fixture.game_number for g in played.scripts[1].games]
    assert 2 in doubleheader
    # The rained-out game is postponed on its day, and to come on the next.
    checks = ledger.read(played.day.lake, DayChecks)
    assert set(checks["outcome"]) == {"done"}
    assert set(checks["kind"]) == {"morning", "lineups", "shadow", "results", "reconcile"}


@pytest.mark.parametrize(("minutes_before", "in_time"), [(140, True), (60, False)])
def test_the_best_batter_is_scratched(day, league, dates, plain, minutes_before, in_time):
    """Announced and then taken out: before he is locked, which costs nothing, or after, which voids him."""
    usual = plain.stage
    rained = [g.fixture.game_pk for g in usual.scripts[0].games if g.rained_out_at is not None]
    forecasts = ledger.read(usual.day.lake, BatterForecasts, dates[:1]).filter(
        ~pl.col("game_pk").is_in(rained) & (pl.col("lineup_status") == "confirmed")
    )
    best = forecasts.sort("p_game_hit")["batter_id"][-1]
    picked = locked(usual).filter(game_date=dates[0])["batter_id"].to_list()
    assert best in picked, "he is not picked anyway: nothing would be tested"
    before = timedelta(minutes=minutes_before)
    played = _staged(day, [day_documents(league, dates[0], scratched=best, scratched_before=before)])
    lived(played)
    assert_in_order(played)
    picks = locked(played).filter(pl.col("model") == "blend")
    assert picks.height > 0
    assert (best not in picks["batter_id"].to_list()) == in_time
    results = ledger.read(day.lake, PickResults).filter(pl.col("model") == "blend")
    assert dict(results.select("batter_id", "result").iter_rows()).get(best) == (None if in_time else "void")


def test_a_pick_whose_hit_is_taken_back_costs_the_streak(day, league, dates, plain):
    first = locked(plain.stage).filter(game_date=dates[0], model="blend", rank=1)["batter_id"].item()
    played = _staged(day, [day_documents(league, dates[0], overturned=first)])
    before = played.settings_night()
    list(played.scenes(before))
    hit = record_of(played, "blend")
    lived(played)
    assert_in_order(played)
    outcomes = [post.key.rsplit("/", 1)[1] for post in board_of(played).attempts if "result" in post.key]
    if hit[0][1] == "hit":
        assert outcomes == ["hit", "miss"]
    assert record_of(played, "blend") == [(dates[0], "miss", 0)]


class _Staged(Stage):
    def settings_night(self) -> datetime:
        """The night after the last day, before the scorer's corrections."""
        return self.day.settings.at(self.scripts[-1].day + timedelta(days=1), self.day.settings.reconcile_at)


def _staged(day: Day, scripts: list[DayScript]) -> _Staged:
    from formguide.baseball.day.play import ScriptSource

    clock = SimulatedClock(day.settings.at(scripts[0].day, datetime.min.time()))
    return _Staged(replace(day, source=ScriptSource(scripts, clock), clock=clock), clock, tuple(scripts))


def test_an_hour_without_a_feed_loses_nothing(day, league, dates):
    start = datetime.combine(dates[0], datetime.min.time()) + timedelta(hours=16)
    evening = start + timedelta(hours=24 + 7)
    played = stage(
        day,
        league,
        dates,
        down=[(start, start + timedelta(hours=1)), (evening, evening + timedelta(hours=1))],
    )
    scenes = lived(played)
    assert any(not scene.ran.done for scene in scenes)
    assert_in_order(played)
    assert locked(played)["game_date"].n_unique() == 2


def test_a_restart_in_the_middle_of_everything_changes_nothing(day, league, dates, plain):
    whole, again = plain.stage, stage(day, league, dates)
    while again.clock.now < again.ends_at:
        # Nothing is kept but the lake, the clock and what the world has seen.
        again.day = replace(again.day, lake=Lake(UPath(str(again.day.lake.root))))
        next(iter(again.scenes(again.ends_at)), None)
    assert_in_order(again)
    for table in (Picks, Published):
        one, other = (ledger.read(p.day.lake, table) for p in (whole, again))
        assert one.equals(other)
    assert ledger.read_record(whole.day.lake).equals(ledger.read_record(again.day.lake))


def test_over_the_network_with_a_server_that_is_down_for_an_hour(day, league, dates, tmp_path):
    script = day_documents(league, dates[0])
    clock = SimulatedClock(day.settings.at(script.day, datetime.min.time()))
    start = clock.now + timedelta(hours=14)
    outage = Fault(
        DOWN, since=start.replace(tzinfo=UTC), until=(start + timedelta(hours=1)).replace(tzinfo=UTC)
    )
    with SampleApi(script, lambda: clock.now.replace(tzinfo=UTC), folder=league, faults=[outage]) as api:
        host = HostLimit(api.url.removeprefix("http://"), (Rate(10_000, 1),), why="it is ours")
        fetcher = Fetcher(tmp_path / "http", limits=(host,), attempts=1, backoff_sec=0.01)
        played = Stage(replace(day, source=NetworkSource(fetcher, api.url), clock=clock), clock, (script,))
        scenes = lived(played)
    assert any("answer" in scene.ran.says for scene in scenes if not scene.ran.done)
    assert_in_order(played)
    assert locked(played).height > 0
