"""Retrosheet's totals: which lines count, and what they say of a doubleheader and of a season."""

from __future__ import annotations

import datetime as dt

import polars as pl

from formguide.baseball import archive, checks, retrosheet
from formguide.records import Reject
from tests.baseball.days_by_hand import half, parquet

HEAD = "game.key,game.source,game.date,game.number,season.phase,team.key,B_PA,B_H,B_HR,B_SO"


def line(team, pa, hits=0, number=0, source="evt", phase="R", date="2023-05-01"):
    return f"X,{source},{date},{number},{phase},{team},{pa},{hits},0,0"


def read(*lines, season=2023):
    rejects: list[Reject] = []
    return retrosheet.read_totals(season, {"a.csv": "\n".join([HEAD, *lines]).encode()}, rejects), rejects


def test_one_account_of_each_regular_season_game_counts():
    totals, rejects = read(
        line("BOS", 36, 9),
        line("BOS", 0, 9, source="box"),
        line("ALS", 36, phase="A"),
        line("NYA", 34, phase="W"),
        line("NYA", 34, 2, date="2022-05-01"),
        line("NYA", 33, 1, number=2),
    )
    assert totals.select("team_id", "game_number", "plate_appearances", "hits").rows() == [
        (111, 1, 36, 9),
        (147, 2, 33, 1),
    ]
    assert totals["game_date"].unique().to_list() == [dt.date(2023, 5, 1)] and not rejects


def test_lines_and_files_that_do_not_fit_are_set_aside():
    totals, rejects = read(line("BOS", "many"), line("XXX", 30), line("NYA", 31))
    assert totals["team_id"].to_list() == [147] and len(rejects) == 2
    rejects = []
    assert retrosheet.read_totals(2023, {"a": b"one,two\n1,2", "b": b"\xff\xfe\x00"}, rejects).is_empty()
    assert [reject.file for reject in rejects] == ["a", "b"]


def doubleheader(hits):
    """Two games between the same teams on one day; the lower number has that many of the visitors' hits."""
    rows = []
    for game, events in ((7001, hits), (7002, 5 - hits)):
        away = half(0, range(1201, 1206), game_pk=game)
        for row in away[:events]:
            row["event_type"] = "single"
        rows += away + half(5, range(1101, 1105), home=True, game_pk=game)
    return archive.read_season(2023, {"2023/2023-05-01.parquet": parquet(rows)}).plate_appearances


def test_the_games_of_a_doubleheader_are_told_apart_by_what_happened():
    lines = [line("NYA", 5, 1, 1), line("BOS", 4, 0, 1), line("NYA", 5, 4, 2), line("BOS", 4, 0, 2)]
    totals, _ = read(*lines)
    # The home team's lines are alike, so they tell nothing, and a game must be known by both teams' lines.
    assert retrosheet.game_numbers(totals, doubleheader(4)).is_empty()
    lines[3] = line("BOS", 4, 1, 2)
    frame = doubleheader(4).with_columns(
        is_hit=pl.col("is_hit") | ((pl.col("game_pk") == 7001) & (pl.col("batter_id") == 1101))
    )
    totals, _ = read(*lines)
    assert retrosheet.game_numbers(totals, frame).rows() == [(7001, 2), (7002, 1)]
    single, _ = read(line("NYA", 5, 4), line("BOS", 4, 1))
    assert retrosheet.game_numbers(single, frame).is_empty(), "one game that day, nothing to tell apart"


def test_totals_agree_or_say_where_they_do_not():
    frame = doubleheader(4)
    lines = [line("NYA", 5, 1, 1), line("BOS", 4, 0, 1), line("NYA", 5, 4, 2), line("BOS", 4, 0, 2)]
    finding = checks.totals_agree(frame, read(*lines)[0])
    assert finding.passed and finding.said.startswith("18 plate appearances, 5 hits, 0 home runs")
    finding = checks.totals_agree(frame, read(*lines[:3], line("BOS", 5, 0, 2))[0])
    assert not finding.passed and "18 plate appearances (Retrosheet 19)" in finding.said
    assert finding.rows["team_id"].to_list() == [111]
    finding = checks.totals_agree(frame, read(*lines, line("TBA", 40))[0])
    assert finding.passed and "1 are in one of the two only" in finding.said


def test_no_gaps_finds_a_game_that_lacks_a_play():
    whole = archive.read_season(
        2023,
        {
            "2023/2023-05-01.parquet": parquet(
                [row for pk in (1, 2, 3) for row in half(0, list(range(1201, 1210)) * 2, game_pk=pk)]
            )
        },
    ).plate_appearances
    assert checks.no_gaps(whole).passed and checks.no_gaps(whole).count == 0

    def hole(pk):
        return (pl.col("game_pk") == pk) & (pl.col("at_bat_index") == 10)

    one = checks.no_gaps(whole.filter(~hole(1)))
    assert one.count == 1 and one.passed and set(one.rows["game_pk"]) == {1}
    two = checks.no_gaps(whole.filter(~(hole(1) | hole(2))))
    assert two.count == 2 and not two.passed
    assert not checks.no_gaps(whole.filter((pl.col("game_pk") == 1) & ~hole(1))).passed
    moved = whole.with_columns(slot=pl.when(hole(3)).then(9).otherwise("slot").cast(pl.Int32))
    assert checks.no_gaps(moved).rows["said"].unique().to_list() == ["his place does not follow the last"]
