"""The sample league: known athletes, pages as a site has them, pulled and read whole."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from formguide.schema import check
from formguide.track import events, tfrrs
from formguide.track.programme import GROUPS
from formguide.track.sample import SampleLeague, SampleTruth, make_league, people, scrape_sample, write_site
from formguide.track.sample.people import SEASONS, SHOES, SKILLS, has_new_shoes
from formguide.track.sample.site import pages
from formguide.track.tables import GENDERS, LABELS, Performances, season_of


@pytest.fixture(scope="module")
def league() -> SampleLeague:
    return make_league()


@pytest.fixture(scope="module")
def site(league: SampleLeague) -> dict[str, str]:
    return pages(league)


@pytest.fixture(scope="module")
def read(site: dict[str, str]) -> dict[str, tfrrs.Reading]:
    """Two teams' pages, and all others: to read every team's takes three times as long and says no more."""
    some = {p: t.encode() for p, t in site.items() if not p.startswith("all_") or _SOME.search(p)}
    return tfrrs.read_pages(some, workers=1)


_SOME = re.compile("Lakeside|Wolf_River")
_TEAMS = ("Lakeside", "Wolf River")


def test_six_seasons_of_men_and_women_in_all_groups(league: SampleLeague) -> None:
    assert sorted({r.meet.season for r in league.results}) == list(SEASONS)
    assert 250 <= len({r.athlete.athlete_id for r in league.results}) <= 400
    told = Counter((r.athlete.gender, r.meet.label, events.find(r.event).group) for r in league.results)
    for gender in GENDERS:
        groups = {group for g, _, group in told if g == gender}
        assert groups == set(GROUPS) - {"walks/road"}
        assert {label for g, label, _ in told if g == gender} == set(LABELS)


def test_the_same_seed_gives_the_same_site_and_another_another(
    league: SampleLeague, site: dict[str, str]
) -> None:
    assert pages(make_league()) == site
    assert make_league(7).results[:50] != league.results[:50]


def test_pages_are_few_enough_to_be_pulled_in_seconds(site: dict[str, str]) -> None:
    assert len(site) <= 60 and sum(map(len, site.values())) < 6_000_000


def test_every_result_is_read_off_the_teams_pages(
    league: SampleLeague, read: dict[str, tfrrs.Reading]
) -> None:
    teams = [reading for path, reading in read.items() if path.startswith("all_performances/")]
    rows = check(pl.concat([reading.rows for reading in teams]), Performances)
    assert not any(reading.rejects for reading in read.values())
    assert rows["complete"].all()
    done = [r for r in league.results if r.value is not None and r.athlete.team in _TEAMS]
    told_twice = sum(reading.left_out.get(tfrrs.SAID_TWICE, 0) for reading in teams)
    assert rows.height + told_twice == len(done), "a heat and a final of one mark on one day say the same"
    ids = {r.athlete.athlete_id: f"tfrrs:{r.athlete.athlete_id}" for r in done}
    expected = {
        (ids[r.athlete.athlete_id], r.event, r.meet.day, r.meet.label, round(r.value or 0, 2)) for r in done
    }
    found = rows.select("athlete_id", "event", "date", "label", pl.col("mark").round(2)).rows()
    assert set(found) == expected
    by_season = {(r.meet.day, r.meet.label): r.meet.season for r in done}
    assert all(season_of(*when) == season for when, season in by_season.items())
    classes = {(ids[r.athlete.athlete_id], r.meet.day): r.class_year for r in done}
    assert all(classes[a, d] == c for a, d, c in rows.select("athlete_id", "date", "class_year").rows())


def test_an_athletes_page_tells_the_same_career(read: dict[str, tfrrs.Reading]) -> None:
    rows = pl.concat([r.rows for path, r in read.items() if path.startswith("all_performances/")])
    careers = {path: r.rows for path, r in read.items() if path.startswith("athletes/")}
    assert len(careers) == 12
    key = ["athlete_id", "event", "date", "label", "season", "mark", "gender"]
    some = [c for c in careers.values() if c["athlete_id"][0] in set(rows["athlete_id"])]
    assert len(some) >= 2
    for career in some:
        of_team = rows.filter(pl.col("athlete_id") == career["athlete_id"][0])
        assert set(career.select(key).rows()) == set(of_team.select(key).rows())
        assert career["place"].null_count() == 0 and set(career["round"]) <= {"F", "P"}


def test_a_list_is_known_to_end(read: dict[str, tfrrs.Reading]) -> None:
    for path, reading in read.items():
        if path.startswith("lists/"):
            assert not reading.rows["complete"].any() and reading.left_out["relays"] >= 1
            assert reading.rows.group_by("event", "gender").len()["len"].max() == 10


def test_flags_stand_where_meets_are_particular(read: dict[str, tfrrs.Reading]) -> None:
    rows = pl.concat([r.rows for path, r in read.items() if path.startswith("all_performances/")])
    for flag, meet in (
        ("altitude", "High Mesa Invitational"),
        ("oversized_track", "Big Dome Classic"),
        ("hand_timed", "Holiday Opener"),
    ):
        assert set(rows.filter(flag)["meet"]) == {meet}
    assert (
        rows.filter(meet="Spring Opener")["wind_mps"].null_count() == rows.filter(meet="Spring Opener").height
    )
    windy = rows.filter(pl.col("wind_legal").is_not_null())
    assert 0.05 < 1 - windy["wind_legal"].mean() < 0.4  # type: ignore[operator]


def test_athletes_grow_sit_out_and_are_hurt(league: SampleLeague) -> None:
    by_class: dict[int, list[float]] = {1: [], 4: []}
    for athlete in league.athletes:
        for event in athlete.talent:
            seasons = [s for s in athlete.seasons.values() if event in s.form]
            forms = {s.class_year: s.form[event] / SKILLS[event].growth for s in seasons}
            if {1, 4} <= forms.keys() and not has_new_shoes(athlete.team, event, SEASONS[-1]):
                for c in by_class:
                    by_class[c].append(forms[c])
    gains = np.array(by_class[4]) - np.array(by_class[1])
    assert len(gains) > 30 and gains.mean() > 3 * gains.std(ddof=1) / np.sqrt(len(gains))
    everyone = [a for a in league.athletes if len(a.seasons) > 2]
    gaps = [
        a
        for a in everyone
        if {s for s, _ in a.seasons} != set(range(min(a.seasons)[0], max(a.seasons)[0] + 1))
    ]
    assert gaps, "somebody sits out a year"
    assert any(s.injured for a in everyone for s in a.seasons.values())


def test_the_effect_that_no_model_knows_is_in_the_marks(
    league: SampleLeague, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same league without the shoes: only who has them is slower, and by as much as is said."""
    monkeypatch.setattr(people, "SHOES", 0.0)
    without = make_league().results
    assert len(without) == len(league.results)
    told = {(r.athlete.athlete_id, r.meet.meet_id, r.event, r.round): r.value for r in without}
    gains = []
    for r in league.results:
        plain = told[r.athlete.athlete_id, r.meet.meet_id, r.event, r.round]
        if not has_new_shoes(r.athlete.team, r.event, r.meet.season):
            assert r.value == plain
        elif r.value and plain:
            gains.append(plain / r.value - 1)
    assert len(gains) > 100 and np.mean(gains) == pytest.approx(SHOES, rel=0.1)


@pytest.mark.slow
def test_the_sample_is_scraped_from_a_server_and_says_that_it_is_one(tmp_path: Path) -> None:
    report = scrape_sample(tmp_path)
    assert report.complete and len(report.written) == report.planned
    truth = SampleTruth.read(tmp_path)
    assert truth.seasons == SEASONS and "shoes" not in truth.what and truth.effects_beyond_the_model
    assert (
        truth == SampleTruth.of(make_league())
        or truth.performances == SampleTruth.of(make_league()).performances
    )
    again = scrape_sample(tmp_path)
    assert (again.requests, again.kept) == (0, report.planned)
    write_site(tmp_path / "site")
    assert (tmp_path / "site" / "truth.json").read_bytes() == (tmp_path / "truth.json").read_bytes()
