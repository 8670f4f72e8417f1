"""The `formguide` command: forecasts for people without a Dagster UI open.

`run`, `query` (sql) and `ui` are the same for every sport; `forecast`, `backtest` and `pull` have a
subcommand with options of its own for each (`by_sport`), and a sport adds what only it has. Answers go to
stdout, progress and errors to stderr. Exit codes: 0 done, 1 failed, 2 asked wrongly. An error is one line
that says what to do.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

import click
import typer

from formguide.baseball.pull import PullError as NoGamesPulled
from formguide.cli import by_sport
from formguide.cli.base import LOG, CommandError, UsageError
from formguide.cli.day import day_app
from formguide.cli.heartrate.look import heartrate_app
from formguide.cli.query import sql
from formguide.cli.run import run
from formguide.cli.streak import streak_app
from formguide.cli.track.checkpoint import track_app
from formguide.cli.triathlon.reference import triathlon_app
from formguide.cli.ui import ui
from formguide.cli.words import SEASON_WORD, several_words
from formguide.fetch import FetchError
from formguide.formula1.ids import UnknownNameError
from formguide.formula1.pull import PullError as NoRacesPulled
from formguide.lake import LakeError
from formguide.schema import TableError
from formguide.warehouse import WarehouseError

__all__ = ["app", "main"]

app = typer.Typer(
    name="formguide",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A form guide as a data platform: what each runner has done, and what that makes likely. "
    "Start with [bold]formguide run --sample[/bold], which needs nothing but itself.",
)
app.command(cls=several_words("--seasons", "one or more seasons", SEASON_WORD))(run)
app.add_typer(by_sport.forecasts, name="forecast")
app.add_typer(by_sport.backtests, name="backtest")
app.add_typer(by_sport.pulls, name="pull")
app.add_typer(streak_app, name="streak")
app.add_typer(day_app, name="day")
app.add_typer(track_app, name="track")
app.add_typer(triathlon_app, name="triathlon")
app.add_typer(heartrate_app, name="heartrate")
app.command()(sql)
app.command()(ui)

_EXPECTED = (
    CommandError,
    LakeError,
    WarehouseError,
    FetchError,
    NoGamesPulled,
    NoRacesPulled,
    UnknownNameError,
    TableError,
    OSError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    if not any(isinstance(handler, logging.NullHandler) for handler in LOG.handlers):
        LOG.addHandler(logging.NullHandler())
    LOG.propagate = False
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        code = app(words, prog_name="formguide", standalone_mode=False)
        return int(code or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        return 2
    except click.UsageError as error:
        where = f" ({error.ctx.command_path} --help)" if error.ctx and error.ctx.parent else ""
        return _say(f"{error.format_message()}{where}", 2)
    except UsageError as error:
        return _say(error, 2)
    except (click.Abort, KeyboardInterrupt):
        return _say("stopped", 1)
    except click.exceptions.Exit as error:
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except _EXPECTED as error:
        LOG.exception("failed")
        return _say(error, 1)
    except Exception as error:
        LOG.exception("failed")
        return _say(
            f"{type(error).__name__}: {error} (a mistake of ours: --verbose keeps a log that shows where)", 1
        )


def _say(message: object, code: int) -> int:
    text = " ".join(str(message).split())
    click.echo(f"formguide: {text}", err=True)
    return code
