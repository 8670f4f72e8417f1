"""The streak: how to turn daily forecasts into 57 in a row, and how likely that is.

`rules` is the game. `profiles` takes from the backtest what each day offered, `bins` cuts days into good and
bad ones, `mdp` finds the best thing to do in every state and `exact` says what any fixed policy comes to;
`strategies` are seven ways to play that a person can remember. `seasons` plays whole seasons, exactly or by
simulation, on bins or on blocks of real days, and `compare` puts two policies on the same ones. `evaluation`
is the honest chance, on seasons that the policy was not made for, and `search` asks what would raise it.
`advice` answers for one day, `thresholds` writes a policy out for people, `policy_file` keeps it, and
`making` does all of it in the lake.
"""

from formguide.baseball.streak.advice import Advice, advise
from formguide.baseball.streak.bins import Bins, quality_bins
from formguide.baseball.streak.exact import evaluate, p_goal
from formguide.baseball.streak.mdp import Policy, solve
from formguide.baseball.streak.policy_file import PolicyFileError, policy_bytes, read_policy
from formguide.baseball.streak.profiles import Days, day_profiles, paired_days
from formguide.baseball.streak.rules import ACTIONS, DOUBLE, SINGLE, SKIP, Rules
from formguide.baseball.streak.strategies import STRATEGIES, strategy_policy
from formguide.baseball.streak.thresholds import thresholds

__all__ = [
    "ACTIONS",
    "DOUBLE",
    "SINGLE",
    "SKIP",
    "STRATEGIES",
    "Advice",
    "Bins",
    "Days",
    "Policy",
    "PolicyFileError",
    "Rules",
    "advise",
    "day_profiles",
    "evaluate",
    "p_goal",
    "paired_days",
    "policy_bytes",
    "quality_bins",
    "read_policy",
    "solve",
    "strategy_policy",
    "thresholds",
]
