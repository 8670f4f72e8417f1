"""Days of the tiny league, lived through from the morning to the corrections of the week after."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from formguide.alerts import RunFailures
from formguide.baseball.day import Step, ledger, look, run_due
from formguide.baseball.day.decide import decide
from formguide.baseball.day.pick import Advice
from formguide.baseball.day.shadow import shadow_picks
from formguide.baseball.day.tables import DAY_TABLES, DayChecks, PickResults, Picks, Published
from formguide.baseball.forecast_tables import ForecastLog
from formguide.baseball.publisher import PublishError
from tests.baseball.day.conftest import Played
from tests.baseball.day.tiny import DAY, TinyGame, batter

MORNING = datetime(2024, 6, 11, 14)  # 10:00 in New York
EARLY = datetime(2024, 6, 11, 17, 5)
LATE = datetime(2024, 6, 11, 23, 5)
NIGHT = datetime(2024, 6, 12, 7)
FIRST, SECOND, THIRD = batter(11, 1), batter(33, 1), batter(22, 4)
HOURS = timedelta(hours=1)


def single(situation: Any) -> Advice:
    return Advice("single", "one is enough")


def early(**changed: Any) -> TinyGame:
    """An afternoon game of 11 against 22, in which the first batter of 11 has a hit after half an hour."""
    game = TinyGame(1, 11, 22, EARLY, EARLY - 2 * HOURS, hits=((30, FIRST),), outs=((10, FIRST), (40, THIRD)))
    return replace(game, **changed)


def late(**changed: Any) -> TinyGame:
    """A night game of 33 against 44, in which the first batter of 33 has a hit after 50 minutes."""
    return replace(TinyGame(2, 33, 44, LATE, LATE - 2 * HOURS, hits=((50, SECOND),)), **changed)


def picks_of(played: Played, model: str = "blend", day: date = DAY) -> dict[int, dict[str, Any]]:
    rows = ledger.read(played.day.lake, Picks, [day]).filter(pl.col("model") == model)
    return {row["rank"]: row for row in rows.iter_rows(named=True)}


def checks_of(played: Played, kind: str) -> list[dict[str, Any]]:
    rows = ledger.read(played.day.lake, DayChecks).filter(pl.col("kind") == kind)
    return list(rows.sort("checked_at").iter_rows(named=True))


def results_of(played: Played, day: date = DAY) -> dict[tuple[str, int], str]:
    rows = ledger.read(played.day.lake, PickResults, [day])
    return {
        (model, rank): result for model, rank, result in rows.select("model", "rank", "result").iter_rows()
    }


def record_of(played: Played, model: str = "blend") -> list[tuple[Any, ...]]:
    own = ledger.read_record(played.day.lake).filter(pl.col("model") == model)
    return own.select("game_date", "outcome", "streak_before", "streak_after").rows()


def posted(played: Played) -> list[str]:
    return [post.message for post in played.board.posts.values()]


def test_a_quiet_day(play):
    day = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.78})
    ran = day.until(NIGHT)
    assert all(r.done for r in ran)
    picks = picks_of(day)
    assert {rank: (row["batter_id"], row["status"]) for rank, row in picks.items()} == {
        1: (FIRST, "locked"),
        2: (SECOND, "locked"),
    }
    # The night game's line-up was missing in the afternoon: the first pick was locked when its time was up.
    assert picks[1]["locked_at"] == EARLY - timedelta(minutes=15)
    assert picks[2]["locked_at"] == LATE - timedelta(minutes=45)
    assert results_of(day)["blend", 1] == results_of(day)["blend", 2] == "hit"
    assert record_of(day) == [(DAY, "hit", 0, 2)]
    keys = [key for _, key in day.board.posts]
    assert keys == ["pick/blend/1", "pick/blend/2", "result/blend/1/hit"]
    assert len(day.board.attempts) == 3
    assert day.board.replies["result/blend/1/hit"] == f"at://{DAY}/pick/blend/1"
    assert "Streak: 2" in posted(day)[-1]


def test_polling_ends_with_the_last_hit_and_not_with_the_game(play):
    day = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.78})
    day.until(NIGHT)
    polls = [row["checked_at"] for row in checks_of(day, "results")]
    assert polls[0] == EARLY + timedelta(minutes=10)
    assert polls[1] == EARLY + timedelta(minutes=25)
    assert polls[-1] == LATE + timedelta(minutes=55)


def test_every_check_leaves_a_row_with_pick_decision_and_gap(play):
    day = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.6}, advise=single)
    day.until(EARLY)
    (preview,) = checks_of(day, "morning")
    assert (preview["batter_id"], preview["p_game_hit"], preview["should_lock"]) == (FIRST, 0.8, False)
    (window,) = checks_of(day, "lineups")
    assert window["checked_at"] == EARLY - timedelta(minutes=45)
    assert window["should_lock"] and window["gap"] == pytest.approx(0.2)
    assert window["lineup_status"] == "confirmed"


def test_a_small_lead_over_a_batter_without_a_line_up_is_waited_for(play):
    day = play([early(), late()], MORNING, {FIRST: 0.80, SECOND: 0.79}, advise=single)
    day.until(EARLY - timedelta(minutes=20))
    (window,) = checks_of(day, "lineups")
    assert not window["should_lock"]
    assert window["gap"] == pytest.approx(0.01)
    day.until(EARLY)
    assert picks_of(day)[1]["locked_at"] == EARLY - timedelta(minutes=15)


def test_games_that_have_begun_count_neither_as_picks_nor_as_rivals(play):
    # The best batter's game is on when the system first looks.
    day = play([early(), late()], EARLY + HOURS, {FIRST: 0.9, SECOND: 0.6}, advise=single)
    day.until(NIGHT)
    picks = picks_of(day)
    assert picks[1]["batter_id"] == SECOND
    assert picks[1]["locked_at"] == LATE - timedelta(minutes=45)
    assert all(row["candidates"] == 18 for row in checks_of(day, "lineups"))
    (lock,) = checks_of(day, "lineups")[-1:]
    assert lock["gap"] is None


def test_nothing_is_picked_once_everything_has_begun(play):
    day = play([early(), late()], LATE + HOURS, {FIRST: 0.9})
    day.until(NIGHT)
    assert picks_of(day) == {}
    assert day.board.posts == {}


def test_a_batter_who_is_left_out_of_the_line_up_is_not_picked(play):
    benched = early(nine={(11, 1): 1199})
    day = play([benched, late()], MORNING, {FIRST: 0.9, SECOND: 0.6, THIRD: 0.7}, advise=single)
    day.until(NIGHT)
    (preview,) = checks_of(day, "morning")
    assert preview["batter_id"] == FIRST
    assert picks_of(day)[1]["batter_id"] == THIRD


def test_a_batter_scratched_after_the_lock_is_void(play):
    # He stays in the document's list of players, and never bats.
    day = play([early(hits=(), outs=((40, THIRD),))], MORNING, {FIRST: 0.9}, advise=single)
    day.until(NIGHT)
    assert results_of(day)["blend", 1] == "void"
    assert record_of(day) == [(DAY, "void", 0, 0)]
    assert "Nothing changes" in posted(day)[-1]


def test_a_rained_out_game_before_the_lock_is_passed_over(play):
    rained = early(rained_out_at=EARLY - HOURS, moved_to=date(2024, 6, 12))
    day = play([rained, late()], MORNING, {FIRST: 0.9, SECOND: 0.7}, advise=single)
    day.until(NIGHT)
    assert checks_of(day, "morning")[0]["batter_id"] == FIRST
    assert picks_of(day)[1]["batter_id"] == SECOND
    assert record_of(day) == [(DAY, "hit", 0, 1)]


@pytest.mark.parametrize("moved_to", [None, date(2024, 6, 12)])
def test_a_game_rained_out_after_the_lock_changes_nothing(play, moved_to):
    rained = early(rained_out_at=EARLY, moved_to=moved_to)
    day = play([rained, late()], MORNING, {FIRST: 0.9, SECOND: 0.7}, advise=single)
    day.until(NIGHT)
    assert picks_of(day)[1]["batter_id"] == FIRST
    assert results_of(day)["blend", 1] == "void"
    assert record_of(day) == [(DAY, "void", 0, 0)]


def test_a_late_line_up_is_locked_as_it_is_when_time_is_up(play):
    day = play([early(lineups_at=EARLY - timedelta(minutes=5))], MORNING, {FIRST: 0.9}, advise=single)
    day.until(NIGHT)
    pick = picks_of(day)[1]
    assert (pick["status"], pick["lineup_status"]) == ("locked", "projected")
    assert pick["locked_at"] == EARLY - timedelta(minutes=15)
    assert "line-up not confirmed" in posted(day)[0]


def test_the_second_game_of_a_doubleheader_has_a_window_of_its_own(play):
    second_start = EARLY + 5 * HOURS
    second = TinyGame(
        3,
        11,
        22,
        second_start,
        second_start - timedelta(minutes=50),
        hits=((20, FIRST),),
        number=2,
        announced_at=EARLY + 4 * HOURS,
    )
    asks_twice = play([early(), second], MORNING, {FIRST: 0.8, THIRD: 0.6})
    asks_twice.until(NIGHT)
    picks = picks_of(asks_twice)
    # He may be picked in one of the two games, and nobody else of that game beside him.
    assert picks[1]["batter_id"] == FIRST
    assert picks[1]["game_pk"] == 1


def test_a_start_that_is_announced_late_still_gets_its_window(play):
    start = EARLY + 5 * HOURS
    second = TinyGame(
        3, 33, 44, start, start - HOURS, hits=((20, SECOND),), number=2, announced_at=EARLY + 3 * HOURS
    )
    day = play([early(), second], EARLY + HOURS, {SECOND: 0.8}, advise=single)
    day.until(NIGHT)
    assert picks_of(day)[1]["batter_id"] == SECOND
    assert picks_of(day)[1]["locked_at"] <= start - timedelta(minutes=15)


def test_a_miss_ends_the_streak(play):
    missed = early(hits=(), outs=((10, FIRST), (60, FIRST)))
    day = play([missed], MORNING, {FIRST: 0.9}, advise=single)
    ran = day.until(EARLY + HOURS)
    assert results_of(day)["blend", 1] == "open"
    assert day.board.posts.keys() == {(DAY, "pick/blend/1")}
    ran = day.until(NIGHT)
    assert all(r.done for r in ran)
    assert record_of(day) == [(DAY, "miss", 0, 0)]
    assert posted(day)[-1].startswith("❌")


def test_a_skipped_day_has_no_pick_and_leaves_the_streak_alone(play):
    day = play([early(), late()], MORNING, {FIRST: 0.9}, advise=lambda s: Advice("skip", "not today"))
    day.until(NIGHT)
    assert {row["status"] for row in picks_of(day).values()} == {"skipped"}
    assert record_of(day) == []
    assert day.board.posts == {}
    assert {row["action"] for row in checks_of(day, "lineups")} == {"skip"}


def test_a_second_pick_that_falls_away_leaves_a_single(play):
    gone = late(rained_out_at=LATE - HOURS)
    day = play([early(), gone], MORNING, {FIRST: 0.8, SECOND: 0.78})
    day.until(NIGHT + 10 * HOURS)
    assert picks_of(day)[1]["status"] == "locked"
    assert [r for r in picks_of(day).values() if r["status"] == "preview"] == []
    assert record_of(day) == [(DAY, "hit", 0, 1)]
    assert posted(day)[-1].startswith("✅")


# -- what goes wrong -------------------------------------------------------------------------------


def test_a_feed_that_is_down_for_an_hour_is_asked_again_and_nothing_is_lost(play):
    day = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.6}, advise=single)
    day.league.down = [(EARLY - timedelta(minutes=100), EARLY - timedelta(minutes=40))]
    ran = day.until(NIGHT)
    failed = [r for r in ran if not r.done]
    assert [r.step.attempt for r in failed] == [1]
    window = next(row for row in checks_of(day, "lineups") if row["outcome"] == "done")
    assert window["checked_at"] == EARLY - timedelta(minutes=40)
    assert picks_of(day)[1]["batter_id"] == FIRST
    assert record_of(day) == [(DAY, "hit", 0, 1)]


def test_a_pick_whose_time_is_up_is_locked_on_what_was_known(play):
    day = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.6}, advise=single)
    day.league.down = [(EARLY - HOURS, EARLY)]
    day.until(NIGHT)
    pick = picks_of(day)[1]
    assert (pick["batter_id"], pick["locked_at"]) == (FIRST, EARLY - timedelta(minutes=15))
    assert "going by what was known" in checks_of(day, "lineups")[-1]["says"]


def test_results_that_cannot_be_had_come_later(play):
    day = play([early()], MORNING, {FIRST: 0.8}, advise=single)
    day.league.down = [(EARLY, EARLY + HOURS)]
    ran = day.until(NIGHT)
    assert [r.step.kind for r in ran if not r.done][:1] == ["results"]
    assert record_of(day) == [(DAY, "hit", 0, 1)]
    assert [key for _, key in day.board.posts] == ["pick/blend/1", "result/blend/1/hit"]


def test_a_whole_evening_without_a_feed_is_made_up_for_by_the_reconciliation(play):
    day = play([late()], MORNING, {SECOND: 0.8}, advise=single, results_poll_interval_min=120)
    day.league.down = [(LATE, NIGHT + 20 * HOURS)]
    day.until(NIGHT + 20 * HOURS)
    assert record_of(day) == []
    day.until(NIGHT + 48 * HOURS)
    assert record_of(day) == [(DAY, "hit", 0, 1)]
    assert [key for _, key in day.board.posts] == ["pick/blend/1", "result/blend/1/hit"]


def test_somebody_is_told_once_when_a_step_keeps_failing(play):
    told: list[str] = []

    class Bell:
        def alert(self, message: str) -> None:
            told.append(message)

    day = play([early()], MORNING - 8 * HOURS, {FIRST: 0.8}, advise=single)
    day.day = replace(day.day, alarm=Bell())
    day.league.down = [(MORNING, MORNING + timedelta(minutes=50))]
    day.until(MORNING + timedelta(minutes=40))
    assert len(checks_of(day, "morning")) == 4
    assert len(told) == 1 and "3 times in a row" in told[0]
    (row,) = day.day.lake.read_table("platform", RunFailures.name).iter_rows(named=True)
    assert (row["job"], row["step"]) == ("baseball day", "morning")
    day.until(MORNING + HOURS)
    assert checks_of(day, "morning")[-1]["outcome"] == "done"


def test_an_alarm_that_fails_is_noted_and_stops_nothing(play):
    class Broken:
        def alert(self, message: str) -> None:
            raise PublishError("sendMessage: 500")

    day = play([early()], MORNING, {FIRST: 0.8}, alert_after_failures=1)
    day.day = replace(day.day, alarm=Broken())
    day.league.down = [(MORNING, MORNING + timedelta(minutes=1))]
    day.until(NIGHT)
    reasons = dict(day.day.lake.read_table("platform", RunFailures.name).select("step", "reason").rows())
    assert reasons["alert"] == "sendMessage: 500"
    assert picks_of(day)[1]["status"] == "locked"


def test_a_post_that_fails_is_tried_again_and_made_once(play):
    day = play([early()], MORNING, {FIRST: 0.8}, advise=single)
    day.board.broken = PublishError("putRecord: 502")
    day.until(EARLY)
    assert day.board.posts == {}
    assert len(day.board.attempts) > 1
    day.board.broken = None
    day.until(NIGHT)
    assert [key for _, key in day.board.posts] == ["pick/blend/1", "result/blend/1/hit"]


def test_a_model_that_breaks_during_the_day_costs_no_pick(play):
    """The pick is locked when its time is up, on the morning's forecast."""
    day = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.6}, advise=single)
    works = day.day.forecast

    def breaks(*args: Any, **kwargs: Any) -> pl.DataFrame:
        if day.clock.now > MORNING:
            raise ZeroDivisionError("no model")
        made: pl.DataFrame = works(*args, **kwargs)
        return made

    day.day = replace(day.day, forecast=breaks)
    day.until(NIGHT)
    pick = picks_of(day)[1]
    assert (pick["batter_id"], pick["locked_at"]) == (FIRST, EARLY - timedelta(minutes=15))
    reasons = day.day.lake.read_table("platform", RunFailures.name)["reason"].to_list()
    assert "ZeroDivisionError: no model" in reasons
    assert record_of(day) == [(DAY, "hit", 0, 1)]


