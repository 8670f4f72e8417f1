"""The sample league: the same bytes each time, the API's structure, baseball by the rules, known odds."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from formguide.baseball.feed import read_feed
from formguide.baseball.sample import DayScript, League, SampleTruth, day_documents, write_sample
from formguide.baseball.sample.at_bat import OUTCOMES, Setting, hit_probability, outcome_weights
from formguide.baseball.sample.fixtures import fixtures
from formguide.baseball.sample.server import Fault, SampleApi

Json = dict[str, Any]
SMALL: dict[str, Any] = {"seasons": 1, "dates": 12, "dates_played": 9}
HITS = {"single", "double", "triple", "home_run"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smaller league; who changes it works on a copy."""
    folder = tmp_path_factory.mktemp("small") / "league"
    write_sample(folder, **SMALL)
    return folder


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleTruth]:
    """A season of 36 dates of which 33 have been played."""
    folder = tmp_path_factory.mktemp("sample") / "league"
    return folder, write_sample(folder, 1, dates=36, dates_played=33)


@pytest.fixture(scope="module")
def feeds(league: tuple[Path, SampleTruth]) -> list[Json]:
    return [unpacked(p) for p in sorted((league[0] / "feeds").rglob("*.json.gz"))]


def unpacked(path: Path) -> Json:
    document: Json = json.loads(gzip.decompress(path.read_bytes()))
    return document


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def plays_of(feed: Json) -> list[Json]:
    plays: list[Json] = feed["liveData"]["plays"]["allPlays"]
    return plays


# -- the folder ------------------------------------------------------------------------------------


def test_same_arguments_same_bytes(tmp_path: Path, small: Path) -> None:
    write_sample(tmp_path / "again", **SMALL)
    write_sample(tmp_path / "other", seed=6, **SMALL)
    assert bytes_of(tmp_path / "again") == bytes_of(small)
    assert bytes_of(tmp_path / "other") != bytes_of(small)


def test_rewriting_touches_nothing_and_another_league_leaves_nothing_behind(
    tmp_path: Path, small: Path
) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "league"))
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}
    write_sample(folder, **SMALL)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()} == before
    smaller = {"seed": 9, "seasons": 1, "dates": 7, "dates_played": 4}
    write_sample(folder, **smaller)
    write_sample(tmp_path / "fresh", **smaller)
    assert bytes_of(folder) == bytes_of(tmp_path / "fresh")


@pytest.mark.parametrize("played", [2, 4, 8])
def test_one_more_date_leaves_the_rest_as_it_was(tmp_path: Path, played: int) -> None:
    folder = tmp_path / "league"
    before = write_sample(folder, seasons=1, dates=12, dates_played=played)
    earlier = bytes_of(folder)
    after = write_sample(folder, seasons=1, dates=12, dates_played=played + 1)
    now = bytes_of(folder)
    to_come = {f"schedules/{d}.json.gz" for d in before.next_dates[:3]}
    changed = {name for name, digest in earlier.items() if now.get(name) != digest}
    # The day before may hold a game that was suspended until the new date; its schedule then says it ended.
    suspended = (
        {f"schedules/{d}.json.gz" for d in after.ball_lots}
        if "suspended" in after.special.values()
        else set()
    )
    assert changed - {"truth.json"} <= to_come | suspended
    assert after.games > before.games
    assert set(earlier) <= set(now)


def test_an_interrupted_sample_is_repaired_and_a_foreign_folder_left_alone(
    tmp_path: Path, small: Path
) -> None:
    broken = Path(shutil.copytree(small, tmp_path / "broken"))
    for path in sorted((broken / "feeds").rglob("*.gz"))[3:]:
        path.unlink()
    (broken / "truth.json").write_bytes(b"{}\n")
    write_sample(broken, **SMALL)
    assert bytes_of(broken) == bytes_of(small)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="folder of its own"):
        write_sample(foreign, **SMALL)
    assert bytes_of(foreign).keys() == {"notes.txt"}
    (foreign / "truth.json").write_text('{"another": "league"}')
    with pytest.raises(FileExistsError, match="folder of its own"):
        write_sample(foreign, **SMALL)


