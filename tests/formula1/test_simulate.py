"""The simulator: its random numbers, its law, and seasons whose odds are known."""

import hashlib
import itertools

import numpy as np
import pytest
from scipy import stats

from formguide.formula1 import _draws
from formguide.formula1.finishing_order import Field, exact_positions, expected_points
from formguide.formula1.simulate import (
    GRAND_PRIX_POINTS,
    SPRINT_POINTS,
    RemainingRace,
    head_to_head,
    position_frequencies,
    simulate_races,
    simulate_season,
)


def duel(gap: float = 0.0, retire: tuple[float, float] = (0.0, 0.0), own: float = 1.0) -> Field:
    """Two drivers in two cars, the first faster by ``gap`` on average."""
    return Field(np.array([gap, 0.0]), np.full(2, own), np.arange(2), np.zeros(2), np.array(retire))


def field_of(drivers: int = 20, seed: int = 0) -> Field:
    rng = np.random.default_rng(seed)
    cars = (drivers + 1) // 2
    return Field(
        mean=rng.normal(0, 0.8, drivers),
        own_sd=rng.uniform(0.3, 0.7, drivers),
        car=np.arange(drivers) // 2,
        car_sd=rng.uniform(0.1, 0.6, cars),
        retire_prob=rng.uniform(0, 0.3, drivers),
        noise_weight=np.array([0.8, 0.15, 0.05]),
        noise_shift=np.array([0.0, -1.0, 0.3]),
        noise_sd=np.array([0.2, 1.0, 0.5]),
    )


def test_words_are_those_of_xoshiro256_plus_plus():
    """The recurrence of Blackman and Vigna in Python's unbounded integers, from the same state."""
    state = _draws.seeded(12345)
    s = [int(word) for word in state]
    words = np.empty(200, np.uint64)
    _draws.fill_words(state, words)
    mask = 2**64 - 1

    def rotate(x: int, k: int) -> int:
        return ((x << k) | (x >> (64 - k))) & mask

    for word in words.tolist():
        assert word == (rotate((s[0] + s[3]) & mask, 23) + s[0]) & mask
        shifted = (s[1] << 17) & mask
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = rotate(s[3], 45)


def test_splitmix_fills_the_state():
    """First outputs of splitmix64 from zero, as published with the generator."""
    assert [hex(int(word)) for word in _draws.seeded(0)[:2]] == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4"]


def test_normals_are_normal():
    draws = np.empty(4_000_000)
    _draws.fill_normals(_draws.seeded(1), draws)
    assert stats.kstest(draws[:1_000_000], "norm").pvalue > 1e-3
    edges = stats.norm.ppf(np.linspace(0, 1, 2001))
    assert stats.chisquare(np.histogram(draws, edges)[0]).pvalue > 1e-3
    assert abs(draws.mean()) * 2000 < 4
    assert abs(draws.var() - 1) * np.sqrt(2e6) < 4
    beyond = (np.abs(draws) > 3.7).sum()  # the tail has its own branch
    expected = 2 * stats.norm.sf(3.7) * len(draws)
    assert abs(beyond - expected) < 4 * np.sqrt(expected)


def test_same_seed_same_bytes_and_a_shorter_run_is_the_beginning():
    field = field_of()
    races = simulate_races(field, 1000, seed=3)
    assert races.dtype == np.int8
    assert races.tobytes() == simulate_races(field, 1000, seed=3).tobytes()
    np.testing.assert_array_equal(races[:130], simulate_races(field, 130, seed=3))
    assert (races != simulate_races(field, 1000, seed=4)).any()
    assert simulate_races(field, 0).shape == (0, 20)


def test_bytes_do_not_change_between_versions():
    digest = hashlib.sha256(simulate_races(field_of(), 500, seed=11).tobytes()).hexdigest()
    assert digest == "bddfd5e4d9835119e66e3b4dce50996c779940e9edfaf51c7e2e1c980decbf56"


def test_every_race_lists_every_place_once():
    races = simulate_races(field_of(21), 3000)
    np.testing.assert_array_equal(np.sort(races, axis=1), np.broadcast_to(np.arange(1, 22), races.shape))


@pytest.mark.parametrize("drivers", [1, 2, 5, 20, 26])
def test_places_follow_the_exact_law(drivers):
    field = field_of(drivers, seed=drivers)
    exact = exact_positions(field)
    races = 200_000
    seen = position_frequencies(simulate_races(field, races, seed=5))
    assert (np.abs(seen - exact) <= 5 * np.sqrt(exact * (1 - exact) / races) + 1e-9).all()


