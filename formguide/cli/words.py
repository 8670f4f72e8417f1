"""Options that take several words: `--scenarios dry wet` is `--scenarios dry --scenarios wet`."""

from __future__ import annotations

import re
from types import ModuleType

import click
from typer.core import TyperCommand

SEASON_WORD = r"\d{4}(\d\d)?([,-]\d{4}(\d\d)?)*"
"""A season, 2024, or a month of one, 202403; ranges and lists of them."""


def several_words(option: str, wants: str, word: str = r"[^-].*") -> type[TyperCommand]:
    """A command of which one option takes all the words that follow it and look like `word` (a regular
    expression), separated by spaces or commas. wants: what it takes, in words."""

    class SeveralWords(TyperCommand):
        def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
            """Repeats the option before each of the words that follow it."""
            return super().parse_args(ctx, spread(args, ctx))

    def spread(args: list[str], ctx: click.Context) -> list[str]:
        found: list[str] = []
        listing = False
        for given in args:
            name, _, first = given.partition("=")
            if name == option:
                listing = True
                found += _repeated(option, first)
            elif listing and re.fullmatch(word, given):
                found += _repeated(option, given)
            else:
                listing = False
                found.append(given)
        if option in args and option not in found:
            after = next(iter(args[args.index(option) + 1 :]), "-")
            but = "" if after.startswith("-") else f", not {after!r}"
            raise click.UsageError(f"{option} wants {wants}{but}", ctx)
        return found

    return SeveralWords


def several_seasons(_: ModuleType) -> type[TyperCommand]:
    """A command whose `--seasons` takes several words."""
    return several_words("--seasons", "one or more seasons, as 2024 or 2023-2025", SEASON_WORD)


def _repeated(option: str, words: str) -> list[str]:
    return [part for value in words.replace(",", " ").split() for part in (option, value)]
