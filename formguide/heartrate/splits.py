"""Who is trained on, who stops the training and who is scored, where a model is to serve people it has never
seen: by user, and without a look at a heart rate. A runner's own model is split by time: see `backtest`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formguide.heartrate.sequences import Recorded, by_user

SHARES = (0.70, 0.15, 0.15)
LEVELS = 3


@dataclass(frozen=True)
class Split:
    """Workouts to train on, to stop and tune by, and to score once; each in the order of their start."""

    train: list[Recorded]
    validation: list[Recorded]
    test: list[Recorded]


def users_apart(
    runs: Sequence[Recorded], shares: tuple[float, float, float] = SHARES, seed: int = 1
) -> Split:
    """Every user with all workouts in one part, each part with its share of every level and gender.

    Level is the third of the users by their median speed while moving. Within a level and gender the users
    are ranked by the SHA-256 of seed and id, so that the same users are always cut the same way. Raises
    ValueError unless the shares are above 0 and sum to 1.
    """
    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares are {shares}; they must be above 0 and sum to 1")
    speed, gender = {}, {}
    for user, own in by_user(list(runs)):
        moving = np.concatenate([run.inputs.speed_mps for run in own])
        moving = moving[moving > 0.5]
        speed[user] = float(np.median(moving)) if len(moving) else 0.0
        gender[user] = next((run.inputs.gender for run in own if run.inputs.gender), "")
    ranked = sorted(speed, key=lambda user: (speed[user], user))
    level = {user: LEVELS * place // len(ranked) for place, user in enumerate(ranked)}
    part: dict[str, int] = {}
    sizes = [0, 0, 0]
    for stratum in sorted({(level[user], gender[user]) for user in speed}):
        members = [user for user in speed if (level[user], gender[user]) == stratum]
        members.sort(key=lambda user: hashlib.sha256(f"{seed}/{user}".encode()).hexdigest())
        for user in members:
            # To whichever part lacks most of its share so far, so that small strata leave none empty.
            lacking = [share * (sum(sizes) + 1) - size for share, size in zip(shares, sizes, strict=True)]
            part[user] = int(np.argmax(lacking))
            sizes[part[user]] += 1
    ordered = sorted(runs, key=lambda run: (run.inputs.started_at, run.inputs.workout_id))
    parts = [[run for run in ordered if part[run.inputs.user_id] == number] for number in range(3)]
    return Split(*parts)
