"""How people's hearts answer to work, as a population and one by one: what a user's earlier workouts say.

    fit(runs)                                  → Response, the population
    Response.summary(run)                      → what one workout adds (sums, so that a history is a sum)
    Response.posterior(summaries)              → a user, by the workouts so far; nobody's: the population
    Response.curve(inputs, posterior, earlier) → the heart rate that this user's heart would answer with
    Response.embedding(…)                      → the user as numbers: a heart on a standard run

A relaxation towards a demand, dy/dt = (demand - y) / τ, is the demand's exponentially weighted mean over τ.
With several τ, and terms for grade, drift, warmth of the season and tiredness, the answer is linear in
what is unknown: y = X β + Z b + e. β is the user's, normal around the population's; b is the day's (its
level, its start, its drift), normal around 0. Both covariances are estimated by EM over the users that are
trained on (Laird and Ware, Biometrics 38, 1982), and a user's β is then a posterior in closed form. Nobody is
looked up: somebody new has a posterior after one workout, and the population's before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from formguide.heartrate._days import DAY_TERMS, day_posterior, over_users, precision, still_felt
from formguide.heartrate.curves import Curve
from formguide.heartrate.effort import running_power
from formguide.heartrate.features import binned, lagged, trailing_mean, weighted
from formguide.heartrate.sequences import Floats, Inputs, Recorded, by_user

STEP_SEC = 10

_RELAX_SEC = (15.0, 30.0, 60.0, 150.0)
_HEAVY_WKG = (10.0, 14.0)
_START_SEC, _WARM_SEC = 40.0, 600.0
_OUTLIER = 4.0
_LEAST_OUTLIER_BPM = 8.0
_SAME_STEPS = 12.0
"""Steps of a workout say nearly the same as their neighbours: a dozen of them count as one."""
_TO_90 = 1.2816
_LEAST_BPM, _MOST_BPM = 30.0, 230.0
_MOST_REMEMBERED = 20_000
_TAILS = 4.0
"""Degrees of freedom of the day's level: a shifted record is worth less than its length."""


@dataclass(frozen=True)
class Summary:
    """What one workout says: cross (d + 1, d + 1), the products of its terms and its heart rate over n steps;
    began, ended: its start, and when it was known; work_kj_kg: what it took; key: names what it is made
    of."""

    cross: Floats
    steps: int
    began: datetime
    ended: datetime
    work_kj_kg: float
    key: bytes = b""


@dataclass(frozen=True)
class Posterior:
    """A user: mean (d,) and covariance (d, d) of β; shifts (k,): by how much each workout so far lay above
    what it explains, bpm; workouts: k."""

    mean: Floats
    covariance: Floats
    shifts: Floats
    workouts: int