def test_a_mistake_of_the_shadow_model_stops_neither_results_nor_posts(play):
    day = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.6}, advise=single)
    works = day.day.forecast

    def broken(*args: Any, shadow: bool = False) -> pl.DataFrame:
        if shadow:
            raise ZeroDivisionError("no model")
        made: pl.DataFrame = works(*args, shadow=shadow)
        return made

    day.day = replace(day.day, forecast=broken)
    day.until(NIGHT)
    assert [key for _, key in day.board.posts] == ["pick/blend/1", "result/blend/1/hit"]
    assert record_of(day) == [(DAY, "hit", 0, 1)]
    assert "ZeroDivisionError: no model" in checks_of(day, "shadow")[-1]["says"]


# -- twice, and stopped in the middle ------------------------------------------------------------------


def contents(played: Played) -> dict[str, pl.DataFrame]:
    """Everything the day left, but for the clock's own rows."""
    held = {t.name: ledger.read(played.day.lake, t) for t in DAY_TABLES if t is not DayChecks}
    return {**held, "record": ledger.read_record(played.day.lake)}


def test_a_restart_at_every_moment_changes_nothing(play, tmp_path):
    whole = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.78})
    whole.until(NIGHT)
    expected = contents(whole)
    again = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.78}, lake=tmp_path / "again")
    while again.clock.now < NIGHT:
        again = again.restarted()
        again.until(again.clock.now + timedelta(minutes=30))
        again.clock.now += timedelta(seconds=1)
    for name, frame in contents(again).items():
        clocks = [c for c in ("locked_at", "settled_at", "said_at") if c in frame.columns]
        assert frame.drop(clocks).equals(expected[name].drop(clocks)), name
    assert [p.key for p in again.board.attempts] == [p.key for p in whole.board.attempts]


