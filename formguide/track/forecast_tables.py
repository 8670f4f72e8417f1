"""The tables that forecasts of season peaks are kept in: issued, walked through, and scored."""

from __future__ import annotations

from formguide.columns import day, flag, moment, number, text, whole
from formguide.schema import Table
from formguide.track.tables import SPORT


class PeakForecasts(Table):
    """One row per athlete, event and season to come."""

    sport = SPORT
    name = "peak_forecasts"
    description = "Every active athlete's peak of the next indoor and outdoor season, with its interval."

    athlete_id = text("Athlete", key=True)
    gender = text("men or women", key=True)
    event = text("Event", key=True)
    season = whole("Year of the season", key=True)
    label = text("Indoor or Outdoor", key=True)
    athlete = text("Name as the source writes it")
    team = text("Team in the last season, if a source says", null=True)
    family = text("Event family")
    event_group = text("Event group")
    unit = text("sec, m or points: of every mark in the row")
    as_of = day("What was dated before this day was known")
    model = text("The forecaster that is the default: the best on the validation seasons")
    n_seasons = whole("Earlier seasons of the event under the label", least=1)
    last_season = whole("The last of them")
    last = number("Its peak: the baseline that is hard to beat", least=0.0)
    best = number("The best peak so far", least=0.0)
    linear = number("The simple regression's forecast", least=0.0)
    regression = number("The full regression's forecast", least=0.0)
    trees = number("The boosted trees' forecast", least=0.0)
    blend = number("The mean of the last two, in log speed", least=0.0)
    lstm = number("The hierarchical LSTM's forecast; the regression's where it has none", least=0.0)
    ensemble = number("The mean of regression, trees and LSTM, in log speed", least=0.0)
    low = number("One season in ten is worse than this", least=0.0)
    median = number("The forecast: half of the seasons are better", least=0.0)
    high = number("One season in ten is better than this", least=0.0)


class BacktestForecasts(PeakForecasts):
    """The same for a season that has been, by models that had not seen it, with what came."""

    sport = SPORT
    name = "backtest_forecasts"
    description = "What would have been forecast of past seasons, and the peaks that came."

    population = text("Whose careers: openath (elite) or tfrrs (American colleges)")
    fitted_on = day("The models knew what was dated before this day")
    peak = number("The season's peak", least=0.0)
    peak_date = day("Day of the peak", null=True)


class ForecastLog(PeakForecasts):
    """What was issued, as it was issued; rows are only ever added."""

    sport = SPORT
    name = "forecast_log"
    description = "Every forecast as it was issued, with when and from what; nothing in it is ever changed."

    made_at = moment("When it was made (UTC)", key=True)
    code_version = text("Version of the code that made it")
    data_version = text("Fingerprint of what it was made from")
    seed = whole("Seed of the model")


class ForecastScorecard(Table):
    """One row per population, event group, forecaster and metric."""

    sport = SPORT
    name = "forecast_scorecard"
    description = "How good the forecasts were, ours and the baselines', on the same seasons, with errors."

    population = text("openath, tfrrs, or all", key=True)
    event_group = text("Event group, or all", key=True)
    forecaster = text(
        "default (the one that ships), last, best, linear, regression, trees, blend, lstm or ensemble",
        key=True,
    )
    metric = text("mae_pct, mae_sec, mae_m, mae_points, pinball_pct or coverage_80", key=True)
    model = text("Which forecaster the default was, where the row is the default's", null=True)
    first_season = whole("First season scored")
    last_season = whole("Last season scored")
    n = whole("Seasons of an athlete's event scored", least=1)
    athletes = whole("Athletes among them", least=1)
    counts = flag("Whether there are at least 100, so that the group counts")
    value = number("The score")
    standard_error = number("Its standard error, clustered by athlete", null=True, least=0.0)
    difference = number("This forecaster's error minus the linear model's, same seasons", null=True)
    difference_se = number("Standard error of the difference, clustered by athlete", null=True, least=0.0)
    difference_t = number("Difference over its standard error", null=True)
    is_sample = flag("Whether the league is the made-up one")
