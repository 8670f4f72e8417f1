"""Folders to hand on: the model, and the workouts, each ready to be a Hugging Face repository.

    model(lake, folder)      model.safetensors, config.json, README.md with the honest scores, scripts
    dataset(lake, folder)    Parquet shards by month and README.md; no coordinates

The same lake gives the same bytes. A folder that exists is only added to where its files are ours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from upath import UPath

from formguide import files
from formguide.findings import as_markdown
from formguide.heartrate import _ode_kernel, intervals, network_issuing, ode, personal, quality_report
from formguide.heartrate.arrivals import ARRIVALS
from formguide.heartrate.backtest import History
from formguide.heartrate.forecast_tables import AS_RECORDED, ForecastScorecard
from formguide.heartrate.histories import read_history
from formguide.heartrate.licence import Licence, licence
from formguide.heartrate.population_backtest import NETWORK
from formguide.heartrate.sequences import Recorded, by_user
from formguide.heartrate.tables import RUN, SPORT, QualityFindings, Samples, Workouts
from formguide.lake import Lake

MODEL_FILE, CONFIG_FILE, CARD = "model.safetensors", "config.json", "README.md"
FORMAT = "formguide heart rate ode 2"
SCRIPTS = ("usage.py", "app.py")
_HEADLINE = ("mae_bpm", "rmse_bpm", "coverage_80")
_NOT_HANDED_ON = ("path",)


class ExportError(RuntimeError):
    """A folder cannot be made; the message is one line that says why."""


def model(
    lake: Lake, folder: Path, user: str | None = None, *, licence_name: str | None = None
) -> list[Path]:
    """Writes the folder of a model; returns its files.

    user: the runner whose own parameters it holds; None: what all runners have in common; licence_name: that
    of the workouts it was learnt from (see `licence`). The network for people whom nobody has seen goes with
    it where the lake holds one. Raises ExportError.
    """
    under = _under(lake, licence_name)
    history = read_history(lake, correct=True)
    if not history.learnt:
        raise ExportError("the lake holds no workout to learn from: formguide run heartrate")
    own = [run for run in history.learnt if run.inputs.user_id == user and run.inputs.activity == RUN]
    if user is not None and not own:
        raise ExportError(f"the lake holds no run of {user} to learn from")
    tensors, about = _fitted(history, own)
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    trained = lake.manifest(SPORT, network_issuing.MODEL, None) is not None
    network = lake.read_bytes(SPORT, network_issuing.MODEL, None) if trained else {}
    contents = {
        MODEL_FILE: tensors,
        CONFIG_FILE: _json({"format": FORMAT, **_constants(), "about": about}),
        CARD: _model_card(card, about, user, trained, under, ARRIVALS.holds_sample(lake)).encode(),
        **{name: _resource(name).encode() for name in SCRIPTS},
        **{f"network/{name}": body for name, body in network.items()},
    }
    return _put(folder, contents.items(), MODEL_FILE)


def dataset(
    lake: Lake,
    folder: Path,
    *,
    pseudonyms: bool = True,
    title: str = "Heart rate in running",
    licence_name: str | None = None,
) -> list[Path]:
    """Writes the folder of the workouts, month by month; returns its files.

    pseudonyms: users get numbers instead of their names, also within the workouts' ids; licence_name: that of
    the workouts (see `licence`). Raises ExportError.
    """
    under = _under(lake, licence_name)
    workouts = lake.read_table(SPORT, Workouts.name, None, Workouts)
    if workouts.is_empty():
        raise ExportError("the lake holds no workouts: formguide run heartrate")
    names = _pseudonyms(workouts["user_id"].unique().to_list()) if pseudonyms else {}
    ids = _renamed(workouts, names)
    findings = lake.read_table(SPORT, QualityFindings.name, None, QualityFindings)
    card = _dataset_card(workouts, findings, ids, title, pseudonyms, ARRIVALS.holds_sample(lake), under)

    def contents() -> Iterator[tuple[str, bytes]]:
        for month in lake.partitions(SPORT, Workouts.name):
            for table in (Workouts, Samples, QualityFindings):
                rows = lake.read_table(SPORT, table.name, [month], table)
                if not rows.is_empty():
                    yield f"{table.name}/{month}.parquet", _parquet(_handed_on(rows, ids, names))
        yield CARD, card.encode()

    return _put(folder, contents(), "workouts")


def _under(lake: Lake, name: str | None) -> Licence:
    try:
        return licence(name, ARRIVALS.holds_sample(lake))
    except ValueError as error:
        raise ExportError(str(error)) from error


# -- the model ---------------------------------------------------------------------------------------


def _fitted(history: History, own: Sequence[Recorded]) -> tuple[bytes, dict[str, Any]]:
    """The tensors as safetensors, and what they were made from."""
    from safetensors.numpy import save

    until = max(run.inputs.ended_at for run in own or history.learnt)
    learnt = [run for run in history.learnt if run.inputs.ended_at <= until]
    forecaster = personal.fit_personal(learnt)
    known = forecaster.state(RUN, until + timedelta(seconds=1), own)
    tensors = {
        "prior_mean": forecaster.prior.mean,
        "prior_sd": forecaster.prior.sd,
        "theta": known.physiology.theta,
        "level_bpm": np.array([known.level_bpm]),
        "highest_bpm": np.array([known.physiology.highest_bpm]),
        "units": np.array([known.units]),
        "runs": np.array([float(known.runs)]),
        "wander": np.array([known.wander]),
    }
    users = sum(1 for _ in by_user(learnt))
    about = {
        "version": personal.VERSION,
        "learnt_until": until.isoformat(sep=" ", timespec="seconds"),
        "users": users,
        "workouts": len(learnt),
        "runs_of_the_runner": known.runs,
        "textbook": bool(np.array_equal(forecaster.prior.mean, ode.DEFAULT_PRIOR.mean)),
    }
    return save({name: np.ascontiguousarray(values) for name, values in tensors.items()}), about


def _constants() -> dict[str, Any]:
    return {
        "parameters": list(ode.NAMES),
        "units": {"speed": "m/s", "altitude": "m", "heart rate": "beats a minute", "step": "1 s"},
        "constants": {
            "grade_sec": ode.GRADE_SEC,
            "altitude_sec": ode.ALTITUDE_SEC,
            "least_way_m": ode.LEAST_WAY_M,
            "steepest": ode.STEEPEST,
            "fastest_mps": ode.FASTEST_MPS,
            "ceiling_bpm": ode.CEILING_BPM,
            "least_bpm": personal.LEAST_BPM,
            "most_power_wkg": _ode_kernel.MOST_POWER_WKG,
            "drift_hours": _ode_kernel.DRIFT_HOURS,
            "day_bpm": intervals.DAY_BPM,
            "shape_bpm": intervals.SHAPE_BPM,
            "start_spread_bpm": intervals.START_BPM,
            "start_spread_sec": intervals.START_SEC,
            "new_bpm": intervals.NEW_BPM,
            "learnt": intervals.LEARNT,
        },
    }


def _model_card(
    card: pl.DataFrame,
    about: Mapping[str, Any],
    user: str | None,
    network: bool,
    under: Licence,
    generated: bool,
) -> str:
    rows = card.filter((pl.col("by") == "all") & pl.col("metric").cast(pl.String).is_in(_HEADLINE))
    plain = (pl.col("training").cast(pl.String) == AS_RECORDED) & (
        pl.col("scored").cast(pl.String) == AS_RECORDED
    )
    headline, labelled = rows.filter(plain), rows.filter(~plain)
    of_strangers = card.clear() if user is not None else _of_strangers(card.filter(plain))
    is_sample = bool(card["is_sample"].any()) if not card.is_empty() else False
    front = {
        "library_name": "formguide",
        **under.front(),
        "tags": ["heart-rate", "running", "time-series", "uncertainty", *(["sample"] if is_sample else [])],
        "pipeline_tag": "time-series-forecasting",
        "model-index": [{"name": "formguide-heart-rate", "results": _results(headline, is_sample)}],
    }
    # What was scored are models of a runner's own runs: what runners have in common may not claim it.
    if headline.is_empty() or user is None:
        del front["model-index"]
    return _filled(
        "model_card.md",
        front=_front(front),
        title="Heart rate of a run" if user is None else f"Heart rate of a run: {_cell(user)}",
        licence=under.said(),
        user=user is not None,
        users=about["users"],
        runs=about["runs_of_the_runner"],
        until=about["learnt_until"],
        textbook=about["textbook"],
        network=network,
        generated=generated,
        scores=as_markdown(_as_read(headline)) if not headline.is_empty() else "",
        labelled=as_markdown(_as_read(labelled, ("training", "scored"))) if not labelled.is_empty() else "",
        of_strangers=as_markdown(_as_read(of_strangers)) if not of_strangers.is_empty() else "",
        is_sample=is_sample,
        by_user=bool((headline["n_users"] >= 8).any()) if not headline.is_empty() else False,
    )


def _of_strangers(card: pl.DataFrame) -> pl.DataFrame:
    """The rows of runs before which no run of the runner was known: there a forecast is what runners have in
    common, and nothing else."""
    of_them = card.filter((pl.col("by") == "earlier workouts") & (pl.col("group") == "0"))
    kept = of_them.filter(pl.col("metric").cast(pl.String).is_in(_HEADLINE))
    return kept if (kept["model"] == personal.FORMGUIDE).any() else card.clear()


def _as_read(rows: pl.DataFrame, labels: Sequence[str] = ()) -> pl.DataFrame:
    """One row a model and metric, as people read it: 5.9 ± 0.4."""

    def with_error(value: str, error: str) -> pl.Expr:
        number = pl.format("{} ± {}", pl.col(value).round(2), pl.col(error).round(2))
        return pl.when(pl.col(error).is_null()).then(pl.col(value).round(2).cast(pl.String)).otherwise(number)

    first = (pl.col("model") != personal.FORMGUIDE, "model")
    return rows.sort("task", "population", "given", *labels, "metric", *first).select(
        "task",
        "population",
        "given",
        *labels,
        "model",
        "metric",
        with_error("value", "standard_error").alias("value"),
        with_error("difference", "difference_se").fill_null("").alias("gain over ridge"),
        "n_workouts",
        "n_users",
    )


def _results(rows: pl.DataFrame, is_sample: bool) -> list[dict[str, Any]]:
    """Our own rows in the form of the hub's model index; which task and what was given is in the name."""
    ours = rows.filter(pl.col("model").is_in([personal.FORMGUIDE, NETWORK])).drop_nulls("value")
    found = []
    for row in ours.sort("task", "population", "given", "model", "metric").iter_rows(named=True):
        name = f"{row['model']}: {row['population']}, {row['task']}, given the {row['given']}"
        found.append(
            {
                "task": {"type": "time-series-forecasting", "name": "heart rate of a run"},
                "dataset": {"type": "formguide", "name": f"{name} (sample league)" if is_sample else name},
                "metrics": [{"type": row["metric"], "value": round(row["value"], 3)}],
            }
        )
    return found


