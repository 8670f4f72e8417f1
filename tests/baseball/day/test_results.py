"""What becomes of a pick, and the streak that follows, against a recount by hand."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide import schema
from formguide.baseball.day import ledger
from formguide.baseball.day.announce import unsaid
from formguide.baseball.day.record import Streak, after_day, day_outcome, standing, streak_record
from formguide.baseball.day.results import BattingLine, batting_line, result_of
from formguide.baseball.day.settings import DaySettings, SettingsError
from formguide.baseball.day.shadow import shadow_report
from formguide.baseball.day.source import FolderSource, NetworkSource, SourceDown
from formguide.baseball.day.tables import DayGames, PickResults, Picks, Published
from formguide.fetch import Fetcher
from formguide.hosts import HostLimit, Rate
from formguide.lake import Lake, LakeError
from formguide.schema import dtypes

DAY = date(2024, 6, 11)
SETTINGS = DaySettings()


@pytest.mark.parametrize(
    ("hits", "appearances", "state", "official", "result"),
    [
        (1, 2, "live", DAY, "hit"),
        (0, 2, "live", DAY, "open"),
        (0, 0, "preview", DAY, "open"),
        (0, 4, "final", DAY, "miss"),
        (2, 4, "final", DAY, "hit"),
        (0, 0, "final", DAY, "void"),
        (0, 0, "postponed", DAY, "void"),
        (0, 0, "cancelled", DAY, "void"),
        (1, 3, "suspended", DAY, "hit"),
        (0, 3, "suspended", DAY, "open"),
        # Put off and played under the same number on another day.
        (2, 4, "final", date(2024, 6, 12), "void"),
    ],
)
def test_what_a_batting_line_makes_of_a_pick(hits, appearances, state, official, result):
    assert result_of(BattingLine(hits, appearances, state, official), DAY) == result


def document(batting: dict[str, int] | None, plays: list[tuple[int, str, bool]]) -> dict[str, Any]:
    players = {} if batting is None else {"ID7": {"stats": {"batting": batting}}}
    return {
        "gameData": {"datetime": {"officialDate": "2024-06-11"}},
        "liveData": {
            "plays": {
                "allPlays": [
                    {
                        "matchup": {"batter": {"id": who}},
                        "about": {"isComplete": done},
                        "result": {"type": "atBat", "eventType": event},
                    }
                    for who, event, done in plays
                ]
            },
            "boxscore": {"teams": {"home": {"players": players}, "away": {"players": {}}}},
        },
    }


def test_the_box_score_has_the_last_word():
    told = document({"hits": 0, "plateAppearances": 2}, [(7, "single", True), (7, "walk", True)])
    assert batting_line(told, 7, "final") == BattingLine(0, 2, "final", DAY)


def test_without_a_line_in_the_box_score_the_plays_are_counted():
    plays = [(7, "home_run", True), (8, "single", True), (7, "walk", True), (7, "double", False)]
    assert batting_line(document({}, plays), 7, "live") == BattingLine(1, 2, "live", DAY)
    assert batting_line(document(None, []), 7, "live") == BattingLine(0, 0, "live", DAY)


def test_a_game_that_goes_on_later_counts_for_the_day_it_began():
    told = document({"hits": 1, "plateAppearances": 4}, [])
    told["gameData"]["datetime"] = {"officialDate": "2024-06-12", "resumedFromDate": "2024-06-11"}
    assert result_of(batting_line(told, 7, "final"), DAY) == "hit"


def test_something_else_is_no_document():
    with pytest.raises(ValueError, match="not a feed/live document"):
        batting_line({"message": "Object not found"}, 7, "live")


@pytest.mark.parametrize("game", [717055, 744914, 747175])
def test_real_games_give_every_batter_his_line(real_data, game):
    """Box score and plays are two sources: they agree on every batter of the real documents."""
    path = real_data("baseball") / "mlb_api" / f"feed_live_{game}.json"
    told = json.loads(path.read_text(encoding="utf-8-sig"))
    bare = {**told, "liveData": {**told["liveData"], "boxscore": {"teams": {}}}}
    batters = {play["matchup"]["batter"]["id"] for play in told["liveData"]["plays"]["allPlays"]}
    assert len(batters) >= 18
    for batter in batters:
        box, plays = (batting_line(doc, batter, "final") for doc in (told, bare))
        assert box.hits == plays.hits
        assert box.plate_appearances == plays.plate_appearances


# -- the streak --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("results", "outcome"),
    [
        (["hit"], ("hit", 1)),
        (["hit", "hit"], ("hit", 2)),
        (["hit", "void"], ("hit", 1)),
        (["void"], ("void", 0)),
        (["void", "void"], ("void", 0)),
        (["hit", "miss"], ("miss", 1)),
        (["miss", "open"], ("miss", 0)),
        (["hit", "open"], ("open", 1)),
        (["void", "miss"], ("miss", 0)),
    ],
)
def test_what_a_day_comes_to(results, outcome):
    assert day_outcome(results) == outcome


@pytest.mark.parametrize(
    ("length", "saver", "after", "outcome"),
    [
        (9, True, (0, True), "miss"),
        (10, True, (10, False), "saved"),
        (15, True, (15, False), "saved"),
        (16, True, (0, True), "miss"),
        (12, False, (0, False), "miss"),
    ],
)
def test_the_saver_takes_the_first_miss_at_ten_to_fifteen(length, saver, after, outcome):
    streak, said = after_day(Streak(length, saver, length), ["miss"], SETTINGS)
    assert ((streak.length, streak.saver), said) == (after, outcome)


def test_who_has_reached_the_goal_has_won():
    assert after_day(Streak(56, True, 56), ["hit", "hit"], SETTINGS)[0].length == 57
    assert after_day(Streak(57, False, 57), ["miss"], SETTINGS)[0].length == 57


def table(days: list[tuple[date, str, list[str]]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Locked picks and their results, from (day, model, results)."""
    picks, results = [], []
    for day, model, outcomes in days:
        for rank, result in enumerate(outcomes, 1):
            known = {
                "game_date": day,
                "model": model,
                "rank": rank,
                "season": day.year,
                "status": "locked",
                "game_pk": rank,
                "batter_id": rank,
                "p_game_hit": 0.8,
                "result": result,
            }
            picks.append(known)
            if result != "open":
                results.append(known)

    def frame(rows: list[dict[str, Any]], of: Any) -> pl.DataFrame:
        return pl.DataFrame(
            [[row.get(c) for c in dtypes(of)] for row in rows], schema=dtypes(of), orient="row"
        )

    return frame(picks, Picks), frame(results, PickResults)


