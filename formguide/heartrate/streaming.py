"""While it is run: one second in, the next minute out.

    stream = open_stream(history, started_at)
    for speed, altitude, beats in watch:
        ahead = stream.step(speed, altitude, beats)      → Curve of the next 60 seconds

Nobody knows the next minute's speed and grade: the power of the last seconds is taken to go back to that of
the last minutes. The first second of what is ahead needs none of that, and is the very forecast that
`personal` gives of that second when the run is over, as long as no heart rate is fed.

Where the watch says a heart rate, the forecast learns from it as the run goes by: the day's shift, which
stays, and what has come over the runner lately, which passes, are told apart by a Kalman filter; the interval
is then that of the filter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numba
import numpy as np

from formguide.heartrate import _ode_kernel as kernel
from formguide.heartrate import intervals, ode
from formguide.heartrate.curves import Curve
from formguide.heartrate.effort import cost_of_running
from formguide.heartrate.personal import LEAST_BPM, Personal, State
from formguide.heartrate.sequences import Floats, Recorded
from formguide.heartrate.tables import RUN

AHEAD_SEC = 60
GOES_ON_SEC, GOES_BACK_SEC, USUAL_SEC = 10.0, 45.0, 600.0
"""Time constants: of the power that is taken to go on, of its return to what is usual, and of that."""
UNFORESEEN_BPM, UNFORESEEN_SEC = 9.0, 50.0
"""What not knowing the speed and grade to come adds in the long run, standard deviation; time constant."""

DAY_BPM = 3.0
"""The day's shift, standard deviation, before anything is heard."""
PASSING_BPM, PASSING_SEC = 3.5, 90.0
"""What comes and goes: standard deviation, time constant."""
SENSOR_BPM = 1.5
SURPRISE = 3.0
"""A heart rate further off than so many standard deviations teaches as much as one just so far off."""
_NORMAL_80 = 1.2816