# -- the workouts ------------------------------------------------------------------------------------


def _pseudonyms(users: Sequence[str]) -> dict[str, str]:
    """Numbers in the order of a digest of the names."""
    order = sorted(users, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    wide = len(str(len(order)))
    return {name: f"user-{place:0{wide}}" for place, name in enumerate(order, 1)}


def _renamed(workouts: pl.DataFrame, names: Mapping[str, str]) -> dict[str, str]:
    """By workout its id with the user's new name; two that are then the same are told apart by a number."""
    renamed: dict[str, str] = {}
    taken: set[str] = set()
    for workout, user in workouts.sort("workout_id").select("workout_id", "user_id").iter_rows():
        stem = f"{names[user]}/{workout.rpartition('/')[2]}" if names else workout
        name, again = stem, 2
        while name in taken:
            name, again = f"{stem}-{again}", again + 1
        taken.add(name)
        renamed[workout] = name
    return renamed


def _handed_on(rows: pl.DataFrame, ids: Mapping[str, str], names: Mapping[str, str]) -> pl.DataFrame:
    """Rows without what is not handed on, with new ids; finds name a workout only by its id."""
    kept = rows.drop(_NOT_HANDED_ON, strict=False).with_columns(
        pl.col("workout_id").replace_strict(ids, return_dtype=pl.String)
    )
    if names and "user_id" in kept.columns:
        kept = kept.with_columns(pl.col("user_id").replace_strict(names, return_dtype=pl.String))
    return kept


def _dataset_card(
    workouts: pl.DataFrame,
    findings: pl.DataFrame,
    ids: Mapping[str, str],
    title: str,
    pseudonyms: bool,
    is_sample: bool,
    under: Licence,
) -> str:
    total = quality_report.totals(workouts)
    configs = [
        {"config_name": table.name, "data_files": f"{table.name}/*.parquet"}
        for table in (Workouts, Samples, QualityFindings)
        if table is not QualityFindings or not findings.is_empty()
    ]
    front = {
        "pretty_name": title,
        **under.front(),
        "tags": ["heart-rate", "running", "time-series", *(["synthetic"] if is_sample else [])],
        "size_categories": [_size(int(workouts["samples"].sum()))],
        "configs": configs,
    }
    sports = quality_report.by_group(workouts, findings, "sport").drop("most_often")
    rules = quality_report.by_rule(workouts, findings).drop("examples")
    return _filled(
        "dataset_card.md",
        front=_front(front),
        title=_cell(title),
        licence=under.said(),
        workouts=f"{len(ids):,}",
        users=f"{int(total['users']):,}",
        hours=f"{total['hours']:,.0f}",
        by_sport=as_markdown(sports),
        rules=as_markdown(rules) if not rules.is_empty() else "No rule objects to anything.",
        pseudonyms=pseudonyms,
        is_sample=is_sample,
    )


def _size(rows: int) -> str:
    """The hub's name of a number of rows."""
    for most, name in ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M")):
        if rows < most:
            return name
    return "1M<n<10M" if rows < 10**7 else "10M<n<100M" if rows < 10**8 else "100M<n<1B"


# -- files -------------------------------------------------------------------------------------------


def _put(folder: Path, contents: Any, mark: str) -> list[Path]:
    """Writes the files; raises ExportError where the folder holds something else."""
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file: name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / mark).exists():
        raise ExportError(f"{folder} holds something else: name a new or empty folder")
    written = []
    for name, body in contents:
        files.put(UPath(folder / name), body)
        written.append(folder / name)
    return written


def _parquet(frame: pl.DataFrame) -> bytes:
    import io

    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd", compression_level=3, row_group_size=131_072)
    return out.getvalue()


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _front(values: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)
    return f"---\n{text}---\n"


def _filled(name: str, **values: Any) -> str:
    """A card's template with its values; it is Markdown, nothing of it is escaped as HTML."""
    import jinja2

    template = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    ).from_string(_resource(name))
    return template.render(**values)


def _cell(text: str) -> str:
    """A name as plain text in Markdown."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+-!|" else c for c in " ".join(text.split()))


def _resource(name: str) -> str:
    return (resources("formguide.heartrate.exported") / name).read_text("utf-8")
