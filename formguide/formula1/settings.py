"""The model's constants, in one place. Chosen on the races of 2016 to 2022 only
(`scripts/tune_formula1.py`)."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class StrengthSettings:
    """How cars and drivers are believed to move, and how much a session tells. Pace is in % of lap time.

    Standard deviations unless said otherwise; "lap" is pace over one lap, "race" what is added to it on
    Sunday.
    """

    car_lap_step: float = 0.0481
    car_race_step: float = 0.0319
    car_season_step: float = 0.329
    car_race_season_step: float = 0.086
    car_reset_step: float = 1.01
    car_season_memory: float = 0.811
    car_reset_memory: float = 0.533
    car_initial: float = 0.752
    new_car_mean: float = -0.309
    driver_lap_step: float = 0.026
    driver_race_step: float = 0.00804
    driver_season_step: float = 0.058
    driver_initial: float = 0.392
    driver_race_initial: float = 0.153
    new_driver_mean: float = -0.0502
    weekend_car: float = 0.238
    weekend_driver: float = 0.136
    weekend_car_race: float = 0.253
    practice_noise: tuple[float, float, float] = (0.78, 0.75, 0.418)
    qualifying_noise: float = 0.267
    sprint_qualifying_noise: float = 0.311
    race_scale: float = 0.505
    sprint_scale: float = 0.282
    sprint_weight: float = 0.5
    lap_pace_in_race: float = 0.725
    backward: float = 1.0
    grid_gain: float = 0.81
    grid_gain_sd: float = 0.3
    grid_gain_step: float = 0.02
    grid_stickiness: float = 0.466
    grid_stickiness_sd: float = 0.243
    grid_power: float = 0.42
    regulation_resets: tuple[int, ...] = (2014, 2022, 2026)


@dataclass(frozen=True)
class NoiseSettings:
    """What a race day adds under one scenario: a mixture of an ordinary and a troubled day, and retirements.

    own_sd, trouble_weight, trouble_shift (pace lost), trouble_sd: the mixture, in % of lap time;
    posterior_scale: multiplies the posterior's standard deviations; car_factor, accident_factor: multiply the
    hazards of the car and of the driver; grid_gain_factor: how much of the grid's effect is left.
    """

    own_sd: float
    trouble_weight: float
    trouble_shift: float
    trouble_sd: float
    posterior_scale: float
    car_factor: float
    accident_factor: float
    grid_gain_factor: float


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
    dry: NoiseSettings = NoiseSettings(
        own_sd=0.206,
        trouble_weight=0.162,
        trouble_shift=0.664,
        trouble_sd=0.921,
        posterior_scale=1.28,
        car_factor=1.08,
        accident_factor=0.452,
        grid_gain_factor=1.05,
    )
    # Halfway (in logarithms) to what all races share: there were only 17 wet races to choose on.
    wet: NoiseSettings = NoiseSettings(
        own_sd=0.144,
        trouble_weight=0.36,
        trouble_shift=0.871,
        trouble_sd=1.14,
        posterior_scale=0.961,
        car_factor=1.21,
        accident_factor=0.706,
        grid_gain_factor=0.537,
    )
    safety_car: NoiseSettings = NoiseSettings(
        own_sd=0.114,
        trouble_weight=0.231,
        trouble_shift=0.871,
        trouble_sd=1.21,
        posterior_scale=1.07,
        car_factor=1.16,
        accident_factor=0.807,
        grid_gain_factor=0.737,
    )
    ml: MlSettings = MlSettings()
    reliability_half_life_races: float = 25.0
    reliability_prior_starts: float = 12.0

    def noise(self, scenario: str) -> NoiseSettings:
        """The race day's law under a scenario."""
        laws = {"dry": self.dry, "wet": self.wet, "safety_car": self.safety_car}
        return laws[scenario]


def as_dict(settings: object) -> dict[str, object]:
    """The settings as nested plain values, for fingerprints and for the output."""
    out: dict[str, object] = {}
    for f in fields(settings):  # type: ignore[arg-type]
        value = getattr(settings, f.name)
        out[f.name] = as_dict(value) if hasattr(value, "__dataclass_fields__") else value
    return out