KILLED_AT = ["note", "settle_write", "publish_row", "record", "forecast"]


@pytest.mark.parametrize("where", KILLED_AT)
def test_being_killed_between_two_writes_changes_nothing(play, tmp_path, monkeypatch, where):
    """The process dies at one place, each time once, and is started again."""
    whole = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.78})
    whole.until(NIGHT)

    class Killed(BaseException):
        """Nothing catches it, like a signal."""

    places = {
        "note": "formguide.baseball.day.decide.note",
        "settle_write": "formguide.baseball.day.settle.recount",
        "publish_row": "formguide.baseball.day.speak._row",
        "record": "formguide.baseball.day.settle.note",
        "forecast": "formguide.baseball.day.decide._write",
    }
    module, _, name = places[where].rpartition(".")
    original = getattr(__import__(module, fromlist=[name]), name)
    deaths = 0

    def dies_first(*args: Any, **kwargs: Any) -> Any:
        nonlocal deaths
        deaths += 1
        if deaths % 2:
            raise Killed
        return original(*args, **kwargs)

    monkeypatch.setattr(places[where], dies_first)
    again = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.78}, lake=tmp_path / "again")
    while again.clock.now < NIGHT:
        try:
            again.until(NIGHT)
        except Killed:
            again = again.restarted()
    assert deaths > 2
    assert contents(again).keys() == contents(whole).keys()
    for name, frame in contents(again).items():
        assert frame.equals(contents(whole)[name]), name
    assert [key for _, key in again.board.posts] == [key for _, key in whole.board.posts]


