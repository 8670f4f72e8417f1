"""Documents cut at any play: nothing from the future is left, and what is counted again is right."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from formguide.baseball import truncate
from formguide.baseball.feed import read_feed
from formguide.baseball.sample import League
from formguide.baseball.sample.fixtures import fixtures
from formguide.baseball.tally import is_plate_appearance, player_lines

Json = dict[str, Any]
REAL_GAMES = (717055, 744914, 747175)
SIDES = ("away", "home")
HITS = {"single", "double", "triple", "home_run"}


@pytest.fixture(scope="module")
def sample() -> Json:
    """A game of the sample league with a pinch hitter."""
    league = League(1, 2024, 1, 12, 9)
    for fixture in fixtures(2024, 12):
        document = league.tell(fixture)[1]
        kinds = {e["details"].get("eventType") for p in plays_of(document) for e in p["playEvents"]}
        if "offensive_substitution" in kinds:
            return document
    raise AssertionError("no game with a pinch hitter")


@pytest.fixture(params=["sample", *REAL_GAMES])
def final(request: pytest.FixtureRequest, sample: Json, real_data: Callable[[str], Path]) -> Json:
    """A Final document: one of the sample league's, and three real ones."""
    if request.param == "sample":
        return sample
    path = real_data("baseball") / "mlb_api" / f"feed_live_{request.param}.json"
    document: Json = json.loads(path.read_bytes())
    return document


def plays_of(document: Json) -> list[Json]:
    plays: list[Json] = document["liveData"]["plays"]["allPlays"]
    return plays


def players_of(document: Json) -> dict[int, Json]:
    teams = document["liveData"]["boxscore"]["teams"].values()
    return {p["person"]["id"]: p for t in teams for p in t["players"].values()}


def test_cut_at_the_end_agrees_with_the_final_document(final: Json) -> None:
    """Line-ups, positions and every figure that is counted again, against the box score of the source."""
    cut = truncate.cut(final, len(plays_of(final)))
    for side in SIDES:
        ours, theirs = (d["liveData"]["boxscore"]["teams"][side] for d in (cut, final))
        for key in ("battingOrder", "pitchers", "batters"):
            assert ours[key] == theirs[key]
        assert sorted([*ours["bench"], *ours["bullpen"]]) == sorted([*theirs["bench"], *theirs["bullpen"]])
        for key, player in theirs["players"].items():
            mine = ours["players"][key]
            assert mine.get("battingOrder") == player.get("battingOrder")
            assert mine["position"] == player["position"]
            assert mine.get("allPositions") == player.get("allPositions")
            for part in ("batting", "pitching"):
                known = {k: player["stats"][part].get(k) for k in mine["stats"][part]}
                assert mine["stats"][part] == known
    ours, theirs = (d["liveData"]["linescore"] for d in (cut, final))
    for side in SIDES:
        told = {k: theirs["teams"][side][k] for k in ("runs", "hits")}
        assert {k: ours["teams"][side][k] for k in told} == told
    for mine, line in zip(ours["innings"], theirs["innings"], strict=True):
        for side in SIDES:
            if mine[side]:
                assert (mine[side]["runs"], mine[side]["hits"]) == (line[side]["runs"], line[side]["hits"])
    for part in ("offense", "defense"):
        for role, person in theirs.get(part, {}).items():
            mine = ours[part][role]
            assert (mine["id"] if isinstance(person, dict) else mine) == (
                person["id"] if isinstance(person, dict) else person
            )


