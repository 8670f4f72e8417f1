"""What an asset reports when one run makes several of its partitions.

Dagster 1.13 lets a step that materialises a range of partitions report one data version for all of them
(dagster-io/dagster#34013), so an unchanged season would look changed, and everything after it stale,
whenever a season beside it changed; and the partitions of an asset that leans on its own earlier partitions
look stale at once (#16287). Here each partition of a range is reported again with its own data version and
its own numbers; the latest report is the one that counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from formguide.asof import fingerprint
from formguide.making import Made

Report = dg.MaterializeResult[Any] | dg.AssetMaterialization
_DATA_VERSION = "dagster/data_version"
_OWN_INPUT = "dagster/input_event_pointer/"


def seasons_of(context: dg.AssetExecutionContext) -> list[int]:
    """The seasons that a run is about, in order."""
    return sorted(int(key) for key in context.partition_keys)


def materialised(
    context: dg.AssetExecutionContext,
    made: Mapping[Any, Made],
    key: dg.AssetKey | None = None,
    metadata: Mapping[Any, Mapping[str, Any]] | None = None,
    checks: Sequence[dg.AssetCheckResult] = (),
) -> Iterator[Report]:
    """Reports an asset's partitions (seasons, or the keys of another kind), each with its metadata, and the
    checks that were made of them together."""
    key = key or context.asset_key
    shown = {season: {**numbers(part), **(metadata or {}).get(season, {})} for season, part in made.items()}
    if len(made) == 1:
        ((season, part),) = made.items()
        yield dg.MaterializeResult(
            asset_key=key,
            data_version=dg.DataVersion(part.version),
            metadata=shown[season],
            check_results=checks,
        )
        return
    together = fingerprint(*(made[season].version for season in sorted(made)))
    yield dg.MaterializeResult(
        asset_key=key, data_version=dg.DataVersion(together), metadata=totals(made), check_results=checks
    )
    tags = _provenance(context, key)
    for season, part in sorted(made.items()):
        if any(tag.startswith(_OWN_INPUT) and tag.endswith(key.to_user_string()) for tag in tags):
            # What this season leans on is the season reported just now.
            tags = {**tags, f"{_OWN_INPUT}{key.to_user_string()}": str(_last_event(context, key))}
        yield dg.AssetMaterialization(
            asset_key=key,
            partition=season if isinstance(season, str) else str(season),
            metadata=shown[season],
            tags={**tags, _DATA_VERSION: part.version},
        )


def numbers(part: Made) -> dict[str, Any]:
    """A partition's numbers as metadata: rows, how much was computed and how much carried over, and its
    facts."""
    facts = {name: value for name, value in part.facts.items() if value not in ([], {}, None)}
    return {"rows": part.rows, "computed": part.computed, "carried_over": part.carried, **facts}


def totals(made: Mapping[Any, Made]) -> dict[str, Any]:
    """The same of a run's partitions together."""
    return {
        "rows": sum(part.rows for part in made.values()),
        "computed": sum(part.computed for part in made.values()),
        "carried_over": sum(part.carried for part in made.values()),
        "seasons" if isinstance(min(made), int) else "partitions": f"{min(made)}–{max(made)}",
    }


def _provenance(context: dg.AssetExecutionContext, key: dg.AssetKey) -> dict[str, str]:
    """What Dagster noted of the inputs and the code of the materialisation that was just reported."""
    event = context.instance.get_latest_materialization_event(key)
    tags = event.asset_materialization.tags if event and event.asset_materialization else None
    return {name: value for name, value in (tags or {}).items() if name != "dagster/partition"}


def _last_event(context: dg.AssetExecutionContext, key: dg.AssetKey) -> int:
    return int(context.instance.fetch_materializations(key, limit=1).records[0].storage_id)