@pytest.mark.parametrize(
    "wrong", [{"seasons": 0}, {"dates": 3}, {"dates_played": 12}, {"dates_played": 0}, {"seasons": 99}]
)
def test_an_impossible_league_is_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="a sample league has"):
        write_sample(tmp_path / "league", **(SMALL | wrong))
    assert not (tmp_path / "league").exists()


def test_the_truth_is_read_back_as_it_was_told(league: tuple[Path, SampleTruth]) -> None:
    folder, truth = league
    read = SampleTruth.read(folder)
    assert read.next_dates == truth.next_dates
    assert read.as_bytes() == truth.as_bytes()
    assert League.of(read) == League.of(truth)


# -- the API's structure ---------------------------------------------------------------------------


def paths_of(value: object, at: str = "") -> set[str]:
    """Every path to a value: lists by [], players by ID*, innings of a half by their names."""
    if isinstance(value, dict):
        found = set()
        for key, inner in value.items():
            name = "ID*" if key.startswith("ID") and key[2:].isdigit() else key
            found |= paths_of(inner, f"{at}.{name}")
        return found | {at}
    if isinstance(value, list):
        return {at}.union(*(paths_of(inner, f"{at}[]") for inner in value))
    return {at}


def test_documents_have_the_structure_of_real_ones(
    feeds: list[Json], league: tuple[Path, SampleTruth], real_data: Callable[[str], Path]
) -> None:
    folder = real_data("baseball") / "mlb_api"
    real: set[str] = set()
    for path in folder.glob("feed_live_*.json"):
        real |= paths_of(json.loads(path.read_bytes()))
    ours = set().union(*(paths_of(feed) for feed in feeds))
    # Not in the three real games: what rain and extra innings bring, and a runner caught stealing.
    beyond = {
        ".gameData.status.reason",
        ".liveData.plays.allPlays[].playEvents[].base",
        ".liveData.plays.currentPlay.playEvents[].base",
        *(
            f".gameData.datetime.{k}"
            for k in ("resumeDate", "resumeDateTime", "resumedFromDate", "resumedFromDateTime")
        ),
    }
    known = {p.replace("currentPlay", "allPlays[]") for p in real} | real
    assert {p for p in ours if p.replace("currentPlay", "allPlays[]") not in known} <= beyond
    listed: set[str] = set()
    for path in folder.glob("schedule_*.json"):
        listed |= paths_of(json.loads(path.read_text(encoding="utf-8-sig")))
    schedules = set().union(*(paths_of(unpacked(p)) for p in (league[0] / "schedules").iterdir()))
    moved = {
        "resumeDate",
        "resumeGameDate",
        "resumedFrom",
        "resumedFromDate",
        "rescheduledFrom",
        "rescheduledFromDate",
    }
    new = {p.rpartition(".")[2] for p in schedules - listed if "probablePitcher" not in p}
    assert new <= moved


def test_the_reader_takes_every_document(league: tuple[Path, SampleTruth]) -> None:
    """Through the reader of the API's own documents: nothing is set aside, and the totals are the truth's."""
    folder, truth = league
    rows: list[Json] = []
    for path in sorted((folder / "feeds").rglob("*.json.gz")):
        reading = read_feed(path.name, path.read_bytes())
        assert not reading.rejects
        assert not reading.notes
        assert reading.game is not None
        assert len(reading.lineups) == 18
        rows += reading.plate_appearances
    assert len(rows) == truth.plate_appearances
    assert sum(row["is_hit"] for row in rows) / len(rows) == pytest.approx(truth.hit_rate)
    ours = {"slot", "catcher_id", "plate_umpire_id", "last_pitch_call", "temp_f", "wind_mph", "roof_type"}
    assert not [key for key in ours for row in rows if row["pitches"] and row[key] is None]


def test_nobody_in_it_is_real(feeds: list[Json], real_data: Callable[[str], Path]) -> None:
    real = real_data("baseball") / "mlb_api"
    names = {p["fullName"] for feed in feeds for p in feed["gameData"]["players"].values()}
    ids = {p["id"] for feed in feeds for p in feed["gameData"]["players"].values()}
    for path in real.glob("feed_live_*.json"):
        people = json.loads(path.read_bytes())["gameData"]["players"].values()
        assert not names & {p["fullName"] for p in people}
        assert not ids & {p["id"] for p in people}
    teams = {t["id"] for feed in feeds for t in feed["gameData"]["teams"].values()}
    assert len(teams) == 8
    assert min(teams) >= 9001