def test_joint_outcomes_of_teammates_by_a_plain_simulation():
    """Pairs, which marginals do not see: against NumPy's generator and sort."""
    field = field_of(6, seed=2)
    rng = np.random.default_rng(9)
    n = 200_000
    part = rng.choice(3, size=(n, 6), p=field.noise_weight)
    pace = field.mean + (field.car_sd * rng.standard_normal((n, 3)))[:, field.car]
    pace += field.noise_shift[part] + field.own_sd * rng.standard_normal((n, 6))
    pace += field.noise_sd[part] * rng.standard_normal((n, 6))
    pace[rng.random((n, 6)) < field.retire_prob] -= 1e3
    retired = pace < -500
    pace[retired] = -1e3 - rng.random(retired.sum())
    races = simulate_races(field, n, seed=1)
    plain = np.argsort(np.argsort(-pace, axis=1), axis=1) + 1
    for i, j in itertools.combinations(range(6), 2):
        both = np.minimum(plain[:, i], 3) * 4 + np.minimum(plain[:, j], 3)
        ours = np.minimum(races[:, i], 3).astype(int) * 4 + np.minimum(races[:, j], 3)
        table = np.array([np.bincount(both, minlength=16), np.bincount(ours, minlength=16)])
        assert stats.chi2_contingency(table[:, table.sum(axis=0) > 0]).pvalue > 1e-4


def test_head_to_head():
    races = np.array([[1, 2, 3], [2, 1, 3], [1, 3, 2], [1, 2, 3]], dtype=np.int8)
    np.testing.assert_array_equal(head_to_head(races), [[0, 0.75, 1], [0.25, 0, 0.75], [0, 0.25, 0]])


def test_head_to_head_of_two_in_closed_form():
    share = head_to_head(simulate_races(duel(0.5), 200_000))[0, 1]
    assert share == pytest.approx(stats.norm.cdf(0.5 / np.sqrt(2)), abs=0.005)


def test_position_frequencies():
    races = np.array([[1, 2], [2, 1], [1, 2]], dtype=np.int8)
    np.testing.assert_allclose(position_frequencies(races), [[2 / 3, 1 / 3], [1 / 3, 2 / 3]])


def test_negative_counts_and_seeds_are_refused():
    with pytest.raises(ValueError, match="negative"):
        simulate_races(duel(), -1)
    with pytest.raises(ValueError, match="negative"):
        simulate_races(duel(), 1, seed=-1)


def race(*scenarios: tuple[float, Field], **changes: object) -> RemainingRace:
    size = scenarios[0][1].drivers
    return RemainingRace(scenarios, **({"driver": np.arange(size), "team": np.arange(size)} | changes))  # type: ignore[arg-type]


