"""The race day: its date, and its weather from six to six."""

from __future__ import annotations

import json
from datetime import date

import pytest

from formguide.triathlon.weather import RaceDay, read_weather

HOURS = [
    {"time": str(hour), "weatherCode": code, "temp": temp, "humidity": 80, "windSpeed": wind}
    for hour, code, temp, wind in [
        (3, "RAIN", 10.0, 9.0),
        (6, "CLEAR", 20.0, 2.0),
        (18, "RAIN", 24.0, 4.0),
        (21, "RAIN", 0.0, 9.0),
    ]
]
DAY = {"date": "2019-05-05", "minTemp": 9.5, "maxTemp": 25.5, "hourly": HOURS, "sunrise": "06:10"}


def read(**changed: object):
    return read_weather("w", json.dumps({**DAY, **changed}).encode(), 2019)


def test_means_are_of_the_hours_of_the_race():
    day, rejects = read()
    assert rejects == []
    assert day.race_on == date(2019, 5, 5)
    assert day.weather["temp_mean_c"] == pytest.approx(22.0)
    assert day.weather["wind_mps"] == pytest.approx(3.0)
    assert day.weather["rain_hours"] == 1
    assert (day.weather["temp_min_c"], day.weather["temp_max_c"]) == (9.5, 25.5)
    assert day.weather["pressure_hpa"] is None


def test_a_day_without_hours_is_still_a_date():
    day, rejects = read(hourly=[])
    assert rejects == []
    assert day.race_on == date(2019, 5, 5)
    assert day.weather["temp_mean_c"] is None
    assert day.weather["rain_hours"] is None


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b"{", None, "JSON"),
        (json.dumps({**DAY, "date": "2018-05-05"}).encode(), "date", "not in 2019"),
        (json.dumps({**DAY, "date": "tomorrow"}).encode(), "date", "date"),
        (json.dumps({**DAY, "minTemp": "cold"}).encode(), "minTemp", "cold"),
    ],
)
def test_what_cannot_be_read_is_set_aside_and_the_race_has_no_date(body, field, reason):
    day, (reject,) = read_weather("2019/x_2019/weather-data.json", body, 2019)
    assert day == RaceDay()
    assert reject.field == field
    assert reason in reject.reason
    assert reject.payload == body