result = st.sampled_from([*["hit"] * 6, "miss", "void", "open"])
outcomes = st.lists(result, min_size=1, max_size=2)


@given(st.lists(outcomes, min_size=1, max_size=90), st.integers(0, 60))
def test_the_record_equals_a_recount_by_hand(days, shuffle):
    """Every prefix counted from the start, in whatever order the rows come."""
    listed = [(DAY + timedelta(days=n), "blend", results) for n, results in enumerate(days)]
    picks, results = table(listed[shuffle % len(listed) :] + listed[: shuffle % len(listed)])
    record = streak_record(picks, results, SETTINGS)
    length, saver = 0, True
    expected = []
    for day, _, known in listed:
        if "miss" in known:
            if saver and 10 <= length <= 15:
                saver = False
            elif length < 57:
                length = 0
        elif "open" not in known and length < 57:
            length = min(57, length + known.count("hit"))
        expected.append((day, length, saver))
    assert record.select("game_date", "streak_after", "saver_after").rows() == expected


def test_seasons_and_models_are_counted_apart():
    first, next_year = DAY, date(2025, 4, 1)
    picks, results = table(
        [(first, "blend", ["hit"]), (first, "shadow", ["miss"]), (next_year, "blend", ["hit", "hit"])]
    )
    record = streak_record(picks, results, SETTINGS)
    assert standing(record, "blend", 2024) == Streak(1, True, 1)
    assert standing(record, "blend", 2025) == Streak(2, True, 2)
    assert standing(record, "shadow", 2024) == Streak(0, True, 0)
    assert standing(record, "shadow", 2025) == Streak()


