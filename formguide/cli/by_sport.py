"""The commands that every sport has its own way of: one forecast, a backtest, a pull from the live source."""

from __future__ import annotations

from types import ModuleType

from typer.core import TyperCommand, TyperGroup

from formguide.cli.base import BySport
from formguide.cli.later import Later
from formguide.cli.words import several_seasons, several_words


def _several_scenarios(module: ModuleType) -> type[TyperCommand]:
    return several_words("--scenarios", f"one or more of {', '.join(module.SCENARIOS)}")


forecasts = TyperGroup(
    name="forecast",
    no_args_is_help=True,
    help="One forecast, asked and answered at the terminal.",
    commands=[
        Later(
            "formula1",
            "formula1.forecast:forecast",
            "Forecast every race of a season, and show the next one.",
            _several_scenarios,
        ),
        Later(
            "baseball",
            "baseball.forecast:forecast",
            "Who gets a hit: every starter of a day, confirmed or projected, the surest first.",
        ),
        Later(
            "track",
            "track.forecast:forecast",
            "The peak of the next season, with its interval, from the marks of this one and those before.",
        ),
        Later(
            "triathlon",
            "triathlon.forecast:forecast",
            "How long somebody will take: a finish time, how sure that is, and how it compares with the "
            "field.",
        ),
        Later(
            "heartrate",
            "heartrate.forecast:forecast",
            "The heart rate of a run before it is run: a curve, and how sure it is.",
        ),
    ],
)

backtests = BySport(
    name="backtest",
    help="How good the forecasts were: walk forward through past seasons, knowing each day only what came "
    "before it, and print the scorecard with the baselines beside it.",
    commands=[
        Later(
            "formula1",
            "formula1.backtest:backtest",
            "Walk forward through the seasons of the lake and score every forecast, baselines beside it.",
            several_seasons,
        ),
        Later(
            "baseball",
            "baseball.backtest:backtest",
            "Walk forward through seasons day by day and score every forecast, baselines beside it.",
            several_seasons,
        ),
        Later(
            "track",
            "track.backtest:backtest",
            "Forecast the last seasons' peaks by models that had not seen them, and score them beside the "
            "baselines.",
            several_seasons,
        ),
        Later(
            "triathlon",
            "triathlon.backtest:backtest",
            "Forecast seasons that the model has not seen, and score every finish, baselines beside it.",
            several_seasons,
        ),
        Later(
            "heartrate",
            "heartrate.backtest:backtest",
            "Forecast past runs from what was known before them, and score every second, baselines beside "
            "it.",
            several_seasons,
        ),
    ],
)

pulls = BySport(
    name="pull",
    help="Fetch results from a sport's live source into the lake's inbox. It asks politely, keeps what it "
    "has and goes on where it stopped.",
    commands=[
        Later(
            "formula1",
            "formula1.pull:pull",
            "Fetch a season from Jolpica, the public Formula 1 API, into the lake's inbox.",
        ),
        Later(
            "baseball",
            "baseball.pull:pull",
            "Fetch the regular-season games of some dates from MLB's Stats API into the lake's inbox.",
        ),
        Later(
            "track",
            "track.pull:pull",
            "Fetch TFRRS pages (teams' \"all performances\", performance lists, athletes) into the lake's "
            "inbox.",
        ),
    ],
)
