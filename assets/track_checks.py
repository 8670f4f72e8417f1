"""The checks of track's assets, beside the one that every table has."""

from collections.abc import Sequence

import dagster as dg

from assets.checks import key, read, result, spec, table_fits
from formguide.lake import Lake
from formguide.track import checks
from formguide.track.arrivals import SPORT
from formguide.track.forecast_tables import ForecastScorecard, PeakForecasts
from formguide.track.issuing import partition
from formguide.track.peaks import SeasonPeaks
from formguide.track.sequences import SequenceKeys
from formguide.track.tables import Performances as PerformancesTable
from formguide.track.windows import Windows

_PERFORMANCES = key(SPORT, PerformancesTable.name)
_PEAKS = key(SPORT, SeasonPeaks.name)
_WINDOWS = key(SPORT, Windows.name)
_FORECASTS = key(SPORT, PeakForecasts.name)
_SCORECARD = key(SPORT, ForecastScorecard.name)

PERFORMANCES = [
    spec("every_row_accounted_for", _PERFORMANCES, checks.every_row_accounted_for),
    spec("marks_in_range", _PERFORMANCES, checks.marks_in_range, blocking=True),
    spec("one_family_per_event", _PERFORMANCES, checks.one_family_per_event, blocking=True),
    spec("indoor_in_winter", _PERFORMANCES, checks.indoor_in_winter),
]
BEST = spec("peaks_are_the_best", _PEAKS, checks.peaks_are_the_best, blocking=True)
EARLIER = spec("nothing_from_later", _WINDOWS, checks.nothing_from_later, blocking=True)
ORDERED = spec("intervals_in_order", _FORECASTS, checks.intervals_in_order, blocking=True)
COVERAGE = spec("intervals_cover", _SCORECARD, checks.intervals_cover)


def of_performances(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the performances."""
    frame = read(lake, SPORT, PerformancesTable.name, seasons)
    rows = checks.every_row_accounted_for(lake, seasons)
    return [
        *table_fits(lake, PerformancesTable, seasons),
        result("every_row_accounted_for", _PERFORMANCES, rows, warn=True),
        result("marks_in_range", _PERFORMANCES, checks.marks_in_range(frame)),
        result("one_family_per_event", _PERFORMANCES, checks.one_family_per_event(frame)),
        result("indoor_in_winter", _PERFORMANCES, checks.indoor_in_winter(frame), warn=True),
    ]


def of_peaks(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the season peaks."""
    frame = read(lake, SPORT, SeasonPeaks.name, seasons)
    best = checks.peaks_are_the_best(frame, read(lake, SPORT, PerformancesTable.name, seasons))
    return [*table_fits(lake, SeasonPeaks, seasons), result("peaks_are_the_best", _PEAKS, best)]


def of_windows(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the windows."""
    frame = read(lake, SPORT, Windows.name, seasons)
    earlier = checks.nothing_from_later(frame, read(lake, SPORT, SequenceKeys.name, None))
    return [*table_fits(lake, Windows, seasons), result("nothing_from_later", _WINDOWS, earlier)]


def of_forecasts(lake: Lake, genders: Sequence[str]) -> list[dg.AssetCheckResult]:
    """The checks of the forecasts."""
    partitions = [partition(gender) for gender in genders]
    ordered = checks.intervals_in_order(read(lake, SPORT, PeakForecasts.name, partitions))
    return [
        *table_fits(lake, PeakForecasts, partitions),
        result("intervals_in_order", _FORECASTS, ordered),
    ]


def of_scorecard(lake: Lake) -> list[dg.AssetCheckResult]:
    """The checks of the scorecard."""
    covered = checks.intervals_cover(read(lake, SPORT, ForecastScorecard.name, None))
    return [
        *table_fits(lake, ForecastScorecard, None),
        result("intervals_cover", _SCORECARD, covered, warn=True),
    ]
