"""What is due when: windows, polls, retries, and what makes up for what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.baseball.day.plan import (
    CheckDone,
    DayView,
    GameSeen,
    PickSeen,
    due_steps,
    lineup_windows,
    next_due,
    polls,
)
from formguide.baseball.day.settings import DaySettings

DAY = date(2024, 6, 11)
SETTINGS = DaySettings()
MORNING = datetime(2024, 6, 11, 14)
NOON = datetime(2024, 6, 11, 16)
START = datetime(2024, 6, 11, 17, 5)
MINUTE = timedelta(minutes=1)
NIGHT_DONE = CheckDone("reconcile", datetime(2024, 6, 11, 6), 1, datetime(2024, 6, 11, 6), True)
MORNING_DONE = CheckDone("morning", MORNING, 1, MORNING, True)


def game(pk: int, start: datetime | None, state: str = "preview") -> GameSeen:
    return GameSeen(pk, start, state)


def view(*games: GameSeen, **changed: object) -> DayView:
    return replace(DayView(DAY, games, (NIGHT_DONE, MORNING_DONE)), **changed)  # type: ignore[arg-type]


def kinds(seen: DayView, now: datetime) -> list[str]:
    return [step.kind for step in due_steps(seen, SETTINGS, now)]


def test_the_morning_is_due_at_ten_in_new_york_and_once():
    fresh = DayView(DAY, checks=(NIGHT_DONE,))
    assert kinds(fresh, MORNING - MINUTE) == []
    assert kinds(fresh, MORNING) == ["morning"]
    assert next_due(fresh, SETTINGS, MORNING - MINUTE) == MORNING
    assert kinds(view(), MORNING + MINUTE) == []


def test_a_game_in_the_early_hours_moves_the_morning_forward():
    tokyo = datetime(2024, 6, 11, 10, 10)
    fresh = DayView(DAY, (game(1, tokyo), game(2, START)), (NIGHT_DONE,))
    assert kinds(fresh, tokyo - 91 * MINUTE) == []
    assert kinds(fresh, tokyo - 90 * MINUTE) == ["morning"]
    assert kinds(DayView(DAY, (game(1, tokyo, "postponed"),), (NIGHT_DONE,)), tokyo) == []


def test_a_morning_that_was_slept_through_is_made_up_for_until_the_day_is_over():
    fresh = DayView(DAY, checks=(NIGHT_DONE,))
    assert "morning" in kinds(fresh, MORNING + timedelta(hours=9))
    assert "morning" not in kinds(fresh, MORNING + timedelta(hours=20))


def test_a_window_opens_forty_five_minutes_before_each_start():
    seen = view(game(1, START))
    assert kinds(seen, START - 46 * MINUTE) == []
    assert kinds(seen, START - 45 * MINUTE) == ["lineups"]


def test_windows_that_open_close_together_are_one():
    starts = [START, START + 5 * MINUTE, START + 10 * MINUTE, START + 11 * MINUTE, START + 60 * MINUTE]
    windows = lineup_windows([game(i, at) for i, at in enumerate(starts)], SETTINGS)
    assert [opens for opens, _ in windows] == [START - 35 * MINUTE, START - 34 * MINUTE, START + 15 * MINUTE]
    assert [len(of) for _, of in windows] == [3, 1, 1]


@given(st.lists(st.integers(0, 900), min_size=1, max_size=15))
def test_every_game_has_a_window_late_enough_and_before_its_deadline(minutes):
    games = [game(i, START + m * MINUTE) for i, m in enumerate(minutes)]
    windows = lineup_windows(games, SETTINGS)
    covered = [start for _, starts in windows for start in starts]
    assert sorted(covered) == sorted(g.start_at for g in games if g.start_at)
    for opens, starts in windows:
        for start in starts:
            assert timedelta(minutes=35) <= start - opens <= timedelta(minutes=45)


def test_games_that_are_off_open_no_window():
    assert lineup_windows([game(1, START, "postponed"), game(2, None)], SETTINGS) == ()


def test_one_check_makes_up_for_all_windows_missed():
    games = (game(1, START), game(2, START + 60 * MINUTE), game(3, START + 120 * MINUTE))
    now = START + 80 * MINUTE
    (step,) = due_steps(view(*games), SETTINGS, now)
    assert (step.kind, step.due_at) == ("lineups", START + 75 * MINUTE)
    done = CheckDone("lineups", step.due_at, 1, now, True)
    assert kinds(view(*games, checks=(NIGHT_DONE, MORNING_DONE, done)), now) == []


def test_a_window_whose_games_have_begun_is_pointless():
    assert kinds(view(game(1, START)), START + MINUTE) == []
    assert kinds(view(game(1, START, "live")), START - 40 * MINUTE) == []


def test_an_open_pick_is_looked_at_once_more_when_its_time_is_up():
    window = CheckDone("lineups", START - 45 * MINUTE, 1, START - 45 * MINUTE, True)
    pick = PickSeen("blend", 1, "preview", "single", START)
    seen = view(game(1, START), checks=(NIGHT_DONE, MORNING_DONE, window), picks=(pick,))
    assert kinds(seen, START - 16 * MINUTE) == []
    assert next_due(seen, SETTINGS, START - 16 * MINUTE) == START - 15 * MINUTE
    assert kinds(seen, START - 15 * MINUTE) == ["lineups"]
    assert kinds(replace(seen, picks=(replace(pick, status="locked"),)), START - 15 * MINUTE) == []


def test_locked_picks_short_circuit_every_further_look():
    pick = PickSeen("blend", 1, "locked", "single", START)
    seen = view(game(1, START), game(2, START + 300 * MINUTE), picks=(pick,))
    assert "lineups" not in kinds(seen, START + 260 * MINUTE)


def test_an_unannounced_start_is_asked_about_again_and_again():
    seen = view(game(1, START, "live"), game(2, None))
    first = START + 120 * MINUTE
    assert next_due(seen, SETTINGS, START + MINUTE) == first
    done = CheckDone("lineups", first, 1, first, True)
    again = replace(seen, checks=(*seen.checks, done))
    assert next_due(again, SETTINGS, first + MINUTE) == first + 30 * MINUTE


def test_polls_start_ten_minutes_after_the_start_and_come_every_fifteen():
    assert polls(START, START + 50 * MINUTE, SETTINGS) == [START + m * MINUTE for m in (10, 25, 40, 55)]
    pick = PickSeen("blend", 1, "locked", "single", START)
    seen = view(game(1, START, "live"), picks=(pick,))
    assert kinds(seen, START + 9 * MINUTE) == []
    assert kinds(seen, START + 10 * MINUTE) == ["results"]
    done = CheckDone("results", START + 10 * MINUTE, 1, START + 10 * MINUTE, True)
    polled = replace(seen, checks=(*seen.checks, done))
    assert kinds(polled, START + 24 * MINUTE) == []
    assert kinds(polled, START + 25 * MINUTE) == ["results"]
    assert kinds(replace(polled, picks=(replace(pick, settled=True),)), START + 25 * MINUTE) == []


def test_the_earlier_of_two_picks_is_polled_for_on_its_own():
    first = PickSeen("blend", 1, "locked", "double", START + 300 * MINUTE)
    second = PickSeen("blend", 2, "locked", "double", START)
    seen = view(picks=(first, second))
    assert kinds(seen, START + 10 * MINUTE) == ["results"]


def test_polling_is_left_to_the_reconciliation_in_the_end():
    pick = PickSeen("blend", 1, "locked", "single", START)
    ends = datetime(2024, 6, 12, 9)
    assert kinds(view(picks=(pick,)), ends - MINUTE) == ["results"]
    assert kinds(view(picks=(pick,)), ends) == []


def test_a_step_that_failed_waits_longer_each_time_up_to_a_poll():
    checks: tuple[CheckDone, ...] = (NIGHT_DONE,)
    now, pauses = MORNING, []
    for attempt in range(1, 6):
        (step,) = due_steps(DayView(DAY, checks=checks), SETTINGS, now)
        assert step.attempt == attempt
        checks = (*checks, CheckDone("morning", step.due_at, attempt, now, False))
        assert due_steps(DayView(DAY, checks=checks), SETTINGS, now) == ()
        again = next_due(DayView(DAY, checks=checks), SETTINGS, now)
        assert again is not None
        pauses.append((again - now) // MINUTE)
        now = again
    assert pauses == [5, 10, 15, 15, 15]


def test_a_new_moment_is_not_kept_waiting_by_an_earlier_failure():
    failed = CheckDone("lineups", START - 45 * MINUTE, 1, START - 16 * MINUTE, False)
    pick = PickSeen("blend", 1, "preview", "single", START)
    seen = view(game(1, START), checks=(NIGHT_DONE, MORNING_DONE, failed), picks=(pick,))
    assert kinds(seen, START - 15 * MINUTE) == ["lineups"]


def test_what_is_unsaid_is_due_at_once():
    assert kinds(view(unsaid=(NOON,)), NOON) == ["publish"]
    failed = CheckDone("publish", NOON, 1, NOON, False)
    seen = view(unsaid=(NOON,), checks=(NIGHT_DONE, MORNING_DONE, failed))
    assert kinds(seen, NOON + 4 * MINUTE) == []
    assert kinds(seen, NOON + 5 * MINUTE) == ["publish"]


def test_the_shadow_comes_after_the_first_lock_and_once():
    look = CheckDone("lineups", NOON, 1, NOON, True)
    pick = PickSeen("blend", 1, "locked", "single", START)
    seen = view(checks=(NIGHT_DONE, MORNING_DONE, look), picks=(pick,), shadow_wanted=True)
    assert kinds(seen, NOON) == ["shadow"]
    assert kinds(replace(seen, shadow_wanted=False), NOON) == []
    assert kinds(replace(seen, picks=(replace(pick, status="preview"),)), NOON) == []


def test_the_night_before_comes_first():
    fresh = DayView(DAY, gather_wanted=True)
    assert kinds(fresh, MORNING) == ["reconcile", "gather", "morning"]
    assert kinds(replace(fresh, gather_wanted=False), MORNING) == ["reconcile", "morning"]


@given(
    st.lists(st.tuples(st.integers(-300, 600), st.sampled_from(["preview", "live", "final", "postponed"]))),
    st.integers(-180, 1500),
)
def test_nothing_due_now_means_something_later_or_nothing_at_all(minutes, at):
    """The next moment is always ahead, and at it something is due that was not before."""
    seen = view(*(game(i, START + m * MINUTE, state) for i, (m, state) in enumerate(minutes)))
    now = START + at * MINUTE
    following = next_due(seen, SETTINGS, now)
    if following is not None:
        assert following > now
        assert due_steps(seen, SETTINGS, following)


@pytest.mark.parametrize("kind", ["morning", "lineups", "results", "publish", "reconcile"])
def test_step_keys_tell_day_kind_moment_and_attempt(kind):
    steps = due_steps(DayView(DAY), SETTINGS, MORNING)
    assert len({step.key for step in steps}) == len(steps)
    assert all(str(DAY) in step.key and step.kind in step.key for step in steps)