# -- baseball --------------------------------------------------------------------------------------


def test_every_game_is_played_by_the_rules(feeds: list[Json]) -> None:
    """Independent of the engine: outs, bases and runs are counted again from the runners' movements."""
    seen: Counter[str] = Counter()
    for feed in feeds:
        scheduled = feed["liveData"]["linescore"]["scheduledInnings"]
        shortened = feed["gameData"]["status"]["detailedState"] == "Completed Early"
        runs = {"top": 0, "bottom": 0}
        halves: dict[tuple[int, str], list[Json]] = defaultdict(list)
        for play in plays_of(feed):
            halves[play["about"]["inning"], play["about"]["halfInning"]].append(play)
        last = max(halves, key=lambda h: (h[0], h[1] == "bottom"))
        for inning in range(1, last[0] + 1):  # nothing is left out
            assert (inning, "top") in halves
            assert (inning, "bottom") in halves or inning == last[0]
        for (inning, half), plays in halves.items():
            bases: dict[str, int] = {}
            outs = 0
            for play in plays:
                outs, scored = follow(play, bases, outs, extra=inning > scheduled)
                runs[half] += scored
                assert play["count"]["outs"] == outs
                assert (play["result"]["awayScore"], play["result"]["homeScore"]) == (
                    runs["top"],
                    runs["bottom"],
                )
                assert bool(scored) == play["about"]["isScoringPlay"]
                seen[play["result"]["eventType"]] += 1
            won = half == "bottom" and inning >= scheduled and runs["bottom"] > runs["top"]
            assert outs == 3 or (won and (inning, half) == last)
            seen["walk-off"] += outs < 3
            if outs < 3 and plays[-1]["result"]["eventType"] != "home_run":
                assert runs["bottom"] == runs["top"] + 1  # nobody scores after the winning run
        if last[1] == "top":
            assert runs["bottom"] > runs["top"]
            assert last[0] >= scheduled
        assert runs["top"] != runs["bottom"]
        assert last[0] >= scheduled or (shortened and last[0] >= 5)
        seen["extra"] += last[0] > scheduled
        seen["top of the last"] += last[1] == "top"
    wanted = ("walk-off", "extra", "top of the last", "sac_fly", "force_out", "grounded_into_double_play",
              "caught_stealing_2b", "triple", "field_error", "hit_by_pitch")  # fmt: skip
    assert all(seen[kind] for kind in wanted), {k: seen[k] for k in wanted}


def follow(play: Json, bases: dict[str, int], outs: int, *, extra: bool) -> tuple[int, int]:
    """Moves the runners of a play; returns the outs after it and the runs that scored."""
    for event in play["playEvents"]:
        if event["details"].get("eventType") == "runner_placed":
            assert extra
            assert not bases
            bases["2B"] = event["player"]["id"]
        if event.get("position", {}).get("abbreviation") == "PR":
            (base,) = [b for b, runner in bases.items() if runner == event["replacedPlayer"]["id"]]
            bases[base] = event["player"]["id"]
    scored = 0
    for runner in play["runners"]:
        who, move = runner["details"]["runner"]["id"], runner["movement"]
        if move["start"] is not None:
            assert bases.pop(move["start"]) == who
        else:
            assert who == play["matchup"]["batter"]["id"]
        if move["isOut"]:
            outs += 1
            assert move["outNumber"] == outs
            assert move["end"] is None
        elif move["end"] == "score":
            assert outs < 3
            scored += 1
        else:
            assert move["end"] not in bases
            bases[move["end"]] = who
    posts = {"1B": "postOnFirst", "2B": "postOnSecond", "3B": "postOnThird"}
    if outs < 3:
        assert {b: play["matchup"][p]["id"] for b, p in posts.items() if p in play["matchup"]} == bases
    return outs, scored