def test_nothing_left_leaves_the_standings():
    odds = simulate_season([], [10, 30, 20], [40, 20], n=10)
    np.testing.assert_array_equal(odds.driver_title, [0, 1, 0])
    np.testing.assert_array_equal(odds.driver_position, [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(odds.team_points, [40, 20])


def test_expected_points_are_those_of_the_exact_law():
    field, wet = field_of(20, 1), field_of(20, 2)
    races = [
        race((0.7, field), (0.3, wet), team=np.arange(20) // 2),
        race((1.0, wet), team=np.arange(20) // 2, points=SPRINT_POINTS, sprint=True),
    ]
    odds = simulate_season(races, np.ones(20), np.zeros(10), n=100_000)
    dry_points, wet_points = (
        expected_points(exact_positions(f, classified=True), GRAND_PRIX_POINTS) for f in (field, wet)
    )
    sprint = expected_points(exact_positions(wet, classified=True), SPRINT_POINTS)
    expected = 1 + 0.7 * dry_points + 0.3 * wet_points + sprint
    np.testing.assert_allclose(odds.driver_points, expected, atol=0.15)
    np.testing.assert_allclose(odds.team_points, (expected - 1).reshape(10, 2).sum(axis=1), atol=0.3)
    np.testing.assert_allclose(odds.driver_position.sum(axis=0), 1)
    np.testing.assert_allclose(odds.team_position.sum(axis=1), 1)
    assert odds.seasons == 100_000


def test_a_title_fight_in_closed_form():
    """Two equal drivers, three races, seven points a win: the leader by 8 loses only by losing all three."""
    odds = simulate_season([race((1.0, duel()))] * 3, [8, 0], [0, 0], n=100_000)
    assert odds.driver_title[0] == pytest.approx(1 - 1 / 8, abs=0.005)


def test_a_persistent_gap_is_the_same_in_every_race():
    """Noise is small beside what is carried: whoever is better wins all, so half the seasons end 0 : 3."""
    odds = simulate_season(
        [race((1.0, duel(own=1e-3)))] * 3, [20, 0], [0, 0], persistent_driver_sd=1.0, n=50_000
    )
    assert odds.driver_title[1] == pytest.approx(0.5, abs=0.01)
    independent = simulate_season([race((1.0, duel()))] * 3, [20, 0], [0, 0], n=50_000)
    assert independent.driver_title[1] == pytest.approx(1 / 8, abs=0.01)
    cars = simulate_season(
        [race((1.0, duel(own=1e-3)))] * 3, [20, 0], [0, 0], persistent_car_sd=[1.0, 0.0], n=50_000
    )
    assert cars.driver_title[1] == pytest.approx(0.5, abs=0.01)


def test_drift_is_a_random_walk_between_weekends():
    """A walk from 0 is above 0 after one step and after two with probability 1/4 + asin(sqrt(1/2)) / 2 pi."""
    races = [race((1.0, duel(50.0, own=1e-3)))] + [race((1.0, duel(own=1e-3)))] * 2
    odds = simulate_season(races, [5, 0], [0, 0], drift_driver_sd=1.0, n=100_000)
    # The first race makes it 30 : 18, so the second driver needs both of the others.
    assert odds.driver_title[1] == pytest.approx(0.25 + np.arcsin(np.sqrt(0.5)) / (2 * np.pi), abs=0.006)


def test_no_drift_between_a_sprint_and_its_grand_prix():
    weekend = [
        race((1.0, duel(own=1e-3)), points=(8, 0), sprint=True),
        race((1.0, duel(own=1e-3)), points=(8, 0)),
    ]
    # The second driver leads by 15: one win each would keep the lead, and takes a drift in between.
    odds = simulate_season(weekend, [0, 15], [0, 0], persistent_driver_sd=1e-2, drift_driver_sd=1.0, n=20_000)
    assert odds.driver_title[0] == pytest.approx(0.5, abs=0.03)


def test_ties_go_to_wins_then_second_places():
    places = [[1, 3, 0], [2, 0, 0], [1, 3, 1]]
    odds = simulate_season([], [50, 50, 50], [1], places_now_driver=places, n=200)
    np.testing.assert_array_equal(odds.driver_position, [[0, 0, 1], [1, 0, 0], [0, 1, 0]])


def test_a_full_tie_is_drawn_by_lot():
    odds = simulate_season([], np.zeros(4), np.zeros(2), n=40_000)
    np.testing.assert_allclose(odds.driver_position, 0.25, atol=0.015)
    np.testing.assert_allclose(odds.team_position, 0.5, atol=0.015)


def test_a_win_in_a_sprint_does_not_break_a_tie():
    sure = duel(50.0)
    grand_prix = simulate_season([race((1.0, sure), points=(0, 0))], [5, 5], [0, 0], n=2000)
    assert grand_prix.driver_title[0] == 1
    sprint = simulate_season([race((1.0, sure), points=(0, 0), sprint=True)], [5, 5], [0, 0], n=2000)
    assert 0.4 < sprint.driver_title[0] < 0.6


def test_the_retired_score_nothing():
    odds = simulate_season([race((1.0, duel(0.0, (1.0, 1.0))))], [0, 0], [0, 0], n=100)
    assert odds.driver_points.max() == 0


def test_a_driver_may_change_team_within_a_season():
    sure = duel(50.0)
    races = [race((1.0, sure), team=[0, 1]), race((1.0, sure), team=[1, 0])]
    odds = simulate_season(races, [0, 0], [0, 0], n=50)
    np.testing.assert_array_equal(odds.driver_points, [50, 36])
    np.testing.assert_array_equal(odds.team_points, [43, 43])


def test_a_season_repeats_with_its_seed():
    races = [race((0.6, field_of(8, 1)), (0.4, field_of(8, 2)))] * 4

    def play(seed: int) -> bytes:
        odds = simulate_season(
            races, np.zeros(8), np.zeros(8), persistent_car_sd=0.3, drift_car_sd=0.1, n=500, seed=seed
        )
        return odds.driver_position.tobytes() + odds.team_points.tobytes()

    assert play(1) == play(1)
    assert play(1) != play(2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scenarios": [(0.5, duel())]}, "do not sum to 1"),
        ({"scenarios": []}, "do not sum to 1"),
        ({"driver": [0]}, "one row number per entry"),
        ({"driver": [0, 0]}, "entered twice"),
    ],
)
def test_impossible_races_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        RemainingRace(**({"scenarios": [(1.0, duel())], "driver": [0, 1], "team": [0, 1]} | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points_now_driver": [0.0]}, "driver of a race holds a row outside 0..0"),
        ({"points_now_team": [np.nan]}, "points_now_team must be"),
        ({"persistent_car_sd": [1.0, 1.0, 1.0]}, "persistent_car_sd must be one value or 2"),
        ({"drift_driver_sd": -1.0}, "drift_driver_sd must be finite and not negative"),
        ({"places_now_driver": [[1], [2], [3]]}, "places_now_driver must hold counts"),
        ({"places_now_team": [[31], [0]]}, "more than 31"),
    ],
)
def test_impossible_seasons_are_refused(change, message):
    arguments = {
        "races": [race((1.0, duel()))],
        "points_now_driver": [0, 0],
        "points_now_team": [0, 0],
        "n": 10,
    }
    with pytest.raises(ValueError, match=message):
        simulate_season(**(arguments | change))
