"""What the Formula 1 model makes: strengths, race forecasts, title odds, the log of what was issued, the
scorecard."""

from __future__ import annotations

import dataframely as dy

from formguide.columns import flag, number, probability, text, whole
from formguide.columns import moment as when
from formguide.schema import Table


class Strengths(Table):
    """Posterior pace of every car and driver after each race that he took part in."""

    sport = "formula1"
    name = "strengths"
    description = "Posterior strengths after each race; pace in % of lap time against that race's field."

    season = whole("Championship year", least=None)
    round = whole("Round of the race after which this was believed", least=None)
    race_id = text("The race after which this was believed", key=True)
    session_at = when("Start of that race (UTC); the row is known only after it")
    entity_kind = text("driver, or car (a team lineage)", key=True)
    entity_id = text("f1db driver id or team lineage", key=True)
    lap_pace_pct = number("Posterior mean one-lap pace, % of lap time, higher is faster")
    lap_pace_sd = number("Its posterior standard deviation")
    race_pace_pct = number("Posterior mean race pace, % of lap time, higher is faster")
    race_pace_sd = number("Its posterior standard deviation")
    retire_prob = probability(
        "Chance per race that the car fails (car) or that the driver has an accident (driver)"
    )
    fingerprint = text("Names everything that this was made from")


class RaceForecasts(Table):
    """One row per race, moment, scenario and driver."""

    sport = "formula1"
    name = "race_forecasts"
    description = (
        "Finishing-position probabilities of every race, from what was known at four moments before it."
    )

    season = whole("Championship year", least=None)
    round = whole("Round", least=None)
    race_id = text("Season and grand prix", key=True)
    moment = text("before_weekend, after_practice, after_qualifying or on_grid", key=True)
    as_of = when("Only records of sessions that started before this (UTC) were used")
    scenario = text("dry, wet, safety_car, or mixed over them", key=True)
    scenario_prob = probability("Chance of the scenario; 1 for mixed")
    driver_id = text("f1db driver id", key=True)
    constructor_id = text("f1db constructor id")
    grid_place = number("Starting place, the expected one (fractional) where it is not known")
    grid_from = text("grid, qualifying (fallback for a missing grid), or expected")
    field_from = text("What named the entrants: grid, qualifying, practice or last_race")
    pace_pct = number("Expected race pace, % of lap time, the grid's effect included; higher is faster")
    pace_sd = number("Its posterior standard deviation")
    p_win = probability("Chance to win")
    p_podium = probability("Chance of the first three")
    p_points = probability("Chance of the first ten")
    p_retire = probability("Chance to retire")
    expected_points = number("Expected championship points of the race (no fastest-lap point)")
    expected_position = number("Expected finishing position, the retired counted behind the others")
    position_probs = dy.List(
        dy.Float64(nullable=False), nullable=False, metadata={"doc": "P(place 1), P(place 2), …"}
    )
    model = text("strengths, or strengths+ml", key=True)
    fingerprint = text("Names everything that the row was made from")


class SeasonForecasts(Table):
    """One row per season, round and driver or team: how the championship may end."""

    sport = "formula1"
    name = "season_forecasts"
    description = "Title probabilities from each round onward, by simulation of the races still to come."

    season = whole("Championship year", key=True, least=None)
    after_round = whole("Last round known; 0 before the first", key=True, least=None)
    as_of = when("Only sessions that started before this (UTC) were used")
    kind = text("driver or constructor", key=True)
    entity_id = text("f1db driver or constructor id", key=True)
    points_now = number("Points scored so far")
    expected_points = number("Expected final points")
    p_title = probability("Chance to be champion")
    p_top3 = probability("Chance to finish the championship in the first three")
    expected_rank = number("Expected championship position")
    simulations = whole("Number of simulated seasons", least=None)
    fingerprint = text("Names everything that the row was made from")


class ForecastLog(Table):
    """Every forecast as it was issued; rows are only ever added."""

    sport = "formula1"
    name = "forecast_log"
    description = (
        "Append-only: the mixed forecast of a race as it was issued, and when. Nothing here is ever changed."
    )

    forecast_id = text("Names race, moment and inputs of the forecast", key=True)
    made_at = when("When it was issued (UTC, by the machine's clock)")
    as_of = when("Only records of sessions that started before this (UTC) were used")
    season = whole("Championship year", least=None)
    round = whole("Round as numbered when issued", least=None)
    race_id = text("Season and grand prix")
    moment = text("before_weekend, after_practice, after_qualifying or on_grid")
    driver_id = text("f1db driver id", key=True)
    constructor_id = text("f1db constructor id")
    p_win = probability("Chance to win")
    p_podium = probability("Chance of the first three")
    p_points = probability("Chance of the first ten")
    p_retire = probability("Chance to retire")
    expected_points = number("Expected points")
    position_probs = dy.List(
        dy.Float64(nullable=False), nullable=False, metadata={"doc": "P(place 1), P(place 2), …"}
    )
    issued_before_race = flag("Whether it was issued before the race started")
    code_version = text("Version of the forecasting code")
    data_version = text("Fingerprint of the inputs")
    seed = whole("Seed of whatever was random; 0 where nothing was", least=None)


class ForecastScorecard(Table):
    """One row per moment, model, metric and span of seasons: each season, and all of them together."""

    sport = "formula1"
    name = "forecast_scorecard"
    description = (
        "How good the forecasts were, every baseline beside them, with paired differences and errors."
    )

    is_sample = flag("Whether the league is the made-up sample")
    seasons = text("Seasons scored, e.g. 2023-2025", key=True)
    moment = text("before_weekend, after_practice, after_qualifying or on_grid", key=True)
    model = text("formguide or the name of a baseline", key=True)
    metric = text("Name of the score", key=True)
    better = text("lower, higher, or the value to be hit")
    n = whole("Races scored", least=None)
    value = number("Mean over the races")
    standard_error = number("Standard error of the mean", null=True)
    difference = number("Formguide minus this model on the same races; missing on its own rows", null=True)
    difference_se = number("Standard error of the difference", null=True)
    difference_t = number("Difference over its standard error", null=True)


TABLES: dict[str, type[Table]] = {
    t.name: t for t in (Strengths, RaceForecasts, SeasonForecasts, ForecastLog, ForecastScorecard)
}
"""The model's tables by asset name."""
