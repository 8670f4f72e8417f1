"""What there is to say of a day, and what of it has been said.

The posts follow from the picks, the results and the record alone; what `published` holds already is not said
again. A result that changes afterwards is said once more, as a correction that answers the pick.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from formguide.baseball.day.tables import REAL
from formguide.baseball.publisher import Post

_SETTLED = frozenset({"hit", "miss", "saved", "void"})


def unsaid(
    game_date: date,
    picks: pl.DataFrame,
    results: pl.DataFrame,
    record: pl.DataFrame,
    games: pl.DataFrame,
    published: pl.DataFrame,
) -> list[Post]:
    """The posts of a day that are still to be made, in order. All frames hold that day's rows only (Picks,
    PickResults, StreakRecord, DayGames, Published)."""
    said = set(published["post_key"])
    own = picks.filter((pl.col("model") == REAL) & (pl.col("status") == "locked"))
    own = own.sort("locked_at", "rank")
    rows = list(own.iter_rows(named=True))
    posts = [
        Post(game_date, key, row["locked_at"], _pick_text(row, games, answers), answers)
        for row in rows
        if (key := pick_key(row["rank"])) not in said
        for answers in [_thread(rows, row)]
    ]
    return [*posts, *_result(game_date, rows, results, record, published)]


def pick_key(rank: int) -> str:
    """The key of the post that announces a pick."""
    return f"pick/{REAL}/{rank}"


def _thread(rows: list[dict[str, Any]], row: dict[str, Any]) -> str | None:
    """The pick of a day that was locked second answers the first."""
    earlier = [r for r in rows if (r["locked_at"], r["rank"]) < (row["locked_at"], row["rank"])]
    return pick_key(min(earlier, key=lambda r: (r["locked_at"], r["rank"]))["rank"]) if earlier else None


def _pick_text(row: dict[str, Any], games: pl.DataFrame, answers: str | None) -> str:
    names = {}
    for game in games.filter(pl.col("game_pk") == row["game_pk"]).iter_rows(named=True):
        names = {game["home_team_id"]: game["home_team"], game["away_team_id"]: game["away_team"]}
    team = f" ({names[row['team_id']]})" if row["team_id"] in names else ""
    against = row["pitcher"] or names.get(row["opponent_id"]) or "the starter"
    lineup = "" if row["lineup_status"] == "confirmed" else ", line-up not confirmed"
    second = "Second pick" if answers else "Pick"
    return (
        f"{second} of {row['game_date']}: {row['batter']}{team}, batting {_ordinal(row['slot'])} against "
        f"{against}: {row['p_game_hit']:.1%} for a hit{lineup}. Streak: {row['streak_before']}."
    )


def _result(
    game_date: date,
    rows: list[dict[str, Any]],
    results: pl.DataFrame,
    record: pl.DataFrame,
    published: pl.DataFrame,
) -> list[Post]:
    own = record.filter((pl.col("model") == REAL) & (pl.col("game_date") == game_date))
    if own.is_empty() or not rows or own["outcome"][0] not in _SETTLED:
        return []
    day = own.row(0, named=True)
    before = published.filter(pl.col("post_key").str.starts_with(f"result/{REAL}/"))
    told = sorted(before["post_key"], key=lambda key: int(key.split("/")[2]))
    if told and told[-1].rsplit("/", 1)[1] == day["outcome"]:
        return []
    settled = results.filter(pl.col("model") == REAL)
    said_at = settled["settled_at"].max()
    text = _result_text(day, rows, settled)
    return [
        Post(
            game_date,
            f"result/{REAL}/{len(told) + 1}/{day['outcome']}",
            said_at,  # type: ignore[arg-type]
            f"Correction for {game_date}: {text}" if told else text,
            pick_key(min(rows, key=lambda r: (r["locked_at"], r["rank"]))["rank"]),
        )
    ]


def _result_text(day: dict[str, Any], rows: list[dict[str, Any]], results: pl.DataFrame) -> str:
    mark = {"hit": "✅", "miss": "❌", "saved": "🛟", "void": "➖"}
    words = {"hit": "hit", "miss": "no hit", "void": "did not bat", "open": "still batting"}
    found = dict(results.select("rank", "result").iter_rows())
    each = "; ".join(f"{row['batter']}: {words[found.get(row['rank'], 'open')]}" for row in rows)
    tail = {"saved": " The saver is used up.", "void": " Nothing changes."}.get(day["outcome"], "")
    return f"{mark[day['outcome']]} {each}.{tail} Streak: {day['streak_after']}."


def _ordinal(n: int) -> str:
    return f"{n}{({1: 'st', 2: 'nd', 3: 'rd'}).get(n, 'th')}"
