"""Options of several words, and commands with a subcommand per sport."""

from typing import Annotated

import click
import pytest
import typer
from typer.testing import CliRunner

from formguide.cli.base import BySport, Sport, UsageError, parse_seasons
from formguide.cli.words import SEASON_WORD, several_words


def asked(command: type, *words: str) -> str:
    """What a command with the option --seasons and an argument is told."""
    app = typer.Typer()

    @app.command(cls=command)
    def tell(
        name: Annotated[str, typer.Argument()] = "",
        seasons: Annotated[list[str] | None, typer.Option()] = None,
        loud: bool = False,
    ) -> None:
        click.echo(f"{name} {seasons} {loud}")

    result = CliRunner().invoke(app, list(words))
    return result.output.strip() if result.exit_code == 0 else f"exit {result.exit_code}"


@pytest.mark.parametrize(
    ("words", "seasons"),
    [
        (["--seasons", "2023", "2024"], ["2023", "2024"]),
        (["--seasons", "2023,2024"], ["2023", "2024"]),
        (["--seasons=2023-2024"], ["2023-2024"]),
        (["--seasons", "2021,2023-2024", "2019"], ["2021", "2023-2024", "2019"]),
        (["--seasons", "202104", "202106-202107,2023"], ["202104", "202106-202107", "2023"]),
        (["--seasons", "2023", "--loud", "--seasons", "2024"], ["2023", "2024"]),
    ],
)
def test_an_option_takes_all_its_words(words, seasons):
    loud = "--loud" in words
    assert asked(several_words("--seasons", "a season", SEASON_WORD), *words) == f" {seasons} {loud}".strip()


def test_a_word_that_is_none_of_its_own_is_an_argument():
    command = several_words("--seasons", "a season", SEASON_WORD)
    assert asked(command, "--seasons", "2023", "2024", "baseball") == "baseball ['2023', '2024'] False"


def test_an_option_without_a_word_is_refused():
    assert asked(several_words("--seasons", "a season", SEASON_WORD), "--seasons") == "exit 2"
    assert asked(several_words("--seasons", "a season", SEASON_WORD), "--seasons", "--loud") == "exit 2"


def test_seasons_of_several_words():
    assert parse_seasons(None) is None
    assert parse_seasons([]) is None
    assert parse_seasons(["2023", "2024"]) == {2023, 2024}
    assert parse_seasons(["2021", "2023-2025"]) == {2021, 2023, 2024, 2025}
    assert parse_seasons(["202111-202202", "2023"]) == {202111, 202112, 202201, 202202, 2023}
    for wrong in (["then"], ["2025-2023"], ["2023-"], ["1-9999"], ["202113"], ["202100-202104"]):
        with pytest.raises(UsageError, match="--seasons"):
            parse_seasons(wrong)


def test_without_a_sport_the_first_is_meant():
    app = typer.Typer(cls=BySport)
    first, last = next(iter(Sport)).value, "curling"
    for sport in (first, last):
        app.command(sport)(_telling(sport))

    def said(*words: str) -> str:
        return CliRunner().invoke(app, list(words)).output.strip()

    assert said() == f"{first} 0"
    assert said("--season", "7") == f"{first} 7"
    assert said(last, "--season", "7") == f"{last} 7"
    assert "Usage" in said("--help")
    assert "No such command" in said("cricket")


def _telling(name: str):
    def tell(season: int = 0) -> None:
        click.echo(f"{name} {season}")

    return tell
