"""One id per club, whatever it is called."""

from __future__ import annotations

import pytest

from formguide.baseball.teams import UnknownTeamError, team_id, team_ids, team_name


def test_thirty_clubs_by_every_name():
    ids = team_ids()
    assert len(set(ids.values())) == 30
    folded = {name.casefold() for name in ids}
    assert len(folded) == len(ids), "no name means two clubs"
    for name, club in ids.items():
        assert team_id(name) == team_id(f" {name.upper()} ") == club
        assert team_id(team_name(club)) == club


@pytest.mark.parametrize(
    ("name", "club"),
    [
        ("Oakland Athletics", "Athletics"),
        ("ATH", "Athletics"),
        ("Cleveland Indians", "Cleveland Guardians"),
        ("FLO", "Miami Marlins"),
        ("ANA", "Los Angeles Angels"),
        ("sdn", "San Diego Padres"),
    ],
)
def test_older_names_and_abbreviations(name, club):
    assert team_name(team_id(name)) == club


def test_what_is_no_club_is_refused_with_a_suggestion():
    with pytest.raises(UnknownTeamError, match="did you mean Boston Red Sox"):
        team_id("Boston Redsox")
    with pytest.raises(UnknownTeamError, match=r"unknown team 'Springfield Isotopes'$"):
        team_id("Springfield Isotopes")
    with pytest.raises(UnknownTeamError, match="9001"):
        team_name(9001)
