"""The filter against dense conditioning, against the truth of the sample league, and in what it computes
again."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from formguide.formula1 import strengths
from formguide.formula1.settings import ForecastSettings, StrengthSettings
from formguide.formula1.state import State
from formguide.formula1.weekends import Session

SETTINGS = ForecastSettings()


def test_a_gaussian_update_is_conditioning_with_a_free_level():
    rng = np.random.default_rng(1)
    n, m = 6, 4
    root = rng.normal(size=(n, n))
    state = State(2024, (), (), rng.normal(size=n), root @ root.T + np.eye(n))
    rows, gap, noise = rng.normal(size=(m, n)), rng.normal(size=m), 1e3
    # With noise this wide every residual is ordinary, so the Student-t weights are (4 + ~0) / 5.
    after = strengths._gaussian_update(state, rows, gap, noise)
    variance = noise**2 * 4 / 5
    wide = np.block([[state.cov, np.zeros((n, 1))], [np.zeros((1, n)), np.full((1, 1), 25.0)]])
    design = np.hstack([rows, np.ones((m, 1))])
    gain = wide @ design.T @ np.linalg.inv(design @ wide @ design.T + variance * np.eye(m))
    mean = np.append(state.mean, 0.0) + gain @ (gap - np.median(gap) - rows @ state.mean)
    cov = wide - gain @ design @ wide
    np.testing.assert_allclose(after.mean, mean[:n], rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(after.cov, cov[:n, :n], rtol=1e-4, atol=1e-6)


def test_one_lap_that_went_wrong_moves_a_driver_less_than_an_honest_one():
    names = tuple(f"d{i}" for i in range(10))
    teams = tuple(f"t{i // 2}" for i in range(10))
    s = StrengthSettings()
    base = strengths.admit(strengths.initial_state(2024, s), names, teams, s).opened((0.2, 0.1, 0.1))
    moved = []
    for slow in (-0.6, -6.0):
        gap = np.zeros(10)
        gap[0] = slow
        rows = base.lap_rows(names, teams)
        moved.append((strengths._gaussian_update(base, rows, gap, 0.2).mean)[base.offsets()["driver_lap"]])
    assert moved[0] < 0
    assert abs(moved[1]) < 3 * abs(moved[0])


def test_a_state_survives_its_bytes(run):
    state = run.checkpoints[-1].state
    again = State.from_bytes(state.to_bytes())
    assert again.to_bytes() == state.to_bytes()
    np.testing.assert_array_equal(again.cov, state.cov)
    assert again.reliability == state.reliability


def test_the_sample_leagues_truth_is_recovered(run, weekends, league):
    """Posterior race pace against the truth's, over the cars and drivers of each season's last race."""
    table = strengths.strengths_table(run.checkpoints, weekends, SETTINGS)
    truth = {r.race_id: r for r in league[1].races}
    last = [w.race_id for w, after in pairwise(weekends) if w.season != after.season]
    for kind, least in (("car", 0.8), ("driver", 0.4)):
        for race_id in last[1:]:
            rows = table.filter((table["race_id"] == race_id) & (table["entity_kind"] == kind))
            pace = truth[race_id].car_pace if kind == "car" else truth[race_id].driver_skill
            true = np.array([pace[name] for name in rows["entity_id"]])
            assert np.corrcoef(true, rows["race_pace_pct"].to_numpy())[0, 1] > least, (race_id, kind)


def test_nothing_is_computed_twice(run, weekends):
    held = {c.race_id: c for c in run.checkpoints}
    again = strengths.run_forward(weekends, SETTINGS, held)
    assert (again.computed, again.carried) == (0, len(run.checkpoints))


def test_a_corrected_race_makes_itself_and_later_ones_new_and_no_earlier_one(run, weekends):
    corrected = 30
    weekend = weekends[corrected]
    race = weekend.race
    assert race is not None
    points = race.points.copy()
    points[0] -= 1
    sessions = tuple(replace(s, points=points) if s.kind == "race" else s for s in weekend.sessions)
    changed = [*weekends[:corrected], replace(weekend, sessions=sessions), *weekends[corrected + 1 :]]
    again = strengths.run_forward(changed, SETTINGS, {c.race_id: c for c in run.checkpoints})
    assert again.carried == corrected
    assert again.computed == len(run.checkpoints) - corrected
    assert again.checkpoints[:corrected] == run.checkpoints[:corrected]


def test_going_on_from_a_checkpoint_gives_the_same_bytes(run, weekends):
    middle = 25
    tail = strengths.run_forward(weekends[middle + 1 :], SETTINGS, before=run.checkpoints[middle])
    assert tail.checkpoints == run.checkpoints[middle + 1 :]


def test_other_settings_are_another_chain(run, weekends):
    other = replace(SETTINGS, strengths=replace(SETTINGS.strengths, race_scale=0.9))
    assert (
        strengths.run_forward(weekends[:1], other).checkpoints[0].fingerprint
        != run.checkpoints[0].fingerprint
    )


def test_the_posterior_narrows_as_a_season_goes_on(run):
    def car_sd(point):
        state = point.state
        return float(np.sqrt(np.diag(state.cov)[: len(state.cars)]).mean())

    assert car_sd(run.checkpoints[15]) < car_sd(run.checkpoints[0])


def test_a_regulation_reset_widens_the_cars(run):
    state = run.checkpoints[-1].state
    s = SETTINGS.strengths

    def spread(resets):
        new = strengths._new_season(state, state.season + 1, replace(s, regulation_resets=resets))
        return np.diag(new.cov)[: len(state.cars)].mean()

    assert spread((state.season + 1,)) > spread(())


def test_newcomers_start_at_the_prior_and_returners_where_they_were(run):
    s = SETTINGS.strengths
    state = run.checkpoints[-1].state
    team = state.cars[0]
    admitted = strengths.admit(state, ["a-newcomer"], [team], s)
    at = admitted.offsets()["driver_lap"] + admitted.drivers.index("a-newcomer")
    assert admitted.mean[at] == s.new_driver_mean
    assert admitted.cov[at, at] == pytest.approx(s.driver_initial**2)
    gone = state.drivers[3]
    before = state.mean[state.offsets()["driver_lap"] + 3]
    back = strengths.admit(state.without_drivers([gone]), [gone], [team], s)
    assert back.mean[back.offsets()["driver_lap"] + back.drivers.index(gone)] == before


def test_a_session_with_too_few_times_teaches_nothing(run, weekends):
    state = strengths.open_weekend(run.checkpoints[0].state, weekends[1], SETTINGS.strengths)
    names, teams = state.drivers[:3], tuple(state.cars[:3])
    gap = np.array([0.0, -1.0, -2.0])
    session = Session.of("practice", 1, weekends[1].weekend_at, names, teams, teams, gap_pct=gap)
    after = strengths.absorb(state, session, weekends[1], SETTINGS)
    np.testing.assert_array_equal(after.mean, state.mean)