def test_no_cut_knows_the_future(final: Json) -> None:
    every = plays_of(final)
    entered_at: dict[int, int] = {}  # player → the play in which he came in
    for i, play in enumerate(every):
        for event in play["playEvents"]:
            if event["details"].get("eventType", "").endswith("_substitution"):
                entered_at.setdefault(event["player"]["id"], i)
    for n in range(len(every) + 1):
        cut = truncate.cut(final, n)
        shown = plays_of(cut)
        assert shown[:n] == every[:n]
        assert len(shown) == min(n + 1, len(every))
        if n < len(every):
            under_way = shown[n]
            assert not under_way["about"]["isComplete"]
            assert not {"event", "eventType", "description"} & set(under_way["result"])
            assert not any(e.get("isPitch") for e in under_way["playEvents"])
            assert not any(key.startswith("postOn") for key in under_way["matchup"])
        assert cut["gameData"]["status"]["abstractGameState"] == "Live"
        assert "decisions" not in cut["liveData"]
        for player, line in players_of(cut).items():
            if entered_at.get(player, -1) > n:
                assert "battingOrder" not in line
                assert "allPositions" not in line
                assert line["gameStatus"]["isOnBench"]
            assert "seasonStats" not in line
        hits: Counter[int] = Counter()
        for play in every[:n]:
            hits[play["matchup"]["batter"]["id"]] += play["result"]["eventType"] in HITS
        told = {p: line["stats"]["batting"].get("hits", 0) for p, line in players_of(cut).items()}
        assert {p: h for p, h in told.items() if h} == {p: h for p, h in hits.items() if h}
        assert f"after {n} of {len(every)} plays" in cut["metaData"]["derivedFrom"]


def test_pitches_appear_one_by_one_and_the_last_only_with_its_outcome(final: Json) -> None:
    for n in (0, 10, len(plays_of(final)) - 1):
        play = plays_of(final)[n]
        pitches = [e for e in play["playEvents"] if e.get("isPitch")]
        for k in range(len(pitches) + 2):
            under_way = plays_of(truncate.cut(final, n, pitches=k))[n]
            shown = [e for e in under_way["playEvents"] if e.get("isPitch")]
            assert shown == pitches[: min(k, len(pitches) - 1)]
            if shown:
                assert under_way["count"]["balls"] == shown[-1]["count"]["balls"]
    quiet = truncate.cut(final, 10, pitches=None)
    assert plays_of(quiet) == plays_of(final)[:10]
    assert quiet["liveData"]["plays"]["currentPlay"] == plays_of(final)[9]


def test_runners_stand_where_the_next_play_finds_them(final: Json) -> None:
    """Whoever moves in a play stood, before its first pitch, on the base that he first left."""
    every = plays_of(final)
    moved = 0
    for n in range(len(every)):
        line = truncate.cut(final, n)["liveData"]["linescore"]["offense"]
        told = {line[base]["id"]: base for base in ("first", "second", "third") if base in line}
        first_left: dict[int, str | None] = {}
        for runner in sorted(every[n]["runners"], key=lambda r: r["details"]["playIndex"]):
            first_left.setdefault(runner["details"]["runner"]["id"], runner["movement"]["start"])
        batter = every[n]["matchup"]["batter"]["id"]
        for player, base in first_left.items():
            if player != batter:
                assert told[player] == {"1B": "first", "2B": "second", "3B": "third"}[str(base)]
                moved += 1
        assert batter not in told
        if n and every[n]["about"]["halfInning"] != every[n - 1]["about"]["halfInning"]:
            assert not told or every[n]["about"]["inning"] > 9
    assert moved > 5


def test_a_preview_has_line_ups_only_once_they_are_announced(final: Json) -> None:
    starters = {p for p, line in players_of(final).items() if line.get("battingOrder", "")[1:] == "00"}
    pitchers = {t["pitchers"][0] for t in final["liveData"]["boxscore"]["teams"].values()}
    for announced in (False, True):
        told = truncate.preview(final, lineups=announced)
        assert plays_of(told) == []
        assert told["gameData"]["status"]["abstractGameState"] == "Preview"
        boxes = told["liveData"]["boxscore"]["teams"].values()
        assert {p for box in boxes for p in box["battingOrder"]} == (starters if announced else set())
        assert {p for box in boxes for p in box["pitchers"]} == (pitchers if announced else set())
        assert bool(told["gameData"]["weather"]) == announced
        assert all(p["stats"] == {"batting": {}, "pitching": {}} for p in players_of(told).values())
        for side in SIDES:
            box, source = (d["liveData"]["boxscore"]["teams"][side] for d in (told, final))
            everybody = [p["person"]["id"] for p in source["players"].values()]
            listed = [*box["battingOrder"], *box["pitchers"], *box["bench"], *box["bullpen"]]
            assert sorted(set(listed)) == sorted(everybody)