@dataclass
class _Heard:
    """Kalman filter over the day's shift and what passes: their means, variances and covariance."""

    day: float = 0.0
    passing: float = 0.0
    day_var: float = DAY_BPM**2
    passing_var: float = PASSING_BPM**2
    both: float = 0.0
    seconds: int = 0

    def hear(self, off_bpm: float) -> None:
        """A measured heart rate lay so far above the curve."""
        variance = self.day_var + self.passing_var + 2 * self.both + SENSOR_BPM**2
        most = SURPRISE * math.sqrt(variance)
        surprise = min(max(off_bpm - self.day - self.passing, -most), most)
        gain_day = (self.day_var + self.both) / variance
        gain_passing = (self.passing_var + self.both) / variance
        self.day += gain_day * surprise
        self.passing += gain_passing * surprise
        self.day_var -= gain_day * gain_day * variance
        self.passing_var -= gain_passing * gain_passing * variance
        self.both -= gain_day * gain_passing * variance
        self.seconds += 1

    def wait(self) -> None:
        """A second goes by."""
        self.passing *= _KEPT
        self.passing_var = _KEPT**2 * self.passing_var + PASSING_BPM**2 * (1 - _KEPT**2)
        self.both *= _KEPT

    def ahead(self, seconds: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the shift (n,) so many seconds from now."""
        kept = _KEPT**seconds
        variance = self.day_var + 2 * kept * self.both + kept**2 * self.passing_var
        variance = variance + PASSING_BPM**2 * (1 - kept**2) + SENSOR_BPM**2
        return self.day + kept * self.passing, np.sqrt(variance)


_KEPT = math.exp(-1.0 / PASSING_SEC)
_SECONDS = np.arange(float(AHEAD_SEC))
_UNFORESEEN_VAR = (UNFORESEEN_BPM * (1 - np.exp(-_SECONDS / UNFORESEEN_SEC))) ** 2


class Stream:
    """A run as it goes by. Made by `open_stream`; `step` once a second, in order."""

    def __init__(self, known: State) -> None:
        self._known = known
        theta, level, ceiling = known.physiology.theta, known.level_bpm, ode.ceiling(known.physiology)
        self._theta, self._level, self._ceiling = theta, level, ceiling
        self._state = np.array([theta[kernel.START], 0.0])
        self._constants = np.array(kernel.constants(theta))
        self._kept_altitude = math.exp(-1.0 / ode.ALTITUDE_SEC)
        # What the last seconds held: smoothed altitude and way, one more than the grade looks back.
        self._altitude: list[float] = []
        self._way: list[float] = []
        self._going_on, self._usual = np.zeros(3), np.zeros(3)
        self._heard = _Heard()
        self._level_cost = float(cost_of_running(0.0))
        self.t_sec = 0

    def step(self, speed_mps: float, altitude_m: float, heart_rate_bpm: float | None = None) -> Curve:
        """Takes in the present second, and gives the next 60: t_sec + 1 … t_sec + 60 of the time before the
        call.

        heart_rate_bpm: what was measured in it, None or NaN where nothing was; readings that cannot be a
        heart's are passed over. Raises ValueError if speed or altitude is not a number.
        """
        if not (math.isfinite(speed_mps) and math.isfinite(altitude_m)):
            raise ValueError(
                f"second {self.t_sec}: speed {speed_mps} and altitude {altitude_m} must be numbers"
            )
        if heart_rate_bpm is not None and ode.LEAST_BPM <= heart_rate_bpm <= ode.MOST_BPM:
            curve = float(self._theta[kernel.REST] + self._state.sum())
            self._heard.hear(heart_rate_bpm - self._within(curve + self._level))
            self._ceiling = max(self._ceiling, heart_rate_bpm)
        power = self._power(speed_mps, altitude_m)
        self._going_on = self._mean(self._going_on, power, GOES_ON_SEC)
        self._usual = self._mean(self._usual, power, USUAL_SEC)
        middle = _ahead(
            self._state,
            power,
            self._going_on,
            self._usual,
            self._theta,
            self._constants,
            self.t_sec,
            AHEAD_SEC,
        )
        self.t_sec += 1
        self._heard.wait()
        middle = np.clip(np.minimum(middle, self._ceiling) + self._level, LEAST_BPM + 1.0, self._ceiling)
        if not self._heard.seconds:
            known = self._known
            scale = intervals.scale_bpm(AHEAD_SEC, known.runs, known.wandered_bpm, self.t_sec)
            wide = known.units * np.sqrt(scale**2 + _UNFORESEEN_VAR)
        else:
            shift, spread = self._heard.ahead(_SECONDS)
            middle = np.clip(middle + shift, LEAST_BPM + 1.0, self._ceiling)
            wide = _NORMAL_80 * np.sqrt(spread**2 + _UNFORESEEN_VAR)
        return Curve(np.maximum(middle - wide, LEAST_BPM), middle, middle + wide)

    def _within(self, bpm: float) -> float:
        return min(max(bpm, LEAST_BPM + 1.0), self._ceiling)

    def _mean(self, mean: Floats, power: Floats, time_constant_sec: float) -> Floats:
        """Exponentially weighted mean; while less than its time constant has gone by, the plain mean."""
        return np.asarray(mean + (power - mean) / min(self.t_sec + 1.0, time_constant_sec))

    def _power(self, speed_mps: float, altitude_m: float) -> Floats:
        """Power of the present second, W/kg: on the level, uphill, downhill; as `ode.effort` has it."""
        kept = self._kept_altitude
        before = self._altitude[-1] if self._altitude else altitude_m
        self._altitude.append(kept * before + (1 - kept) * altitude_m)
        self._way.append((self._way[-1] if self._way else 0.0) + speed_mps)
        run = self._way[-1] - self._way[0]
        grade = 0.0
        if run > ode.LEAST_WAY_M:
            rise = self._altitude[-1] - self._altitude[0]
            grade = min(max(rise / run, -ode.STEEPEST), ode.STEEPEST)
        if len(self._way) > ode.GRADE_SEC:
            del self._altitude[0], self._way[0]
        speed = min(max(speed_mps, 0.0), ode.FASTEST_MPS)
        extra = speed * (float(cost_of_running(grade)) - self._level_cost)
        return np.array(
            [speed * self._level_cost, max(extra, 0.0) if grade > 0 else 0.0, extra if grade <= 0 else 0.0]
        )


def open_stream(
    history: Sequence[Recorded],
    started_at: datetime,
    activity: str = RUN,
    forecaster: Personal | None = None,
) -> Stream:
    """A stream for a run that begins now, by the runner's workouts that had ended before."""
    own = forecaster or Personal()
    known = [run for run in history if run.inputs.ended_at < started_at]
    return Stream(own.state(activity, started_at, known))


@numba.njit(cache=True, error_model="numpy")
def _ahead(
    state: Floats,
    power: Floats,
    going_on: Floats,
    usual: Floats,
    theta: Floats,
    constants: Floats,
    second: int,
    ahead: int,
) -> Floats:
    """The curve of the next seconds; state, of the present second, becomes that of the next."""
    rising, falling, slow, share = constants
    made = np.empty(ahead)
    fast_part, slow_part = state[0], state[1]
    now, back, kept = power.copy(), 1.0, math.exp(-1.0 / GOES_BACK_SEC)
    for k in range(ahead):
        asked = kernel.demand(now[0], now[1], now[2], second + k, theta)
        for part in range(3):
            now[part] = usual[part] + back * (going_on[part] - usual[part])
        back *= kept
        fast, late = (1.0 - share) * asked, share * asked
        fast_part = fast + (fast_part - fast) * (rising if fast > fast_part else falling)
        slow_part = late + (slow_part - late) * slow
        if k == 0:
            state[0], state[1] = fast_part, slow_part
        made[k] = theta[0] + fast_part + slow_part
    return made