def test_counts_add_up_and_fit_what_became_of_them(feeds: list[Json]) -> None:
    for feed in feeds[::3]:
        for play in plays_of(feed):
            balls = strikes = 0
            pitches = [e for e in play["playEvents"] if e["isPitch"]]
            assert [e["index"] for e in play["playEvents"]] == list(range(len(play["playEvents"])))
            assert play["pitchIndex"] == [e["index"] for e in pitches]
            for number, pitch in enumerate(pitches, start=1):
                assert (balls, strikes) < (4, 3)
                assert balls < 4 and strikes < 3
                call = pitch["details"]["code"]
                balls += call in ("B", "*B")
                strikes += call in ("C", "S", "W", "T") or (call == "F" and strikes < 2)
                assert pitch["pitchNumber"] == number
                assert (pitch["count"]["balls"], pitch["count"]["strikes"]) == (balls, strikes)
                assert pitch["details"]["isBall"] == (call in ("B", "*B", "H"))
                assert ("hitData" in pitch) == pitch["details"]["isInPlay"]
            event = play["result"]["eventType"]
            assert (play["count"]["balls"], play["count"]["strikes"]) == (balls, strikes)
            assert (strikes == 3) == (event == "strikeout")
            assert (balls == 4) == (event == "walk")
            assert (not pitches) <= (event in ("intent_walk",) or event.startswith("caught"))
            times = [
                play["about"]["startTime"],
                *(e["endTime"] for e in play["playEvents"]),
                play["about"]["endTime"],
            ]
            assert times[1:] == sorted(times[1:])


def test_batting_orders_hold_and_the_box_score_adds_up(feeds: list[Json]) -> None:
    for feed in feeds:
        box = feed["liveData"]["boxscore"]["teams"]
        turn = {"away": 0, "home": 0}
        hits: Counter[int] = Counter()
        for play in plays_of(feed):
            side = "away" if play["about"]["isTopInning"] else "home"
            batter = play["matchup"]["batter"]["id"]
            code = box[side]["players"][f"ID{batter}"]["battingOrder"]
            assert int(code[0]) == turn[side] % 9 + 1
            if not play["result"]["eventType"].startswith("caught"):
                turn[side] += 1
            hits[batter] += play["result"]["eventType"] in HITS
        for team in box.values():
            assert len(team["battingOrder"]) == len(set(team["battingOrder"])) == 9
            lines = {p["person"]["id"]: p["stats"] for p in team["players"].values()}
            for player, line in lines.items():
                if line["batting"]:
                    assert line["batting"]["hits"] == hits[player]
            starters = sorted(
                p["battingOrder"] for p in team["players"].values() if p.get("battingOrder", "1")[-2:] == "00"
            )
            assert starters == [f"{i}00" for i in range(1, 10)]
        pitched = sum(p["stats"]["pitching"].get("outs", 0) for p in box["home"]["players"].values())
        assert pitched == 3 * len({p["about"]["inning"] for p in plays_of(feed) if p["about"]["isTopInning"]})


def test_the_season_has_its_oddities(league: tuple[Path, SampleTruth], feeds: list[Json]) -> None:
    folder, truth = league
    listings: dict[int, list[tuple[str, Json]]] = defaultdict(list)
    for path in sorted((folder / "schedules").iterdir()):
        for day in unpacked(path)["dates"]:
            for game in day["games"]:
                listings[game["gamePk"]].append((day["date"], game))
    twice = {pk: told for pk, told in listings.items() if len(told) == 2}
    (rained,) = [pk for pk, fate in truth.special.items() if fate == "rain"]
    (suspended,) = [pk for pk, fate in truth.special.items() if fate == "suspended"]
    assert {int(rained), int(suspended)} == set(twice)
    (day, off), (next_day, on) = twice[int(rained)]
    assert off["status"]["codedGameState"] == "D"
    assert off["officialDate"] == on["officialDate"] == next_day > day
    assert on["rescheduledFromDate"] == day
    assert on["doubleHeader"] == "S"
    (day, off), (next_day, on) = twice[int(suspended)]
    assert off["officialDate"] == on["officialDate"] == day
    assert (off["resumeGameDate"], on["resumedFromDate"]) == (next_day, day)
    (feed,) = [feed for feed in feeds if feed["gamePk"] == int(suspended)]
    assert feed["gameData"]["datetime"]["officialDate"] == day
    assert {p["about"]["startTime"][:10] for p in plays_of(feed)} >= {next_day}
    days = Counter(
        (g["officialDate"], g["teams"]["home"]["team"]["id"]) for t in listings.values() for _, g in t[-1:]
    )
    assert sum(n == 2 for n in days.values()) == 2
    assert {g["gameNumber"] for t in listings.values() for _, g in t} == {1, 2}
    assert any(g["status"]["detailedState"] == "Completed Early" for t in listings.values() for _, g in t)


