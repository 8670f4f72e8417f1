"""Race forecasts: probabilities that add up, options that do something, and nothing computed twice."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from formguide.formula1 import forecast, ids, plackett_luce, strengths
from formguide.formula1.forecast import ForecastOptions
from formguide.formula1.forecast_tables import RaceForecasts
from formguide.formula1.outlook import look, race_field
from formguide.formula1.scenarios import MIXED, SCENARIOS
from formguide.formula1.settings import ForecastSettings
from formguide.formula1.weekends import MOMENTS
from formguide.schema import check

SETTINGS = ForecastSettings()


@pytest.fixture(scope="module")
def last_season(weekends) -> int:
    return int(weekends[-1].season)


@pytest.fixture(scope="module")
def made(weekends, run, tables, last_season) -> forecast.ForecastResult:
    return forecast.forecast_races(
        weekends, run.checkpoints, tables["race_conditions"], SETTINGS, seasons=[last_season]
    )


def _one(weekends, run, tables, race_id, options=None, settings=SETTINGS, moments=("on_grid",)):
    return forecast.forecast_races(
        weekends, run.checkpoints, tables["race_conditions"], settings, options, only=race_id, moments=moments
    ).table


@pytest.fixture(scope="module")
def race_id(weekends, last_season) -> str:
    return str(next(w.race_id for w in weekends if w.season == last_season and w.round == 8))


def test_the_table_is_as_declared_and_adds_up(made):
    table = check(made.table, RaceForecasts)
    assert set(table["moment"]) == set(MOMENTS)
    assert set(table["scenario"]) == {*SCENARIOS, MIXED}
    for (_, _, scenario), rows in table.group_by("race_id", "moment", "scenario"):
        places = np.array(rows["position_probs"].to_list())
        np.testing.assert_allclose(places.sum(axis=0), 1.0, atol=1e-5)
        np.testing.assert_allclose(places.sum(axis=1), 1.0, atol=1e-9)
        if scenario == MIXED:
            assert rows["p_points"].sum() == pytest.approx(10.0, abs=1e-4)


def test_mixed_is_the_mixture(made):
    wide = made.table.group_by("race_id", "moment", "driver_id").agg(
        mixed=pl.col("p_win").filter(pl.col("scenario") == MIXED).first(),
        summed=(pl.col("p_win") * pl.col("scenario_prob")).filter(pl.col("scenario") != MIXED).sum(),
        chance=pl.col("scenario_prob").filter(pl.col("scenario") != MIXED).sum(),
    )
    np.testing.assert_allclose(wide["mixed"], wide["summed"], atol=1e-9)
    np.testing.assert_allclose(wide["chance"], 1.0)


def test_races_to_come_are_forecast_and_races_run_are_not_known_to_them(made, weekends, last_season):
    coming = [w.race_id for w in weekends if w.season == last_season and w.race is None]
    assert coming
    assert set(coming) <= set(made.table["race_id"])
    rows = made.table.filter(pl.col("race_id").is_in(coming[1:]))
    assert set(rows["moment"]) == {"before_weekend"}


def test_a_missing_grid_falls_back_to_qualifying_and_says_so(made, weekends, last_season):
    coming = next(
        w for w in weekends if w.season == last_season and w.race is None and w.session("qualifying")
    )
    rows = made.table.filter((pl.col("race_id") == coming.race_id) & (pl.col("moment") == "on_grid"))
    assert set(rows["grid_from"]) == {"qualifying"}
    run_race = made.table.filter((pl.col("round") == 3) & (pl.col("moment") == "on_grid"))
    assert set(run_race["grid_from"]) == {"grid"}


def test_what_has_not_changed_is_carried_over_byte_for_byte(made, weekends, run, tables, last_season):
    again = forecast.forecast_races(
        weekends,
        run.checkpoints,
        tables["race_conditions"],
        SETTINGS,
        seasons=[last_season],
        carried=made.table,
    )
    assert (again.computed, again.carried) == (0, made.computed)
    assert_frame_equal(again.table, made.table)


def test_the_incremental_forecast_equals_the_one_from_scratch(made, tables, weekends, last_season):
    """The canonical tables are cut at each forecast's moment and everything is built again on what is
    left."""
    rng = np.random.default_rng(5)
    done = made.table.select("race_id", "moment").unique().sort("race_id", "moment")
    for i in rng.choice(done.height, 6, replace=False):
        race_id, moment = done.row(int(i))
        scratch = forecast.forecast_as_of(tables, race_id, moment, SETTINGS)
        held = made.table.filter((pl.col("race_id") == race_id) & (pl.col("moment") == moment))
        assert_frame_equal(
            scratch.drop("fingerprint"), held.drop("fingerprint"), abs_tol=1e-12, rel_tol=1e-12
        )


def test_the_chance_of_rain_can_be_given(weekends, run, tables, race_id):
    dry = _one(weekends, run, tables, race_id, ForecastOptions(p_wet=0.0))
    wet = _one(weekends, run, tables, race_id, ForecastOptions(p_wet=1.0))
    assert dry.filter(pl.col("scenario") == "wet")["scenario_prob"].max() == 0.0
    assert_frame_equal(
        wet.filter(pl.col("scenario") == MIXED).select("driver_id", "p_win"),
        wet.filter(pl.col("scenario") == "wet").select("driver_id", "p_win"),
    )


def test_scenarios_left_out_do_not_happen(weekends, run, tables, race_id):
    rows = _one(weekends, run, tables, race_id, ForecastOptions(scenarios=("dry", "wet")))
    assert set(rows["scenario"]) == {"dry", "wet", MIXED}
    assert rows.filter(pl.col("scenario") != MIXED).unique("scenario")[
        "scenario_prob"
    ].sum() == pytest.approx(1.0)


def test_without_the_posterior_the_favourite_is_surer(weekends, run, tables, race_id):
    def sharpest(use_bayesian):
        rows = _one(
            weekends,
            run,
            tables,
            race_id,
            ForecastOptions(use_bayesian=use_bayesian),
            moments=("before_weekend",),
        )
        return rows.filter(pl.col("scenario") == MIXED)["p_win"].max()

    assert sharpest(False) > sharpest(True)


def test_hand_weights_multiply_the_worth(weekends, run, tables, race_id):
    plain = _one(weekends, run, tables, race_id).filter(pl.col("scenario") == MIXED)
    driver = plain.sort("p_win")["driver_id"][-3]
    weighted = _one(weekends, run, tables, race_id, ForecastOptions(driver_weights={driver: 1.35}))
    weighted = weighted.filter(pl.col("scenario") == MIXED)
    gain = (
        weighted.filter(pl.col("driver_id") == driver)["pace_pct"][0]
        - plain.filter(pl.col("driver_id") == driver)["pace_pct"][0]
    )
    # Worth is exp(pace / scale): in a duel under Plackett–Luce the odds move by exactly the weight.
    scale = SETTINGS.strengths.race_scale
    duel = [np.exp(plackett_luce.log_likelihood(np.array([g, 0.0]), scale)) for g in (0.0, gain)]
    assert duel[1] / (1 - duel[1]) / (duel[0] / (1 - duel[0])) == pytest.approx(1.35)
    assert (
        weighted.filter(pl.col("driver_id") == driver)["p_win"][0]
        > plain.filter(pl.col("driver_id") == driver)["p_win"][0]
    )


def test_hand_weights_take_codes_and_team_names_and_know_no_strangers():
    assert forecast.resolve_weights({"VER": 1.2, "Lando Norris": 1.3}, "driver") == {
        "max-verstappen": 1.2,
        "lando-norris": 1.3,
    }
    teams = forecast.resolve_weights({"McLaren-Mercedes": 1.35, "Racing Bulls": 0.85}, "team")
    assert teams == {ids.lineage("mclaren"): 1.35, ids.lineage("racing-bulls"): 0.85}
    own = forecast.resolve_weights({"Aurora Racing": 1.2}, "team", ["aurora-racing"])
    assert own == {"aurora-racing": 1.2}
    with pytest.raises(ValueError, match="VER"):
        forecast.resolve_weights({"VERR": 1.2}, "driver")


@pytest.mark.parametrize(
    "wrong",
    [
        {"p_wet": 1.2},
        {"scenarios": ("snow",)},
        {"scenarios": ()},
        {"driver_weights": {"x": 0.0}},
        {"team_weights": {"x": float("nan")}},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        ForecastOptions(**wrong)


def test_what_teammates_share_makes_them_rise_and_fall_together(weekends, run):
    state = run.checkpoints[40].state
    outlook = look(weekends[41], "before_weekend", run.checkpoints[40], state, 1, SETTINGS)
    assert outlook is not None
    field = race_field(outlook, SETTINGS.dry)
    assert (field.car_sd > 0).any()
    total = field.own_sd**2 + field.car_sd[field.car] ** 2
    scaled = np.diag(outlook.cov) * SETTINGS.dry.posterior_scale**2
    # Only what the whole field shares is left out.
    np.testing.assert_allclose(scaled - total, (scaled - total)[0], atol=1e-9)


def test_a_pit_lane_start_is_last_on_the_grid(weekends):
    weekend = next(
        w
        for w in weekends
        if (g := w.session("grid")) is not None and g.pit_lane is not None and g.pit_lane.any()
    )
    grid = weekend.session("grid")
    assert grid is not None
    assert grid.grid is not None
    assert grid.pit_lane is not None
    assert grid.grid[grid.pit_lane].min() > grid.grid[~grid.pit_lane].max()


def test_every_version_of_the_settings_has_its_own_fingerprint(weekends, run, tables, race_id):
    other = replace(SETTINGS, dry=replace(SETTINGS.dry, own_sd=SETTINGS.dry.own_sd * 1.1))
    assert set(_one(weekends, run, tables, race_id)["fingerprint"]).isdisjoint(
        _one(weekends, run, tables, race_id, settings=other)["fingerprint"]
    )


def test_the_eve_of_the_first_season_has_no_forecast(weekends, run, tables):
    first = strengths.run_forward(weekends[:1], SETTINGS)
    table = forecast.forecast_races(
        weekends[:1], first.checkpoints, tables["race_conditions"], SETTINGS
    ).table
    assert table.is_empty()
