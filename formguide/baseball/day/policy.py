"""Which streak policy the day plays by: a file somebody named, the lake's own, or thresholds."""

from __future__ import annotations

from formguide.baseball import streak
from formguide.baseball.day.pick import Advice, Advise, Situation, by_thresholds
from formguide.baseball.day.settings import DaySettings, SettingsError
from formguide.baseball.streak.making import POLICY, load_policy
from formguide.lake import Lake

SPORT = "baseball"


def by_policy(policy: streak.Policy) -> Advise:
    """Advice from a solved policy."""

    def advise(situation: Situation) -> Advice:
        if situation.streak >= policy.rules.goal:
            return Advice("skip", f"the streak of {policy.rules.goal} is reached")
        answer = streak.advise(
            policy,
            situation.streak,
            situation.days_left,
            situation.saver,
            p=situation.p_first,
            second=situation.p_second is not None,
        )
        if answer.action == "double":
            return Advice("double", answer.why, answer.values)
        return Advice("single" if answer.action == "single" else "skip", answer.why, answer.values)

    return advise


def policy_of(lake: Lake, settings: DaySettings) -> Advise:
    """The policy of the file that the settings name, else the lake's, else the thresholds.

    Raises SettingsError for a file that cannot be read or is no policy.
    """
    if settings.policy_file is not None:
        path = settings.policy_file.expanduser()
        try:
            return by_policy(streak.read_policy(path.read_bytes()))
        except (OSError, streak.PolicyFileError) as error:
            raise SettingsError(f"policy_file {path}: {error}") from error
    if lake.manifest(SPORT, POLICY, None) is not None:
        return by_policy(load_policy(lake))
    return by_thresholds
