"""What strengths do not see: a small LightGBM layer stacked on the posterior pace, walk-forward.

For every race and moment the layer is trained on the outlooks of earlier races alone, each of which was
itself made from what was known then, so it corrects out-of-sample forecasts and not fitted ones. It boosts
the backward
Plackett–Luce likelihood of the finishing orders with the posterior pace as offset; what it adds is in % of
lap time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from formguide import asof
from formguide.formula1.outlook import Outlook
from formguide.formula1.settings import ForecastSettings, MlSettings

VERSION = "1"
"""Changes when the same outlooks would be adjusted otherwise. What the layer was trained on needs no name of
its own: it is a function of the races before, which the checkpoint that a forecast starts from names."""

FEATURES = (
    "street_circuit", "course_km", "grid_place", "grid_minus_pace_rank", "grid_minus_qualifying", "pit_lane",
    "qualifying_gap", "qualifying_gap_to_teammate", "practice_gap", "practice_laps", "sprint_place", "pace",
    "pace_sd", "lap_minus_race_pace", "car_hazard", "accident_hazard", "round",
)  # fmt: skip
"""Columns of `features`, in order; NaN where the weekend has not shown it yet."""


def features(outlook: Outlook) -> np.ndarray:
    """(D, len(FEATURES)): what is known of each driver at the outlook's moment, paces centred on the
    field."""
    n = len(outlook.drivers)
    known = outlook.weekend.known(outlook.as_of)
    out = np.full((n, len(FEATURES)), np.nan)
    column = {name: out[:, i] for i, name in enumerate(FEATURES)}
    weekend = outlook.weekend
    column["street_circuit"][:] = float(weekend.circuit_type == "STREET")
    column["course_km"][:] = np.nan if weekend.course_km is None else weekend.course_km
    column["round"][:] = weekend.round
    pace = outlook.mean - outlook.grid_part
    pace = pace - pace.mean()
    rank = np.argsort(np.argsort(-pace)) + 1.0
    column["grid_place"][:] = outlook.grid
    column["grid_minus_pace_rank"][:] = outlook.grid - rank
    column["pit_lane"][:] = outlook.pit_lane
    column["pace"][:] = pace
    column["pace_sd"][:] = np.sqrt(np.clip(np.diag(outlook.cov), 0, None))
    column["lap_minus_race_pace"][:] = outlook.lap_pace - pace
    column["car_hazard"][:] = outlook.car_hazard
    column["accident_hazard"][:] = outlook.accident_hazard
    best_practice: dict[str, float] = {}
    laps: dict[str, float] = {}
    for session in known:
        if session.kind == "practice":
            for driver, gap, ran in zip(session.drivers, session.gap_pct, session.laps, strict=True):
                if np.isfinite(gap):
                    best_practice[driver] = max(gap, best_practice.get(driver, -np.inf))
                laps[driver] = laps.get(driver, 0.0) + (ran if np.isfinite(ran) else 0.0)
        elif session.kind == "qualifying":
            gaps = dict(zip(session.drivers, session.gap_pct, strict=True))
            place = {d: i + 1.0 for i, d in enumerate(session.drivers)}
            for i, (driver, team) in enumerate(zip(outlook.drivers, outlook.teams, strict=True)):
                own = gaps.get(driver, np.nan)
                mates = [
                    gaps.get(d, np.nan)
                    for d, t in zip(outlook.drivers, outlook.teams, strict=True)
                    if t == team and d != driver
                ]
                column["qualifying_gap"][i] = own
                column["qualifying_gap_to_teammate"][i] = own - mates[0] if mates else np.nan
                if outlook.grid_from == "grid":
                    column["grid_minus_qualifying"][i] = outlook.grid[i] - place.get(driver, np.nan)
        elif session.kind == "sprint":
            place = {d: i + 1.0 for i, d in enumerate(session.drivers)}
            column["sprint_place"][:] = [place.get(d, np.nan) for d in outlook.drivers]
    column["practice_gap"][:] = [best_practice.get(d, np.nan) for d in outlook.drivers]
    column["practice_laps"][:] = [laps.get(d, np.nan) for d in outlook.drivers]
    return out


@dataclass(frozen=True)
class _Example:
    """One race at one moment: features and posterior pace of the classified cars, in finishing order."""

    at: datetime
    x: np.ndarray
    offset: np.ndarray


@dataclass
class MlLayer:
    """Learns from outlooks whose race has been run; `adjust` answers with what was known before an outlook's
    as_of."""

    settings: ForecastSettings
    examples: dict[str, list[_Example]] = field(default_factory=dict)
    _models: dict[tuple[str, int], object] = field(default_factory=dict)

    @property
    def options(self) -> MlSettings:
        """The layer's own constants."""
        return self.settings.ml

    def learn(self, outlooks: Sequence[Outlook]) -> None:
        """Add outlooks whose race has been run; the others are passed over."""
        for outlook in outlooks:
            race = outlook.weekend.race
            if race is None:
                continue
            index = {d: i for i, d in enumerate(outlook.drivers)}
            order = [index[d] for d, ok in zip(race.drivers, race.finished, strict=True) if ok and d in index]
            held = self.examples.setdefault(outlook.moment, [])
            held.append(
                _Example(
                    race.at,
                    features(outlook)[order],
                    outlook.mean[order] - outlook.mean.mean(),
                )
            )
        for held in self.examples.values():
            held.sort(key=lambda e: e.at)

    def forget(self, as_of: datetime) -> None:
        """Leave out the races that had not started at `as_of`, for whoever asks of a race that came later."""
        for held in self.examples.values():
            held[:] = [example for example in held if asof.is_before(example.at, as_of)]

    def adjust(self, outlook: Outlook) -> np.ndarray:
        """What to add to the expected paces (D,); zero until enough races are known."""
        held = self.examples.get(outlook.moment, [])
        known = bisect_left(held, outlook.as_of, key=lambda e: e.at)
        used = known - known % self.options.refit_every_races
        if used < self.options.min_races:
            return np.zeros(len(outlook.drivers))
        model = self._models.get((outlook.moment, used))
        if model is None:
            model = self._models[outlook.moment, used] = self._fit(held[:used])
        added = np.asarray(model.predict(features(outlook), num_threads=1))  # type: ignore[attr-defined]
        return np.asarray(self.options.shrinkage * (added - added.mean()))

    def _fit(self, examples: Sequence[_Example]) -> object:
        import lightgbm as lgb

        x = np.concatenate([e.x for e in examples])
        offset = np.concatenate([e.offset for e in examples])
        sizes = np.array([len(e.offset) for e in examples])
        scale = self.settings.strengths.race_scale
        data = lgb.Dataset(x, label=np.zeros(len(x)), feature_name=list(FEATURES), free_raw_data=False)

        def objective(added: np.ndarray, _: lgb.Dataset) -> tuple[np.ndarray, np.ndarray]:
            return backward_gradient(offset + added, sizes, scale)

        params = {
            "objective": objective, "learning_rate": self.options.learning_rate, "num_leaves":
            self.options.leaves, "min_data_in_leaf": self.options.min_rows_in_leaf, "lambda_l2": 1.0,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8, "bagging_freq": 1, "seed": self.options.seed, "deterministic": True,
            "num_threads": 1, "verbosity": -1, "force_row_wise": True,
        }  # fmt: skip
        return lgb.train(params, data, num_boost_round=self.options.rounds)


def backward_gradient(pace: np.ndarray, sizes: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and diagonal Hessian (N,), (N,) of the negative backward Plackett–Luce log likelihood.

    pace (N,): races one after another, each in finishing order; sizes: cars per race. The last car is drawn
    first from worths exp(-pace / scale), then the last but one of those left, and so on.
    """
    gradient, hessian = np.empty(len(pace)), np.empty(len(pace))
    start = 0
    for size in sizes:
        z = -pace[start : start + size][::-1] / scale
        worth = np.exp(z - z.max())
        rest = np.cumsum(worth[::-1])[::-1][:-1]
        # Each car takes part in every draw up to its own; the best car is never drawn against anybody.
        stages = np.minimum(np.arange(size), size - 2)
        sum1, sum2 = np.cumsum(1 / rest)[stages], np.cumsum(1 / rest**2)[stages]
        drawn = np.ones(size)
        drawn[-1] = 0.0
        g = drawn - worth * sum1
        h = worth * sum1 - worth**2 * sum2
        gradient[start : start + size] = (g / scale)[::-1]
        hessian[start : start + size] = np.maximum(h / scale**2, 1e-6)[::-1]
        start += size
    return gradient, hessian
