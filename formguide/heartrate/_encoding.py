"""Workouts as the numbers that a network is fed, scaled by the training rows, in batches of like length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formguide.heartrate import response as responses
from formguide.heartrate.features import ABLATIONS, FEATURES, binned, on_grid
from formguide.heartrate.network_settings import NetworkSettings
from formguide.heartrate.response import Response, Summary
from formguide.heartrate.sequences import Floats, Inputs, Recorded

Base = Callable[[Inputs, Sequence[Recorded]], Floats]
"""Another forecast of a workout's heart rate, bpm at 1 Hz, from the same user's earlier workouts."""

Float32s = NDArray[np.float32]
Ints = NDArray[np.int64]

OPTIONAL = ("cadence_rpm", "power_w")
_POOL = 16
"""Batches of which the workouts are sorted by length together."""


@dataclass(frozen=True)
class Example:
    """A workout before scaling. steps (T, F): features, then cadence and power with NaN where there is none;
    fixed (E,): of the user and the day; every (n,) or None: the forecast to correct, bpm at 1 Hz; base (T,)
    or None: the same at every step; rate (T,): measured, bpm, NaN where nothing was; all NaN of a workout
    that is to be forecast."""

    steps: Floats
    fixed: Floats
    every: Floats | None
    base: Floats | None
    rate: Floats


@dataclass(frozen=True)
class Scaled:
    """An example as the network is fed it: steps (T, F'), fixed (E), offset (T,): what the output is added
    to, bpm; target (T,): scaled, NaN where unknown."""

    steps: Float32s
    fixed: Float32s
    offset: Floats
    target: Float32s


def example(
    run: Recorded,
    history: Sequence[Recorded],
    summaries: Sequence[Summary],
    settings: NetworkSettings,
    response: Response | None,
    base: Base | None,
) -> Example:
    """One workout with what was known when it began. summaries: of the workouts of `history`; base: None for
    the response's own curve."""
    inputs, step = run.inputs, settings.step_sec
    kept = [FEATURES.index(name) for name in ABLATIONS[settings.features]]
    columns = [on_grid(inputs, step)[:, kept]]
    rows = len(columns[0])
    if settings.optional:
        for name in OPTIONAL:
            values = getattr(inputs, name)
            there = np.full(rows, np.nan) if values is None else _trailing(values, step)
            columns.append(there[:, None])
    fixed, every = np.zeros(0), None
    if response is not None and (settings.embedding or (settings.base and base is None)):
        user = response.posterior(summaries)
        if settings.embedding:
            fixed = np.concatenate([response.embedding(user), _of_the_day(inputs.started_at, summaries)])
        if settings.base and base is None:
            every = response.curve(inputs, user, summaries)
    if settings.base and base is not None:
        every = np.asarray(base(inputs, history), dtype=np.float64)
    at_steps = None if every is None else every[::step]
    return Example(np.concatenate(columns, axis=1), fixed, every, at_steps, binned(run.heart_rate_bpm, step))


def examples(
    runs: Sequence[Recorded],
    settings: NetworkSettings,
    response: Response | None,
    base: Base | None,
) -> list[Example]:
    """Every workout with the same user's workouts of `runs`, of the same activity, that had ended when it
    began; in the order of `runs`."""
    wanted = response is not None and (settings.embedding or (settings.base and base is None))
    of_user: dict[str, list[int]] = {}
    for i, run in enumerate(runs):
        of_user.setdefault(run.inputs.user_id, []).append(i)
    made: dict[int, Example] = {}
    for places in of_user.values():
        places.sort(key=lambda i: (runs[i].inputs.started_at, runs[i].inputs.workout_id))
        told: list[Summary] = []
        for number, i in enumerate(places):
            now = runs[i].inputs
            known = [
                k
                for k in range(number)
                if runs[places[k]].inputs.ended_at < now.started_at
                and runs[places[k]].inputs.activity == now.activity
            ]
            past = [told[k] for k in known] if wanted else []
            history = [runs[places[k]] for k in known]
            made[i] = example(runs[i], history, past, settings, response, base)
            if wanted and response is not None:
                told.append(response.summary(runs[i], past))
    return [made[i] for i in range(len(runs))]


@dataclass(frozen=True)
class Encoder:
    """Means and spreads of what the network is fed and of what it is asked for, over the training rows."""

    step_mean: Floats
    step_spread: Floats
    fixed_mean: Floats
    fixed_spread: Floats
    base_mean: float
    base_spread: float
    rate_mean: float
    rate_spread: float
    optional: int

    @classmethod
    def learn(cls, rows: Sequence[Example], settings: NetworkSettings) -> Encoder:
        """From the training examples, each of its steps that has a heart rate counted once."""
        known = [np.isfinite(e.rate) for e in rows]
        steps = np.concatenate([e.steps[k] for e, k in zip(rows, known, strict=True)])
        fixed = np.stack([e.fixed for e in rows])
        rate = np.concatenate([e.rate[k] for e, k in zip(rows, known, strict=True)])
        base_mean, base_spread, left = 0.0, 1.0, rate
        if settings.base:
            base = np.concatenate([e.base[k] for e, k in zip(rows, known, strict=True) if e.base is not None])
            base_mean, base_spread, left = float(base.mean()), _spread(base), rate - base
        # A column that nobody has is left at 0 and 1.
        there = np.isfinite(steps).any(axis=0)
        mean, spread = np.zeros(steps.shape[1]), np.ones(steps.shape[1])
        mean[there] = np.nanmean(steps[:, there], axis=0)
        spread[there] = [_spread(c[np.isfinite(c)]) for c in steps[:, there].T]
        return cls(
            step_mean=mean,
            step_spread=spread,
            fixed_mean=fixed.mean(axis=0),
            fixed_spread=np.array([_spread(c) for c in fixed.T]),
            base_mean=base_mean,
            base_spread=base_spread,
            rate_mean=0.0 if settings.base else float(left.mean()),
            rate_spread=_spread(left),
            optional=len(OPTIONAL) if settings.optional else 0,
        )

    def scaled(self, given: Example) -> Scaled:
        """As the network is fed it."""
        steps = (given.steps - self.step_mean) / self.step_spread
        columns = [steps]
        if self.optional:
            there = np.isfinite(given.steps[:, -self.optional :])
            steps = np.nan_to_num(steps, nan=0.0)
            columns = [steps, there.astype(np.float64)]
        offset = np.full(len(steps), self.rate_mean)
        if given.base is not None:
            columns.append(((given.base - self.base_mean) / self.base_spread)[:, None])
            offset = given.base
        # Nothing that training has never seen the like of: ten spreads are the most.
        fed = np.clip(np.concatenate(columns, axis=1), -10.0, 10.0)
        fixed = np.clip((given.fixed - self.fixed_mean) / self.fixed_spread, -10.0, 10.0)
        target = (given.rate - offset) / self.rate_spread
        return Scaled(fed.astype(np.float32), fixed.astype(np.float32), offset, target.astype(np.float32))

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(self).items()}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Encoder:
        """What `as_dict` gave; raises TypeError if it is not that."""
        read: dict[str, Any] = {k: np.array(v, float) if isinstance(v, list) else v for k, v in given.items()}
        return cls(**read)


