"""The clubs of the major leagues: one id each, whatever a source calls them, today or years ago."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources
from typing import Any

import yaml

_NEAR_MISS = 0.8


class UnknownTeamError(ValueError):
    """A name that is no club's; the message suggests the one that it resembles."""


def team_id(name: str) -> int:
    """MLB's id of a club by its name, an older name or an abbreviation, whatever the case.

    Raises `UnknownTeamError` for any other.
    """
    known = _ids()
    found = known.get(name.strip().casefold())
    if found is None:
        near = difflib.get_close_matches(name.strip().casefold(), known, 1, _NEAR_MISS)
        hint = f"; did you mean {team_name(known[near[0]])}?" if near else ""
        raise UnknownTeamError(f"unknown team {name!r}{hint}")
    return found


def team_name(team: int) -> str:
    """The name of today of a club by MLB's id. Raises `UnknownTeamError` if it is no club's."""
    club = _clubs().get(team)
    if club is None:
        raise UnknownTeamError(f"no team of the major leagues has the id {team}")
    return str(club["name"])


def team_ids() -> dict[str, int]:
    """Every name, older name and abbreviation, as they are written, with the club's id."""
    return {
        name: team
        for team, club in _clubs().items()
        for name in [club["name"], *club["codes"], *club.get("also", [])]
    }


@cache
def _clubs() -> dict[int, dict[str, Any]]:
    text = resources.files("formguide.baseball").joinpath("teams.yml").read_text(encoding="utf-8")
    clubs: dict[int, dict[str, Any]] = yaml.safe_load(text)
    return clubs


@cache
def _ids() -> dict[str, int]:
    return {name.casefold(): team for name, team in team_ids().items()}