def test_debuts_are_told_once_they_were_played(league: tuple[Path, SampleTruth], feeds: list[Json]) -> None:
    _, truth = league
    first_seen: dict[str, str] = {}
    for feed in feeds:
        day = feed["gameData"]["datetime"]["officialDate"]
        for player in {str(p["matchup"][who]["id"]) for p in plays_of(feed) for who in ("batter", "pitcher")}:
            first_seen[player] = min(day, first_seen.get(player, day))
    assert {player: first_seen[player] for player in truth.debuts} == truth.debuts
    # A pitcher's on the 21st date, a hitter's on the 31st, and the other pitcher's on the 55th.
    assert len(truth.debuts) == 2
    played = (20, 21, 30, 31, 54, 55)
    assert [len(replace(League.of(truth), dates=57, dates_played=n).debuts()) for n in played] == [
        *(0, 1, 1, 2, 2, 3)
    ]


def test_who_is_hurt_does_not_play(feeds: list[Json], league: tuple[Path, SampleTruth]) -> None:
    _, truth = league
    assert truth.absences
    for feed in feeds:
        day = feed["gameData"]["datetime"]["officialDate"]
        away = {player for player, first, back in truth.absences if first <= day < back}
        listed = {
            p["person"]["id"]
            for t in feed["liveData"]["boxscore"]["teams"].values()
            for p in t["players"].values()
        }
        assert not away & listed


# -- odds ------------------------------------------------------------------------------------------


def test_outcome_weights_add_up_and_move_as_they_should() -> None:
    people = League(1, 2024, 1, 12, 9).people
    batter, pitcher = next(iter(people.batting.values())), next(iter(people.pitching.values()))
    plain = Setting(0.0, 0.0, 0.0, same_hand=False, meetings=0, form=0.0)
    assert sum(outcome_weights(batter, pitcher, plain)) == pytest.approx(1.0)
    base = hit_probability(batter, pitcher, plain)
    assert hit_probability(batter, pitcher, Setting(0.1, 0.0, 0.0, False, 0, 0.0)) > base
    assert hit_probability(batter, pitcher, Setting(0.0, 0.0, 0.0, False, 2, 0.0)) > base
    assert hit_probability(batter, pitcher, Setting(0.0, 0.0, 0.2, False, 0, 0.0)) < base
    same = hit_probability(batter, pitcher, Setting(0.0, 0.0, 0.0, True, 0, 0.0))
    assert (same < base) == (batter.platoon > 0)
    assert len(OUTCOMES) == len(outcome_weights(batter, pitcher, plain))


def test_hits_come_as_often_as_the_odds_say() -> None:
    """Over games told anew: hits against the sum of P(hit), all in all and by fifths of P(hit)."""
    league = League(1, 2024, 1, 12, 9)
    chances: list[float] = []
    hits: list[bool] = []
    for fixture in fixtures(2024, 12)[:40]:
        game, _ = league.tell(fixture)
        turns = [p for p in game.plays if not p["result"]["eventType"].startswith("caught")]
        assert len(turns) == len(game.chances)
        chances += game.chances
        hits += [p["result"]["eventType"] in HITS for p in turns]
    p, y = np.array(chances), np.array(hits, dtype=float)
    cuts = np.quantile(p, [0.2, 0.4, 0.6, 0.8])
    assert 0.18 < p.mean() < 0.27
    for group in [np.ones(len(p), dtype=bool), *(np.digitize(p, cuts) == k for k in range(5))]:
        z = (y[group] - p[group]).sum() / math.sqrt((p[group] * (1 - p[group])).sum())
        assert abs(z) < 3.5
    # And they matter: the upper fifth hits more than the lower.
    top, bottom = y[p > cuts[3]].mean(), y[p < cuts[0]].mean()
    assert top - bottom > 0.03


