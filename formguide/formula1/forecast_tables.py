"""What the Formula 1 model makes: strengths, race forecasts, title odds, the log of what was issued, the
scorecard."""

from __future__ import annotations

import dataframely as dy

from formguide.schema import Table


def _text(doc: str, *, key: bool = False, null: bool = False) -> dy.String:
    return dy.String(primary_key=key, nullable=null, metadata={"doc": doc})


def _prob(doc: str) -> dy.Float64:
    return dy.Float64(nullable=False, min=-1e-9, max=1 + 1e-9, metadata={"doc": doc})


def _number(doc: str, *, null: bool = False) -> dy.Float64:
    return dy.Float64(nullable=null, metadata={"doc": doc})


def _when(doc: str) -> dy.Datetime:
    return dy.Datetime(nullable=False, time_unit="ms", metadata={"doc": doc})


class Strengths(Table):
    """Posterior pace of every car and driver after each race that he took part in."""

    sport = "formula1"
    name = "strengths"
    description = "Posterior strengths after each race; pace in % of lap time against that race's field."

    season = dy.Int32(nullable=False, metadata={"doc": "Championship year"})
    round = dy.Int32(nullable=False, metadata={"doc": "Round of the race after which this was believed"})
    race_id = _text("The race after which this was believed", key=True)
    session_at = _when("Start of that race (UTC); the row is known only after it")
    entity_kind = _text("driver, or car (a team lineage)", key=True)
    entity_id = _text("f1db driver id or team lineage", key=True)
    lap_pace_pct = _number("Posterior mean one-lap pace, % of lap time, higher is faster")
    lap_pace_sd = _number("Its posterior standard deviation")
    race_pace_pct = _number("Posterior mean race pace, % of lap time, higher is faster")
    race_pace_sd = _number("Its posterior standard deviation")
    retire_prob = _prob(
        "Chance per race that the car fails (car) or that the driver has an accident (driver)"
    )
    fingerprint = _text("Names everything that this was made from")


class RaceForecasts(Table):
    """One row per race, moment, scenario and driver."""

    sport = "formula1"
    name = "race_forecasts"
    description = (
        "Finishing-position probabilities of every race, from what was known at four moments before it."
    )

    season = dy.Int32(nullable=False, metadata={"doc": "Championship year"})
    round = dy.Int32(nullable=False, metadata={"doc": "Round"})
    race_id = _text("Season and grand prix", key=True)
    moment = _text("before_weekend, after_practice, after_qualifying or on_grid", key=True)
    as_of = _when("Only records of sessions that started before this (UTC) were used")
    scenario = _text("dry, wet, safety_car, or mixed over them", key=True)
    scenario_prob = _prob("Chance of the scenario; 1 for mixed")
    driver_id = _text("f1db driver id", key=True)
    constructor_id = _text("f1db constructor id")
    grid_place = _number("Starting place, the expected one (fractional) where it is not known")
    grid_from = _text("grid, qualifying (fallback for a missing grid), or expected")
    field_from = _text("What named the entrants: grid, qualifying, practice or last_race")
    pace_pct = _number("Expected race pace, % of lap time, the grid's effect included; higher is faster")
    pace_sd = _number("Its posterior standard deviation")
    p_win = _prob("Chance to win")
    p_podium = _prob("Chance of the first three")
    p_points = _prob("Chance of the first ten")
    p_retire = _prob("Chance to retire")
    expected_points = _number("Expected championship points of the race (no fastest-lap point)")
    expected_position = _number("Expected finishing position, the retired counted behind the others")
    position_probs = dy.List(
        dy.Float64(nullable=False), nullable=False, metadata={"doc": "P(place 1), P(place 2), …"}
    )
    model = _text("strengths, or strengths+ml", key=True)
    fingerprint = _text("Names everything that the row was made from")


class SeasonForecasts(Table):
    """One row per season, round and driver or team: how the championship may end."""

    sport = "formula1"
    name = "season_forecasts"
    description = "Title probabilities from each round onward, by simulation of the races still to come."

    season = dy.Int32(primary_key=True, nullable=False, metadata={"doc": "Championship year"})
    after_round = dy.Int32(
        primary_key=True, nullable=False, metadata={"doc": "Last round known; 0 before the first"}
    )
    as_of = _when("Only sessions that started before this (UTC) were used")
    kind = _text("driver or constructor", key=True)
    entity_id = _text("f1db driver or constructor id", key=True)
    points_now = _number("Points scored so far")
    expected_points = _number("Expected final points")
    p_title = _prob("Chance to be champion")
    p_top3 = _prob("Chance to finish the championship in the first three")
    expected_rank = _number("Expected championship position")
    simulations = dy.Int32(nullable=False, metadata={"doc": "Number of simulated seasons"})
    fingerprint = _text("Names everything that the row was made from")


class ForecastLog(Table):
    """Every forecast as it was issued; rows are only ever added."""

    sport = "formula1"
    name = "forecast_log"
    description = (
        "Append-only: the mixed forecast of a race as it was issued, and when. Nothing here is ever changed."
    )

    forecast_id = _text("Names race, moment and inputs of the forecast", key=True)
    made_at = _when("When it was issued (UTC, by the machine's clock)")
    as_of = _when("Only records of sessions that started before this (UTC) were used")
    season = dy.Int32(nullable=False, metadata={"doc": "Championship year"})
    round = dy.Int32(nullable=False, metadata={"doc": "Round as numbered when issued"})
    race_id = _text("Season and grand prix")
    moment = _text("before_weekend, after_practice, after_qualifying or on_grid")
    driver_id = _text("f1db driver id", key=True)
    constructor_id = _text("f1db constructor id")
    p_win = _prob("Chance to win")
    p_podium = _prob("Chance of the first three")
    p_points = _prob("Chance of the first ten")
    p_retire = _prob("Chance to retire")
    expected_points = _number("Expected points")
    position_probs = dy.List(
        dy.Float64(nullable=False), nullable=False, metadata={"doc": "P(place 1), P(place 2), …"}
    )
    issued_before_race = dy.Bool(
        nullable=False, metadata={"doc": "Whether it was issued before the race started"}
    )
    code_version = _text("Version of the forecasting code")
    data_version = _text("Fingerprint of the inputs")
    seed = dy.Int32(nullable=False, metadata={"doc": "Seed of whatever was random; 0 where nothing was"})


class ForecastScorecard(Table):
    """One row per moment, model, metric and span of seasons: each season, and all of them together."""

    sport = "formula1"
    name = "forecast_scorecard"
    description = (
        "How good the forecasts were, every baseline beside them, with paired differences and errors."
    )

    is_sample = dy.Bool(nullable=False, metadata={"doc": "Whether the league is the made-up sample"})
    seasons = _text("Seasons scored, e.g. 2023-2025", key=True)
    moment = _text("before_weekend, after_practice, after_qualifying or on_grid", key=True)
    model = _text("formguide or the name of a baseline", key=True)
    metric = _text("Name of the score", key=True)
    better = _text("lower, higher, or the value to be hit")
    n = dy.Int32(nullable=False, metadata={"doc": "Races scored"})
    value = _number("Mean over the races")
    standard_error = _number("Standard error of the mean", null=True)
    difference = _number("Formguide minus this model on the same races; missing on its own rows", null=True)
    difference_se = _number("Standard error of the difference", null=True)
    difference_t = _number("Difference over its standard error", null=True)


TABLES: dict[str, type[Table]] = {
    t.name: t for t in (Strengths, RaceForecasts, SeasonForecasts, ForecastLog, ForecastScorecard)
}
"""The model's tables by asset name."""
