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
from contextlib import suppress

import click
from typer.core import TyperGroup

from formguide.cli import by_sport
from formguide.cli.base import LOG, UsageError
from formguide.cli.later import Later
from formguide.cli.words import several_seasons
from formguide.plain import PlainError

__all__ = ["app", "main"]

app = TyperGroup(
    name="formguide",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="A form guide as a data platform: what each runner has done, and what that makes likely. "
    "Start with [bold]formguide run --sample[/bold], which needs nothing but itself.",
    commands=[
        Later(
            "run",
            "run:run",
            "Make everything: read the files, follow what they say of each runner, forecast, score, build "
            "the warehouse.",
            several_seasons,
        ),
        Later(
            "sql",
            "query:sql",
            "Ask the warehouse. It is read-only, and a query reaches nothing outside it.",
        ),
        Later(
            "ui",
            "ui:ui",
            "Open the Dagster UI: the asset graph, runs, checks, and the sensors that watch the inbox. "
            "Ctrl-C ends it.",
        ),
        by_sport.forecasts,
        by_sport.backtests,
        by_sport.pulls,
        Later(
            "streak",
            "streak:streak_app",
            "Beat the Streak: 57 days with a hit in a row, from one or two picks a day. What to do today, "
            "and how likely it is to get there.",
        ),
        Later(
            "day",
            "day:day_app",
            "The baseball day: picks from the morning's schedule to the official scorer's last word.",
        ),
        Later(
            "track",
            "track.checkpoint:track_app",
            "Track and field: networks that others have trained.",
        ),
        Later(
            "triathlon",
            "triathlon.reference:triathlon_app",
            "What only triathlon has.",
        ),
        Later(
            "heartrate",
            "heartrate.look:heartrate_app",
            "What only heart rate has: things to look at and to hand on.",
        ),
    ],
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    if not any(isinstance(handler, logging.NullHandler) for handler in LOG.handlers):
        LOG.addHandler(logging.NullHandler())
    LOG.propagate = False
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
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
    except (PlainError, OSError) as error:
        LOG.exception("failed")
        return _say(error, 1)
    except Exception as error:
        LOG.exception("failed")
        more = ": --verbose keeps a log that shows where" if _keeps_log(words) else ", not of yours"
        return _say(f"{type(error).__name__}: {error} (a mistake of ours{more})", 1)


def _keeps_log(words: Sequence[str]) -> bool:
    """Whether the command that was called has --verbose."""
    command: click.Command = app
    # What went wrong may be that it cannot be loaded.
    with suppress(ImportError):
        for word in words:
            if not isinstance(command, TyperGroup) or word not in command.commands:
                break
            named = command.commands[word]
            command = named.loaded() if isinstance(named, Later) else named
    return any("--verbose" in param.opts for param in command.params)


def _say(message: object, code: int) -> int:
    text = " ".join(str(message).split())
    click.echo(f"formguide: {text}", err=True)
    return code