# -- a day, moment by moment -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def first_day(league: tuple[Path, SampleTruth]) -> DayScript:
    return day_documents(league[0], league[1].next_date)


def at_noon(script: DayScript, hours: float = 0.0) -> datetime:
    return datetime(script.day.year, script.day.month, script.day.day, 12, tzinfo=UTC) + timedelta(
        hours=hours
    )


def test_a_day_has_what_a_day_can_bring(league: tuple[Path, SampleTruth], first_day: DayScript) -> None:
    folder, truth = league
    kinds = Counter(h.kind for h in first_day.happenings())
    assert {"lineups", "scratched", "rained_out", "first_pitch", "final", "overturned"} <= set(kinds)
    assert (kinds["rained_out"], kinds["final"]) == (1, 3)
    late = [g for g in first_day.games if g.fixture.start_at - g.lineups_at < timedelta(minutes=20)]
    assert len(late) == 1
    second = day_documents(truth, date.fromisoformat(truth.next_dates[1]))
    (rained,) = [g for g in first_day.games if g.rained_out_at]
    double = sorted(
        (g.fixture for g in second.games if g.fixture.doubleheader == "S"), key=lambda f: f.game_number
    )
    assert [f.game_number for f in double] == [1, 2]
    assert double[0].game_pk == rained.fixture.game_pk
    assert double[0].home == double[1].home
    assert "delayed" in {h.kind for h in second.happenings()}
    with pytest.raises(ValueError, match="no date to come"):
        day_documents(folder, date(2020, 1, 1))
    again = day_documents(folder, truth.next_date)
    moment = at_noon(first_day, 9)
    assert json.dumps(again.schedule(moment)) == json.dumps(first_day.schedule(moment))


def test_the_day_never_tells_what_has_not_happened(first_day: DayScript) -> None:
    for hours in np.arange(-4.0, 20.0, 0.5):
        moment = at_noon(first_day, float(hours))
        listed = {g["gamePk"]: g for g in first_day.schedule(moment)["dates"][0]["games"]}
        for game in first_day.games:
            feed = first_day.feed(game.fixture.game_pk, moment)
            state = feed["gameData"]["status"]
            assert state["detailedState"] == listed[game.fixture.game_pk]["status"]["detailedState"]
            for play in plays_of(feed):
                assert datetime.fromisoformat(play["about"]["startTime"]) <= moment
                if play["about"]["isComplete"]:
                    assert datetime.fromisoformat(play["about"]["endTime"]) <= moment
            orders = [t["battingOrder"] for t in feed["liveData"]["boxscore"]["teams"].values()]
            known = moment >= game.lineups_at and state["detailedState"] != "Postponed"
            assert all(len(order) == (9 if known else 0) for order in orders)
            if state["abstractGameState"] == "Preview":
                text = json.dumps(feed["liveData"])
                assert '"hits"' not in text or '"hits": 0' in text
                assert not plays_of(feed)


def test_a_batter_is_scratched_and_a_hit_taken_back(league: tuple[Path, SampleTruth]) -> None:
    folder, truth = league
    playing = [g for g in day_documents(folder, truth.next_date).games if not g.rained_out_at]
    scratched, other = batting(playing[0].final)[0], batting(playing[-1].final)[4]
    script = day_documents(folder, truth.next_date, scratched=scratched, overturned=other)
    (game,) = [g for g in script.games if g.scratched_at]
    assert game.scratched_at is not None
    before = script.feed(game.fixture.game_pk, game.scratched_at - timedelta(minutes=1))
    after = script.feed(game.fixture.game_pk, game.scratched_at)
    assert scratched in batting(before)
    assert scratched not in batting(after)
    final = script.feed(game.fixture.game_pk, script.over_at)
    assert scratched not in {p["matchup"]["batter"]["id"] for p in plays_of(final)}
    (game,) = [g for g in script.games if g.corrected]
    assert game.corrected_at is not None
    told = script.feed(game.fixture.game_pk, script.over_at)
    corrected = script.feed(game.fixture.game_pk, game.corrected_at)
    assert [hits_of(told, other), hits_of(corrected, other)] == [1, 0]
    boxes = [
        next(
            p
            for t in d["liveData"]["boxscore"]["teams"].values()
            for p in t["players"].values()
            if p["person"]["id"] == other
        )
        for d in (told, corrected)
    ]
    assert [b["stats"]["batting"]["hits"] for b in boxes] == [1, 0]
    changed = [i for i, (a, b) in enumerate(zip(plays_of(told), plays_of(corrected), strict=True)) if a != b]
    assert len(changed) == 1
    with pytest.raises(ValueError, match="starts in no game"):
        day_documents(folder, truth.next_date, scratched=1)


