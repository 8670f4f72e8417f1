"""The race day's weather, as it was: `weather-data.json` beside a race's results.

It is where a race's date comes from, and nothing else of it is known on the eve. Wind is in metres per
second, temperature in °C, pressure in hPa, humidity in per cent; hours are local, every third one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from statistics import fmean
from typing import Any

from pydantic import ValidationError

from formguide.records import Record, Reject, set_aside, what_is_wrong

FILE = "weather-data.json"

_FROM_HOUR, _TO_HOUR = 6, 18
_RAIN = {"RAIN", "HEAVY_RAIN", "SHOWERS", "THUNDERSTORM", "DRIZZLE"}


@dataclass(frozen=True)
class RaceDay:
    """When a race was and what the weather was like (column → value); both empty where nobody says."""

    race_on: date | None = None
    weather: dict[str, float | int | None] = field(default_factory=dict)


class _Hour(Record):
    time: int
    weather_code: str | None = None
    temp: float | None = None
    humidity: float | None = None
    dew_point: float | None = None
    pressure: float | None = None
    wind_speed: float | None = None


class _Day(Record):
    date: date
    min_temp: float | None = None
    max_temp: float | None = None
    hourly: tuple[_Hour, ...] = ()


def read_weather(path: str, body: bytes, year: int) -> tuple[RaceDay, list[Reject]]:
    """The race day of a weather file. One that cannot be read, or speaks of another year than its folder, is
    set aside, and the race is then one without a date."""
    try:
        said = _Day.model_validate_json(body)
    except ValidationError as error:
        name, reason = what_is_wrong(error)
        return RaceDay(), [set_aside(path, None, name, reason, body)]
    if said.date.year != year:
        reason = f"{said.date} is not in {year}, the year of its folder"
        return RaceDay(), [set_aside(path, None, "date", reason, body)]
    hours = [hour for hour in said.hourly if _FROM_HOUR <= hour.time <= _TO_HOUR]
    rain = sum(hour.weather_code in _RAIN for hour in hours)
    weather: dict[str, Any] = {
        "temp_min_c": said.min_temp,
        "temp_max_c": said.max_temp,
        "temp_mean_c": _mean(hour.temp for hour in hours),
        "humidity_pct": _mean(hour.humidity for hour in hours),
        "dew_point_c": _mean(hour.dew_point for hour in hours),
        "pressure_hpa": _mean(hour.pressure for hour in hours),
        "wind_mps": _mean(hour.wind_speed for hour in hours),
        "rain_hours": rain if any(hour.weather_code for hour in hours) else None,
    }
    return RaceDay(said.date, weather), []


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
