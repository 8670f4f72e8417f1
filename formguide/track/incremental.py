"""Making a season of track and field again: only what its inputs say has changed, the rest carried over.

It goes by fingerprints: what a partition was `made_from` is compared with what it would be made from now,
and where they agree nothing is read or written. A career speaks of many seasons: when a file changes, each of
its seasons is put together again, but of a season that comes out as it was nothing follows. A file is read
once per content (see `readings`), however many seasons it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from formguide import making
from formguide.arrivals import FIRST_SEASON, Trees
from formguide.asof import fingerprint
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.track import arrivals, readings
from formguide.track.arrivals import SPORT
from formguide.track.naming import has_names, names_in, no_names
from formguide.track.peaks import SeasonPeaks, season_peaks
from formguide.track.readings import Readings, read_files
from formguide.track.results import build_season
from formguide.track.sequences import MARKS, SeasonSequences, SequenceKeys, join_sequences, season_sequences
from formguide.track.sources import READERS
from formguide.track.tables import Performances
from formguide.track.windows import SEASONS_BACK, Windows, season_windows, window_changes

RESULTS_VERSION = f"{readings.VERSION}.1"
"""Changes when the same files would give other performances."""

SEASONS_VERSION = "1"
"""Changes when the same performances would give other peaks, sequences or windows."""

NAMES = "athlete_names"
"""Who is named in a season's files, before anybody has told who is who."""

ARRAYS = "season_sequence_arrays"
"""The marks of the season sequences, as arrays beside their table."""

_NPZ = "sequences.npz"


def make_source_files(lake: Lake, seasons: Iterable[int], folders: Iterable[str | Path]) -> dict[int, Made]:
    """Mirrors the folders into the raw store and lists what each season is made from.

    A file of which no date can be read is part of no season: it goes to quarantine, and is named.
    """
    held = arrivals.holdings(lake, folders)
    counts = arrivals.receive(lake, held)
    undated = []
    for name, sha in arrivals.unplaced(held).items():
        undated.append(f"{name}: no date of a mark can be read in it")
        lake.quarantine(SPORT, name, lake.raw_get(SPORT, sha), undated[-1])
    early = sorted(season for season in held.seasons if season < FIRST_SEASON)
    facts: dict[str, Any] = {f"files_{what}": n for what, n in counts.items()}
    facts |= {"passed_over": held.passed_over, "undated": undated, "seasons_before_the_first": early}
    made = {}
    for season in seasons:
        written = arrivals.write_source_files(lake, season, held)
        made[season] = Made(
            written.hash, written.rows or 0, int(written.changed), int(not written.changed), facts
        )
    return made


def make_performances(lake: Lake, seasons: Iterable[int]) -> dict[int, Made]:
    """The performances of some seasons, from every source's files.

    Records that cannot be used go to quarantine; the metadata names them.
    """
    wanted = sorted(seasons)
    read = _read_changed(lake, wanted)
    made = {}
    for season in wanted:
        made_from = performances_from(lake, season)
        manifest = lake.manifest(SPORT, Performances.name, str(season))
        if manifest is not None and manifest.made_from == made_from:
            made[season] = carried_over(manifest)
            continue
        files = arrivals.season_files(lake, season)
        said = read.of(files) if read.holds(files) else read_files(lake, files, READERS)
        built = build_season(season, said, names_before(lake, season))
        for reject in built.rejects:
            lake.quarantine(SPORT, reject.file, reject.payload, str(reject))
        frame, facts = built.performances, built.facts
        written = lake.write_table(
            SPORT, Performances.name, str(season), frame, Performances, made_from, facts
        )
        made[season] = Made(written.hash, frame.height, 1, 0, facts)
    return made


def performances_from(lake: Lake, season: int) -> str:
    """What a season's performances would be made from now: its files, and, where some of them name athletes
    without an id, whoever was named in earlier seasons."""
    own = lake.manifest(SPORT, NAMES, str(season))
    earlier = [
        making.version_of(lake, SPORT, NAMES, key)
        for key in lake.partitions(SPORT, NAMES)
        if int(key) < season and own is not None and own.extra["some_without_id"]
    ]
    return fingerprint(_names_from(lake, season), earlier)


def names_before(lake: Lake, season: int) -> pl.DataFrame:
    """Who was named in the seasons before one, as the files name them."""
    earlier = [key for key in lake.partitions(SPORT, NAMES) if int(key) < season]
    return lake.read_table(SPORT, NAMES, earlier) if earlier else no_names()


def _names_from(lake: Lake, season: int) -> str:
    return fingerprint(RESULTS_VERSION, making.version_of(lake, SPORT, arrivals.SourceFiles.name, season))


def _read_changed(lake: Lake, seasons: Iterable[int]) -> Readings:
    """Reads the files of those seasons whose files have changed, and notes who is named in them."""
    due = {}
    for season in seasons:
        manifest = lake.manifest(SPORT, NAMES, str(season))
        if manifest is None or manifest.made_from != _names_from(lake, season):
            due[season] = arrivals.season_files(lake, season)
    read = read_files(lake, _together(due.values()), READERS)
    for season, files in due.items():
        names = names_in(season, read.of(files))
        some = {"some_without_id": has_names(names)}
        lake.write_table(SPORT, NAMES, str(season), names, None, _names_from(lake, season), some)
    return read


