"""The streak's solver, evaluator and audit beside what one would otherwise write.

    python -m bench.streak

One season has 103,740 states: 57 streaks, 182 days left, with and without the saver, 5 bins. Four other ways
to the same policy: NumPy a day at a time as one would write it (stack the three actions, argmax, max, times
the shares), NumPy tuned for this comparison (no temporaries that can be had for less, gains over a miss
instead of values), the recursion in plain Python state by state as it reads, and plain Python loops with
everything taken out of the inner loop that can be. Then: forward equals backward, simulation equals both
within its error, and an audit of 3,200 problems, each solved and its policy evaluated.
"""

from __future__ import annotations

import time
from typing import Any

from bench._timing import check, duration, interleaved  # isort: skip  (one thread, set before NumPy starts)

import numpy as np

from formguide.baseball.streak import _kernels, exact, mdp, seasons
from formguide.baseball.streak._kernels import PAD
from formguide.baseball.streak.bins import Bins, quality_bins, rates_on
from formguide.baseball.streak.made_up import made_up_profiles
from formguide.baseball.streak.profiles import Days, paired_days
from formguide.baseball.streak.rules import DAYS, LATE_DAYS, Rules, phases_by_day
from formguide.baseball.streak.strategies import STRATEGIES, strategy_policy

GOAL, FROM, TO = 57, 10, 15
SEEDS, VARIANTS = 100, 32
REPEAT = 20
"""Ours is called so often per timing: once is too short to be timed."""

Solved = tuple[np.ndarray, np.ndarray]
"""Actions (days, 2, goal, bins) and values (days + 1, 2, goal + 1)."""


def numpy_days(bins: Bins) -> Solved:
    """Day by day, all streaks, savers and bins at once, as one would write it."""
    value = np.zeros((DAYS + 1, 2, GOAL + 2))
    value[:, :, GOAL:] = 1
    actions = np.empty((DAYS, 2, GOAL, bins.count), np.int8)
    streak = np.arange(GOAL)
    saved = (streak >= FROM) & (streak <= TO)
    for left in range(1, DAYS + 1):
        phase = int(left <= LATE_DAYS)
        later = value[left - 1]
        miss = np.stack([np.full(GOAL, later[0, 0]), np.where(saved, later[0, :GOAL], later[1, 0])])[
            ..., None
        ]
        stay = np.broadcast_to(later[:, :GOAL, None], (2, GOAL, bins.count))
        one = miss + bins.p_hit[phase] * (later[:, 1 : GOAL + 1, None] - miss)
        two = miss + bins.p_both[phase] * (later[:, 2 : GOAL + 2, None] - miss)
        choices = np.stack([stay, one, two])
        actions[left - 1] = choices.argmax(axis=0)
        value[left, :, :GOAL] = choices.max(axis=0) @ bins.share[phase]
    return actions, value[:, :, : GOAL + 1]


def numpy_tuned(bins: Bins) -> Solved:
    """The same with as little work per day as NumPy allows; bins before streaks, so that rows are long."""
    value = np.zeros((DAYS + 1, 2, GOAL + 2))
    value[:, :, GOAL:] = 1
    actions = np.empty((DAYS, 2, bins.count, GOAL), np.int8)
    miss = np.empty((2, GOAL))
    rates = [
        tuple(column[phase][:, None] for column in (bins.share, bins.p_hit, bins.p_both)) for phase in (0, 1)
    ]
    for left in range(1, DAYS + 1):
        share, hit, both = rates[left <= LATE_DAYS]
        later = value[left - 1]
        miss[:] = later[:, :1]
        miss[1, FROM : TO + 1] = later[0, FROM : TO + 1]
        stay = (later[:, :GOAL] - miss)[:, None]
        one = hit * (later[:, 1 : GOAL + 1] - miss)[:, None]
        two = both * (later[:, 2 : GOAL + 2] - miss)[:, None]
        better = np.maximum(stay, one)
        np.greater(one, stay, out=actions[left - 1].view(np.bool_))
        actions[left - 1][two > better] = 2
        value[left, :, :GOAL] = miss + (share * np.maximum(better, two)).sum(axis=1)
    return actions.transpose(0, 1, 3, 2), value[:, :, : GOAL + 1]


