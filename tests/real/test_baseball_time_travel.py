"""The honesty rule on real days: what a day's forecast leans on does not know the day, April to July 2022.

What the records say from a day on is dropped, doubled, dealt out anew and changed. Games keep their numbers,
which in the real records do not grow with the date: a made-up play of a later game must not pass for one of
an earlier game.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from formguide import asof
from formguide.asof import fingerprint
from formguide.baseball import archive, baselines, blend, forecast, model_file, starters
from formguide.baseball.forecast import Asked, Knowledge

LAST = date(2022, 7, 31)
DATES = {
    "opening week": date(2022, 4, 13),
    "three doubleheaders": date(2022, 5, 7),
    "July": date(2022, 7, 4),
}
SEEN = 150
"""How many rows of what was known are seen to differ when yesterday is wrong, at least."""


@dataclass(frozen=True)
class Records:
    """Games, line-ups and plate appearances."""

    games: pl.DataFrame
    lineups: pl.DataFrame
    plate_appearances: pl.DataFrame

    def scrambled(self, day: date, seed: int) -> Records:
        """Everything from the day on made wrong, but for the day's games and line-ups."""
        tomorrow = day + timedelta(days=1)
        kept = ("season", "game_pk")
        return Records(
            asof.scramble(self.games, tomorrow, seed, "game_date", (*kept, "state", "game_number")),
            asof.scramble(self.lineups, tomorrow, seed + 1, "game_date", (*kept, "team_id", "slot")),
            asof.scramble(self.plate_appearances, day, seed + 2, "game_date", (*kept, "slot")),
        )

    def knowledge(self) -> Knowledge:
        return forecast.knowledge(self.games, self.lineups, self.plate_appearances)

    def asked(self, day: date, known: Knowledge, task: str) -> Asked:
        games, lineups = (frame.filter(game_date=day) for frame in (self.games, self.lineups))
        if task == "actual":
            who = starters.confirmed(games, lineups, known.plate_appearances)
        else:
            who = starters.projected(games, self.games, self.lineups, known.plate_appearances)
        return forecast.ask(who, known.plate_appearances, known.outcomes)


@pytest.fixture(scope="module")
def records(real_data: Callable[[str], Path]) -> Records:
    season = archive.read_folder(real_data("baseball"), 2022)
    until = LAST + timedelta(days=1)
    return Records(*(asof.before(frame, until, "game_date") for frame in season.tables.values()))


@pytest.fixture(scope="module")
def known(records: Records) -> Knowledge:
    return records.knowledge()


Wrong = Callable[[date], tuple[Records, Knowledge]]


@pytest.fixture(scope="module")
def wrong_from(records: Records) -> Wrong:
    """The records with everything from a day on made wrong, and what was known then; made once per day."""

    @cache
    def of(day: date) -> tuple[Records, Knowledge]:
        wrong = records.scrambled(day, seed=day.toordinal())
        return wrong, wrong.knowledge()

    return of


def same_bytes(ours: pl.DataFrame, theirs: pl.DataFrame) -> None:
    assert ours.height > 0
    assert fingerprint(ours) == fingerprint(theirs)


def same_asked(ours: Asked, theirs: Asked) -> None:
    for field in fields(Asked):
        if field.name != "records":
            same_bytes(getattr(ours, field.name), getattr(theirs, field.name))
    for field in fields(ours.records):
        one, other = (getattr(asked.records, field.name) for asked in (ours, theirs))
        assert one.tobytes() == other.tobytes(), field.name


@pytest.mark.parametrize("day", DATES.values(), ids=DATES)
def test_features_abilities_and_opportunity_of_a_day_do_not_know_it(
    day: date, records: Records, known: Knowledge, wrong_from: Wrong
) -> None:
    wrong, theirs = wrong_from(day)
    rows, past = known.until(day)
    assert theirs.until(day) == (rows, past)
    for name in ("features", "abilities"):
        same_bytes(getattr(known, name)[:rows], getattr(theirs, name)[:rows])
    same_asked(known.past.rows(slice(0, past)), theirs.past.rows(slice(0, past)))
    same_bytes(known.outcomes[:past], theirs.outcomes[:past])
    same_asked(records.asked(day, known, "actual"), wrong.asked(day, theirs, "actual"))
    # Whoever is projected must not see who really played, either.
    games, lineups = (asof.before(frame, day, "game_date") for frame in (wrong.games, wrong.lineups))
    pa = theirs.plate_appearances
    to_come = starters.projected(records.games.filter(game_date=day), games, lineups, pa)
    same_asked(records.asked(day, known, "projected"), forecast.ask(to_come, pa, theirs.outcomes))


def test_learnt_and_forecast_without_the_day(
    records: Records, known: Knowledge, wrong_from: Wrong, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blend, "VARIANTS", dict([*blend.VARIANTS.items()][::-5]))
    day = DATES["July"]
    worlds = ((records, known), wrong_from(day))
    models, travelled = (forecast.fit_models(of, day, [1]) for _, of in worlds)
    assert model_file.as_files(models) == model_file.as_files(travelled)
    for task in ("actual", "projected"):
        ours, theirs = (at.asked(day, of, task) for at, of in worlds)
        same_bytes(forecast.forecast(models, ours)[1], forecast.forecast(travelled, theirs)[1])
        past = known.until(day)[1]
        rules = (
            baselines.probabilities(
                of.past.rows(slice(0, past)), of.outcomes["hits"][:past].to_numpy(), asked
            )
            for (_, of), asked in zip(worlds, (ours, theirs), strict=True)
        )
        same_bytes(*rules)


def test_both_games_of_a_doubleheader_know_the_same_morning(records: Records, known: Knowledge) -> None:
    """What is known of a batter himself does not depend on which of the two games is asked about."""
    day = DATES["three doubleheaders"]
    asked = records.asked(day, known, "actual")
    twice = asked.starters.filter(pl.len().over("batter_id") > 1)
    assert twice["batter_id"].n_unique() > 30
    own = ["batter_hr_30g", "batter_hr_7g", "days_rest", "batter_gb_hit_rate"]
    told = asked.starters.select("batter_id").hstack(asked.features.select(own)).unique()
    assert told.height == asked.starters["batter_id"].n_unique()


def test_a_wrong_yesterday_is_seen(records: Records, known: Knowledge, wrong_from: Wrong) -> None:
    """So that the tests above can fail."""
    day = DATES["July"]
    tomorrow = day + timedelta(days=1)
    ours, theirs = (records.asked(tomorrow, of, "actual") for of in (known, wrong_from(day)[1]))
    for name in ("features", "abilities", "bullpen_abilities"):
        one, other = getattr(ours, name), getattr(theirs, name)
        differ = sum(a != b for a, b in zip(one.iter_rows(), other.iter_rows(), strict=True))
        assert differ > SEEN, name
    assert (ours.records.staying != theirs.records.staying).sum() > SEEN
