"""Advice, thresholds, strategies by name and the policy file."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from formguide.baseball.streak import (
    DOUBLE,
    SINGLE,
    SKIP,
    STRATEGIES,
    PolicyFileError,
    advise,
    exact,
    mdp,
    policy_bytes,
    quality_bins,
    read_policy,
    strategy_policy,
    thresholds,
)


@pytest.fixture(scope="module")
def policy(days):
    return mdp.solve(quality_bins(days, shrink_dates=400))


# -- advice ----------------------------------------------------------------------------------------


def test_the_value_of_each_action_is_what_playing_on_comes_to(policy):
    for streak, left, saver, quality in (
        (12, 40, True, 2),
        (12, 40, False, 2),
        (0, 182, True, 0),
        (55, 9, False, 4),
    ):
        said = advise(policy, streak, left, saver, quality)
        after = {
            "skip": exact.evaluate(policy, days_left=left - 1, streak=streak, saver=saver).p_goal,
        }
        phase = policy.bins.phase(left)
        for name, step, rates in (("single", 1, policy.bins.p_hit), ("double", 2, policy.bins.p_both)):
            hit = policy.rules.after(streak, saver, step, True)
            miss = policy.rules.after(streak, saver, step, False)
            chances = [
                exact.evaluate(policy, days_left=left - 1, streak=s, saver=v).p_goal for s, v in (hit, miss)
            ]
            p = rates[phase, quality]
            after[name] = p * chances[0] + (1 - p) * chances[1]
        assert said.values == pytest.approx(after, rel=1e-10)
        assert said.action == max(after, key=lambda name: after[name])
        assert said.before == pytest.approx(
            exact.evaluate(policy, days_left=left, streak=streak, saver=saver).p_goal
        )


def test_a_chance_is_put_into_its_bin(policy):
    edges = policy.bins.edges[1]
    said = advise(policy, 25, 20, True, p=float(edges[1]))
    assert (said.quality, said.phase) == (2, "late")
    assert said == advise(policy, 25, 20, True, quality=2)
    assert f"bin 3 of {policy.bins.count}" in said.why


def test_without_a_second_game_nobody_doubles(policy):
    with_two = advise(policy, 0, 182, True, quality=4)
    assert with_two.action == "double"
    alone = advise(policy, 0, 182, True, quality=4, second=False)
    assert alone.action in ("skip", "single")
    assert set(alone.values) == {"skip", "single"}
    best = max(alone.values.values())
    assert alone.values[alone.action] == best


def test_more_days_than_the_policy_knows(policy):
    said = advise(policy, 3, 187, True, quality=2)
    assert said.action == advise(policy, 3, 182, True, quality=2).action
    assert "made for 182 days" in said.why


def test_why_speaks_of_what_is_at_stake(policy):
    assert "cannot be done" in advise(policy, 0, 5, True, quality=4).why
    assert advise(policy, 0, 5, True, quality=4).action == "skip"
    assert "saver catches" in advise(policy, 12, 100, True, quality=4).why
    assert "costs nothing" in advise(policy, 0, 100, True, quality=4).why
    high = advise(policy, 50, 60, False, quality=0)
    assert high.action == "skip" and "better days" in high.why


@pytest.mark.parametrize(
    "question",
    [
        {"streak": 57, "quality": 1},
        {"streak": -1, "quality": 1},
        {"days_left": 0, "quality": 1},
        {"quality": 5},
        {"quality": -1},
        {"quality": 1, "p": 0.7},
        {},
        {"p": 1.2},
    ],
)
def test_questions_that_mean_nothing(policy, question):
    with pytest.raises(ValueError):
        advise(policy, **{"streak": 3, "days_left": 40, "saver": True, **question})


# -- thresholds ------------------------------------------------------------------------------------


def test_thresholds_say_what_the_policy_does(policy):
    table = thresholds(policy, (182, 100, 20))
    seen = set()
    for row in table.iter_rows(named=True):
        for streak in range(row["streak_from"], row["streak_to"] + 1):
            seen.add((row["days_left"], row["saver"], streak))
            done = policy.actions[row["days_left"] - 1, int(row["saver"]), streak]
            assert row["actions"] == "".join(map(str, done))
            if row["in_order"]:
                for action, name in ((SINGLE, "play_from"), (DOUBLE, "double_from")):
                    least = row[name]
                    for b in range(policy.bins.count):
                        low = policy.bins.edges[policy.bins.phase(row["days_left"]), b - 1] if b else 0.0
                        assert (done[b] >= action) == (least is not None and low >= least)
    # Every streak from which 57 can still be reached, once each.
    assert seen == {
        (left, saver, streak)
        for left in (182, 100, 20)
        for saver in (True, False)
        for streak in range(max(0, 57 - 2 * left), 57)
    }


def test_days_that_the_policy_does_not_know_have_no_thresholds(policy):
    assert thresholds(policy, (500,)).is_empty()


# -- strategies ------------------------------------------------------------------------------------

AT = {  # strategy: (streak, days left): what it does from the worst of five bins to the best
    "always-single": {(0, 182): "11111", (56, 1): "11111"},
    "always-double": {(0, 182): "22222", (56, 1): "22222"},
    "skip-bad-days": {(0, 182): "00111", (50, 20): "00111"},
    "double-good-days": {(0, 182): "11122", (50, 20): "11122"},
    "sprint-then-careful": {(29, 100): "22222", (30, 100): "00111"},
    "streak-aware": {
        (9, 100): "22222", (10, 100): "11222", (29, 100): "11222", (30, 100): "00122", (45, 100): "00122",
        (46, 100): "00011",
    },
    "clock-aware": {
        (0, 71): "22222", (0, 72): "11222", (7, 100): "11222", (8, 100): "11111", (27, 100): "11111",
        (28, 100): "00011",
    },
}  # fmt: skip


def test_the_seven_are_the_seven():
    assert list(AT) == list(STRATEGIES)


@pytest.mark.parametrize("name", AT)
def test_strategies_do_what_they_say(policy, name):
    played = strategy_policy(name, policy.bins)
    for (streak, left), actions in AT[name].items():
        for saver in (0, 1):
            assert "".join(map(str, played.actions[left - 1, saver, streak])) == actions, (streak, left)


def test_a_strategy_over_one_bin_takes_every_day_for_a_middling_one(days):
    one = quality_bins(days, 1)
    assert (strategy_policy("skip-bad-days", one).actions == SINGLE).all()
    assert (strategy_policy("double-good-days", one).actions == SINGLE).all()
    with pytest.raises(KeyError):
        strategy_policy("hope", one)


# -- the file --------------------------------------------------------------------------------------


def test_a_policy_comes_back_as_it_was(policy, days):
    for one in (policy, strategy_policy("clock-aware", quality_bins(days, 7), 90)):
        data = policy_bytes(one)
        back = read_policy(data)
        assert (back.name, back.rules, back.bins.late_days) == (one.name, one.rules, one.bins.late_days)
        assert (back.actions == one.actions).all() and back.actions.dtype == np.int8
        assert (back.value == one.value).all()
        assert policy_bytes(back) == data


def test_the_file_is_small_and_plain(policy):
    data = policy_bytes(policy)
    assert len(data) < 10_000
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert all(name.endswith(".npy") for name in archive.namelist())
        assert json.loads(np.load(archive.open("about.npy"), allow_pickle=False).tobytes())["version"] == 1


def with_arrays(data: bytes, **changed: np.ndarray) -> bytes:
    with np.load(io.BytesIO(data)) as archive:
        arrays = {**archive, **changed}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def about(**changed: object) -> np.ndarray:
    text = {
        "format": "formguide-streak-policy",
        "version": 1,
        "name": "x",
        "rules": {"goal": 57, "saver_from": 10, "saver_to": 15},
        "late_days": 30,
        **changed,
    }
    return np.frombuffer(json.dumps(text).encode(), np.uint8)


class Trap:
    """Unpickled, it leaves a file behind."""

    def __reduce__(self):
        return open, ("trap-was-sprung", "w")


def test_files_that_are_no_policy(policy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    good = policy_bytes(policy)
    trap = np.empty(1, object)
    trap[0] = Trap()
    bad = {
        "not a zip": b"hello",
        "nothing": b"",
        "cut off": good[:-300],
        "a pickle": b"(dp0\nVactions\np1\nI1\ns.",
        "a pickle inside": with_arrays(good, edges=trap),
        "another format": with_arrays(good, about=about(format="x")),
        "version 2": with_arrays(good, about=about(version=2)),
        "no JSON": with_arrays(good, about=np.zeros(3, np.uint8)),
        "no rules": with_arrays(good, about=about(rules={"gaol": 57})),
        "another goal": with_arrays(good, about=about(rules={"goal": 50, "saver_from": 10, "saver_to": 15})),
        "words cut": with_arrays(good, words=policy.words[:, :, 1:]),
        "no days": with_arrays(good, words=policy.words[:0]),
        "action 3": with_arrays(good, words=policy.words | np.int16(3)),
        "share 2": with_arrays(good, share=policy.bins.share * 2),
        "chance 1.5": with_arrays(good, p_hit=policy.bins.p_hit * 2),
        "nan": with_arrays(good, p_both=policy.bins.p_both * np.nan),
        "edges down": with_arrays(good, edges=policy.bins.edges[:, ::-1]),
        "bins missing": with_arrays(good, p_hit=policy.bins.p_hit[:, :3]),
        "text": with_arrays(good, share=np.full((2, 5), "x")),
        "too large": with_arrays(good, words=np.zeros((40_000, 8, 120), np.int16)),
    }
    for what, data in bad.items():
        with pytest.raises(PolicyFileError) as error:
            read_policy(data)
        assert "\n" not in str(error.value), what
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(PolicyFileError, match="when unpacked"):
        read_policy(bad["too large"])


def test_a_policy_with_its_rules_changed_is_another_policy(policy):
    assert policy_bytes(replace(policy, name="mine")) != policy_bytes(policy)
    assert read_policy(policy_bytes(replace(policy, name="mine"))).name == "mine"


def test_out_of_reach_is_a_day_off(policy):
    assert (policy.actions[0, :, :55] == SKIP).all()