def test_cut_at_a_moment_shows_what_had_ended(final: Json) -> None:
    every = plays_of(final)
    begun = datetime.fromisoformat(every[0]["about"]["startTime"])
    over = datetime.fromisoformat(every[-1]["about"]["endTime"])
    moment, before = begun, -1
    while moment < over + timedelta(minutes=10):
        cut = truncate.cut_at(final, moment)
        done = [p for p in plays_of(cut) if p["about"]["isComplete"]]
        ended = [p for p in every if datetime.fromisoformat(p["about"]["endTime"]) <= moment]
        assert done == ended[: len(done)]
        assert len(done) == len(ended)
        assert len(done) >= before
        before = len(done)
        for play in plays_of(cut)[len(done) :]:
            assert datetime.fromisoformat(play["about"]["startTime"]) <= moment
            for event in play["playEvents"]:
                if event.get("isPitch"):
                    assert datetime.fromisoformat(event["endTime"]) <= moment
        moment += timedelta(minutes=7)
    assert before == len(every)


def test_the_reader_finds_the_first_rows_of_the_whole_game(final: Json) -> None:
    def read(document: Json) -> tuple[str, list[Json], list[Json]]:
        reading = read_feed("game.json", json.dumps(document).encode())
        assert not reading.rejects
        assert reading.game is not None
        rows = [{k: v for k, v in row.items() if k != "fingerprint"} for row in reading.plate_appearances]
        return reading.game["state"], reading.lineups, rows

    _, _, every = read(final)
    for n in range(0, len(plays_of(final)) + 1, 6):
        state, lineups, rows = read(truncate.cut(final, n, pitches=1))
        assert (state, len(lineups)) == ("live", 18)
        assert rows == every[: len(rows)]
        assert len(rows) == sum(is_plate_appearance(p) for p in plays_of(final)[:n])
    assert read(truncate.preview(final, lineups=False)) == ("preview", [], [])
    state, lineups, rows = read(truncate.preview(final, lineups=True))
    assert (state, len(lineups), rows) == ("preview", 18, [])


def test_the_document_is_not_touched(sample: Json) -> None:
    before = json.dumps(sample)
    truncate.cut(sample, 20, pitches=2)
    truncate.preview(sample, lineups=True)
    truncate.cut_at(sample, datetime(2024, 4, 2, 19, tzinfo=UTC))
    assert json.dumps(sample) == before


@pytest.mark.parametrize("plays", [-1, 10_000])
def test_a_cut_outside_the_game_is_refused(sample: Json, plays: int) -> None:
    with pytest.raises(ValueError, match="cannot be cut after"):
        truncate.cut(sample, plays)


def test_a_runner_out_ends_no_plate_appearance() -> None:
    def play(event: str, kind: str = "atBat", complete: bool = True) -> Json:
        return {"result": {"type": kind, "eventType": event}, "about": {"isComplete": complete}}

    for event in (
        "caught_stealing_2b",
        "pickoff_1b",
        "pickoff_caught_stealing_2b",
        "stolen_base_2b",
        "other_out",
    ):
        assert not is_plate_appearance(play(event))
    for event in ("single", "walk", "intent_walk", "field_out", "catcher_interf", "strikeout_double_play"):
        assert is_plate_appearance(play(event))
        assert not is_plate_appearance(play(event, complete=False))
    assert not is_plate_appearance({"result": {}, "about": {}})
    assert player_lines([]) == {}