@dataclass(frozen=True)
class Response:
    """The population: mean (d,) and spread (d, d) of β over users; day (3, 3): covariance of b; noise:
    variance of a step, bpm², times the number of steps that say the same."""

    mean: Floats
    spread: Floats
    day: Floats
    noise: float
    _memo: dict[bytes, Any] = field(default_factory=dict, repr=False, compare=False)
    """Summaries and posteriors that were made before; nothing depends on it but the time."""

    def told(self, history: Sequence[Recorded]) -> list[Summary]:
        """What a history says, in the order of the starts, each workout with those that had ended before."""
        told: list[Summary] = []
        for run in sorted(history, key=lambda r: (r.inputs.started_at, r.inputs.workout_id)):
            told.append(self.summary(run, _ended(told, run)))
        return told

    def summary(self, run: Recorded, earlier: Sequence[Summary] = ()) -> Summary:
        """What a workout says, the seconds left out that no answer of this heart explains (spikes,
        dropouts)."""
        key = _key(run, earlier)
        found = self._memo.get(key)
        if found is None:
            found = self._remembered(key, self._summary(run, earlier, key))
        made: Summary = found
        return made

    def _summary(self, run: Recorded, earlier: Sequence[Summary], key: bytes) -> Summary:
        X, y, known = _terms_and_rate(run, earlier)
        X, y = X[known], y[known]
        if len(y):
            prior = np.linalg.inv(self.spread + 1e-6 * np.eye(len(self.mean)))
            weight = prior + X.T @ X / self.noise
            own = np.linalg.solve(weight, prior @ self.mean + X.T @ y / self.noise)
            left = y - X @ own
            left = left - np.median(left)
            width = max(_OUTLIER * 1.4826 * float(np.median(np.abs(left))), _LEAST_OUTLIER_BPM)
            kept = np.abs(left) <= width
            X, y = X[kept], y[kept]
        return replace(_summed(X, y, run), key=key)

    def posterior(self, summaries: Sequence[Summary]) -> Posterior:
        """The user by these workouts; a workout that lies far off the others counts for less."""
        key = hashlib.blake2b(b"user" + b"".join(s.key for s in summaries)).digest()
        named = all(s.key for s in summaries)
        found = self._memo.get(key) if named else None
        if found is None:
            found = self._posterior(summaries)
            if named:
                self._remembered(key, found)
        made: Posterior = found
        return made

    def _remembered(self, key: bytes, made: Any) -> Any:
        if len(self._memo) >= _MOST_REMEMBERED:
            self._memo.clear()
        self._memo[key] = made
        return made

    def _posterior(self, summaries: Sequence[Summary]) -> Posterior:
        d = len(self.mean)
        told = [s for s in summaries if s.steps]
        inverse = np.linalg.inv(self.spread)
        mean, covariance = self.mean, self.spread
        trust = np.ones(len(told))
        shifts = np.zeros(len(told))
        for _ in range(3 if told else 0):
            weight, right = inverse.copy(), inverse @ self.mean
            for s, own in zip(told, trust, strict=True):
                told_by = precision(s.cross, self._day(own), self.noise)
                weight += told_by[:d, :d]
                right += told_by[:d, d]
            covariance = np.linalg.inv(weight)
            mean = covariance @ right
            for i, s in enumerate(told):
                shifts[i] = day_posterior(s.cross, mean, self.day, self.noise)[0][0]
            trust = (_TAILS + 1) / (_TAILS + shifts**2 / self.day[0, 0])
        return Posterior(mean, covariance, shifts, len(told))

    def curve(self, inputs: Inputs, user: Posterior, earlier: Sequence[Summary] = ()) -> Floats:
        """The heart rate at every second, bpm, without the day's own part."""
        return np.asarray(terms(inputs, earlier) @ user.mean)

    def embedding(self, user: Posterior) -> Floats:
        """A user as numbers, (13,): the heart rate at ten moments of a standard run, how unsure its level is,
        how many workouts tell of it, and how the last of them lay against it."""
        X = _standard_terms()
        level = X[4]
        recent = 0.0
        for shift in user.shifts:
            recent = 0.6 * recent + 0.4 * float(shift)
        unsure = float(np.sqrt(level @ user.covariance @ level))
        return np.array([*(X @ user.mean), unsure, np.log1p(user.workouts), recent])

    def to_arrays(self) -> dict[str, Floats]:
        """What is to be kept, by name."""
        return {
            "mean": self.mean,
            "spread": self.spread,
            "day": self.day,
            "noise": np.array([self.noise]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> Response:
        """What `to_arrays` gave; raises KeyError or ValueError if it is not that."""
        made = cls(arrays["mean"], arrays["spread"], arrays["day"], float(arrays["noise"][0]))
        d = len(TERMS)
        if made.mean.shape != (d,) or made.spread.shape != (d, d) or made.day.shape != (DAY_TERMS,) * 2:
            raise ValueError(f"a response has {d} terms, not {made.mean.shape}")
        return made

    def _day(self, trust: float) -> Floats:
        day = self.day.copy()
        day[0, 0] /= trust
        return day


@dataclass(frozen=True)
class Answering:
    """The response alone as a `Forecaster`: its curve, with the interval of its own normal distributions."""

    response: Response
    name: str = "response"

    def curve(self, inputs: Inputs, history: Sequence[Recorded]) -> Curve:
        """One workout, from the user's workouts of the same activity that had ended when it began."""
        told = self.response.told([run for run in history if run.inputs.activity == inputs.activity])
        user = self.response.posterior(told)
        X = terms(inputs, told)
        middle = X @ user.mean
        sure = user.covariance.copy()
        sure[:DAY_TERMS, :DAY_TERMS] += self.response.day
        variance = np.einsum("ij,jk,ik->i", X, sure, X) + self.response.noise / _SAME_STEPS
        half = _TO_90 * np.sqrt(variance)
        return Curve(*(np.clip(q, _LEAST_BPM, _MOST_BPM) for q in (middle - half, middle, middle + half)))


TERMS = (
    *("level", "start", "drift"),
    *(f"power over {tau:.0f} s" for tau in _RELAX_SEC),
    *("speed", "grade over 30 s", "grade over 90 s", "power squared", "rising"),
    *(f"beyond {limit:.0f} W/kg" for limit in _HEAVY_WKG),
    *("work so far", "warm: season, cosine", "warm: season, sine", "warm: hour"),
    *("tiredness", "days since the first", "gender", "gender times power"),
)


def terms(inputs: Inputs, earlier: Sequence[Summary] = ()) -> Floats:
    """The terms X of a workout at every second, (n, d), each of that second, those before it, the clock and
    the user's earlier workouts."""
    speed = np.asarray(inputs.speed_mps, dtype=np.float64)
    altitude = np.asarray(inputs.altitude_m, dtype=np.float64) - inputs.altitude_m[0]
    t = np.arange(float(len(speed)))
    climb = trailing_mean((altitude - lagged(altitude, 10)) / 10, 10)
    power = running_power(speed, climb)
    grade = power - running_power(speed, np.zeros(len(speed)))
    relaxed = [weighted(power, tau) for tau in _RELAX_SEC]
    warm = 1 - np.exp(-t / _WARM_SEC)
    at = inputs.started_at.replace(tzinfo=None)
    season = 2 * np.pi * at.timetuple().tm_yday / 365.25
    hour = np.cos(2 * np.pi * (at.hour + at.minute / 60 - 15) / 24)
    gender = {"M": 1.0, "F": -1.0}.get(inputs.gender or "", 0.0)
    one = np.ones(len(t))
    columns = (
        one,
        np.exp(-t / _START_SEC),
        t / 3600,
        *(r / 10 for r in relaxed),
        weighted(speed, 30.0),
        weighted(grade, 30.0) / 10,
        weighted(grade, 90.0) / 10,
        (relaxed[2] / 10) ** 2,
        np.maximum(relaxed[0] - relaxed[2], 0.0) / 10,
        *(weighted(np.maximum(power - limit, 0.0), 150.0) / 10 for limit in _HEAVY_WKG),
        np.cumsum(power) / 36000,
        warm * np.cos(season),
        warm * np.sin(season),
        warm * hour,
        one * carried(inputs.started_at, earlier) / 50,
        one * days_since_first(inputs.started_at, earlier) / 300,
        one * gender,
        gender * relaxed[1] / 10,
    )
    return np.stack(columns, axis=1)


def carried(at: datetime, earlier: Sequence[Summary]) -> float:
    """Work of earlier workouts that is still felt at a moment, kJ/kg."""
    return still_felt(_naive(at), [(s.ended, s.work_kj_kg) for s in earlier])


def days_since_first(at: datetime, earlier: Sequence[Summary]) -> float:
    """Days since the first workout that is known of; 0 if there is none."""
    if not earlier:
        return 0.0
    return (_naive(at) - min(s.began for s in earlier)).total_seconds() / 86400


def fit(runs: Sequence[Recorded], rounds: int = 12) -> Response:
    """The population by its users' workouts (cleaned ones, best): `rounds` of EM, twice, the second time
    without the seconds that the first could not explain. Raises ValueError if nobody has a heart rate."""
    d = len(TERMS)
    response = Response(np.zeros(d), 400.0 * np.eye(d), np.diag([25.0, 100.0, 25.0]), 100.0)
    for clean in (False, True):
        users = []
        for _, own in by_user(list(runs)):
            summaries: list[Summary] = []
            for run in own:
                earlier = _ended(summaries, run)
                summaries.append(response.summary(run, earlier) if clean else _raw(run, earlier))
            users.append([s for s in summaries if s.steps])
        users = [user for user in users if user]
        if not users:
            raise ValueError("no workout to learn from has a heart rate")
        response = _em(response, users, rounds)
    return response


def _em(response: Response, users: Sequence[Sequence[Summary]], rounds: int) -> Response:
    d = len(TERMS)
    mean, spread, day, noise = response.mean, response.spread, response.day, response.noise
    steps = sum(s.steps for user in users for s in user)
    workouts = sum(len(user) for user in users)
    for _ in range(rounds):
        inverse = np.linalg.inv(spread)
        betas, covariances = [], []
        day_sum, left_sum = np.zeros((DAY_TERMS, DAY_TERMS)), 0.0
        for user in users:
            weight, right = inverse.copy(), inverse @ mean
            for s in user:
                told = precision(s.cross, day, noise)
                weight += told[:d, :d]
                right += told[:d, d]
            covariance = np.linalg.inv(weight)
            beta = covariance @ right
            betas.append(beta)
            covariances.append(covariance)
            for s in user:
                b, spread_b = day_posterior(s.cross, beta, day, noise)
                day_sum += np.outer(b, b) + spread_b
                own = beta.copy()
                own[:DAY_TERMS] += b
                whole = np.append(own, -1.0)
                left_sum += float(whole @ s.cross @ whole)
        mean, spread = over_users(betas, covariances)
        # A weak prior keeps the spread of few users away from 0.
        spread = (len(users) * spread + 2.0 * np.eye(d)) / (len(users) + 2.0)
        day = (day_sum + np.eye(DAY_TERMS)) / (workouts + 1)
        noise = _SAME_STEPS * max(left_sum / steps, 0.25)
    return Response(mean, spread, day, float(noise))


def _terms_and_rate(run: Recorded, earlier: Sequence[Summary]) -> tuple[Floats, Floats, Floats]:
    X = terms(run.inputs, earlier)[::STEP_SEC]
    y = binned(run.heart_rate_bpm, STEP_SEC)
    return X, y, np.isfinite(y)


def _raw(run: Recorded, earlier: Sequence[Summary]) -> Summary:
    X, y, known = _terms_and_rate(run, earlier)
    return _summed(X[known], y[known], run)


def _summed(X: Floats, y: Floats, run: Recorded) -> Summary:
    both = np.column_stack([X, y])
    inputs = run.inputs
    # What was run is work whether or not a heart rate tells of it.
    climb = np.gradient(trailing_mean(inputs.altitude_m, 20)) if len(inputs) > 1 else np.zeros(1)
    work = float(running_power(inputs.speed_mps, climb).sum() / 1000)
    return Summary(both.T @ both, len(y), _naive(inputs.started_at), _naive(inputs.ended_at), work)


def _key(run: Recorded, earlier: Sequence[Summary]) -> bytes:
    inputs = run.inputs
    digest = hashlib.blake2b(f"{inputs.started_at.isoformat()} {inputs.gender}".encode())
    for values in (inputs.speed_mps, inputs.altitude_m, run.heart_rate_bpm):
        digest.update(np.ascontiguousarray(values).tobytes())
    for summary in earlier:
        digest.update(summary.key)
    return digest.digest()


def _ended(summaries: Sequence[Summary], run: Recorded) -> list[Summary]:
    """Those that had ended when a workout began."""
    return [s for s in summaries if s.ended < _naive(run.inputs.started_at)]


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def _standard_terms() -> Floats:
    """The terms of a run that everybody is asked about: standing, two paces, a rest, a hill."""
    speed = np.concatenate(
        [
            np.zeros(60),
            np.full(300, 2.5),
            np.full(300, 3.3),
            np.zeros(120),
            np.full(300, 2.5),
            np.full(900, 2.9),
        ]
    )
    climb = np.zeros(len(speed))
    climb[780:1080] = 0.2
    inputs = Inputs(
        "standard",
        "nobody",
        "run",
        None,
        datetime(2001, 4, 10, 9),
        np.arange(float(len(speed))),
        speed,
        climb.cumsum(),
    )
    return terms(inputs)[[50, 90, 150, 350, 650, 690, 775, 900, 1070, 1970]]