def batches(lengths: Ints, size: int, bucketed: bool, rng: np.random.Generator) -> Iterator[Ints]:
    """All rows in random batches of `size`; bucketed: each of workouts of like length.

    For that the shuffled rows are cut into pools of sixteen batches, and each pool is sorted by length.
    """
    order = rng.permutation(len(lengths))
    cut = []
    for begin in range(0, len(order), size * _POOL if bucketed else len(order)):
        pool = order[begin : begin + (size * _POOL if bucketed else len(order))]
        if bucketed:
            pool = pool[np.argsort(lengths[pool], kind="stable")]
        cut += [pool[k : k + size] for k in range(0, len(pool), size)]
    for number in rng.permutation(len(cut)):
        yield cut[number]


def laid_out(rows: Sequence[Scaled], length: int) -> tuple[Float32s, Float32s, Float32s]:
    """Workouts padded behind their end, or truncated, to a length: steps (B, length, F), fixed (B, E), target
    (B, length), NaN where there is nothing to learn from, which is the mask."""
    width = rows[0].steps.shape[1]
    steps = np.zeros((len(rows), length, width), np.float32)
    target = np.full((len(rows), length), np.nan, np.float32)
    for i, row in enumerate(rows):
        n = min(len(row.steps), length)
        steps[i, :n], target[i, :n] = row.steps[:n], row.target[:n]
    return steps, np.stack([row.fixed for row in rows]), target


def _of_the_day(at: datetime, earlier: Sequence[Summary]) -> Floats:
    """The clock and what the days before ask of the user, (6,)."""
    naive = at.replace(tzinfo=None)
    season = 2 * np.pi * naive.timetuple().tm_yday / 365.25
    hour = 2 * np.pi * (naive.hour + naive.minute / 60) / 24
    last = max((s.ended for s in earlier), default=None)
    since = 60.0 if last is None else (naive - last).total_seconds() / 86400
    tired = responses.carried(at, earlier)
    return np.array([np.cos(season), np.sin(season), np.cos(hour), np.sin(hour), np.log1p(since), tired])


def _trailing(values: Floats, step: int) -> Floats:
    """The mean of the last `step` seconds that have a value, at every step."""
    total, count = np.nancumsum(values), np.cumsum(np.isfinite(values))
    total[step:], count[step:] = total[step:] - total[:-step], count[step:] - count[:-step]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan)[::step])


def _spread(values: Floats) -> float:
    spread = float(np.std(values)) if len(values) else 0.0
    return spread if spread > 1e-9 else 1.0
