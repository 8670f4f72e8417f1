"""Ways to play as they are written on the command line, and what a lake has to play them with."""

from __future__ import annotations

from dataclasses import replace

from formguide.baseball.streak import evaluation, making
from formguide.baseball.streak.evaluation import Fold, PolicySettings, TooFewDaysError
from formguide.baseball.streak.making import NoForecastsError
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.policy_file import PolicyFileError
from formguide.baseball.streak.profiles import Days
from formguide.baseball.streak.report import OPTIMAL, player
from formguide.baseball.streak.strategies import STRATEGIES, strategy_policy
from formguide.cli.base import CommandError, UsageError
from formguide.lake import Lake

DEFAULT = PolicySettings()
MAKE_ONE = "make one with formguide streak solve --save-policy"


def policy_of(lake: Lake) -> Policy:
    """The lake's policy. Raises `CommandError` if there is none to be read."""
    if lake.manifest(making.SPORT, making.POLICY, None) is None:
        raise CommandError(f"the lake has no streak policy: {MAKE_ONE}")
    try:
        return making.load_policy(lake)
    except PolicyFileError as error:
        raise CommandError(f"{error}: {MAKE_ONE}") from error


def days_of(lake: Lake, chosen: set[int] | None) -> Days:
    """The days of the backtest. Raises `CommandError` if there are none."""
    try:
        return making.days_in(lake, sorted(chosen) if chosen else None)
    except NoForecastsError as error:
        raise CommandError(str(error)) from error


def known(name: str) -> str:
    """A name that is one. Raises `UsageError`."""
    if name != OPTIMAL and name not in STRATEGIES:
        raise UsageError(f"no strategy {name!r}: there are {OPTIMAL}, {', '.join(STRATEGIES)}")
    return name


def parsed(spec: str) -> tuple[str, PolicySettings]:
    """`optimal:bins=10:late_days=0` as a name and settings."""
    name, *parts = spec.split(":")
    settings = DEFAULT
    kinds = {"bins": int, "late_days": int, "shrink_dates": float, "skips": int, "doubles": int}
    for part in parts:
        key, _, value = part.partition("=")
        if key not in kinds:
            raise UsageError(f"{spec!r}: {key!r} is none of {', '.join(kinds)}")
        try:
            number = kinds[key](value)
        except ValueError as error:
            raise UsageError(f"{spec!r}: {key} wants a number") from error
        changed = {key: bool(number) if key in ("skips", "doubles") else number}
        settings = replace(settings, **changed)  # type: ignore[arg-type]
    if settings.bins < 1 or settings.late_days < 0 or settings.shrink_dates < 0:
        raise UsageError(f"{spec!r}: at least one bin, and nothing below 0")
    return known(name), settings


def play_by(name: str, settings: PolicySettings, days: Days) -> Policy:
    """The policy of a name: the best one for these days, or the strategy over their bins."""
    if name == OPTIMAL:
        return evaluation.make(days, settings)
    return strategy_policy(name, evaluation.make_bins(days, settings), settings.days, settings.rules)


def folds_of(days: Days, name: str, settings: PolicySettings) -> list[Fold]:
    """Each part of the days with the policy that others make for it. Raises `CommandError`."""
    try:
        return evaluation.folds(days, settings, player(name, settings))
    except TooFewDaysError as error:
        raise CommandError(f"{error}: walk through more seasons with formguide backtest baseball") from error
