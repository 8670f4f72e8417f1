"""The tables that baseball's forecasts are kept in: per batter and game, issued and scored."""

from __future__ import annotations

from formguide.columns import day, flag, identifier, moment, number, probability, text, whole
from formguide.schema import Table


class BatterForecasts(Table):
    """One row per batter who starts, or is expected to, and game."""

    sport = "baseball"
    name = "batter_forecasts"
    description = (
        "Who gets a hit: every starter of the day, confirmed or projected, from what was known before it."
    )

    season = whole("Season", least=1876)
    game_date = day("Date of the game")
    game_pk = identifier("MLB's number of the game", key=True)
    batter_id = identifier("Batter", key=True)
    batter = text("Name of the batter")
    game_number = whole("1, or 2 for the second game of a doubleheader", least=1)
    start_at = moment("Scheduled first pitch (UTC)", null=True)
    team_id = identifier("Batting team")
    opponent_id = identifier("Fielding team")
    is_home = flag("Whether he bats at home")
    venue = text("Name of the park")
    slot = whole("Place in the batting order", least=1, most=9)
    lineup_status = text("confirmed, or projected from the team's last line-up")
    pitcher_id = identifier("The starting pitcher he is expected to face", null=True)
    pitcher = text("Name of the starting pitcher", null=True)
    pitcher_status = text("confirmed, probable (announced), projected (rotation) or unknown")
    as_of = day("What was dated before this day was known")
    expected_pa = number("Expected number of plate appearances", least=0.0)
    p_hit_pa = probability("Probability of a hit per plate appearance, mean over those expected")
    p_hit_pa_starter = probability("The same against the starting pitcher")
    p_hit_pa_bullpen = probability("The same against the bullpen")
    p_game_hit = probability("Probability of at least one hit in the game")
    p_game_hit_low = probability("Lowest over seeds (the 5 % quantile from 20 seeds on)")
    p_game_hit_high = probability("Highest over seeds (the 95 % quantile from 20 seeds on)")
    seeds = whole("Number of seeds averaged", least=1)
    variants = whole("Number of model variants that ran", least=1)


class BacktestForecasts(BatterForecasts):
    """The same for a season walked through, with what became of it."""

    sport = "baseball"
    name = "backtest_forecasts"
    description = (
        "Walk-forward forecasts of a season's starters, by what was known of the line-up, with the outcome."
    )

    task = text("actual (line-ups and starters as if confirmed) or projected", key=True)
    seed = whole("Seed of the blend", key=True)
    got_hit = flag("Whether he had at least one hit in the game; null if he did not bat", null=True)
    hits_after = whole("Hits he had", null=True)
    plate_appearances_after = whole("Plate appearances he took; hindsight", null=True)
    p_game_hit_hindsight = probability(
        "The product over the plate appearances he really took. Hindsight: not available before the game",
        null=True,
    )

    p_slot = probability(
        "Baseline: how often starters in that place of the order had a hit, by home and away"
    )
    p_rate_60 = probability("Baseline: what his hit rate over his last 60 game-dates has meant")
    p_rate_120 = probability("Baseline: what his hit rate over his last 120 game-dates has meant")
    p_first_two = probability("Baseline: the same of the first two in the order, the others behind them")


class ForecastLog(BatterForecasts):
    """What was issued, as it was issued; rows are only ever added."""

    sport = "baseball"
    name = "forecast_log"
    description = "Every forecast as it was issued, with when and from what; nothing in it is ever changed."

    made_at = moment("When it was made (UTC)", key=True)
    before_first_pitch = flag(
        "Whether it was made before the game's scheduled start, by the clock", null=True
    )
    code_version = text("Version of the code that made it")
    data_version = text("Fingerprint of what it was made from")


class ForecastScorecard(Table):
    """One row per task, model, metric and span of time."""

    sport = "baseball"
    name = "forecast_scorecard"
    description = (
        "How good the forecasts were, ours and the baselines', on the same days, with standard errors."
    )

    task = text("actual or projected; hindsight rows say so in `model`", key=True)
    unit = text(
        "game (a pick is a batter's game) or date (any of the batter's games that day counts)", key=True
    )
    model = text("blend, a baseline's name, or hindsight (not available before the game)", key=True)
    span = text("all, a season such as 2023, or a month such as 2023-07", key=True)
    metric = text("p_at_1 … p_at_500, log_loss, brier, auc, calibration_slope, …", key=True)
    n = whole("Number of what the value is a mean of: days, or starter-games")
    value = number("The score", null=True)
    standard_error = number("Its standard error, clustered by day", null=True, least=0.0)
    difference = number("Ours minus this baseline's on the same days", null=True)
    difference_se = number("Standard error of the difference, clustered by day", null=True, least=0.0)
    difference_t = number("Difference over its standard error", null=True)
    is_sample = flag("Whether the league is the made-up one")


class SeedAudit(Table):
    """One row per seed and season walked through with it."""

    sport = "baseball"
    name = "seed_audit"
    description = "How much of a score is luck: every season walked through with one seed after another."

    seed = whole("Seed of the blend", key=True)
    season = whole("Season", key=True, least=1876)
    dates = whole("Days with a pick")
    p_at_1 = probability("Share of days on which the first pick had a hit, line-ups as if confirmed")
    log_loss = number("Mean over starter-games of the logarithmic score, nats", least=0.0)
    auc = probability("Chance that one who had a hit was ranked above one who had none")
    p_streak_57 = probability("P(57) of the policy solved for this seed's days, valued on them; in-sample")
