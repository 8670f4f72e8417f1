"""What to do today, what each choice is worth, and why: one question answered from a policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formguide.baseball.streak.bins import PHASES
from formguide.baseball.streak.mdp import Policy, action_values
from formguide.baseball.streak.rules import ACTIONS, DOUBLE, SINGLE, SKIP


@dataclass(frozen=True)
class Advice:
    """An answer. action: skip, single or double; values: the chance of the goal after each, playing on by
    the policy; before: the same before today's bin was known; quality: today's bin from 0 (the worst) of
    `bins`; phase: early or late; p_hit, p_both: what the bin's days were worth; why: for people."""

    action: str
    values: dict[str, float]
    before: float
    quality: int
    bins: int
    phase: str
    p_hit: float
    p_both: float
    why: str


def advise(
    policy: Policy,
    streak: int,
    days_left: int,
    saver: bool,
    quality: int | None = None,
    p: float | None = None,
    *,
    second: bool = True,
) -> Advice:
    """What to do on a day, and why.

    days_left: dates with games left, today included; more than the policy knows count as all it knows.
    quality: today's bin, 0 the worst; or p, the chance of today's best pick, whose bin it is. second:
    whether there is a second pick in another game; without one there is no double. Raises ValueError for a
    state that does not exist, or if not exactly one of quality and p is given.
    """
    goal, bins = policy.rules.goal, policy.bins
    if not 0 <= streak < goal:
        raise ValueError(f"a streak of {streak}: it is 0 to {goal - 1} while there is something to decide")
    if days_left < 1:
        raise ValueError(f"{days_left} days left: today is one of them, so at least 1")
    if (quality is None) == (p is None):
        raise ValueError("say how good today is: either its bin or the best pick's chance")
    left = min(days_left, policy.days)
    here = bins.bin_of(p, left) if p is not None else int(quality or 0)
    phase = bins.phase(left)
    if not 0 <= here < bins.count:
        raise ValueError(f"bin {here}: there are bins 0 to {bins.count - 1}")
    value = policy.value
    worth = action_values(policy, value, streak, left, saver)[:, here]
    chosen = policy.action(streak, left, saver, here)
    if chosen == DOUBLE and not second:
        chosen = SINGLE if worth[SINGLE] > worth[SKIP] else SKIP
    before = float(value[left, int(saver), streak])
    why = _why(policy, worth, chosen, streak, left, saver, here, second)
    if days_left > left:
        why += (
            f" (The policy was made for {left} days; with {days_left} left the chances are a little better.)"
        )
    offered = ACTIONS if second else ACTIONS[:DOUBLE]
    return Advice(
        action=ACTIONS[chosen],
        values={name: float(worth[i]) for i, name in enumerate(offered)},
        before=before,
        quality=here,
        bins=bins.count,
        phase=PHASES[phase],
        p_hit=float(bins.p_hit[phase, here]),
        p_both=float(bins.p_both[phase, here]),
        why=why,
    )


def _why(
    policy: Policy,
    worth: np.ndarray,
    chosen: int,
    streak: int,
    left: int,
    saver: bool,
    here: int,
    second: bool,
) -> str:
    rules, bins = policy.rules, policy.bins
    phase = bins.phase(left)
    day = f"Today is bin {here + 1} of {bins.count} (1 the worst)"
    hit, both = bins.p_hit[phase, here], bins.p_both[phase, here]
    if worth.max() <= 0:
        return f"{rules.goal - streak} more in {left} days cannot be done even with two a day, so rest."
    saved = rules.saves(streak, saver)
    net = "the saver catches a miss" if saved else "a miss costs nothing" if streak == 0 else (
        f"a miss costs the streak of {streak}"
    )  # fmt: skip
    if chosen == SKIP:
        text = (
            f"{day}: its best pick hits {hit:.0%} of the time, {net}, and with {left} days left for "
            f"{rules.goal - streak} more there will be better days; wait."
        )
    elif chosen == SINGLE:
        text = f"{day}: its best pick hits {hit:.0%} of the time and {net}; "
        text += (
            f"two would both hit {both:.0%} of the time, which the {left} days left do not call for."
            if second
            else "there is no second game to double with."
        )
    else:
        text = (
            f"{day}: both picks hit {both:.0%} of the time, {net}, and {rules.goal - streak} more "
            f"in {left} days are worth the risk of two."
        )
    ranked = np.sort(worth if second else worth[:DOUBLE])[::-1]
    if ranked[1] > 0 and ranked[0] > 0:
        text += f" The next best choice keeps {ranked[1] / ranked[0]:.1%} of the chance."
    return text