def test_doing_what_is_due_twice_does_nothing(play):
    day = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.78})
    while day.clock.now < NIGHT:
        run_due(day.day)
        before = day.day.lake.state()
        assert run_due(day.day) == []
        assert day.day.lake.state() == before
        day.clock.now += timedelta(minutes=45)


# -- later corrections -------------------------------------------------------------------------------


def test_a_hit_that_becomes_an_error_recomputes_the_streak(play):
    corrected = early(overturned_at=NIGHT + 30 * HOURS, overturned=FIRST)
    day = play([corrected], MORNING, {FIRST: 0.8}, advise=single)
    day.until(NIGHT)
    assert record_of(day) == [(DAY, "hit", 0, 1)]
    day.until(NIGHT + 72 * HOURS)
    assert record_of(day) == [(DAY, "miss", 0, 0)]
    keys = [key for _, key in day.board.posts]
    assert keys == ["pick/blend/1", "result/blend/1/hit", "result/blend/2/miss"]
    assert posted(day)[-1].startswith(f"Correction for {DAY}")
    says = [row["says"] for row in checks_of(day, "reconcile")]
    assert sum("hit → miss" in line for line in says) == 1


@pytest.mark.parametrize(("days_later", "seen"), [(8, True), (9, False)])
def test_corrections_are_looked_for_over_eight_days(play, days_later, seen):
    corrected = early(overturned_at=MORNING + days_later * 24 * HOURS - 12 * HOURS, overturned=FIRST)
    day = play([corrected], MORNING, {FIRST: 0.8}, advise=single)
    day.until(MORNING + 12 * 24 * HOURS)
    assert record_of(day) == [(DAY, "miss" if seen else "hit", 0, 0 if seen else 1)]


