"""The live scorecard on games cut at every single play, against an oracle that looks into the future.

The oracle never computes with places in a batting order: it takes the finished game and counts how many
team-mates really bat before the batter's place comes up again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from formguide.baseball import live, truncate
from formguide.baseball.sample import League
from formguide.baseball.sample.fixtures import fixtures

Json = dict[str, Any]
REAL_GAMES = (717055, 744914, 747175)
HITS = {"single", "double", "triple", "home_run"}
NEAR = ["at_bat", "on_deck", "in_hole"]


def real_game(real_data: Callable[[str], Path], game_pk: int) -> Json:
    document: Json = json.loads(
        (real_data("baseball") / "mlb_api" / f"feed_live_{game_pk}.json").read_bytes()
    )
    return document


def sample_game() -> Json:
    """A game of the sample league that has both a pinch hitter and an inning ended on the bases."""
    league = League(1, 2024, 1, 57, 9)
    for fixture in fixtures(2024, 57):
        document = league.tell(fixture)[1]
        plays = plays_of(document)
        subs = any(
            e["details"].get("eventType") == "offensive_substitution" for p in plays for e in p["playEvents"]
        )
        if subs and any(p["result"]["eventType"].startswith("caught") for p in plays):
            return document
    raise AssertionError("no such game")


@pytest.fixture(scope="module", params=["sample", *REAL_GAMES])
def final(request: pytest.FixtureRequest, real_data: Callable[[str], Path]) -> Json:
    return sample_game() if request.param == "sample" else real_game(real_data, request.param)


def plays_of(document: Json) -> list[Json]:
    plays: list[Json] = document["liveData"]["plays"]["allPlays"]
    return plays


class Oracle:
    """What was true at every moment of a finished game, from what happened afterwards."""

    def __init__(self, final: Json) -> None:
        self.plays = plays_of(final)
        teams = final["liveData"]["boxscore"]["teams"]
        self.code = {
            p["person"]["id"]: str(p.get("battingOrder", ""))
            for t in teams.values()
            for p in t["players"].values()
        }
        self.home = {p["person"]["id"] for p in teams["home"]["players"].values()}
        self.came: dict[int, tuple[int, int]] = {}  # player → (play, event) of his coming in, or going out
        self.went: dict[int, tuple[int, int]] = {}
        for i, play in enumerate(self.plays):
            for j, event in enumerate(play["playEvents"]):
                if event["details"].get("eventType") in ("offensive_substitution", "defensive_substitution"):
                    self.came[event["player"]["id"]] = (i, j)
                    self.went[event["replacedPlayer"]["id"]] = (i, j)

    def turns(self, batter: int, since: int) -> list[str]:
        """Places in the order of the plate appearances of a batter's team from a play on."""
        found = []
        for play in self.plays[since:]:
            event = play["result"]["eventType"]
            if play["about"]["isTopInning"] != (batter in self.home) and not event.startswith(
                ("caught", "pickoff")
            ):
                found.append(self.code[play["matchup"]["batter"]["id"]][0])
        return found

    def status(self, batter: int, plays: int, shown: int, stepped_in: bool) -> tuple[str, int | None]:
        """After `plays` plays, with `shown` events of the next one seen."""
        now = (plays, shown - 1)
        if not self.code[batter]:
            return "not_in_lineup", None
        if batter in self.came and self.came[batter] > now:
            return "not_in_lineup", None
        if batter in self.went and self.went[batter] <= now:
            return "out_of_game", None
        place = self.code[batter][0]
        ahead = self.turns(batter, plays)
        if place in ahead:
            away = ahead.index(place)
        else:  # the game ends before his turn: count on from the last one that it saw
            every = self.turns(batter, 0)
            last = (ahead or every)[-1]
            away = len(ahead) + (int(place) - int(last) - 1) % 9
        bats = self.batting_next(plays, stepped_in)
        fielding = bats is not None and (batter in self.home) != bats
        return ("upcoming" if fielding or away > 2 else NEAR[away]), away

    def batting_next(self, plays: int, stepped_in: bool) -> bool | None:
        """Whether the home team bats next; after the last play, whose turn it would have been."""
        if plays < len(self.plays):
            return not self.plays[plays]["about"]["isTopInning"]
        last = self.plays[-1]
        home = not last["about"]["isTopInning"]
        return (not home) if last["count"]["outs"] == 3 else home


@pytest.mark.parametrize("pitches", [None, 0, 2])
def test_every_batter_at_every_play(final: Json, pitches: int | None) -> None:
    oracle = Oracle(final)
    seen: set[str] = set()
    for n in range(len(oracle.plays) + 1):
        feed = truncate.cut(final, n, pitches=pitches)
        shown = plays_of(feed)
        events = len(shown[n]["playEvents"]) if len(shown) > n else 0
        for batter in oracle.code:
            told = live.lineup_status(feed, batter)
            assert told == oracle.status(batter, n, events, pitches is not None), (n, batter)
            seen.add(told[0])
    assert seen >= {"at_bat", "on_deck", "in_hole", "upcoming", "out_of_game", "not_in_lineup"}


