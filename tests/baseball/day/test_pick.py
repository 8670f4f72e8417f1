"""Whom to pick, what the policy is asked, and when to stop waiting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from formguide.baseball import streak
from formguide.baseball.day.lock import should_lock
from formguide.baseball.day.pick import Advice, Situation, by_thresholds, candidates, choose
from formguide.baseball.day.policy import by_policy, policy_of
from formguide.baseball.day.settings import DaySettings, SettingsError
from formguide.baseball.day.tables import DayGames
from formguide.baseball.streak.made_up import made_up_profiles
from formguide.lake import Lake
from formguide.schema import dtypes
from tests.baseball.day.tiny import DAY, forecasts

NOW = datetime(2024, 6, 11, 16)
START = datetime(2024, 6, 11, 18)
SETTINGS = DaySettings(early_lock_gap=0.03)
Entry = tuple[int, int, float, str]


def games(*rows: tuple[int, datetime | None, str]) -> pl.DataFrame:
    values = {
        "season": 2024,
        "game_date": DAY,
        "source": "feed",
        "fingerprint": "f",
        "game_number": 1,
        "doubleheader": False,
        "scheduled_innings": 9,
        "home_team_id": 1,
        "away_team_id": 2,
        "home_team": "H",
        "away_team": "A",
        "venue": "V",
    }
    return pl.DataFrame(
        [
            [{**values, "game_pk": pk, "start_at": at, "state": state}.get(name) for name in dtypes(DayGames)]
            for pk, at, state in rows
        ],
        schema=dtypes(DayGames),
        orient="row",
    )


def pool(*rows: Entry, now: datetime = NOW) -> pl.DataFrame:
    """Candidates of games that all start at START."""
    return candidates(
        forecasts(rows, START), games(*((pk, START, "preview") for pk in {row[0] for row in rows})), now
    )


def asked(first: float, second: float | None) -> Situation:
    return Situation(DAY, 0, 100, True, first, second)


def always(action: Any) -> Any:
    return lambda situation: Advice(action, "because")


@pytest.mark.parametrize("state", ["live", "final", "postponed", "suspended", "cancelled"])
def test_only_games_to_come_count(state):
    rows = [(1, 101, 0.9, "confirmed"), (2, 201, 0.6, "confirmed")]
    found = candidates(forecasts(rows, START), games((1, START, state), (2, START, "preview")), NOW)
    assert found["batter_id"].to_list() == [201]


def test_a_game_past_its_start_counts_no_more_even_if_it_is_late_to_begin():
    rows = [(1, 101, 0.9, "confirmed"), (2, 201, 0.6, "confirmed"), (3, 301, 0.5, "confirmed")]
    known = games((1, NOW, "preview"), (2, NOW + timedelta(seconds=1), "preview"), (3, None, "preview"))
    assert candidates(forecasts(rows, START), known, NOW)["batter_id"].to_list() == [201]


def test_the_start_is_the_one_known_now_not_the_one_of_the_forecast():
    moved = START + timedelta(hours=2)
    found = candidates(forecasts([(1, 101, 0.9, "confirmed")], START), games((1, moved, "preview")), NOW)
    assert found["start_at"].to_list() == [moved]


def test_the_second_pick_is_of_another_game():
    choice = choose(
        pool((1, 101, 0.9, "confirmed"), (1, 102, 0.89, "confirmed"), (2, 201, 0.7, "confirmed")),
        always("double"),
        asked,
    )
    assert choice.first and choice.second
    assert (choice.first["batter_id"], choice.second["batter_id"]) == (101, 201)


def test_nobody_is_picked_twice_in_a_doubleheader():
    choice = choose(
        pool((1, 101, 0.9, "confirmed"), (2, 101, 0.88, "confirmed"), (2, 201, 0.7, "confirmed")),
        always("double"),
        asked,
    )
    assert choice.second and choice.second["batter_id"] == 201


def test_without_a_second_game_a_double_is_a_single():
    choice = choose(pool((1, 101, 0.9, "confirmed"), (1, 102, 0.8, "confirmed")), always("double"), asked)
    assert (choice.advice.action, choice.second) == ("single", None)


def test_the_policy_is_asked_with_both_probabilities():
    seen: list[tuple[float, float | None]] = []

    def notes(first: float, second: float | None) -> Situation:
        seen.append((first, second))
        return asked(first, second)

    choose(pool((1, 101, 0.9, "confirmed"), (2, 201, 0.7, "confirmed")), always("single"), notes)
    assert seen == [(0.9, 0.7)]


def test_a_locked_pick_keeps_its_place_and_its_game_is_closed_to_the_other():
    all_of = pool((1, 101, 0.9, "confirmed"), (2, 201, 0.7, "confirmed"), (3, 301, 0.6, "confirmed"))
    locked = {2: {"game_pk": 1, "batter_id": 102, "p_game_hit": 0.65}}
    choice = choose(all_of, always("double"), asked, locked)
    assert choice.first and choice.first["batter_id"] == 201
    assert choice.second == locked[2]
    single = choose(all_of, always("single"), asked, locked)
    assert (single.first, single.second) == (None, locked[2])
    alone = choose(all_of, always("skip"), asked, {1: {"game_pk": 2, "batter_id": 201, "p_game_hit": 0.7}})
    assert alone.advice.action == "single"


def test_nobody_left_is_a_day_to_skip():
    choice = choose(pool(), always("double"), asked)
    assert (choice.advice.action, choice.first, choice.second) == ("skip", None, None)


@pytest.mark.parametrize(
    ("streak", "first", "second", "action"),
    [
        (0, 0.60, 0.60, "single"),
        (0, 0.75, 0.74, "double"),
        (12, 0.69, 0.69, "skip"),
        (12, 0.72, 0.70, "single"),
        (20, 0.80, 0.78, "double"),
        (50, 0.85, 0.85, "single"),
        (50, 0.77, 0.76, "skip"),
        (0, 0.80, None, "single"),
    ],
)
def test_thresholds_get_stricter_with_the_streak(streak, first, second, action):
    assert by_thresholds(Situation(DAY, streak, 50, True, first, second)).action == action


# -- the lock ----------------------------------------------------------------------------------------


def decide(*rows: Entry, picked: int = 1, minutes: float = 45, settings: DaySettings = SETTINGS) -> Any:
    """The decision on the best of some batters, so many minutes before all games start."""
    now = START - timedelta(minutes=minutes)
    known = pool(*rows, now=now if minutes > 0 else NOW)
    chosen = known.head(picked).to_dicts()
    return should_lock(chosen[0], chosen, known, settings, now)


def test_a_confirmed_pick_well_ahead_is_locked():
    decision = decide((1, 101, 0.80, "confirmed"), (2, 201, 0.76, "projected"))
    assert decision.lock and decision.gap == pytest.approx(0.04)


def test_the_gap_that_is_asked_for_is_enough():
    exactly = DaySettings(early_lock_gap=0.25)
    assert decide((1, 101, 0.75, "confirmed"), (2, 201, 0.5, "projected"), settings=exactly).lock


def test_a_small_gap_is_waited_out():
    decision = decide((1, 101, 0.80, "confirmed"), (2, 201, 0.79, "projected"))
    assert not decision.lock and decision.gap == pytest.approx(0.01)


def test_confirmed_rivals_do_not_matter():
    decision = decide((1, 101, 0.80, "confirmed"), (2, 201, 0.799, "confirmed"))
    assert decision.lock and decision.gap is None


def test_an_unconfirmed_pick_is_not_locked_early():
    assert not decide((1, 101, 0.90, "projected"), (2, 201, 0.6, "projected")).lock


def test_a_double_waits_for_both_line_ups():
    rows = [(1, 101, 0.90, "confirmed"), (2, 201, 0.8, "projected"), (3, 301, 0.5, "projected")]
    assert not decide(*rows, picked=2).lock
    assert decide(*rows, picked=1).lock


def test_the_pick_beside_him_is_no_rival():
    rows = [(1, 101, 0.80, "confirmed"), (2, 201, 0.79, "confirmed"), (3, 301, 0.70, "projected")]
    decision = decide(*rows, picked=2)
    assert decision.lock and decision.gap == pytest.approx(0.10)


@pytest.mark.parametrize(("minutes", "lock"), [(16, False), (15, True), (1, True), (0, False), (-5, False)])
def test_time_is_up_fifteen_minutes_before_the_first_pitch_and_never_after_it(minutes, lock):
    assert decide((1, 101, 0.80, "projected"), (2, 201, 0.79, "projected"), minutes=minutes).lock == lock


chance = st.floats(0.3, 0.9).map(lambda p: round(p, 3))
entry = st.tuples(st.integers(1, 4), st.integers(1, 20), chance, st.sampled_from(["confirmed", "projected"]))


@given(st.lists(entry, min_size=1, max_size=12, unique_by=lambda e: (e[0], e[1])), st.floats(16, 300))
def test_locking_early_is_never_regretted_by_more_than_the_gap(rows, minutes):
    """Whoever is confirmed later cannot be better by what was forecast, if the gap held."""
    decision = decide(*rows, minutes=minutes)
    best = max(rows, key=lambda row: row[2])[2]
    rivals = [row[2] for row in rows if row[3] == "projected"]
    if decision.lock and rivals and decision.gap is not None:
        assert best - max(rivals) >= SETTINGS.early_lock_gap - 1e-9 or decision.gap >= SETTINGS.early_lock_gap


# -- the policy --------------------------------------------------------------------------------------


def test_a_policy_is_asked_in_its_own_words_and_read_from_where_it_lies(tmp_path):
    lake = Lake(UPath(tmp_path / "lake"))
    assert policy_of(lake, DaySettings()) is by_thresholds
    bins = streak.quality_bins(streak.paired_days(made_up_profiles(seasons=1)), 3)
    policy = streak.strategy_policy("always-double", bins, days=100)
    advise = by_policy(policy)
    assert advise(Situation(DAY, 5, 50, True, 0.8, 0.7)).action == "double"
    assert advise(Situation(DAY, 5, 50, True, 0.8, None)).action != "double"
    assert advise(Situation(DAY, 57, 50, True, 0.8, 0.7)).action == "skip"
    file = tmp_path / "policy.npz"
    file.write_bytes(streak.policy_bytes(policy))
    named = policy_of(lake, DaySettings(policy_file=file))
    assert named(Situation(DAY, 5, 50, True, 0.8, 0.7)).action == "double"
    lake.write_bytes("baseball", "streak_policy", None, {"policy.npz": streak.policy_bytes(policy)}, "made")
    assert policy_of(lake, DaySettings())(Situation(DAY, 5, 50, True, 0.8, 0.7)).action == "double"
    file.write_bytes(b"no policy")
    with pytest.raises(SettingsError, match="policy_file"):
        policy_of(lake, DaySettings(policy_file=file))