def test_a_final_game_is_asked_for_again_only_by_the_reconciliation(play):
    day = play([early()], MORNING, {FIRST: 0.8}, advise=single, shadow_model=False)
    day.until(MORNING + 14 * 24 * HOURS)
    over = EARLY + timedelta(minutes=180)
    asked = [at for at, what in day.league.asked if what == "feed 1" and at > over]
    assert len(asked) == 8
    assert {(at.hour, at.minute) for at in asked} == {(6, 0)}


# -- the shadow ----------------------------------------------------------------------------------------


def test_the_shadow_picks_beside_the_real_one_and_is_never_published(play):
    shadow = {SECOND: 0.9}
    day = play([early(), late()], MORNING, {FIRST: 0.8}, shadow, advise=single)
    day.until(NIGHT)
    assert picks_of(day, "shadow")[1]["batter_id"] == SECOND
    assert picks_of(day, "shadow")[1]["locked_at"] == picks_of(day)[1]["locked_at"]
    assert record_of(day, "shadow") == [(DAY, "hit", 0, 1)]
    assert all("shadow" not in key for _, key in day.board.posts)


def test_deciding_once_more_by_hand_changes_nothing_that_stands(play):
    day = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.6}, advise=single)
    day.until(EARLY)
    stands = ledger.read(day.day.lake, Picks, [DAY])
    day.clock.now = EARLY + HOURS
    look.look(day.day, DAY)
    for advise in (single, lambda s: Advice("double", "two"), lambda s: Advice("skip", "none")):
        other = replace(day.day, advise=advise)
        decide(other, Step(DAY, "lineups", day.clock.now))
        shadow_picks(other, Step(DAY, "shadow", day.clock.now))
        assert ledger.read(day.day.lake, Picks, [DAY]).equals(stands)
        day.clock.now += timedelta(minutes=1)