def test_distances_of_a_line_up_are_nine_in_a_row(final: Json) -> None:
    """Nobody is two places away at once: at every moment a team's nine have the distances 0 to 8."""
    for n in range(0, len(plays_of(final)) + 1, 5):
        feed = truncate.cut(final, n)
        for team in feed["liveData"]["boxscore"]["teams"].values():
            away = [live.lineup_status(feed, p)[1] for p in team["battingOrder"]]
            assert sorted(a for a in away if a is not None) == list(range(9))


def test_hits_and_plate_appearances_so_far(final: Json) -> None:
    every = plays_of(final)
    batters = sorted({p["matchup"]["batter"]["id"] for p in every})
    for n in range(0, len(every) + 1, 3):
        card = live.scorecard(truncate.cut(final, n, pitches=1), batters)
        assert [b.batter_id for b in card.batters] == batters
        for line in card.batters:
            mine = [p for p in every[:n] if p["matchup"]["batter"]["id"] == line.batter_id]
            turns = [p for p in mine if not p["result"]["eventType"].startswith(("caught", "pickoff"))]
            done = [t for t in line.plate_appearances if t.is_complete]
            assert [t.event for t in done] == [p["result"]["eventType"] for p in turns]
            assert line.hits == sum(p["result"]["eventType"] in HITS for p in turns)
            for turn, play in zip(done, turns, strict=True):
                thrown = [e for e in play["playEvents"] if e["isPitch"]]
                assert [p.call for p in turn.pitches] == [e["details"]["call"]["code"] for e in thrown]
                assert [p.speed_mph for p in turn.pitches] == [e["pitchData"]["startSpeed"] for e in thrown]
            waiting = [t for t in line.plate_appearances if not t.is_complete]
            assert len(waiting) <= 1
            assert all(t.event is None and not t.is_hit and len(t.pitches) <= 1 for t in waiting)
        assert card.hits == sum(b.hits for b in card.batters)


def test_final_totals_are_the_box_scores(final: Json) -> None:
    for team in final["liveData"]["boxscore"]["teams"].values():
        for player in team["players"].values():
            batting = player["stats"]["batting"]
            if not batting.get("plateAppearances"):
                continue
            (line,) = live.scorecard(final, [player["person"]["id"]]).batters
            assert line.hits == batting["hits"]
            assert len(line.plate_appearances) == batting["plateAppearances"]
            assert (line.lineup_status, line.batters_away) == ("final", None)
    (game,) = live.scorecard(final, []).games
    assert game.state == "final"
    teams = final["liveData"]["linescore"]["teams"]
    assert (game.away_runs, game.home_runs) == (teams["away"]["runs"], teams["home"]["runs"])


def test_before_the_game(final: Json) -> None:
    starters = [p for t in final["liveData"]["boxscore"]["teams"].values() for p in t["battingOrder"]]
    oracle = Oracle(final)
    bench = next(p for p, code in oracle.code.items() if not code)
    unknown = 1
    early, announced = (truncate.preview(final, lineups=known) for known in (False, True))
    warming = truncate.preview(
        final,
        lineups=True,
        status={"abstractGameState": "Live", "codedGameState": "P", "detailedState": "Warmup"},
    )
    in_nine = [p for p in starters if oracle.code[p].endswith("00")]
    for player in (*in_nine, bench, unknown):
        assert live.lineup_status(early, player) == ("pre_game", None)
    for feed in (announced, warming):
        assert live.game_state(feed) == "pre_game"
        assert {live.lineup_status(feed, p) for p in in_nine} == {("pre_game", None)}
        assert live.lineup_status(feed, bench) == ("not_in_lineup", None)
        assert live.lineup_status(feed, unknown) == ("not_in_lineup", None)
    assert live.lineup_status(truncate.cut(final, 5), unknown) == ("not_in_lineup", None)


@pytest.mark.parametrize(
    ("abstract", "coded", "state"),
    [
        ("Preview", "S", "pre_game"), ("Preview", "P", "pre_game"), ("Live", "P", "pre_game"),
        ("Live", "I", "live"), ("Live", "U", "live"), ("Final", "O", "final"), ("Final", "F", "final"),
        ("Final", "D", "pre_game"), ("Final", "C", "pre_game"),
    ],
)  # fmt: skip
def test_states(abstract: str, coded: str, state: str) -> None:
    feed = {"gameData": {"status": {"abstractGameState": abstract, "codedGameState": coded}}}
    assert live.game_state(feed) == state


def test_two_games_on_one_scorecard(real_data: Callable[[str], Path]) -> None:
    one, two = (real_game(real_data, pk) for pk in REAL_GAMES[:2])
    first, second = truncate.cut(one, 30), two
    a = one["liveData"]["boxscore"]["teams"]["home"]["battingOrder"][0]
    b = two["liveData"]["boxscore"]["teams"]["away"]["battingOrder"][2]
    cards = live.scorecard(first, [a]), live.scorecard(second, [b])
    both = live.merge_scorecards(*cards)
    assert [g.game_pk for g in both.games] == [717055, 744914]
    assert [g.state for g in both.games] == ["live", "final"]
    assert both.batters == cards[0].batters + cards[1].batters
    assert both.hits == cards[0].hits + cards[1].hits
    assert live.merge_scorecards(both, cards[1]) == both
    later = live.scorecard(one, [a])
    assert live.merge_scorecards(both, later).batters[0] == later.batters[0]
    assert live.merge_scorecards() == live.Scorecard((), ())
