"""`formguide streak` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from formguide.baseball.forecast_tables import BacktestForecasts
from formguide.baseball.streak.made_up import made_up_profiles
from formguide.baseball.streak.policy_file import read_policy
from formguide.baseball.streak.strategies import STRATEGIES
from formguide.cli.base import CommandError
from formguide.cli.streak import streak_app
from formguide.lake import Lake
from tests.baseball.streak.conftest import as_backtest


def ask(*words: object, lake: Path) -> str:
    """What the command says; its errors are raised."""
    found = CliRunner().invoke(streak_app, [*map(str, words), "--lake", str(lake)], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def rows(*words: object, lake: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ask(*words, "--json", lake=lake).splitlines()]


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    """A lake with a backtest of two seasons, and the policy that comes of it."""
    place: Path = tmp_path_factory.mktemp("streak") / "lake"
    made = Lake(place)
    backtest = as_backtest(made_up_profiles(2, 2).drop("rank"))
    for (season,), part in backtest.partition_by("season", as_dict=True).items():
        made.write_table("baseball", "backtest_forecasts", str(season), part, BacktestForecasts, "made up")
    said = ask("solve", "--save-policy", "--output", place.parent / "policy.npz", lake=place)
    assert "103,740 states" in said and "kept in the lake" in said
    return place


@pytest.fixture
def no_policy(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def test_solve_writes_the_policy_that_it_keeps(lake):
    file = read_policy((lake.parent / "policy.npz").read_bytes())
    kept = read_policy(Lake(lake).read_bytes("baseball", "streak_policy", None)["policy.npz"])
    assert (file.actions == kept.actions).all()


def test_advice_for_a_day(lake):
    said = ask("advise", "--streak", 12, "--days-left", 40, "--saver", "--p", 0.78, lake=lake)
    assert "A streak of 12, 40 days left, with the saver" in said
    for word in ("skip", "single", "double", "saver catches a miss"):
        assert word in said
    (row,) = rows("advise", "--streak", 12, "--days-left", 40, "--p", 0.78, lake=lake)
    assert row["action"] == max(row["values"], key=row["values"].get)
    (same,) = rows("advise", "--streak", 12, "--days-left", 40, "--bin", row["quality"], lake=lake)
    assert same == row


def test_advice_for_every_kind_of_day(lake):
    every = rows("advise", "--streak", 12, "--days-left", 40, "--no-saver", lake=lake)
    assert [row["quality"] for row in every] == [1, 2, 3, 4, 5]
    said = ask("advise", "--streak", 12, "--days-left", 40, "--no-saver", lake=lake)
    assert said.count("Today is bin") == 5
    assert "without the saver" in said


def test_exact_chances(lake):
    found = {row["strategy"]: row["p_goal"] for row in rows("exact", lake=lake)}
    assert set(found) == {"optimal", *STRATEGIES}
    assert max(found, key=lambda name: found[name]) == "optimal"
    assert rows("exact", "clock-aware", lake=lake)[0]["p_goal"] == found["clock-aware"]
    later = rows("exact", "optimal", "--streak", 50, "--days-left", 30, lake=lake)[0]["p_goal"]
    assert later > 100 * found["optimal"]
    assert rows("exact", "optimal", "--streak", 57, "--days-left", 0, lake=lake)[0]["p_goal"] == 1
    assert rows("exact", "optimal", "--days-left", 0, lake=lake)[0]["p_goal"] == 0
    assert "one batter every day" in ask("exact", "always-single", lake=lake)


@pytest.mark.parametrize("where", ["--real-days", "--bins-only"])
def test_simulation_says_how_far_off_it_is(lake, where):
    (row,) = rows("simulate", "always-double", "--n", 5000, where, lake=lake)
    assert abs(row["p_goal"] - row["exactly"]) < 5 * row["standard_error"]
    assert row["batters_named"] == pytest.approx(364, abs=2)
    assert row["median_longest"] <= row["longest_1_in_100"] <= 57


def test_comparison(lake):
    (row,) = rows("compare", "optimal", "optimal:bins=1:late_days=0", "--draws", 30, lake=lake)
    assert row["comparable"] is False
    assert row["difference"] == pytest.approx(row["same_days"][0] - row["same_days"][1])
    assert row["low"] <= row["high"]
    said = ask("compare", "optimal", "optimal", "--draws", 30, lake=lake)
    assert "come to the same" in said and "the same bins" in said


def test_thresholds(lake):
    found = rows("thresholds", "--days-left", 40, "--days-left", 20, lake=lake)
    assert {row["days_left"] for row in found} == {40, 20}
    said = ask("thresholds", lake=lake)
    assert "every day" in said and "never" in said


def test_the_honest_chance(lake):
    found = rows("p57", "--draws", 30, "--what-if", lake=lake)
    by_name = {row["strategy"]: row for row in found if "strategy" in row}
    assert set(by_name) == {"optimal", *STRATEGIES}
    assert by_name["optimal"]["held_out_low"] <= by_name["optimal"]["held_out"]
    assert by_name["optimal"]["calibrated"] <= by_name["optimal"]["calibrated_high"]
    changes = {(row["basis"], row["name"]) for row in found if "basis" in row}
    assert ("as forecast", "spread x 2") in changes and ("held out", "no skips") in changes
    assert ("calibrated", "10 bins") in changes
    said = ask("p57", "--draws", 30, lake=lake)
    assert "calibrated" in said and "2001, 2002" in said


def test_without_a_policy_it_says_how_to_make_one(no_policy):
    with pytest.raises(CommandError, match="formguide streak solve --save-policy"):
        ask("advise", "--streak", 3, "--days-left", 40, lake=no_policy)
    with pytest.raises(CommandError, match="formguide backtest baseball"):
        ask("solve", lake=no_policy)


def test_a_damaged_policy_is_one_line(lake, tmp_path):
    other = Lake(tmp_path / "lake")
    other.write_bytes("baseball", "streak_policy", None, {"policy.npz": b"junk"}, "test")
    with pytest.raises(CommandError, match="not a streak policy"):
        ask("thresholds", lake=tmp_path / "lake")


def test_one_season_only(lake):
    found = rows("p57", "--draws", 20, "--seasons", "2001", lake=lake)
    assert len(found) == 1 + len(STRATEGIES)
    both, all_there_is = (rows("exact", "optimal", *s, lake=lake) for s in (["--seasons", 2001, 2002], []))
    assert both == all_there_is != rows("exact", "optimal", "--seasons", 2002, lake=lake)
    with pytest.raises(CommandError, match="2031"):
        ask("exact", "--seasons", "2031", lake=lake)


@pytest.mark.parametrize(
    "words",
    [
        ["exact", "hope"],
        ["compare", "optimal", "optimal:gold=1"],
        ["compare", "optimal", "optimal:bins=many"],
        ["compare", "optimal", "optimal:bins=0"],
        ["advise", "--streak", "3", "--days-left", "40", "--p", "0.7", "--bin", "2"],
        ["advise", "--streak", "3", "--days-left", "40", "--bin", "9"],
        ["thresholds", "--days-left", "4000"],
        ["simulate", "--seasons", "then"],
    ],
    ids=" ".join,
)
def test_a_wrong_question_is_exit_code_2_and_one_line(formguide, lake, words):
    said = formguide("streak", *words, "--lake", lake)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("formguide: ") and said.err.count("\n") == 1


def test_a_failure_is_exit_code_1_and_one_line_that_says_what_to_do(formguide, no_policy):
    said = formguide("streak", "advise", "--streak", 3, "--days-left", 40, "--lake", no_policy)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "formguide: the lake has no streak policy: make one with formguide streak solve --save-policy\n"
    )


def test_help_is_for_people(formguide):
    said = formguide("streak", "--help")
    assert said.code == 0
    for command in ("advise", "solve", "exact", "simulate", "compare", "thresholds", "p57"):
        assert command in said.out
        assert len(formguide("streak", command, "--help").out) > 200