def test_a_day_is_open_while_a_second_pick_may_still_be_locked():
    picks, results = table([(DAY, "blend", ["hit", "open"])])
    later = picks.with_columns(
        status=pl.when(pl.col("rank") == 2).then(pl.lit("preview")).otherwise("status")
    )
    assert streak_record(later, results, SETTINGS)["outcome"].to_list() == ["open"]
    lapsed = later.with_columns(pl.col("status").replace("preview", "lapsed"))
    assert streak_record(lapsed, results, SETTINGS)["outcome"].to_list() == ["hit"]


# -- the shadow's report, the ledger, settings and sources -----------------------------------------------


def filled(picks: pl.DataFrame) -> pl.DataFrame:
    """Picks with everything that a table of them must have."""
    numbers = ("team_id", "opponent_id", "slot", "days_left", "streak_before")
    return picks.with_columns(
        *(pl.col(c).fill_null(1) for c in numbers),
        *(pl.col(c).fill_null("x") for c in ("action", "batter", "lineup_status", "why")),
        saver=True,
        start_at=pl.lit(datetime(2024, 6, 11, 18), pl.Datetime("ms")),
    )


def test_the_shadow_report_compares_the_same_days(tmp_path):
    lake = Lake(tmp_path / "lake")
    real = [["hit"], ["miss"], ["hit"], ["void"], ["hit"]]
    shadow = [["hit"], ["hit"], ["hit"], ["hit"], ["miss"]]
    for n, (one, other) in enumerate(zip(real, shadow, strict=True)):
        day = DAY + timedelta(days=n)
        picks, results = table([(day, "blend", one), (day, "shadow", other)])
        ledger.put(lake, Picks, day, filled(picks))
        ledger.put(lake, PickResults, day, results.with_columns(game_state=pl.lit("final"), final=True))
    rows = {row["model"]: row for row in shadow_report(lake).iter_rows(named=True)}
    # The void day counts for neither.
    assert [rows[name]["days"] for name in ("blend", "shadow", "difference")] == [4, 4, 4]
    assert (rows["blend"]["hits"], rows["shadow"]["hits"], rows["difference"]["hits"]) == (3, 3, 0)
    # Differences 0, +1, 0, -1: standard deviation √(2/3), over √4.
    assert rows["difference"]["standard_error"] == pytest.approx((2 / 3) ** 0.5 / 2)
    assert rows["blend"]["brier"] == pytest.approx((3 * 0.04 + 0.64) / 4)


def test_posts_go_out_in_the_order_of_the_locks_and_answer_each_other():
    picks, results = table([(DAY, "blend", ["hit", "hit"]), (DAY, "shadow", ["miss"])])
    locked = [datetime(2024, 6, 11, 21), datetime(2024, 6, 11, 18), datetime(2024, 6, 11, 18)]
    whole = filled(picks).with_columns(pl.Series("locked_at", locked, pl.Datetime("ms")))
    settled = results.with_columns(settled_at=pl.lit(datetime(2024, 6, 11, 23), pl.Datetime("ms")))
    record = streak_record(whole, settled, SETTINGS)
    none = schema.empty(Published)
    posts = unsaid(DAY, whole, settled, record, schema.empty(DayGames), none)
    assert [(post.key, post.reply_to) for post in posts] == [
        ("pick/blend/2", None),
        ("pick/blend/1", "pick/blend/2"),
        ("result/blend/1/hit", "pick/blend/2"),
    ]
    said = [(p.game_date, p.key, p.said_at, p.message, p.reply_to, "private", None, None) for p in posts]
    published = pl.DataFrame(said, schema=dtypes(Published), orient="row")
    assert unsaid(DAY, whole, settled, record, schema.empty(DayGames), published) == []
    missed = settled.with_columns(
        result=pl.when(pl.col("rank") == 1).then(pl.lit("miss")).otherwise("result")
    )
    (correction,) = unsaid(
        DAY, whole, missed, streak_record(whole, missed, SETTINGS), schema.empty(DayGames), published
    )
    assert correction.key == "result/blend/2/miss"
    assert correction.message.startswith("Correction")


