"""Points on one clock: repeated seconds, clocks that jump, impossible dates, and where speed comes from."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.heartrate.clock import SET_ASIDE, clocked, haversine_m
from formguide.heartrate.readings import Reading, Unreadable
from tests.heartrate.workout_files import START

T0 = START.timestamp()


def reading(times, latitude=None, longitude=None, **channels) -> Reading:
    values = {name: np.array(values, dtype=float) for name, values in channels.items()}
    return Reading("x", "ann", "csv", "run", None, np.array(times, dtype=float), values, latitude, longitude)


def heard(times):
    """The seconds that are kept, and the place in the file of each, by way of its heart rate."""
    found = clocked(reading(times, heart_rate_bpm=np.arange(len(times))))
    return found.t_sec.tolist(), found.channels["heart_rate_bpm"].tolist(), dict(found.set_aside)


def test_a_clock_that_runs_is_left_as_it_is():
    found = clocked(reading(T0 + np.array([0, 1, 2, 5, 9]), heart_rate_bpm=[1, 2, 3, 4, 5]))
    assert found.t_sec.tolist() == [0, 1, 2, 5, 9]
    assert found.started_at == datetime(2021, 3, 24, 21, 40, 55)
    assert (found.month, found.workout_id, found.set_aside) == (202103, "ann/20210324T214055", {})


def test_the_first_of_a_second_counts():
    assert heard(T0 + np.array([0, 1, 1.4, 2, 2])) == ([0, 1, 2], [0, 1, 3], {"same_second": 2})


def test_a_clock_that_jumps_back_goes_on_where_it_passes_its_old_end():
    seconds, places, why = heard(T0 + np.array([0, 1, 2, 3, 4, 2, 3, 4, 5, 6]))
    assert (seconds, places) == ([0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 8, 9])
    assert why == {"clock_back": 3}


def test_points_before_the_clock_was_set_are_set_aside():
    assert heard([0, 1, *(T0 + np.arange(5))])[2] == {"no_such_date": 2}
    # The device was sure of a day in 2005 first.
    seconds, places, why = heard([1.1e9, 1.1e9 + 1, *(T0 + np.arange(5))])
    assert (seconds, places, why) == ([0, 1, 2, 3, 4], [2, 3, 4, 5, 6], {"clock_jump": 2})


def test_one_point_in_the_future_does_not_take_the_rest_with_it():
    seconds, places, why = heard([T0, T0 + 1, T0 + 9e8, *(T0 + np.arange(2, 7))])
    assert (seconds, places, why) == ([0, 1, 2, 3, 4, 5, 6], [0, 1, 3, 4, 5, 6, 7], {"clock_back": 1})


@pytest.mark.parametrize(
    ("times", "said"),
    [([0, 1, 2], "1970-01-01"), ([4.2e9, 4.2e9 + 1], "2103"), ([np.nan, np.nan], "no point has a time")],
)
def test_a_workout_that_nobody_can_have_recorded(times, said):
    with pytest.raises(Unreadable, match=said):
        clocked(reading(times, heart_rate_bpm=times))


@given(
    st.lists(
        st.one_of(st.floats(-50, 50), st.sampled_from([np.nan, 1e9, -1.6e9, 90_000.0, -90_000.0])),
        min_size=1,
        max_size=60,
    )
)
def test_every_point_is_a_second_or_is_counted_and_the_clock_runs(steps):
    times = T0 + np.nancumsum(steps)
    times[~np.isfinite(steps)] = np.nan
    try:
        found = clocked(reading(times, heart_rate_bpm=np.ones(len(times))))
    except Unreadable:
        assert not ((times >= 946684800) & (times < 4102444800)).any()
        return
    assert len(found.t_sec) + sum(found.set_aside.values()) == len(times)
    assert set(found.set_aside) <= set(SET_ASIDE)
    assert found.t_sec[0] == 0 and (np.diff(found.t_sec) > 0).all()


def test_haversine_against_the_great_circle():
    rng = np.random.default_rng(4)
    latitude, longitude = rng.uniform(-80, 80, 50), rng.uniform(-180, 180, 50)
    phi, lam = np.radians(latitude), np.radians(longitude)
    places = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)
    angle = np.arccos(np.clip((places[1:] * places[:-1]).sum(axis=1), -1, 1))
    assert haversine_m(latitude, longitude) == pytest.approx(6_371_008.8 * angle, rel=1e-9)


def test_speed_is_the_device_s_else_the_distance_s_else_the_coordinates():
    times = T0 + np.array([0, 1, 2, 4])
    latitude = -41 + np.array([0, 1, 2, 4]) * 3 / 111_195.08
    along = {"latitude": latitude, "longitude": np.full(4, -21.0)}
    device = clocked(reading(times, speed_mps=[1, 2, 2, 2], distance_m=[0, 3, 6, 12], **along))
    way = clocked(reading(times, distance_m=[0, 3, 5, 12], **along))
    gps = clocked(reading(times, heart_rate_bpm=[9, 9, 9, 9], **along))
    none = clocked(reading(times, heart_rate_bpm=[9, 9, 9, 9]))
    assert [found.speed_from for found in (device, way, gps, none)] == ["device", "distance", "gps", "none"]
    assert device.channels["speed_mps"].tolist() == [1, 2, 2, 2]
    assert way.channels["speed_mps"][1:].tolist() == [3, 2, 3.5]
    assert gps.channels["speed_mps"][1:] == pytest.approx([3, 3, 3], rel=1e-4)
    assert gps.channels["distance_m"] == pytest.approx([0, 3, 6, 12], rel=1e-4)
    assert "speed_mps" not in none.channels


def test_coordinates_that_are_none_are_passed_over():
    latitude, longitude = np.array([0, -41.0, 95, -41.0]), np.array([0, -21.0, 0, -21.0])
    found = clocked(
        reading(T0 + np.arange(4), latitude=latitude, longitude=longitude, heart_rate_bpm=[1] * 4)
    )
    assert np.isfinite(found.channels["distance_m"]).tolist() == [False, True, False, True]
