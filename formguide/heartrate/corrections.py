"""Corrections: what was found of shifts and lags (`feature_table.corrected` takes it off a heart rate).

    corrections_of(due, past, reference)   workouts judged one after the other → rows of `Corrections`
    make_corrections(lake, months)         the table of some months

A workout is judged by the user's earlier ones and by what was known of everybody at the beginning of its
quarter (`offsets`); what was found of the earlier ones is read from the table, so that each is judged once.
A month is a function of its own workouts, of those before it, and of what was found in them.

Corrections are for what is learnt from. Whoever scores a forecast scores it against what was measured; a
score against corrected heart rates is another, labelled row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from formguide.asof import fingerprint
from formguide.files import content_hash
from formguide.heartrate import cleaning, offsets
from formguide.heartrate.offsets import Finding, Reference, Remembered
from formguide.heartrate.second_opinion import Opinion
from formguide.heartrate.sequences import Recorded, recorded
from formguide.heartrate.tables import SPORT, Corrections, Samples, Workouts, as_table
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.schema import empty

VERSION = "4"
"""Changes when the same workouts would be corrected otherwise."""

MONTHS_BACK = 36
"""So many months before its own a workout is compared with others of its user."""

REFERENCE_USERS = 60
"""Everybody's answer is learnt from so many users at most: the first by a hash of their ids."""

_IN_MEMORY = 4000

Ask = Callable[[Finding], Opinion | None]
"""A second opinion on a finding; None where there is none."""


@dataclass
class Past:
    """What is remembered of judged workouts, by user and activity."""

    records: dict[tuple[str, str], list[Remembered]] = field(default_factory=dict)

    def of(self, run: Recorded) -> list[Remembered]:
        """What is remembered of the workout's user and activity."""
        return self.records.setdefault((run.inputs.user_id, run.inputs.activity), [])

    def add(self, run: Recorded, reference: Reference, lag_sec: float, offset_bpm: float) -> None:
        """Remembers a workout, later than those that are remembered, with what was applied to it."""
        record = offsets.remembered(run, self.of(run), reference, round(lag_sec), offset_bpm != 0.0)
        if record is not None:
            self.of(run).append(record)


def corrections_of(
    due: Sequence[Recorded], past: Past, reference: Reference, ask: Ask | None = None
) -> pl.DataFrame:
    """Rows of `Corrections` of some workouts, judged in the order of their start; each is added to the past.

    ask: whom to ask for a second opinion where something was found. It may confirm or veto; anything else
    changes nothing.
    """
    rows = []
    for run in sorted(due, key=offsets.in_order):
        finding = offsets.judge_after(run, past.of(run), reference)
        opinion = ask(finding) if ask is not None and finding.found != "none" else None
        applied = opinion is None or opinion.confirms
        lag = float(finding.applied_lag_sec) if applied else 0.0
        offset = finding.applied_offset_bpm if applied else 0.0
        past.add(run, reference, lag, offset)
        rows.append(_row(run, finding, opinion) | {"applied_offset_bpm": offset, "applied_lag_sec": lag})
    return as_table(pl.DataFrame(rows, infer_schema_length=None), Corrections) if rows else empty(Corrections)


def _row(run: Recorded, finding: Finding, opinion: Opinion | None) -> dict[str, object]:
    provenance = "estimator" if finding.found != "none" else "none"
    return {
        "workout_id": run.inputs.workout_id,
        "month": run.inputs.started_at.year * 100 + run.inputs.started_at.month,
        "user_id": run.inputs.user_id,
        "started_at": run.inputs.started_at.replace(tzinfo=None),
        "earlier_workouts": finding.earlier_workouts,
        "offset_bpm": finding.offset_bpm,
        "offset_se_bpm": finding.offset_se_bpm,
        "lag_sec": finding.lag_sec,
        "lag_se_sec": finding.lag_se_sec,
        "found": finding.found,
        "provenance": provenance if opinion is None else "estimator_and_second_opinion",
        "second_opinion": None if opinion is None else opinion.in_words,
    }


# -- in the lake -----------------------------------------------------------------------------------


def make_corrections(
    lake: Lake, months: Iterable[int], ask: Ask | None = None, asked: str = ""
) -> dict[int, Made]:
    """The corrections of some months, each from its workouts and those before it; months of which nothing
    changed are carried over. asked: names whom `ask` asks, since another's opinion is another table."""
    made: dict[int, Made] = {}
    reader = _Reader(lake)
    for month in sorted(months):
        made_from = corrections_from(lake, month, asked)
        manifest = lake.manifest(SPORT, Corrections.name, str(month))
        if manifest is not None and manifest.made_from == made_from:
            made[month] = carried_over(manifest)
            continue
        frame = _month(reader, month, ask)
        found = dict(frame.group_by(pl.col("found").cast(pl.String)).len().iter_rows())
        facts = {
            "workouts": frame.height,
            **{f"found_{name}": int(found.get(name, 0)) for name in ("offset", "lag", "both")},
            "vetoed": frame.filter(pl.col("second_opinion").str.starts_with("veto")).height,
        }
        written = lake.write_table(SPORT, Corrections.name, str(month), frame, Corrections, made_from, facts)
        made[month] = Made(written.hash, frame.height, 1, 0, facts)
    return made


