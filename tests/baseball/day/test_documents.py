"""What the day reads out of real schedules and games, and of what came of them since."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from formguide.baseball import truncate
from formguide.baseball.day import documents
from formguide.baseball.day.results import batting_line, result_of
from formguide.baseball.day.source import SourceDown

TIMES = ("game_pk", "start_at", "state")


@pytest.fixture
def real(real_data: Callable[[str], Path]) -> Callable[[str], Any]:
    def of(name: str) -> Any:
        return json.loads((real_data("baseball") / "mlb_api" / name).read_text(encoding="utf-8-sig"))

    return of


def test_a_real_game_cut_after_any_play_never_takes_a_hit_back(real):
    """Open until there is a hit, a hit from then on, whatever comes after."""
    final = real("feed_live_744914.json")
    batters = {play["matchup"]["batter"]["id"] for play in final["liveData"]["plays"]["allPlays"]}
    day, count = date(2024, 7, 1), len(final["liveData"]["plays"]["allPlays"])
    seen: dict[int, list[str]] = {batter: [] for batter in batters}
    for plays in [*range(0, count, 9), count]:
        shown = truncate.cut(final, plays) if plays < count else final
        state = documents.state_of(shown)
        for batter in batters:
            seen[batter].append(result_of(batting_line(shown, batter, state), day))
    for told in seen.values():
        assert set(told[:-1]) <= {"open", "hit"} and told == sorted(told, key=lambda r: r != "open")
        assert told[-1] in ("hit", "miss")
    assert {told[-1] for told in seen.values()} == {"hit", "miss"}


def listed(**changed: Any) -> dict[str, Any]:
    game = {
        "gamePk": 1,
        "gameType": "R",
        "season": "2024",
        "gameDate": "2024-06-11T17:05:00Z",
        "officialDate": "2024-06-11",
        "status": {"abstractGameState": "Preview", "codedGameState": "S", "detailedState": "Scheduled"},
        "teams": {
            "home": {"team": {"id": 11, "name": "H"}},
            "away": {"team": {"id": 22, "name": "A"}},
        },
        "venue": {"id": 1, "name": "Park"},
    }
    return {**game, **changed}


def schedule(*games: dict[str, Any], day: str = "2024-06-11") -> bytes:
    return json.dumps({"dates": [{"date": day, "games": list(games)}]}).encode()


def read(*games: dict[str, Any]) -> pl.DataFrame:
    return documents.schedule_games(schedule(*games), date(2024, 6, 11))


def test_a_real_schedule(real):
    frame = documents.schedule_games(json.dumps(real("schedule_date.json")).encode(), date(2022, 4, 7))
    assert frame.height == 9
    first = frame.filter(game_pk=663178).row(0, named=True)
    assert (first["home_team"], first["start_at"]) == ("Chicago Cubs", datetime(2022, 4, 7, 18, 20))


@pytest.mark.parametrize("game", [717055, 744914, 747175])
def test_a_real_game_before_and_after_its_line_ups(real, game):
    final = real(f"feed_live_{game}.json")
    for announced in (False, True):
        status = {"abstractGameState": "Preview", "codedGameState": "P", "detailedState": "Pre-Game"}
        preview = truncate.preview(final, lineups=announced, status=status)
        seen = documents.feed_seen(game, json.dumps(preview).encode())
        assert seen.game["state"][0] == "preview"
        assert seen.lineups.height == (18 if announced else 0)
    teams = final["liveData"]["boxscore"]["teams"]
    assert seen.lineups.filter(team_id=seen.game["home_team_id"][0])["slot"].to_list() == list(range(1, 10))
    assert teams["home"]["team"]["id"] == seen.game["home_team_id"][0]


def test_a_game_that_was_put_off_is_postponed_on_its_old_day():
    moved = listed(officialDate="2024-06-12")
    assert read(moved).select(*TIMES[::2]).rows() == [(1, "postponed")]


def test_a_game_that_goes_on_after_a_suspension_is_not_of_this_day():
    assert read(listed(officialDate="2024-06-10")).is_empty()


def test_a_start_that_is_to_be_announced_is_no_start():
    status = {**listed()["status"], "startTimeTBD": True}
    assert read(listed(status=status))["start_at"].to_list() == [None]


def test_a_warm_up_is_still_to_come_and_exhibitions_are_nobodys_business():
    status = {"abstractGameState": "Live", "codedGameState": "P", "detailedState": "Warmup"}
    frame = read(listed(status=status), listed(gamePk=2, gameType="S"))
    assert frame.select("game_pk", "state").rows() == [(1, "preview")]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"message": "Internal error"}', b""])
def test_something_else_is_no_schedule(body):
    with pytest.raises(SourceDown):
        documents.schedule_games(body, date(2024, 6, 11))


def test_something_else_is_no_game():
    for body in (b"{", b"{}", b'{"gameData": 3}'):
        with pytest.raises(ValueError):
            documents.feed_seen(1, body)
        with pytest.raises(ValueError):
            documents.read(body)


def test_what_is_no_longer_told_stays_known_and_who_is_no_longer_listed_was_put_off():
    held = read(listed(), listed(gamePk=2)).with_columns(temp_f=pl.lit(71.0), roof_type=pl.lit("Open"))
    now = documents.completed(read(listed()), [], held)
    assert now.sort("game_pk").select("game_pk", "state", "temp_f", "roof_type").rows() == [
        (1, "preview", 71.0, "Open"),
        (2, "postponed", 71.0, "Open"),
    ]
