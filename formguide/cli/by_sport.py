"""The commands that every sport has its own way of: one forecast, a backtest, a pull from the live source."""

from __future__ import annotations

import typer

from formguide.cli.baseball.backtest import backtest as baseball_backtest
from formguide.cli.baseball.forecast import forecast as baseball_forecast
from formguide.cli.baseball.pull import pull as baseball_pull
from formguide.cli.formula1.backtest import backtest as formula1_backtest
from formguide.cli.formula1.forecast import forecast as formula1_forecast
from formguide.cli.formula1.pull import pull as formula1_pull
from formguide.cli.heartrate.backtest import backtest as heartrate_backtest
from formguide.cli.heartrate.forecast import forecast as heartrate_forecast
from formguide.cli.sports import BySport
from formguide.cli.track.backtest import backtest as track_backtest
from formguide.cli.track.forecast import forecast as track_forecast
from formguide.cli.track.pull import pull as track_pull
from formguide.cli.triathlon.backtest import backtest as triathlon_backtest
from formguide.cli.triathlon.forecast import forecast as triathlon_forecast
from formguide.cli.words import SEASON_WORD, several_words
from formguide.formula1.scenarios import SCENARIOS

_SEASONS = several_words("--seasons", "one or more seasons", SEASON_WORD)

forecasts = typer.Typer(
    no_args_is_help=True,
    help="One forecast, asked and answered at the terminal.",
)
forecasts.command("formula1", cls=several_words("--scenarios", f"one or more of {', '.join(SCENARIOS)}"))(
    formula1_forecast
)
forecasts.command("baseball")(baseball_forecast)
forecasts.command("track")(track_forecast)
forecasts.command("triathlon")(triathlon_forecast)
forecasts.command("heartrate")(heartrate_forecast)

backtests = typer.Typer(
    cls=BySport,
    help="How good the forecasts were: walk forward through past seasons, knowing each day only what came "
    "before it, and print the scorecard with the baselines beside it.",
)
backtests.command("formula1", cls=_SEASONS)(formula1_backtest)
backtests.command("baseball", cls=_SEASONS)(baseball_backtest)
backtests.command("track", cls=_SEASONS)(track_backtest)
backtests.command("triathlon", cls=_SEASONS)(triathlon_backtest)
backtests.command("heartrate", cls=_SEASONS)(heartrate_backtest)

pulls = typer.Typer(
    cls=BySport,
    help="Fetch results from a sport's live source into the lake's inbox. It asks politely, keeps what it "
    "has and goes on where it stopped.",
)
pulls.command("formula1")(formula1_pull)
pulls.command("baseball")(baseball_pull)
pulls.command("track")(track_pull)


@forecasts.callback()
@backtests.callback()
@pulls.callback()
def _group() -> None:
    """Keeps the sport a word of its own."""
