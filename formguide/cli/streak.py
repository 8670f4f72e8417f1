"""`formguide streak`: what to do with today's pick, and what a way to play comes to over a season."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from formguide.baseball.streak import evaluation, exact, making, report, search, seasons
from formguide.baseball.streak.advice import advise
from formguide.baseball.streak.compare import compare as compare_policies
from formguide.baseball.streak.compare import matches
from formguide.baseball.streak.evaluation import PolicySettings
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.policy_file import policy_bytes
from formguide.baseball.streak.profiles import Days
from formguide.baseball.streak.report import OPTIMAL
from formguide.baseball.streak.strategies import STRATEGIES
from formguide.baseball.streak.thresholds import DAYS_SHOWN, thresholds
from formguide.cli import streak_screen as screen
from formguide.cli import streak_ways as ways
from formguide.cli.base import (
    LakeOption,
    SeasonsOption,
    UsageError,
    open_lake,
    out,
    parse_seasons,
)
from formguide.cli.screen import table
from formguide.cli.streak_ways import DEFAULT
from formguide.cli.words import SEASON_WORD, several_words

streak_app = typer.Typer(
    no_args_is_help=True,
    help="Beat the Streak: 57 days with a hit in a row, from one or two picks a day. What to do today, and "
    "how likely it is to get there.",
)

SEVERAL_SEASONS = several_words("--seasons", "one or more seasons", SEASON_WORD)
BinsOption = Annotated[
    int, typer.Option("--bins", min=1, max=20, help="How many kinds of days to tell apart.")
]
LateOption = Annotated[
    int,
    typer.Option("--late-days", min=0, help="Days at the end of the season with bins of their own; 0: none."),
]
ShrinkOption = Annotated[
    float,
    typer.Option(
        "--shrink-dates", min=0, help="Dates that forecasts count as against what happened in a bin."
    ),
]
LengthOption = Annotated[int, typer.Option("--days", min=1, max=400, help="Days with games in a season.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, for the next program.")]
StartStreak = Annotated[int, typer.Option("--streak", min=0, max=57, help="The streak as it stands.")]
SaverOption = Annotated[bool, typer.Option("--saver/--no-saver", help="Whether the streak saver is unspent.")]


@streak_app.command("advise")
def advise_command(
    streak: Annotated[int, typer.Option("--streak", min=0, max=56, help="The streak as it stands.")],
    days_left: Annotated[
        int, typer.Option("--days-left", min=1, help="Dates with games left in the season, today included.")
    ],
    saver: SaverOption = True,
    p: Annotated[
        float | None,
        typer.Option("--p", min=0, max=1, help="The best pick's chance of a hit today, as forecast (0.78)."),
    ] = None,
    bin_: Annotated[
        int | None, typer.Option("--bin", min=1, help="Or the kind of day it is, 1 the worst.")
    ] = None,
    as_json: JsonOption = False,
    lake: LakeOption = None,
) -> None:
    """What to do today: nobody, one batter or two, what each is worth, and why.

    Without --p or --bin: the answer for every kind of day.
    """
    if p is not None and bin_ is not None:
        raise UsageError("give --p or --bin, not both")
    policy = ways.policy_of(open_lake(lake))
    if bin_ is not None and bin_ > policy.bins.count:
        raise UsageError(f"--bin {bin_}: the policy knows bins 1 (the worst) to {policy.bins.count}")
    if p is not None:
        answers = [advise(policy, streak, days_left, saver, p=p)]
    else:
        wanted = range(policy.bins.count) if bin_ is None else [bin_ - 1]
        answers = [advise(policy, streak, days_left, saver, quality) for quality in wanted]
    if as_json:
        screen.write_json([{**asdict(a), "quality": a.quality + 1} for a in answers])
        return
    state = f"A streak of {streak}, {days_left} days left, {'with' if saver else 'without'} the saver"
    console = out()
    if len(answers) == 1:
        console.print(f"{state}: [bold]{screen.in_words(answers[0].action)}[/bold].")
        console.print(f"{answers[0].why}", soft_wrap=True)
    table(
        console,
        f"{state}: the chance of 57 after each choice",
        screen.answers_table(policy, days_left, answers),
    )
    if len(answers) > 1:
        for answer in answers:
            console.print(f"Bin {answer.quality + 1}: {answer.action}. {answer.why}", soft_wrap=True)


@streak_app.command("solve", cls=SEVERAL_SEASONS)
def solve_command(
    save_policy: Annotated[
        bool, typer.Option("--save-policy", help="Keep it in the lake, where advise and the day look for it.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Also write it to this npz file.")
    ] = None,
    seasons: SeasonsOption = None,
    bins: BinsOption = DEFAULT.bins,
    late_days: LateOption = DEFAULT.late_days,
    shrink_dates: ShrinkOption = DEFAULT.shrink_dates,
    days: LengthOption = DEFAULT.days,
    lake: LakeOption = None,
) -> None:
    """Find the best policy for the days of the backtest."""
    place = open_lake(lake)
    settings = PolicySettings(bins, late_days, shrink_dates, days)
    chosen = parse_seasons(seasons)
    known = ways.days_of(place, chosen)
    policy = evaluation.make(known, settings)
    console = out()
    seeds = f"{len(known.seeds)} seed{'s' * (len(known.seeds) > 1)}"
    chance = screen.chance_text(exact.p_goal(policy))
    console.print(
        f"{policy.actions.size:,} states solved on {known.dates()} dates of {screen.listed(known.seasons)}, "
        f"{seeds}. In its own bins it reaches 57 with a chance of {chance}; formguide streak p57 says what "
        "that is worth on days it does not know.",
        soft_wrap=True,
    )
    shown = report.bins_table(policy, known).select(
        "phase",
        pl.col("quality").add(1).alias("bin"),
        "p_from",
        "p_to",
        "share",
        "dates",
        "p_first",
        "p_hit",
        "p_both",
        "hit_rate",
        "both_rate",
    )
    table(console, "Kinds of days", shown)
    if output is not None:
        file = output.expanduser()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(policy_bytes(policy))
        console.print(f"written to {output}")
    if save_policy:
        making.make_policy(place, settings, seasons=sorted(chosen) if chosen else None)
        console.print("kept in the lake: formguide streak advise answers by it from now on")


@streak_app.command("exact", cls=SEVERAL_SEASONS)
def exact_command(
    strategy: Annotated[
        str | None, typer.Argument(help="optimal or one of the seven strategies; without it all of them.")
    ] = None,
    streak: StartStreak = 0,
    days_left: Annotated[
        int | None, typer.Option("--days-left", min=0, help="Days left.", show_default="the whole season")
    ] = None,
    saver: SaverOption = True,
    seasons: SeasonsOption = None,
    as_json: JsonOption = False,
    lake: LakeOption = None,
) -> None:
    """The exact chance of 57 under a fixed way to play, if days come as the bins say. No simulation."""
    names = [ways.known(strategy)] if strategy else [OPTIMAL, *STRATEGIES]
    known = ways.days_of(open_lake(lake), parse_seasons(seasons))
    bins = evaluation.make_bins(known, DEFAULT)
    length = max(DEFAULT.days, days_left or 0)
    left = length if days_left is None else days_left
    rows = []
    for name in names:
        policy = ways.play_by(name, replace(DEFAULT, days=length), known)
        result = exact.evaluate(policy, bins, days_left=left, streak=streak, saver=saver)
        rows.append({"strategy": name, "p_goal": result.p_goal, "says": screen.says(name)})
    screen.show(rows, "Chance of 57 in its own bins", as_json)


@streak_app.command("simulate", cls=SEVERAL_SEASONS)
def simulate_command(
    strategy: Annotated[str, typer.Argument(help="optimal or one of the seven strategies.")] = OPTIMAL,
    n: Annotated[int, typer.Option("--n", min=100, max=50_000_000, help="Seasons to play.")] = 200_000,
    real_days: Annotated[
        bool,
        typer.Option(
            "--real-days/--bins-only",
            help="Play blocks of the backtest's days with what came of them, or days drawn from the bins.",
        ),
    ] = True,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same seasons.")] = 0,
    seasons: SeasonsOption = None,
    as_json: JsonOption = False,
    lake: LakeOption = None,
) -> None:
    """Play many seasons, and see how long the longest streaks get."""
    known = ways.days_of(open_lake(lake), parse_seasons(seasons))
    policy = ways.play_by(ways.known(strategy), DEFAULT, known)
    played, expected = _simulated(policy, known, n, seed, real_days)
    longest = pl.Series(played.longest)
    row: dict[str, Any] = {
        "strategy": strategy,
        "seasons": n,
        "p_goal": played.p_goal,
        "standard_error": played.p_goal_se,
        "exactly": expected,
        "mean_longest": played.longest.mean(),
        "median_longest": longest.median(),
        "longest_1_in_100": longest.quantile(0.99, "higher"),
        "batters_named": played.named.mean(),
    }
    where = "blocks of real days" if real_days else "days drawn from the bins"
    screen.show([row], f"{n:,} seasons of {where}", as_json)


@streak_app.command("compare", cls=SEVERAL_SEASONS)
def compare_command(
    a: Annotated[str, typer.Argument(help="optimal, a strategy, or optimal with settings: optimal:bins=10.")],
    b: Annotated[
        str, typer.Argument(help="The same for the other, e.g. optimal:late_days=0:shrink_dates=0.")
    ],
    draws: Annotated[int, typer.Option("--draws", min=20, help="Draws of the paired bootstrap.")] = 400,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same draws.")] = 0,
    seasons: SeasonsOption = None,
    as_json: JsonOption = False,
    lake: LakeOption = None,
) -> None:
    """Two ways to play on the same days, which neither of them was made for.

    The analytic chances, each in its own bins, are shown too; where the bins differ they do not compare.
    """
    wanted = [ways.parsed(a), ways.parsed(b)]
    known = ways.days_of(open_lake(lake), parse_seasons(seasons))
    parts = [ways.folds_of(known, name, settings) for name, settings in wanted]
    result = compare_policies(matches(*parts), (a, b), draws=draws, seed=seed)
    if as_json:
        screen.write_json([asdict(result)])
        return
    rows = [
        ("analytic, each in its own bins", *result.analytic),
        ("on the same days, seasons of blocks", *result.same_days),
        ("mean longest streak, same seasons", *result.longest),
    ]
    console = out()
    table(
        console,
        f"{a} against {b}",
        pl.DataFrame(rows, schema=["chance of 57", a, b if b != a else f"{b} "], orient="row"),
    )
    bins = "the same bins" if result.comparable else "other bins, so the analytic chances do not compare"
    console.print(
        f"Difference on the same days {result.difference:+.2e}, from {result.low:+.2e} to {result.high:+.2e} "
        f"over {draws} draws of seasons, seeds and blocks of days; {a} ahead in {result.ahead:.0%} of them "
        f"and in {result.groups_ahead:g} of {result.groups} seed-seasons; {bins}.",
        soft_wrap=True,
    )
    console.print(f"{result.verdict}.")


@streak_app.command("thresholds")
def thresholds_command(
    days_left: Annotated[
        list[int] | None,
        typer.Option("--days-left", min=1, help="Only with so many days left (may be repeated)."),
    ] = None,
    as_json: JsonOption = False,
    lake: LakeOption = None,
) -> None:
    """The policy as a table for the fridge: from which chance on to play, and from which to double."""
    policy = ways.policy_of(open_lake(lake))
    if days_left and max(days_left) > policy.days:
        raise UsageError(f"--days-left {max(days_left)}: the policy was made for {policy.days} days")
    rows = thresholds(policy, tuple(days_left) if days_left else DAYS_SHOWN)
    if as_json:
        screen.write_json(rows.to_dicts())
        return
    console = out()
    shown = rows.select(
        "days_left",
        "saver",
        pl.format("{}–{}", "streak_from", "streak_to").alias("streak"),
        pl.col("actions").alias("bins worst to best"),
        screen.least_chance("play_from"),
        # Where a better day asks for less, no single chance says when to double.
        pl.when("in_order")
        .then(screen.least_chance("double_from"))
        .otherwise(pl.lit("see bins"))
        .alias("double_from"),
    )
    table(console, "What to do, by the chance of the best pick", shown)
    console.print("0 skip, 1 single, 2 double. Below the streaks listed 57 is out of reach.")


@streak_app.command("p57", cls=SEVERAL_SEASONS)
def p57_command(
    what_if: Annotated[bool, typer.Option("--what-if", help="Also what would raise it.")] = False,
    draws: Annotated[int, typer.Option("--draws", min=20, help="Draws of the bootstrap.")] = 400,
    seasons: SeasonsOption = None,
    as_json: JsonOption = False,
    lake: LakeOption = None,
) -> None:
    """The honest chance of 57: each season played by what the others teach."""
    place = open_lake(lake)
    chosen = parse_seasons(seasons)
    known = ways.days_of(place, chosen)
    rows: list[dict[str, Any]] = []
    for name in (OPTIMAL, *STRATEGIES):
        parts = ways.folds_of(known, name, DEFAULT)
        real, level = evaluation.held_out(parts, draws=draws), evaluation.calibrated(parts, draws=draws)
        row: dict[str, Any] = {"strategy": name}
        for measure, chance in (("held_out", real), ("calibrated", level)):
            row |= {measure: chance.p_goal, f"{measure}_low": chance.low, f"{measure}_high": chance.high}
        rows.append(row | {"as_forecast": evaluation.as_forecast(parts)})
    changes: list[tuple[str, search.Variation]] = []
    if what_if:
        same_game = making.days_in(place, sorted(chosen) if chosen else None, same_game=True)
        for basis, answer in (("held out", search.on_outcomes), ("calibrated", search.on_forecasts)):
            changes += [(basis, v) for v in search.policy_changes(known, DEFAULT, same_game, answer)]
        changes += [("as forecast", v) for v in search.world_changes(known, DEFAULT)]
    if as_json:
        screen.write_json([*rows, *({"basis": basis, **asdict(v)} for basis, v in changes)])
        return
    screen.honest(rows, f"{known.dates()} dates of {screen.listed(known.seasons)}", draws)
    if changes:
        screen.changes(changes)


# -- what they share -------------------------------------------------------------------------------


def _simulated(
    policy: Policy, days: Days, n: int, seed: int, real_days: bool
) -> tuple[seasons.Played, float]:
    if real_days:
        return seasons.simulate_days(policy, days, n, seed), float(seasons.block_chances(policy, days)[0])
    return seasons.simulate_bins(policy, n, seed), exact.p_goal(policy)
