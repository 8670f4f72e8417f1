"""What `formguide forecast` does each time: take in the files, follow the strengths, answer, write, show."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from formguide import asof
from formguide.cli.base import LOG, CommandError, UsageError
from formguide.cli.formula1 import screen
from formguide.cli.platform import Platform, platform
from formguide.cli.sports import seasons_at_hand
from formguide.formula1 import arrivals, asked, figures, forecast, issuing, season_json
from formguide.formula1.arrivals import SPORT
from formguide.formula1.asked import Answer, Question
from formguide.formula1.forecast import ForecastOptions
from formguide.formula1.ids import UnknownNameError
from formguide.formula1.incremental import CHECKPOINTS, checkpoints
from formguide.formula1.scenarios import MIXED
from formguide.formula1.tables import RaceCalendar, RaceResults
from formguide.lake import Lake


@dataclass(frozen=True)
class Request:
    """What was asked for at the terminal; weights by the names that were given."""

    train_data: Path | None
    output: Path | None
    season: int | None
    race: str | None
    moment: str
    as_of: datetime | None
    options: ForecastOptions
    num_simulations: int
    use_ml_layer: bool
    driver_weights: dict[str, float] = field(default_factory=dict)
    team_weights: dict[str, float] = field(default_factory=dict)
    incremental: bool = False
    force: bool = False


@dataclass
class Trainer:
    """Answers a request, as often as the files change."""

    lake: Lake
    chosen: Path | None
    request: Request
    console: Console
    assets: Platform | None = None
    started: bool = False
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Trainer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def train(self, shown_on: Console) -> dict[str, Any]:
        """Brings the lake up to date, answers, writes the document and shows it; the document."""
        began, request = time.monotonic(), self.request
        chain = self._bring_up_to_date()
        season = self._season()
        question = Question(
            season=season,
            options=self._weighted(season),
            num_simulations=request.num_simulations,
            use_ml_layer=request.use_ml_layer,
            race=request.race,
            moment=request.moment,
            as_of=request.as_of,
        )
        path = request.output or Path("predictions") / f"season_{season}.json"
        earlier = season_json.read(path) if path.exists() else None
        # A watcher that has answered once only makes what changed; before that, what was asked for counts.
        building_on = earlier if (request.incremental or self.started) and earlier else {}
        given = asked.answer(
            self.lake,
            question,
            earlier_rows=_kept_rows(path) if building_on else None,
            earlier_races=building_on.get("predictions"),
        )
        document = self._document(question, given, chain, earlier, time.monotonic() - began)
        season_json.write(path, document)
        _write_rows(path, given.rows)
        self.started = True
        LOG.info("answered %s: %d computed, %d reused", question, given.computed, given.reused)
        self._show(shown_on, given, question, path)
        return document

    def _bring_up_to_date(self) -> dict[str, dict[str, Any]]:
        folders = [self.request.train_data] if self.request.train_data else []
        seasons = seasons_at_hand(SPORT, self.lake, folders)
        if self.request.force and not self.started:
            for season in seasons:
                for asset in ("strengths", CHECKPOINTS, "race_forecasts", "season_forecasts"):
                    self.lake.delete(SPORT, asset, str(season))
        news = arrivals.changed_seasons(
            self.lake, arrivals.holdings(self.lake, [self.lake.inbox(SPORT), *folders])
        )
        if not set(news) & set(seasons) and issuing.is_current(self.lake, seasons):
            return {"strengths": {"computed": 0, "carried_over": len(checkpoints(self.lake, seasons))}}
        return self._platform().season_chain(SPORT, seasons)

    def _platform(self) -> Platform:
        """The assets, loaded when they are first needed."""
        if self.assets is None:
            folders = [self.request.train_data] if self.request.train_data else []
            self.assets = self.stack.enter_context(
                platform(self.lake, self.chosen, {SPORT: folders}, self.console)
            )
        return self.assets

    def _weighted(self, season: int) -> ForecastOptions:
        """What was asked for, with the weights by id."""
        request = self.request
        try:
            drivers, teams = asked.resolve_weights(
                self.lake, season, request.driver_weights, request.team_weights
            )
        except UnknownNameError as error:
            raise UsageError(str(error)) from error
        return replace(request.options, driver_weights=drivers, team_weights=teams)

    def _season(self) -> int:
        known = [int(key) for key in self.lake.partitions(SPORT, RaceCalendar.name)]
        filled = [s for s in known if (m := self.lake.manifest(SPORT, RaceCalendar.name, str(s))) and m.rows]
        if self.request.season is None:
            asked_of = self.request.as_of
            return max((s for s in filled if asked_of is None or s <= asked_of.year), default=filled[0])
        if self.request.season not in filled:
            raise CommandError(f"--season {self.request.season}: the lake holds {filled[0]} to {filled[-1]}")
        return self.request.season

    def _document(
        self,
        question: Question,
        given: Answer,
        chain: dict[str, dict[str, Any]],
        earlier: dict[str, Any] | None,
        seconds: float,
    ) -> dict[str, Any]:
        now = season_json.time_text(datetime.now(UTC))
        options = question.options
        data_hash = self._data_hash(question.season)
        strengths = chain.get("strengths", {})
        training = {
            "timestamp": now,
            "duration_sec": round(seconds, 3),
            "races_processed": len(given.races) + len(given.not_forecast),
            "races_succeeded": len(given.races),
            "races_failed": len(given.not_forecast),
            "races_reused": given.reused,
            "strengths_computed": strengths.get("computed", 0),
            "strengths_carried_over": strengths.get("carried_over", 0),
            "data_hash": data_hash,
            "configuration": asked.configuration(question),
        }
        history = [*((earlier or {}).get("metadata", {}).get("training_history", [])), training]
        trained = now if given.computed or earlier is None else earlier["metadata"]["training_time"]
        document: dict[str, Any] = {
            "metadata": {
                "generated_at": now,
                "training_time": trained,
                "season": question.season,
                "num_simulations": question.num_simulations,
                "use_bayesian": options.use_bayesian,
                "use_ml_layer": question.use_ml_layer,
                "driver_weights": self.request.driver_weights,
                "team_weights": self.request.team_weights,
                "hand_weighted": options.hand_weighted,
                "scenarios": list(options.scenarios),
                "moment": question.moment,
                "p_wet": options.p_wet,
                "as_of": season_json.time_text(question.as_of) if question.as_of else None,
                "data_hash": data_hash,
                "code_version": forecast.VERSION,
                "sample": arrivals.holds_sample(self.lake),
                "races_reused": given.reused,
                "races_computed": given.computed,
                "not_forecast": given.not_forecast,
                "training_history": history[-season_json.KEPT_HISTORY :],
            },
            "predictions": given.races,
        }
        if given.season is not None:
            document["season"] = given.season
        return document

    def _data_hash(self, season: int) -> str:
        """Names the files that everything up to this season was made from."""
        keys = [k for k in self.lake.partitions(SPORT, arrivals.SourceFiles.name) if int(k) <= season]
        manifests = [self.lake.manifest(SPORT, arrivals.SourceFiles.name, key) for key in keys]
        return asof.fingerprint([m.hash for m in manifests if m])

    def _show(self, console: Console, given: Answer, question: Question, path: Path) -> None:
        calendar = self.lake.read_table(SPORT, RaceCalendar.name, [str(question.season)], RaceCalendar)
        run = self.lake.read_table(SPORT, RaceResults.name, [str(question.season)], RaceResults)
        if question.as_of is not None:
            run = asof.before(run, question.as_of)
        race = figures.next_race(given.rows, calendar, run)
        if race is not None:
            rows = figures.latest(given.rows, race, MIXED)
            name = calendar.filter(pl.col("race_id") == race)["race_name"][0]
            title = figures.race_title(f"{question.season} {name}", rows["moment"][0], rows["as_of"][0])
            chances = given.races[name]["scenarios"]
            weather = ", ".join(
                f"{s.replace('_', ' ')} {100 * v['probability']:.0f} %" for s, v in chances.items()
            )
            screen.forecast(console, f"{title}\n{weather}", rows)
        if question.options.hand_weighted:
            console.print("Hand-weighted: kept out of every scorecard.")
        for name, why in given.not_forecast.items():
            console.print(f"[dim]Not forecast: {name} ({why})[/dim]")
        console.print(
            f"{len(given.races)} races: {given.computed} computed, {given.reused} reused. Written to {path}",
            soft_wrap=True,
        )


def rows_folder(path: Path) -> Path:
    """Where the rows of a document lie, one Parquet file per race: beside it, under its name."""
    return path.with_suffix("")


def _kept_rows(path: Path) -> pl.DataFrame:
    return asked.rows_of([pl.read_parquet(file) for file in sorted(rows_folder(path).glob("*.parquet"))])


def _write_rows(path: Path, rows: pl.DataFrame) -> None:
    folder = rows_folder(path)
    folder.mkdir(parents=True, exist_ok=True)
    written = set()
    for race in rows.partition_by("race_id", maintain_order=True):
        file = folder / f"{race['race_id'][0]}.parquet"
        race.write_parquet(file)
        written.add(file)
    for stale in set(folder.glob("*.parquet")) - written:
        stale.unlink()