def plain_recursion(bins: Bins) -> Solved:
    """State by state as the recursion reads, in plain Python on plain numbers."""
    share, hit, both = (column.tolist() for column in (bins.share, bins.p_hit, bins.p_both))
    value: dict[tuple[int, int, int], float] = {}
    action: dict[tuple[int, int, int, int], int] = {}

    def worth(left: int, saver: int, streak: int) -> float:
        if streak >= GOAL:
            return 1.0
        return value[left, saver, streak] if left else 0.0

    for left in range(1, DAYS + 1):
        phase = 1 if left <= LATE_DAYS else 0
        for saver in (0, 1):
            for streak in range(GOAL):
                total = 0.0
                for b in range(bins.count):
                    if saver and FROM <= streak <= TO:
                        miss = worth(left - 1, 0, streak)
                    else:
                        miss = worth(left - 1, saver, 0)
                    p, r = hit[phase][b], both[phase][b]
                    choices = [
                        worth(left - 1, saver, streak),
                        p * worth(left - 1, saver, streak + 1) + (1 - p) * miss,
                        r * worth(left - 1, saver, streak + 2) + (1 - r) * miss,
                    ]
                    best = max(choices)
                    action[left, saver, streak, b] = choices.index(best)
                    total += share[phase][b] * best
                value[left, saver, streak] = total
    actions = np.array(list(action.values()), np.int8).reshape(DAYS, 2, GOAL, bins.count)
    worths = np.ones((DAYS + 1, 2, GOAL + 1))
    worths[0, :, :GOAL] = 0
    worths[1:, :, :GOAL] = np.array(list(value.values())).reshape(DAYS, 2, GOAL)
    return actions, worths


def tuned_loops(bins: Bins) -> Solved:
    """Plain Python loops over lists, with all that can be taken out of the inner loop taken out."""
    table = [
        [
            list(
                zip(
                    *(column[phase].tolist() for column in (bins.share, bins.p_hit, bins.p_both)), strict=True
                )
            )
        ]
        for phase in (0, 1)
    ]
    values = [[[0.0] * GOAL + [1.0, 1.0]] * 2]
    actions = []
    for left in range(1, DAYS + 1):
        (kinds,) = table[left <= LATE_DAYS]
        later = values[-1]
        rows, chosen = [], []
        for saver in (0, 1):
            ahead = later[saver]
            row = []
            for streak in range(GOAL):
                miss = later[0][streak] if saver and FROM <= streak <= TO else ahead[0]
                stay, one, two = ahead[streak] - miss, ahead[streak + 1] - miss, ahead[streak + 2] - miss
                total = 0.0
                for share, p, r in kinds:
                    best, action = stay, 0
                    gain = p * one
                    if gain > best:
                        best, action = gain, 1
                    gain = r * two
                    if gain > best:
                        best, action = gain, 2
                    total += share * best
                    chosen.append(action)
                row.append(miss + total)
            rows.append([*row, 1.0, 1.0])
        values.append(rows)
        actions.append(chosen)
    shaped = np.array(actions, np.int8).reshape(DAYS, 2, GOAL, bins.count)
    return shaped, np.array(values)[:, :, : GOAL + 1]


def solving(bins: Bins) -> float:
    print(f"One season: {DAYS * 2 * GOAL * bins.count:,} states")
    policy = mdp.solve(bins)
    value = mdp.values(policy)
    others = {
        "NumPy by day": numpy_days,
        "NumPy by day, tuned": numpy_tuned,
        "plain Python": plain_recursion,
        "plain Python, tuned": tuned_loops,
    }
    for name, solve in others.items():
        actions, worth = solve(bins)
        gap = float(np.abs(worth - value).max())
        same = bool((actions == policy.actions).all())
        check(f"{name}: every action is the same, values within {gap:.1e}", same and gap < 1e-14)

    words, room = np.empty((DAYS, 1, 2 * (GOAL + PAD)), np.int16), np.empty((DAYS + 1, 2 * (GOAL + PAD) + 2))
    phase = phases_by_day(DAYS, LATE_DAYS)
    rates = mdp.kernel_rates(bins)
    reached, cell = np.empty(DAYS), np.empty(2 * (GOAL + PAD))

    def kernel() -> None:
        for _ in range(REPEAT):
            _kernels.best_policy(*rates, phase, GOAL, FROM, TO, 0.0, words, room)

    def forward() -> None:
        for _ in range(REPEAT):
            _kernels.forward(*rates, phase, GOAL, FROM, TO, words, GOAL + PAD, reached, cell)

    seconds = interleaved(
        {
            "ours": kernel,
            "forward": forward,
            "NumPy by day": lambda: numpy_days(bins),
            "NumPy by day, tuned": lambda: numpy_tuned(bins),
        },
        rounds=41,
    )
    seconds |= interleaved(
        {"plain Python": lambda: plain_recursion(bins), "plain Python, tuned": lambda: tuned_loops(bins)},
        rounds=5,
    )
    ours = seconds["ours"] / REPEAT
    print(f"  {'ours':<22}{duration(ours):>9}  (its evaluation {duration(seconds['forward'] / REPEAT)})")
    for name in others:
        print(f"  {name:<22}{duration(seconds[name]):>9}  {seconds[name] / ours:>7,.0f} x")
    return seconds["NumPy by day"]