def season_from(lake: Lake, season: int, *settings: int) -> str:
    """What a season's peaks or sequences would be made from now."""
    return fingerprint(SEASONS_VERSION, settings, making.version_of(lake, SPORT, Performances.name, season))


def make_peaks(lake: Lake, seasons: Iterable[int]) -> dict[int, Made]:
    """Every athlete's peak in each event of some seasons."""
    made = {}
    for season in seasons:
        made_from = season_from(lake, season)
        manifest = lake.manifest(SPORT, SeasonPeaks.name, str(season))
        if manifest is not None and manifest.made_from == made_from:
            made[season] = carried_over(manifest)
            continue
        frame = season_peaks(performances(lake, [season]))
        facts = {
            "athletes": frame["athlete_id"].n_unique(),
            "events": frame["event"].n_unique(),
            "wind_aided": int(frame["wind_aided"].sum()),
        }
        written = lake.write_table(SPORT, SeasonPeaks.name, str(season), frame, SeasonPeaks, made_from, facts)
        made[season] = Made(written.hash, frame.height, 1, 0, facts)
    return made


def make_sequences(lake: Lake, seasons: Iterable[int], length: int = MARKS) -> dict[int, Made]:
    """The marks of some seasons in order, as a table and as arrays beside it. length: marks kept per
    season."""
    made = {}
    for season in seasons:
        made_from = season_from(lake, season, length)
        manifest = lake.manifest(SPORT, SequenceKeys.name, str(season))
        kept = lake.manifest(SPORT, ARRAYS, str(season))
        if manifest and kept and manifest.made_from == kept.made_from == made_from:
            made[season] = carried_over(manifest)
            continue
        found = season_sequences(performances(lake, [season]), length)
        facts = {"marks_kept": int(found.lengths.sum())}
        lake.write_bytes(SPORT, ARRAYS, str(season), {_NPZ: found.to_npz()}, made_from, facts)
        written = lake.write_table(
            SPORT, SequenceKeys.name, str(season), found.table, SequenceKeys, made_from, facts
        )
        made[season] = Made(written.hash, found.table.height, 1, 0, facts)
    return made


def windows_from(lake: Lake, season: int, seasons_back: int) -> str:
    """What a season's windows would be made from now: the peaks and sequences of it and all before it."""
    inputs = [
        (key, making.version_of(lake, SPORT, name, key))
        for name in (SeasonPeaks.name, SequenceKeys.name)
        for key in lake.partitions(SPORT, name)
        if int(key) <= season
    ]
    return fingerprint(SEASONS_VERSION, seasons_back, inputs)


def make_windows(lake: Lake, seasons: Iterable[int], seasons_back: int = SEASONS_BACK) -> dict[int, Made]:
    """What was known before each target season, with what came of it; `computed` and `carried` count windows.

    A window is as it was if none of its inputs and not its label has changed.
    """
    made, due = {}, {}
    for season in seasons:
        made_from = windows_from(lake, season, seasons_back)
        manifest = lake.manifest(SPORT, Windows.name, str(season))
        if manifest is not None and manifest.made_from == made_from:
            made[season] = carried_over(manifest, manifest.rows or 0)
        else:
            due[season] = made_from
    if due:
        known = [key for key in lake.partitions(SPORT, SeasonPeaks.name) if int(key) <= max(due)]
        peaks = lake.read_table(SPORT, SeasonPeaks.name, known, SeasonPeaks)
        windows = season_windows(peaks, sequences(lake, known), seasons_back)
        for season, made_from in due.items():
            frame = windows.filter(pl.col("season") == season)
            before = lake.read_table(SPORT, Windows.name, [str(season)], Windows)
            change = window_changes(frame, before)
            facts = {"changed": change.changed, "added": change.added, "removed": change.removed}
            written = lake.write_table(SPORT, Windows.name, str(season), frame, Windows, made_from)
            made[season] = Made(
                written.hash, frame.height, change.changed + change.added, change.carried, facts
            )
    return dict(sorted(made.items()))


def performances(lake: Lake, seasons: Iterable[int] | None = None) -> pl.DataFrame:
    """The performances of some seasons, by default of all; what is not there yet is empty."""
    keys = None if seasons is None else [str(season) for season in seasons]
    return lake.read_table(SPORT, Performances.name, keys, Performances)


def peaks(lake: Lake, seasons: Iterable[int] | None = None) -> pl.DataFrame:
    """The season peaks of some seasons, by default of all."""
    keys = None if seasons is None else [str(season) for season in seasons]
    return lake.read_table(SPORT, SeasonPeaks.name, keys, SeasonPeaks)


def sequences(lake: Lake, seasons: Iterable[int | str] | None = None) -> SeasonSequences:
    """The season sequences of some seasons, by default of all, one behind the other."""
    known = lake.partitions(SPORT, ARRAYS)
    wanted = known if seasons is None else [key for key in known if key in {str(s) for s in seasons}]
    return join_sequences(
        SeasonSequences.from_npz(lake.read_bytes(SPORT, ARRAYS, key)[_NPZ]) for key in wanted
    )


def _together(seasons: Iterable[Trees]) -> Trees:
    """The files of several seasons, each once."""
    found: Trees = {}
    for trees in seasons:
        for source, tree in trees.items():
            found.setdefault(source, {}).update(tree)
    return found
