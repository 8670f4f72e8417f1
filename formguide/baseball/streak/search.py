"""What would raise the chance most: one change at a time, against the policy as it is.

Two kinds of question. Changes of the *policy* or of the picks (no skips, no doubles, doubles from one game,
other bins) are answered on held-out days, by `evaluation.held_out` (with the luck of their outcomes, which
with a season or two is larger than most of these effects) or `evaluation.calibrated`. Changes of the *world*
(a point more in the chance of a hit, more spread between days, a longer season, no saver) are answered as if
forecasts were exactly right, because nobody has played such days: the policy is solved anew for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from formguide.baseball.streak import evaluation, exact, mdp
from formguide.baseball.streak.evaluation import Fold, PolicySettings
from formguide.baseball.streak.profiles import Days
from formguide.baseball.streak.rules import Rules


@dataclass(frozen=True)
class Variation:
    """A change, what it is, its chance, and that chance over the one without it (NaN over 0)."""

    name: str
    says: str
    p_goal: float
    ratio: float


Measure = Callable[[list[Fold]], float]


def on_outcomes(parts: list[Fold]) -> float:
    """The chance on held-out days with what came of them."""
    return evaluation.held_out(parts, draws=0).p_goal


def on_forecasts(parts: list[Fold]) -> float:
    """The chance on held-out days if forecasts are right but for their mean."""
    return evaluation.calibrated(parts, draws=0).p_goal


def policy_changes(
    days: Days, settings: PolicySettings, same_game: Days | None = None, measure: Measure = on_outcomes
) -> Iterator[Variation]:
    """Changes of the policy on held-out days; same_game: the days with second picks from any game."""

    def chance(changed_days: Days, changed: PolicySettings) -> float:
        return measure(evaluation.folds(changed_days, changed))

    base = chance(days, settings)
    yield Variation("as it is", "the policy as its settings make it", base, 1.0)
    changes = {
        "no skips": ("somebody is named every day", replace(settings, skips=False)),
        "no doubles": ("never two batters", replace(settings, doubles=False)),
        "one bin": ("all days are alike", replace(settings, bins=1)),
        "3 bins": ("days in three kinds", replace(settings, bins=3)),
        "10 bins": ("days in ten kinds", replace(settings, bins=10)),
        "one phase": ("the end of the season is like the rest", replace(settings, late_days=0)),
        "bins unshrunk": (
            "chances of a bin as they happened to come, forecasts not asked",
            replace(settings, shrink_dates=0.0),
        ),
    }
    for name, (says, changed) in changes.items():
        yield _variation(name, says, chance(days, changed), base)
    if same_game is not None:
        says = "the second pick may be of the first's game"
        yield _variation("doubles from any game", says, chance(same_game, settings), base)


def world_changes(days: Days, settings: PolicySettings) -> Iterator[Variation]:
    """Changes of the world, forecasts taken as exactly right."""
    base = _as_forecast(days, settings)
    yield Variation("as it is", "days as they were forecast", base, 1.0)
    without = replace(settings, rules=Rules(settings.rules.goal, 1, 0))
    for name, says, world, how in (
        ("one point more", "every chance of a hit 0.01 higher", days.stretched(1.0, 0.01), settings),
        ("one point less", "every chance of a hit 0.01 lower", days.stretched(1.0, -0.01), settings),
        ("spread x 1.5", "days half as much again apart, the same on average", days.stretched(1.5), settings),
        ("spread x 2", "days twice as far apart, the same on average", days.stretched(2.0), settings),
        ("no spread", "all days like the average one", days.stretched(0.0), settings),
        ("no saver", "a first miss at 10 to 15 counts", days, without),
        ("no skips", "somebody is named every day", days, replace(settings, skips=False)),
        ("no doubles", "never two batters", days, replace(settings, doubles=False)),
        ("ten days more", "a season ten days longer", days, replace(settings, days=settings.days + 10)),
    ):
        yield _variation(name, says, _as_forecast(world, how), base)


def _as_forecast(days: Days, settings: PolicySettings) -> float:
    bins = evaluation.make_bins(days, replace(settings, shrink_dates=0.0)).forecast()
    policy = mdp.solve(bins, settings.days, settings.rules, skips=settings.skips, doubles=settings.doubles)
    return exact.p_goal(policy)


def _variation(name: str, says: str, value: float, base: float) -> Variation:
    return Variation(name, says, value, value / base if base > 0 else float("nan"))