def agreement(bins: Bins, days: Days) -> None:
    print("\nForward, backward, simulation")
    policies = [mdp.solve(bins), *(strategy_policy(name, bins) for name in STRATEGIES)]
    gaps = [abs(exact.p_goal(p) - mdp.values(p)[DAYS, 1, 0]) for p in policies]
    check(f"forward = backward for the best policy and the seven, within {max(gaps):.1e}", max(gaps) < 1e-12)
    n = 2_000_000
    for policy in (policies[0], policies[6]):
        played = seasons.simulate_bins(policy, n, 1)
        z = (played.p_goal - exact.p_goal(policy)) / played.p_goal_se
        check(
            f"{policy.name}: {n:,} simulated seasons {played.p_goal:.3e}, exactly "
            f"{exact.p_goal(policy):.3e}, z = {z:+.1f}",
            abs(z) < 4,
        )
    short = mdp.solve(quality_bins(days), 60, Rules(20, 5, 8))
    for block in (1, 7):
        played = seasons.simulate_days(short, days, 200_000, 2, block)
        chance = float(seasons.block_chances(short, days, block_days=block)[0])
        z = (played.p_goal - chance) / played.p_goal_se
        check(
            f"a goal of 20 in 60 days, blocks of {block}: simulated {played.p_goal:.4f}, exactly "
            f"{chance:.4f}, z = {z:+.1f}",
            abs(z) < 4,
        )
    chain = exact.p_goal(short, rates_on(short.bins, days))
    gap = abs(float(seasons.block_chances(short, days, block_days=1)[0]) - chain)
    check(f"blocks of one day are the Markov chain, within {gap:.1e}", gap < 1e-12)


def audit(numpy_seconds: float) -> None:
    problems = SEEDS * VARIANTS
    print(f"\nAn audit: {SEEDS} seeds x {VARIANTS} variants = {problems:,} problems solved and evaluated")
    every = paired_days(made_up_profiles(2, SEEDS))
    of_seed = [every.take(every.seed == seed) for seed in every.seeds]
    made: list[Any] = [
        quality_bins(days.stretched(spread, level), shrink_dates=shrink)
        for days in of_seed
        for spread in (0.8, 1.0, 1.25, 1.5)
        for level in (-0.01, 0.0, 0.01, 0.02)
        for shrink in (0.0, 400.0)
    ]
    share, hit, both = (
        np.ascontiguousarray(np.stack(x)) for x in zip(*map(mdp.kernel_rates, made), strict=True)
    )
    phase = phases_by_day(DAYS, LATE_DAYS)
    backward, forward = np.empty(problems), np.empty(problems)

    def run() -> float:
        start = time.process_time()
        _kernels.audit(share, hit, both, phase, GOAL, FROM, TO, backward, forward)
        return time.process_time() - start

    run()
    spent = sorted(run() for _ in range(7))
    gap = float(np.abs(backward - forward).max())
    check(f"forward = backward in all of them within {gap:.1e}", gap < 1e-12)
    some = range(0, problems, 97)
    apart = max(abs(exact.p_goal(mdp.solve(made[i])) - forward[i]) for i in some)
    check(f"{len(some)} of them one by one: the same within {apart:.1e}", apart < 1e-15)
    median = spent[len(spent) // 2]
    check(f"{duration(median)} of one core (worst of seven {duration(spent[-1])})", median <= 0.5)
    print(
        f"  {duration(median / problems)} a problem; NumPy by day would solve them, without evaluating, in "
        f"{duration(numpy_seconds * problems)}: {numpy_seconds * problems / median:,.0f} x"
    )
    best = forward.reshape(SEEDS, VARIANTS)
    print(
        f"  in sample, one seed's bins: chance of 57 from {best.min():.1e} to {best.max():.1e}; the same "
        f"variant differs by a factor of {np.median(best.max(axis=0) / best.min(axis=0)):.0f} between seeds"
    )


if __name__ == "__main__":
    season_days = paired_days(made_up_profiles(2, 4))
    season_bins = quality_bins(season_days)
    by_numpy = solving(season_bins)
    agreement(season_bins, season_days)
    audit(by_numpy)