def corrections_from(lake: Lake, month: int, asked: str = "") -> str:
    """What a month's corrections would be made from now: its users' months, and those that everybody's answer
    is learnt from, which begin up to two months earlier."""
    learnt_at = _begin_of_quarter(month)
    up_to = sorted(
        {*_months_before(lake, month), *_months_before(lake, learnt_at.year * 100 + learnt_at.month)}
    )
    before = [
        [_version(lake, name, key) for name in (Workouts.name, Samples.name, Corrections.name)]
        for key in up_to
    ]
    own = [_version(lake, name, str(month)) for name in (Workouts.name, Samples.name)]
    return fingerprint(VERSION, asked, up_to, before, own)


def _version(lake: Lake, asset: str, key: str) -> str | None:
    manifest = lake.manifest(SPORT, asset, key)
    return manifest.hash if manifest is not None else None


def _months_before(lake: Lake, month: int) -> list[str]:
    """The months of the `MONTHS_BACK` before one of which there are workouts."""
    first = _back(month, MONTHS_BACK)
    return [key for key in lake.partitions(SPORT, Workouts.name) if first <= int(key) < month]


def _begin_of_quarter(month: int) -> datetime:
    return datetime(month // 100, (month % 100 - 1) // 3 * 3 + 1, 1)


def _back(month: int, months: int) -> int:
    count = month // 100 * 12 + month % 100 - 1 - months
    return count // 12 * 100 + count % 12 + 1


def _month(reader: _Reader, month: int, ask: Ask | None) -> pl.DataFrame:
    lake = reader.lake
    due, earlier = reader.usable(str(month)), _months_before(lake, month)
    said = {
        workout: (lag, offset)
        for workout, lag, offset in lake.read_table(SPORT, Corrections.name, earlier, Corrections)
        .select("workout_id", "applied_lag_sec", "applied_offset_bpm")
        .iter_rows()
    }
    reference = reader.reference(_begin_of_quarter(month))
    past = Past()
    for run in reader.last_of({run.inputs.user_id for run in due}, earlier):
        past.add(run, reference, *said.get(run.inputs.workout_id, (0.0, 0.0)))
    rows = corrections_of(due, past, reference, ask)
    # Workouts that no model learns from, and those without a heart rate, are not judged.
    others = lake.read_table(SPORT, Workouts.name, [str(month)], Workouts).join(
        rows, "workout_id", how="anti"
    )
    unjudged = others.with_columns(
        *(pl.lit(None).alias(name) for name in ("offset_bpm", "offset_se_bpm", "lag_sec", "lag_se_sec")),
        earlier_workouts=pl.lit(0),
        found=pl.lit("none"),
        applied_offset_bpm=pl.lit(0.0),
        applied_lag_sec=pl.lit(0.0),
        provenance=pl.lit("none"),
        second_opinion=pl.lit(None),
    )
    return pl.concat([rows, as_table(unjudged, Corrections)]).sort("started_at", "workout_id")


@dataclass
class _Reader:
    """Workouts of a lake by month, those that models may learn from, cleaned; and what was known of
    everybody.

    The last months stay in memory as long as there are not too many workouts in them.
    """

    lake: Lake
    months: dict[str, list[Recorded]] = field(default_factory=dict)
    references: dict[datetime, Reference] = field(default_factory=dict)

    def usable(self, month: str) -> list[Recorded]:
        """The workouts of a month."""
        if month not in self.months:
            workouts = self.lake.read_table(SPORT, Workouts.name, [month], Workouts)
            workouts = workouts.filter("usable", "has_heart_rate")
            samples = self.lake.read_table(SPORT, Samples.name, [month], Samples)
            samples = samples.join(workouts.select("workout_id"), on="workout_id", how="semi")
            self.months[month] = recorded(workouts, cleaning.clean(samples, workouts))
            while sum(map(len, self.months.values())) > _IN_MEMORY and len(self.months) > 1:
                self.months.pop(next(iter(self.months)))
        return self.months[month]

    def last_of(self, users: set[str], months: Sequence[str]) -> list[Recorded]:
        """The last workouts of some users in some months, `offsets.KEPT` of each activity, in their order."""
        kept: dict[tuple[str, str], list[Recorded]] = {}
        for month in reversed(months):
            for run in reversed(self.usable(month)):
                own = kept.setdefault((run.inputs.user_id, run.inputs.activity), [])
                if run.inputs.user_id in users and len(own) < offsets.KEPT:
                    own.append(run)
        return sorted((run for own in kept.values() for run in own), key=offsets.in_order)

    def reference(self, at: datetime) -> Reference:
        """How hearts answer, by what had ended at a moment, of `REFERENCE_USERS` users."""
        if at not in self.references:
            months = _months_before(self.lake, at.year * 100 + at.month)
            names = self.lake.read_table(SPORT, Workouts.name, months, Workouts)["user_id"].unique().to_list()
            chosen = set(sorted(names, key=lambda name: content_hash(name.encode()))[:REFERENCE_USERS])
            self.references[at] = offsets.fit_reference(self.last_of(chosen, months), at)
        return self.references[at]
