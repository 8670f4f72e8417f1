"""A season's forecasts as one JSON document: who asked for what, every race by scenario, and what was done
when.

The document's shape is `season.schema.json`, which comes with the package; nothing is written that does not
fit it. The chances are the exact ones; what only whole races can tell (who finishes ahead of his teammate)
comes from simulation.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from formguide.formula1 import ids
from formguide.formula1.scenarios import MIXED

if TYPE_CHECKING:
    from jsonschema_rs import Validator

KEPT_HISTORY = 200
"""How many runs the training history remembers."""

_DIGITS = 6


class SeasonJsonError(ValueError):
    """A document is not a season's forecasts; the message says where and why in one line."""


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    text = resources.files("formguide.formula1").joinpath("season.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def check(document: object) -> None:
    """Raises `SeasonJsonError` if a document does not fit the schema."""
    error = next(_validator().iter_errors(document), None)
    if error is not None:
        where = "/".join(str(part) for part in error.instance_path) or "the document"
        raise SeasonJsonError(f"{where}: {error.message[:300]}")


@cache
def _validator() -> Validator:
    """The schema's validator; a compiled one, since a document has tens of thousands of chances."""
    from jsonschema_rs import validator_for

    return validator_for(schema())


def read(path: Path) -> dict[str, Any] | None:
    """An earlier document, or None where there is none. Raises `SeasonJsonError` for anything else."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, UnicodeDecodeError) as error:
        raise SeasonJsonError(f"{path} is not JSON: {error}") from error
    try:
        check(document)
    except SeasonJsonError as error:
        raise SeasonJsonError(f"{path} was not written by this command: {error}") from error
    return document


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a document, whole or not at all, if it fits the schema."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    check(json.loads(text))  # as a reader will see it: numbers of NumPy are none of JSON's
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text + "\n", encoding="utf-8")
    os.replace(temporary, path)


def race_entry(
    rows: pl.DataFrame, simulated: Mapping[str, np.ndarray], num_simulations: int
) -> dict[str, Any]:
    """One race: its mixed forecast, each scenario's, and the teammates' duels.

    rows: of one race and moment, every scenario; simulated: for each driver id, its finishing position in
    every simulated race (num_simulations,).
    """
    first = rows.row(0, named=True)
    mixed = rows.filter(pl.col("scenario") == MIXED)
    shares = {driver: float(np.mean(positions == 1)) for driver, positions in simulated.items()}
    scenarios = {
        str(part["scenario"][0]): {
            "probability": round(part["scenario_prob"][0], _DIGITS),
            "predictions": _drivers(part, {}),
        }
        for part in rows.filter(pl.col("scenario") != MIXED).partition_by("scenario", maintain_order=True)
    }
    return {
        "metadata": {
            "race_id": first["race_id"],
            "round": first["round"],
            "moment": first["moment"],
            "as_of": time_text(first["as_of"]),
            "grid_from": first["grid_from"],
            "field_from": first["field_from"],
            "model": first["model"],
            "fingerprint": first["fingerprint"],
            "num_simulations": num_simulations,
        },
        "predictions": _drivers(mixed, shares),
        "scenarios": scenarios,
        "head_to_head": _duels(mixed, simulated),
    }


def season_entry(odds: pl.DataFrame) -> dict[str, Any] | None:
    """The title odds after the latest round; None if there are none."""
    if odds.is_empty():
        return None
    now = odds.filter(pl.col("after_round") == pl.col("after_round").max())
    return {
        "after_round": int(now["after_round"][0]),
        "num_simulations": int(now["simulations"][0]),
        "drivers": _standings(now, "driver"),
        "constructors": _standings(now, "constructor"),
    }


def time_text(moment: datetime) -> str:
    """A naive UTC moment, or one with a zone, in ISO 8601 with a Z."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"


def _drivers(rows: pl.DataFrame, simulated_wins: Mapping[str, float]) -> list[dict[str, Any]]:
    ordered = rows.sort("p_win", "p_podium", "driver_id", descending=[True, True, False])
    entries = []
    for rank, row in enumerate(ordered.iter_rows(named=True), start=1):
        entry = {
            "rank": rank,
            "driver": row["driver_id"],
            "code": ids.driver_code(row["driver_id"]),
            "name": ids.display_name("driver", row["driver_id"]),
            "team": ids.display_name("constructor", row["constructor_id"]),
            "grid": round(row["grid_place"], 2),
            "win_probability": _probability(row["p_win"]),
            "podium_probability": _probability(row["p_podium"]),
            "points_probability": _probability(row["p_points"]),
            "retire_probability": _probability(row["p_retire"]),
            "expected_position": round(row["expected_position"], 3),
            "expected_points": round(row["expected_points"], 3),
            "position_probabilities": [_probability(p) for p in row["position_probs"]],
        }
        if row["driver_id"] in simulated_wins:
            entry["simulated_win_probability"] = round(simulated_wins[row["driver_id"]], _DIGITS)
        entries.append(entry)
    return entries


def _duels(rows: pl.DataFrame, simulated: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    duels = []
    for crew in rows.sort("constructor_id", "driver_id").partition_by("constructor_id", maintain_order=True):
        if crew.height != 2 or not simulated:
            continue
        driver, teammate = crew["driver_id"].to_list()
        ahead = float(np.mean(simulated[driver] < simulated[teammate]))
        error = float(np.sqrt(ahead * (1 - ahead) / len(simulated[driver])))
        team = ids.display_name("constructor", crew["constructor_id"][0])
        duels.append(
            {
                "team": team,
                "driver": driver,
                "teammate": teammate,
                "p_ahead": round(ahead, _DIGITS),
                "standard_error": round(error, _DIGITS),
            }
        )
    return duels


def _standings(odds: pl.DataFrame, kind: Literal["driver", "constructor"]) -> list[dict[str, Any]]:
    rows = odds.filter(pl.col("kind") == kind).sort(
        "p_title", "expected_points", "entity_id", descending=[True, True, False]
    )
    return [
        {
            "id": row["entity_id"],
            "name": ids.display_name(kind, row["entity_id"]),
            "points_now": row["points_now"],
            "expected_points": round(row["expected_points"], 2),
            "title_probability": _probability(row["p_title"]),
            "top3_probability": _probability(row["p_top3"]),
        }
        for row in rows.iter_rows(named=True)
    ]


def _probability(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), _DIGITS)