def batting(feed: Json) -> list[int]:
    """Both starting line-ups, read off the batting order codes."""
    players = [p for t in feed["liveData"]["boxscore"]["teams"].values() for p in t["players"].values()]
    return [p["person"]["id"] for p in players if p.get("battingOrder", "")[1:] == "00"]


def hits_of(feed: Json, batter: int) -> int:
    return sum(
        p["result"].get("eventType") in HITS for p in plays_of(feed) if p["matchup"]["batter"]["id"] == batter
    )


# -- the server ------------------------------------------------------------------------------------


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def api(league: tuple[Path, SampleTruth], first_day: DayScript) -> Iterator[tuple[SampleApi, Clock]]:
    clock = Clock(at_noon(first_day))
    second = day_documents(league[1], date.fromisoformat(league[1].next_dates[1]))
    with SampleApi([first_day, second], clock, folder=league[0]) as server:
        yield server, clock


def test_the_server_says_what_the_script_says(
    api: tuple[SampleApi, Clock], first_day: DayScript, league: tuple[Path, SampleTruth]
) -> None:
    server, clock = api
    day = first_day.day
    schedule = httpx.get(f"{server.url}/api/v1/schedule?sportId=1&date={day}").json()
    assert schedule == first_day.schedule(clock.now)
    pk = first_day.games[0].fixture.game_pk
    for hours in (0.0, 6.0, 14.0):
        clock.now = at_noon(first_day, hours)
        feed = httpx.get(f"{server.url}/api/v1.1/game/{pk}/feed/live").json()
        assert feed == json.loads(json.dumps(first_day.feed(pk, clock.now)))
    past = sorted((league[0] / "feeds").rglob("*.gz"))[0]
    old = httpx.get(f"{server.url}/api/v1.1/game/{past.name.partition('.')[0]}/feed/live").json()
    assert old == unpacked(past)
    (rained,) = [g for g in first_day.games if g.rained_out_at]
    clock.now = at_noon(first_day, 30)
    moved = httpx.get(f"{server.url}/api/v1.1/game/{rained.fixture.game_pk}/feed/live").json()
    assert moved["gameData"]["datetime"]["officialDate"] == (day + timedelta(days=1)).isoformat()
    assert httpx.get(f"{server.url}/api/v1.1/game/1/feed/live").status_code == 404
    assert httpx.get(f"{server.url}/api/v1/schedule?date=tomorrow").status_code == 400
    both = httpx.get(f"{server.url}/api/v1/schedule?startDate={day}&endDate={day + timedelta(days=1)}").json()
    assert [d["date"] for d in both["dates"]] == [day.isoformat(), (day + timedelta(days=1)).isoformat()]


def test_the_server_fails_as_it_is_told_to(api: tuple[SampleApi, Clock], first_day: DayScript) -> None:
    server, clock = api
    url = f"{server.url}/api/v1/schedule?sportId=1&date={first_day.day}"
    start = clock.now
    server.faults = [Fault("down", since=start, until=start + timedelta(hours=1))]
    with pytest.raises(httpx.TransportError):
        httpx.get(url)
    clock.now = start + timedelta(hours=1)
    assert httpx.get(url).status_code == 200
    server.faults = [Fault("error", path="schedule", times=1)]
    assert [httpx.get(url).status_code for _ in range(2)] == [500, 200]
    server.faults = [Fault("truncated", path="schedule")]
    with pytest.raises(httpx.TransportError):
        httpx.get(url)
    server.faults = [Fault("slow", seconds=30.0)]
    with pytest.raises(httpx.TimeoutException):
        httpx.get(url, timeout=0.2)
    server.faults = []
    assert httpx.get(url).status_code == 200
