"""What the day leaves behind: what was known, checked, picked, counted and published.

Everything but `streak_record` lies in one partition per date. Rows are keyed, so that a step that is done
twice leaves what it left the first time; of `day_checks` and `published` rows are only ever added.
"""

from __future__ import annotations

from formguide.baseball.forecast_tables import BatterForecasts
from formguide.baseball.tables import Games, Lineups
from formguide.columns import day, flag, identifier, moment, number, probability, text, whole
from formguide.schema import Table

SPORT = "baseball"
REAL = "blend"
"""The model whose picks count."""
SHADOW = "shadow"
"""The model that is watched beside it."""
MODELS = (REAL, SHADOW)


class DayGames(Games):
    """The day's games as they were last seen."""

    name = "day_games"
    description = "The day's games as they were last seen: who plays when and where, and how far they are."


class DayLineups(Lineups):
    """The line-ups that were announced so far."""

    name = "day_lineups"
    description = "The day's line-ups as announced so far; what is missing is still to be projected."


class ShadowForecasts(BatterForecasts):
    """The shadow model's forecasts of the day."""

    name = "shadow_forecasts"
    description = "The shadow model's forecasts of the day, made once the real picks are locked."


class DayChecks(Table):
    """One row per check of the day, whatever came of it."""

    sport = SPORT
    name = "day_checks"
    description = "Every look at the day: which pick, how probable, whether to lock it and why, what failed."

    game_date = day("The day it was about", key=True)
    kind = text("morning, lineups, results, reconcile or publish", key=True)
    due_at = moment("When it was due (UTC)", key=True)
    attempt = whole("1, or more where it failed before", key=True, least=1)
    checked_at = moment("When it was done (UTC)")
    outcome = text("done or failed")
    action = text("skip, single or double: what the policy said", null=True)
    game_pk = identifier("Game of the pick", null=True)
    batter_id = identifier("The pick", null=True)
    batter = text("Name of the pick", null=True)
    p_game_hit = probability("The pick's probability of a hit", null=True)
    lineup_status = text("confirmed or projected", null=True)
    double_game_pk = identifier("Game of the second pick", null=True)
    double_batter_id = identifier("The second pick", null=True)
    double_batter = text("Name of the second pick", null=True)
    double_p_game_hit = probability("The second pick's probability of a hit", null=True)
    double_lineup_status = text("confirmed or projected", null=True)
    candidates = whole("Batters of games not yet started", null=True)
    gap = number("The pick's lead over the best batter whose line-up is only projected", null=True)
    should_lock = flag("Whether the pick was to be locked", null=True)
    says = text("Why, or what went wrong, in one line")


class Picks(Table):
    """One row per pick of a day and model: as it stands, or as it was locked."""

    sport = SPORT
    name = "picks"
    description = (
        "The batters picked each day, by the model that counts and by its shadow; locked ones never change."
    )

    game_date = day("Date of the game", key=True)
    model = text("blend, whose picks count, or shadow", key=True)
    rank = whole("1, or 2 for the second pick of a double", key=True, least=1, most=2)
    season = whole("Season", least=1876)
    status = text(
        "preview (may still change), locked, skipped (the policy said to stay out) or lapsed (never locked)"
    )
    locked_at = moment("When it was locked (UTC)", null=True)
    action = text("single, double or skip: what the policy said of the day")
    game_pk = identifier("Game")
    batter_id = identifier("Batter")
    batter = text("Name of the batter")
    team_id = identifier("His team")
    opponent_id = identifier("The team he bats against")
    start_at = moment("Scheduled first pitch (UTC), as known at the pick")
    pitcher = text("The starting pitcher he is expected to face", null=True)
    slot = whole("Place in the batting order", least=1, most=9)
    lineup_status = text("confirmed or projected")
    p_game_hit = probability("Probability of at least one hit")
    streak_before = whole("Length of the streak before the day")
    saver = flag("Whether the saver was still there")
    days_left = whole("Days of games left, this one included")
    why = text("Why this pick and this action, in one line")


class PickResults(Table):
    """One row per locked pick: what became of it."""

    sport = SPORT
    name = "pick_results"
    description = "What became of every locked pick: hit, miss, or void (he did not bat)."

    game_date = day("Date of the game", key=True)
    model = text("blend or shadow", key=True)
    rank = whole("1 or 2", key=True, least=1, most=2)
    game_pk = identifier("Game")
    batter_id = identifier("Batter")
    result = text("hit, miss, void (did not bat, or the game was not played: no effect) or open")
    hits_after = whole("Hits so far", null=True)
    plate_appearances_after = whole("Plate appearances so far", null=True)
    game_state = text("State of the game when it was last looked at")
    final = flag("Whether the game was over")
    settled_at = moment("When this result was first seen (UTC); null while open", null=True)


class StreakRecord(Table):
    """One row per model and day with a locked pick: the streak, counted from the season's first day."""

    sport = SPORT
    name = "streak_record"
    description = "The streak after every day, counted anew from all results of the season."

    model = text("blend or shadow", key=True)
    game_date = day("The day", key=True)
    season = whole("Season", least=1876)
    outcome = text("hit, miss, saved (a miss that the saver took), void or open")
    hits = whole("Picks of the day that got a hit", most=2)
    streak_before = whole("Length before the day")
    streak_after = whole("Length after it")
    saver_after = flag("Whether the saver is still there")
    best = whole("Longest streak of the season so far")


class Published(Table):
    """One row per post: what was said, or in private mode would have been."""

    sport = SPORT
    name = "published"
    description = "Everything that was posted, or would have been in private mode; each thing once."

    game_date = day("The day it is about", key=True)
    post_key = text("What it announces, e.g. pick/blend/1: each is posted once", key=True)
    said_at = moment("The moment that it speaks of (UTC), the same however often it is tried")
    message = text("What it says")
    reply_to = text("The post that it answers", null=True)
    channel = text("private (only written here) or bluesky")
    uri = text("Where it was posted", null=True)
    cid = text("The network's hash of it", null=True)


class ShadowReport(Table):
    """The shadow model beside the real one, over the days on which both have a result."""

    sport = SPORT
    name = "shadow_report"
    description = (
        "The shadow model's picks beside the real ones: hit rates on the same days and how they differ."
    )

    model = text("blend, shadow, or difference (shadow minus blend)", key=True)
    days = whole("Days on which both first picks have a result")
    same_pick = whole("Days on which both picked the same batter")
    hits = number("First picks with a hit (for the difference: how many more)")
    hit_rate = number("Share of first picks with a hit", null=True)
    standard_error = number("Its standard error over days (for the difference: paired)", null=True, least=0.0)
    mean_p = number("Mean probability given to the first picks", null=True)
    brier = number("Mean squared error of those probabilities", null=True)
    streak = whole("Streak after the last day", null=True)
    best = whole("Longest streak", null=True)


DAY_TABLES: tuple[type[Table], ...] = (
    DayGames,
    DayLineups,
    ShadowForecasts,
    DayChecks,
    Picks,
    PickResults,
    Published,
)
"""What has a partition per date."""

_ALL: tuple[type[Table], ...] = (*DAY_TABLES, StreakRecord, ShadowReport)
TABLES: dict[str, type[Table]] = {table.name: table for table in _ALL}
"""Every table of the day, by name."""
