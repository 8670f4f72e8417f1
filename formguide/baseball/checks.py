"""What must hold of baseball's tables before a model may use them, as findings that people can read.

Every check looks at what lies in the lake, not at what was just computed.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from formguide.baseball import arrivals, retrosheet
from formguide.baseball.arrivals import SPORT
from formguide.baseball.batting_order import PLACES, out_of_turn
from formguide.baseball.tables import PlateAppearances
from formguide.findings import SHOWN, Finding
from formguide.lake import Lake
from formguide.records import Reject

_SCORING_CHANGES = 0.0002
"""By how much hits may differ between two accounts of a season: scorers' decisions are revised for weeks."""


def no_gaps(plate_appearances: pl.DataFrame) -> Finding:
    """No plate appearance is missing from a game, doubled, or another game's.

    Two signs that do not depend on how the source numbers its plays: nine places bat in turn, so a batter who
    turns up in two of them says that something is missing or doubled; and each place has to follow the one
    before. One game in five hundred may fail (one in a shorter season): a play that could not be read must
    not stop a season.
    """
    games = plate_appearances.select("game_pk").n_unique()
    team = ["game_pk", "batting_team_id"]
    turns = plate_appearances.sort("game_pk", "at_bat_index").with_columns(
        follows=pl.col("slot").shift(1).over(team) % PLACES + 1
    )
    skipped = turns.filter(pl.col("slot") != pl.col("follows")).select(
        "game_pk", "batting_team_id", "batter_id", said=pl.lit("his place does not follow the last")
    )
    twice = out_of_turn(plate_appearances).select(
        "game_pk", "batting_team_id", "batter_id", said=pl.lit("he bats in two places")
    )
    wrong = pl.concat([skipped, twice]).sort("game_pk", "batting_team_id", "batter_id", "said")
    bad = wrong["game_pk"].n_unique()
    said = f"{plate_appearances.height} plate appearances of {games} games, {bad} games with a gap"
    return Finding(bad <= 1 + games // 500 and bad < max(games, 1), said, bad, wrong.head(SHOWN))


def season_totals(lake: Lake, seasons: Sequence[int]) -> Finding:
    """Plate appearances, hits, home runs and strikeouts add up to Retrosheet's, season by season.

    Compared are the days and teams that both have. Plate appearances must be equal; the rest may differ by
    one in five thousand, since scorers' decisions are revised. Days and teams that differ are shown.
    """
    said, rows, passed = [], [], True
    for season in seasons:
        tree = arrivals.season_files(lake, season).get(retrosheet.SOURCE, {})
        rejects: list[Reject] = []
        files = {path: lake.raw_get(SPORT, sha) for path, sha in tree.items()}
        totals = retrosheet.read_totals(season, files, rejects)
        if totals.is_empty():
            said.append(f"{season}: no totals to compare with")
            continue
        frame = lake.read_table(SPORT, PlateAppearances.name, [str(season)], PlateAppearances)
        finding = totals_agree(frame, totals)
        passed = passed and finding.passed
        said.append(f"{season}: {finding.said}")
        rows.append(finding.rows)
    shown = pl.concat(rows) if rows else pl.DataFrame()
    return Finding(passed, "; ".join(said), shown.height, shown.head(SHOWN))


def totals_agree(plate_appearances: pl.DataFrame, totals: pl.DataFrame) -> Finding:
    """The same for the plate appearances of one season and Retrosheet's totals (see `read_totals`)."""
    names = list(retrosheet.COUNTS.values())
    day = ["game_date", "team_id"]
    ours = retrosheet.counted(plate_appearances).group_by(day).agg(pl.col(names).sum(), games=pl.len())
    theirs = totals.group_by(day).agg(pl.col(names).sum(), games=pl.len())
    both = ours.join(theirs, on=day, how="inner", suffix="_retrosheet")
    sums = both.select(pl.col(names).sum(), pl.col([f"{name}_retrosheet" for name in names]).sum())
    totals_of = sums.row(0, named=True)
    ok, said = True, []
    for name in names:
        mine, other = totals_of[name], totals_of[f"{name}_retrosheet"]
        allowed = 0 if name == "plate_appearances" else _SCORING_CHANGES * other
        ok = ok and abs(mine - other) <= allowed
        words = name.replace("_", " ")
        said.append(f"{mine} {words}" if mine == other else f"{mine} {words} (Retrosheet {other})")
    differ = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_retrosheet") for name in [*names, "games"])
    wrong = both.filter(differ).sort(day)
    alone = theirs.join(ours, on=day, how="anti").height + ours.join(theirs, on=day, how="anti").height
    said.append(f"{wrong.height} of {both.height} team-days differ")
    if alone:
        said.append(f"{alone} are in one of the two only")
    return Finding(ok, ", ".join(said), wrong.height, wrong)
