"""The tables of the streak: the bins that a policy is made for, and what policies come to."""

from __future__ import annotations

from formguide.columns import flag, number, probability, text, whole
from formguide.schema import Table


class StreakBins(Table):
    """One row per phase of the season and quality bin."""

    sport = "baseball"
    name = "streak_bins"
    description = "Days by how good their best pick looks: how often such a day comes, and how often it hits."

    phase = text("early or late (the last days of the season)", key=True)
    quality = whole("Bin, from 0 (the worst days)", key=True)
    p_from = probability("Least forecast chance of the day's best pick; 0 in the worst bin")
    p_to = probability("The forecast chance from which a day is in the next bin; 1 in the best")
    share = probability("Share of the phase's days")
    dates = whole("Different dates it is known from")
    seed_days = whole("Dates counted once per seed")
    p_first = probability("Mean forecast of the best pick")
    p_second = probability("Mean forecast of the best pick of another game")
    p_hit = probability("Chance that the best pick gets a hit, as the policy takes it")
    p_both = probability("Chance that both picks do")
    hit_rate = probability("How often the best pick got a hit")
    both_rate = probability("How often both did")
    is_sample = flag("Whether the league is the made-up one")


class StreakEvaluation(Table):
    """One row per question and policy."""

    sport = "baseball"
    name = "streak_evaluation"
    description = (
        "The chance of a streak of 57 in a season: in sample, on seasons the policy was not made for, and "
        "under what-ifs."
    )

    question = text(
        "in_sample: the policy's own bins; held_out: blocks of days of seasons it was not made for; "
        "calibrated: those days, forecasts right but for their mean, which outcomes correct; as_forecast: "
        "those days, forecasts exactly right; seed: held out, one seed's picks; what_if, what_if_calibrated, "
        "what_if_forecast: a change, answered in one of these ways",
        key=True,
    )
    policy = text("optimal, the name of a strategy, or the change that is asked about", key=True)
    span = text("all, a season, or seed and its number", key=True)
    p_goal = probability("Chance of reaching the goal in a season")
    p_low = probability("5 % quantile over the bootstrap of seasons, seeds and blocks of days", null=True)
    p_high = probability("95 % quantile of the same", null=True)
    ratio = number(
        "Its chance over that of the best policy (what-if: over that without the change)", null=True
    )
    mean_longest = number("Mean longest streak of a season", null=True, least=0.0)
    batters_named = number("Mean number of batters named in a season", null=True, least=0.0)
    dates = whole("Different dates it is known from")
    says = text("In words")
    is_sample = flag("Whether the league is the made-up one")
