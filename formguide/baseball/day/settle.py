"""Settling: what became of the locked picks, and the streak that follows from all of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl

from formguide.baseball.day import documents, ledger
from formguide.baseball.day.deps import Day, note
from formguide.baseball.day.plan import Step
from formguide.baseball.day.record import streak_record
from formguide.baseball.day.results import batting_line, result_of
from formguide.baseball.day.source import SourceDown
from formguide.baseball.day.tables import SPORT, PickResults, Picks, StreakRecord
from formguide.lake import Written
from formguide.schema import dtypes


def settle(day: Day, step: Step) -> str:
    """Reads what became of the day's picks so far, counts the streak anew, and leaves a check's row."""
    lapse(day, step.game_date)
    read, missing = look_at_picks(day, [step.game_date])
    recount(day)
    results = ledger.read(day.lake, PickResults, [step.game_date])
    told = [
        f"{model} {rank}: {result}" + (f" ({hits} for {appearances})" if appearances is not None else "")
        for model, rank, result, hits, appearances in results.select(
            "model", "rank", "result", "hits_after", "plate_appearances_after"
        ).iter_rows()
    ]
    if missing:
        told.append(f"{missing} of {read + missing} games did not answer")
    return note(day, step, "; ".join(told) or "no pick to look at")


def look_at_picks(day: Day, days: Iterable[date], again: bool = False) -> tuple[int, int]:
    """Reads the documents of the locked picks of some days, and keeps what became of them.

    again: also of picks whose game is over, in case the scorer changed his mind. Returns how many games
    answered and how many did not; raises SourceDown if none did.
    """
    asked: dict[int, documents.Document | None] = {}
    last: Exception | None = None
    for game_date in days:
        picks = ledger.read(day.lake, Picks, [game_date]).filter(pl.col("status") == "locked")
        held = ledger.read(day.lake, PickResults, [game_date])
        over = set(held.filter("final").select("model", "rank").iter_rows())
        rows = []
        for pick in picks.iter_rows(named=True):
            if not again and (pick["model"], pick["rank"]) in over:
                continue
            if pick["game_pk"] not in asked:
                try:
                    asked[pick["game_pk"]] = documents.read(day.source.feed(pick["game_pk"]))
                except (SourceDown, ValueError) as error:
                    asked[pick["game_pk"]] = None
                    last = error
            document = asked[pick["game_pk"]]
            if document is not None:
                rows.append(_result_row(day, pick, document, held))
        if rows:
            _write(day, game_date, rows)
    missing = sum(document is None for document in asked.values())
    if missing and missing == len(asked):
        raise SourceDown(f"none of {missing} games answered, the last said: {last}")
    return len(asked) - missing, missing


def lapse(day: Day, game_date: date) -> None:
    """Gives up the picks that were not locked before their game began."""
    with ledger.writing(day.lake, str(game_date)):
        picks = ledger.read(day.lake, Picks, [game_date])
        late = (pl.col("status") == "preview") & (
            pl.col("start_at") <= pl.lit(day.clock(), pl.Datetime("us"))
        )
        given_up = pl.when(late).then(pl.lit("lapsed")).otherwise("status")
        ledger.put(day.lake, Picks, game_date, picks.with_columns(status=given_up))


def recount(day: Day) -> Written:
    """The streak record, made anew from every pick and result there is."""
    with ledger.writing(day.lake, "record"):
        record = streak_record(ledger.read(day.lake, Picks), ledger.read(day.lake, PickResults), day.settings)
        return day.lake.write_table(SPORT, StreakRecord.name, None, record, StreakRecord, made_from="")


def _result_row(
    day: Day, pick: dict[str, Any], document: documents.Document, held: pl.DataFrame
) -> dict[str, Any]:
    """The row as it is now; a result that is the same as before keeps the moment at which it was first
    seen."""
    line = batting_line(document, pick["batter_id"], documents.state_of(document))
    result = result_of(line, pick["game_date"])
    before = held.filter((pl.col("model") == pick["model"]) & (pl.col("rank") == pick["rank"]))
    same = before.height > 0 and before["result"][0] == result
    settled_at = before["settled_at"][0] if same else day.clock()
    return {
        **{name: pick[name] for name in ("game_date", "model", "rank", "game_pk", "batter_id")},
        "result": result,
        "hits_after": line.hits,
        "plate_appearances_after": line.plate_appearances,
        "game_state": line.state,
        "final": line.final or result == "void",
        "settled_at": None if result == "open" else settled_at,
    }


def _write(day: Day, game_date: date, rows: list[dict[str, Any]]) -> None:
    new = pl.DataFrame(
        [[row[name] for name in dtypes(PickResults)] for row in rows],
        schema=dtypes(PickResults),
        orient="row",
    )
    with ledger.writing(day.lake, str(game_date)):
        held = ledger.read(day.lake, PickResults, [game_date])
        stays = held.join(new, on=["game_date", "model", "rank"], how="anti")
        ledger.put(day.lake, PickResults, game_date, pl.concat([stays, new]))
