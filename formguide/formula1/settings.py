"""The model's constants, in one place. Chosen on the races of 2016 to 2022 only (`scripts/tune_formula1.py`)."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class StrengthSettings:
    """How cars and drivers are believed to move, and how much a session tells. Pace is in % of lap time.

    Standard deviations unless said otherwise; "lap" is pace over one lap, "race" what is added to it on Sunday.
    """

    car_lap_step: float = 0.12
    car_race_step: float = 0.05
    car_season_step: float = 0.35
    car_race_season_step: float = 0.12
    car_reset_step: float = 0.8
    car_season_memory: float = 0.85
    car_reset_memory: float = 0.6
    car_initial: float = 0.8
    new_car_mean: float = -0.4
    driver_lap_step: float = 0.02
    driver_race_step: float = 0.02
    driver_season_step: float = 0.08
    driver_initial: float = 0.35
    driver_race_initial: float = 0.2
    new_driver_mean: float = -0.1
    weekend_car: float = 0.2
    weekend_driver: float = 0.12
    weekend_car_race: float = 0.12
    practice_noise: tuple[float, float, float] = (0.55, 0.45, 0.4)
    qualifying_noise: float = 0.18
    sprint_qualifying_noise: float = 0.25
    race_scale: float = 0.45
    sprint_scale: float = 0.5
    sprint_weight: float = 0.5
    lap_pace_in_race: float = 1.0
    backward: float = 0.5
    grid_gain: float = 0.6
    grid_gain_sd: float = 0.3
    grid_gain_step: float = 0.02
    grid_stickiness: float = 0.5
    grid_stickiness_sd: float = 0.3
    grid_power: float = 0.5
    regulation_resets: tuple[int, ...] = (2014, 2022, 2026)


@dataclass(frozen=True)
class NoiseSettings:
    """What a race day adds under one scenario: a mixture of an ordinary and a troubled day, and retirements.

    own_sd, trouble_weight, trouble_shift (pace lost), trouble_sd: the mixture, in % of lap time;
    posterior_scale: multiplies the posterior's standard deviations; retire_factor: the odds of retiring.
    grid_gain_factor: how much of the grid's effect is left.
    """

    own_sd: float = 0.7
    trouble_weight: float = 0.15
    trouble_shift: float = 1.2
    trouble_sd: float = 1.0
    posterior_scale: float = 1.0
    car_factor: float = 1.0
    accident_factor: float = 1.0
    grid_gain_factor: float = 1.0


@dataclass(frozen=True)
class MlSettings:
    """The LightGBM layer: trees boosted on the finishing orders of at least `min_races` earlier races."""

    min_races: int = 60
    refit_every_races: int = 6
    rounds: int = 60
    learning_rate: float = 0.05
    leaves: int = 3
    min_rows_in_leaf: int = 60
    shrinkage: float = 0.7
    seed: int = 1


@dataclass(frozen=True)
class ForecastSettings:
    """Everything a Formula 1 forecast depends on beside the data."""

    strengths: StrengthSettings = StrengthSettings()
    dry: NoiseSettings = NoiseSettings()
    wet: NoiseSettings = NoiseSettings()
    safety_car: NoiseSettings = NoiseSettings()
    ml: MlSettings = MlSettings()
    moment_scale: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    reliability_half_life_races: float = 25.0
    reliability_prior_starts: float = 12.0


def as_dict(settings: object) -> dict[str, object]:
    """The settings as nested plain values, for fingerprints and for the output."""
    out: dict[str, object] = {}
    for f in fields(settings):  # type: ignore[arg-type]
        value = getattr(settings, f.name)
        out[f.name] = as_dict(value) if hasattr(value, "__dataclass_fields__") else value
    return out
