"""Publishing what there is to say, each thing once."""

from __future__ import annotations

from datetime import date

import polars as pl

from formguide.baseball.day import announce, ledger
from formguide.baseball.day.deps import Day
from formguide.baseball.day.tables import DayGames, PickResults, Picks, Published
from formguide.baseball.publisher import Post, Receipt
from formguide.schema import dtypes


def outstanding(day: Day, game_date: date) -> list[Post]:
    """The posts of a day that are still to be made."""
    record = ledger.read_record(day.lake).filter(pl.col("game_date") == game_date)
    picks, results, games, published = (
        ledger.read(day.lake, table, [game_date]) for table in (Picks, PickResults, DayGames, Published)
    )
    return announce.unsaid(game_date, picks, results, record, games, published)


def publish(day: Day, game_date: date) -> str:
    """Makes the posts that are outstanding, and notes each as soon as it is made.

    A process that is killed in between asks the publisher for the same post again, which finds it there.
    """
    made = []
    with ledger.writing(day.lake, f"published.{game_date}"):
        for post in outstanding(day, game_date):
            held = ledger.read(day.lake, Published, [game_date])
            parent = _receipt(held, post.reply_to)
            receipt = day.publisher.publish(post, parent, _root(held, post.reply_to))
            ledger.add(day.lake, Published, game_date, _row(post, receipt))
            made.append(post.key)
    return ", ".join(made) or "nothing to say"


def _receipt(held: pl.DataFrame, key: str | None) -> Receipt | None:
    row = held.filter(pl.col("post_key") == key) if key is not None else held.clear()
    return None if row.is_empty() else Receipt(row["channel"][0], row["uri"][0], row["cid"][0])


def _root(held: pl.DataFrame, key: str | None) -> Receipt | None:
    """The first post of the thread that a post is in."""
    while key is not None:
        row = held.filter(pl.col("post_key") == key)
        if row.is_empty() or row["reply_to"][0] is None:
            break
        key = row["reply_to"][0]
    return _receipt(held, key)


def _row(post: Post, receipt: Receipt) -> pl.DataFrame:
    values = (
        post.game_date,
        post.key,
        post.said_at,
        post.message,
        post.reply_to,
        receipt.channel,
        receipt.uri,
        receipt.cid,
    )
    return pl.DataFrame([values], schema=dtypes(Published), orient="row")
