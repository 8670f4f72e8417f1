"""The checks of triathlon's assets, beside the one that every table has."""

from collections.abc import Sequence

import dagster as dg

from assets.checks import key, read, result, spec, table_fits
from formguide.lake import Lake
from formguide.triathlon import checks
from formguide.triathlon.tables import SPORT, AthleteProfiles, RaceRecords, RaceResults

RECORDS = key(SPORT, RaceRecords.name)
RESULTS = key(SPORT, RaceResults.name)
PROFILES = key(SPORT, AthleteProfiles.name)

NOTHING_LOST = spec("nothing_lost", RECORDS, checks.nothing_lost, blocking=True)
OF_RESULTS = [
    spec("every_record_has_an_athlete", RESULTS, checks.every_record_has_an_athlete, blocking=True),
    spec("nobody_twice_a_day", RESULTS, checks.nobody_twice_a_day),
    spec("few_implausible", RESULTS, checks.few_implausible),
]
EVE = spec("older_than_the_race", PROFILES, checks.older_than_the_race, blocking=True)


def of_records(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of what the files say."""
    return [
        *table_fits(lake, RaceRecords, seasons),
        result("nothing_lost", RECORDS, checks.nothing_lost(lake, seasons)),
    ]


def of_results(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the results."""
    frame = read(lake, SPORT, RaceResults.name, seasons)
    given = checks.every_record_has_an_athlete(read(lake, SPORT, RaceRecords.name, seasons), frame)
    return [
        *table_fits(lake, RaceResults, seasons),
        result("every_record_has_an_athlete", RESULTS, given),
        result("nobody_twice_a_day", RESULTS, checks.nobody_twice_a_day(frame), warn=True),
        result("few_implausible", RESULTS, checks.few_implausible(frame), warn=True),
    ]


def of_profiles(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the profiles."""
    profiles = read(lake, SPORT, AthleteProfiles.name, seasons)
    results = read(lake, SPORT, RaceResults.name, None)
    return [
        *table_fits(lake, AthleteProfiles, seasons),
        result("older_than_the_race", PROFILES, checks.older_than_the_race(profiles, results)),
    ]