def test_a_locked_pick_cannot_be_changed_or_removed(tmp_path):
    lake = Lake(tmp_path / "lake")
    picks, _ = table([(DAY, "blend", ["open"])])
    whole = filled(picks)
    ledger.put(lake, Picks, DAY, whole)
    for other in (whole.with_columns(batter_id=pl.lit(99, pl.Int64)), whole.clear()):
        with pytest.raises(LakeError, match="cannot be changed"):
            ledger.put(lake, Picks, DAY, other)
    assert ledger.read(lake, Picks).equals(whole)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("early_lock_gap = -1", "early_lock_gap"),
        ("private = false", "private"),
        ('timezone = "Nowhere/Else"', "no time zone"),
        ("fallback_deadline_min = 50", "fallback_deadline_min"),
        ("private_mode = maybe", "day.toml"),
    ],
)
def test_wrong_settings_name_the_file_and_the_field(tmp_path, text, says):
    path = tmp_path / "day.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=says):
        DaySettings.read(path)


def test_the_morning_keeps_to_the_clock_on_the_wall_in_summer_and_winter():
    hour = SETTINGS.morning_at
    assert SETTINGS.at(date(2024, 6, 11), hour) == datetime(2024, 6, 11, 14)
    assert SETTINGS.at(date(2024, 11, 11), hour) == datetime(2024, 11, 11, 15)
    assert SETTINGS.local_date(datetime(2024, 6, 12, 3, 59)) == date(2024, 6, 11)


def test_a_folder_answers_like_the_network(tmp_path: Path, loopback: Any, reply: Any):
    schedule, feed = json.dumps({"dates": []}).encode(), json.dumps({"gamePk": 7}).encode()
    folder = tmp_path / "documents"
    (folder / "schedules").mkdir(parents=True)
    (folder / "feeds" / "2024").mkdir(parents=True)
    (folder / "schedules" / f"{DAY}.json").write_bytes(schedule)
    (folder / "feeds" / "2024" / "7.json").write_bytes(feed)
    here = FolderSource(folder)
    loopback.serve(f"/api/v1/schedule?sportId=1&date={DAY}&hydrate=probablePitcher", reply(schedule))
    loopback.serve("/api/v1.1/game/7/feed/live", reply(feed), reply(feed))
    limit = HostLimit(loopback.url.removeprefix("http://"), (Rate(1000, 1),), why="it is ours")
    there = NetworkSource(
        Fetcher(tmp_path / "cache", limits=(limit,), attempts=1, sleep=lambda _: None), loopback.url
    )
    assert here.schedule(DAY) == there.schedule(DAY) == schedule
    assert here.feed(7) == there.feed(7) == feed
    # It asks every time: the question is what has changed.
    there.feed(7)
    assert loopback.paths().count("/api/v1.1/game/7/feed/live") == 2
    for source in (here, there):
        with pytest.raises(SourceDown):
            source.feed(8)
        with pytest.raises(SourceDown):
            source.schedule(DAY + timedelta(days=1))
    (folder / "feeds" / "2024" / "9.json").write_bytes(b"{")
    with pytest.raises(SourceDown, match=r"9\.json"):
        here.feed(9)