def test_an_early_game_is_not_missed(play):
    """A game of the small hours in New York: the night's look finds it."""
    tokyo = datetime(2024, 6, 11, 10, 10)
    game = early(start_at=tokyo, lineups_at=tokyo - 2 * HOURS)
    day = play([game], datetime(2024, 6, 11, 5), {FIRST: 0.8}, advise=single)
    day.until(NIGHT)
    assert picks_of(day)[1]["locked_at"] == tokyo - timedelta(minutes=45)
    assert record_of(day) == [(DAY, "hit", 0, 1)]


def test_without_a_shadow_model_there_is_none(play):
    day = play([early()], MORNING, {FIRST: 0.8}, shadow_model=False)
    day.until(NIGHT)
    assert picks_of(day, "shadow") == {}
    assert checks_of(day, "shadow") == []


def test_every_forecast_is_put_on_record_as_it_was_issued(play):
    day = play([early(), late()], MORNING, {FIRST: 0.8, SECOND: 0.6}, advise=single)
    day.until(NIGHT)
    log = day.day.lake.read_table("baseball", ForecastLog.name, None, ForecastLog)
    looks = {row["checked_at"] for row in [*checks_of(day, "morning"), *checks_of(day, "lineups")]}
    assert set(log["made_at"]) <= looks and len(set(log["made_at"])) > 1
    assert log["before_first_pitch"].all()
    assert log.filter(made_at=MORNING)["lineup_status"].unique().to_list() == ["projected"]


def test_published_rows_tell_what_was_said(play):
    day = play([early()], MORNING, {FIRST: 0.8}, advise=single)
    day.until(NIGHT)
    rows = ledger.read(day.day.lake, Published, [DAY]).sort("said_at")
    assert rows["post_key"].to_list() == ["pick/blend/1", "result/blend/1/hit"]
    assert rows["message"].to_list() == posted(day)
    assert rows["reply_to"].to_list() == [None, "pick/blend/1"]
