"""How good batters and pitchers are, and what that makes of a plate appearance.

A player's record is counted with older days weighing less (half-lives of 80 and 400 days) and drawn towards
the league's rate of the day by a number of pseudo-observations, as an empirical Bayes estimate is; those
numbers are the ones that predicted 2022 best, outcome by outcome. What is left is how far the player is from
the league, in log-odds. Fast ones (strikeouts) settle within weeks, slow ones (hits on balls in play) take
years, which is why a hit rate alone says so little. A ridge logistic regression over these, the hands, the
park and the defence gives the probability of a hit; the blend of trees starts from it.

Whiffs and batted balls come from whatever the source tells of the pitch that ended the plate appearance.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from formguide.baseball._ability_kernels import decayed_counts, expected_hits

VERSION = "1"

WALKS = ("walk", "hit_by_pitch", "intent_walk", "catcher_interf")
NO_PITCHER_PA = 150.0
HALF_LIFE_DAYS = {"recent": 80.0, "long": 400.0}
_PLATOON_HALF_LIFE = 600.0
_PARK_HALF_LIFE = 700.0
_TEAM_HALF_LIFE = 120.0
_LEAGUE_HALF_LIFE = 200.0


@dataclass(frozen=True)
class Rate:
    """A rate of an outcome: which count per which, and how many pseudo-observations of the league's rate a
    batter's and a pitcher's record is drawn towards."""

    count: int
    per: int
    batter: float
    pitcher: float


COUNTS = ("pa", "strikeout", "walk", "contact", "hit", "whiff", "measured", "worth", "hard")
RATES = {
    "strikeout": Rate(1, 0, 45, 80),
    "walk": Rate(2, 0, 130, 150),
    "contact_hit": Rate(4, 3, 300, 800),
    "hit": Rate(4, 0, 400, 400),
    "whiff": Rate(5, 0, 45, 60),
    "worth": Rate(7, 6, 110, 500),
    "hard": Rate(8, 6, 30, 150),
}
PLATOON = ("strikeout", "contact_hit", "hit")
PARK = ("strikeout", "contact_hit", "hit")
COLUMNS = (
    *(f"{who}_{rate}_{span}" for who in ("batter", "pitcher") for rate in RATES for span in HALF_LIFE_DAYS),
    *(f"{who}_{rate}_platoon" for who in ("batter", "pitcher") for rate in PLATOON),
    *(f"park_{rate}" for rate in PARK),
    "batter_luck", "pitcher_luck", "defence_luck", "batter_pa_recent", "batter_pa_long", "pitcher_pa_long",
    "same_hand", "left_batter", "left_pitcher", "both_left", "home", "starting_pitcher", "league_hit",
)  # fmt: skip


def ability_frame(plate_appearances: pl.DataFrame, queries: pl.DataFrame | None = None) -> pl.DataFrame:
    """What is known of those who meet, before the day: one Float64 column of `COLUMNS` per row of `queries`.

    queries: game_date, batter_id, bat_side, pitcher_id (null: the bullpen of the fielding team), pitch_hand
    (null with it), fielding_team_id, venue, is_home_batting. Without them the plate appearances themselves
    are asked about, each as of its own day. Only rows dated before a query's day enter its answer.
    """
    asked = plate_appearances if queries is None else queries
    rows = _rows(plate_appearances, queries)
    counts = _counts(rows)
    day = rows["day"].to_numpy()
    counted = rows["counted"].to_numpy()
    look = _Look(rows, day, counted, counts)
    values = _values(rows, look)
    wanted = np.flatnonzero(counted if queries is None else ~counted)
    place = rows["place"].to_numpy()[wanted]
    table = np.empty((asked.height, len(COLUMNS)))
    for j, name in enumerate(COLUMNS):
        table[place, j] = values[name][wanted]
    return pl.DataFrame(table, schema=dict.fromkeys(COLUMNS, pl.Float64))


def _rows(plate_appearances: pl.DataFrame, queries: pl.DataFrame | None) -> pl.DataFrame:
    """Records and queries in one order of days; records keep theirs within a day."""
    who = ["game_date", "batter_id", "bat_side", "pitcher_id", "pitch_hand", "fielding_team_id", "venue",
           "is_home_batting"]  # fmt: skip
    known = plate_appearances.select(
        *who, "pitcher_is_starter", "event", "is_hit", "last_pitch_call", "launch_speed_mph",
        "launch_angle_deg", place=pl.int_range(pl.len()), counted=True,
    )  # fmt: skip
    both = [known]
    if queries is not None:
        faced = pl.col("pitcher_id").is_not_null()
        both.append(
            queries.select(
                *who, place=pl.int_range(pl.len()), counted=pl.lit(False), pitcher_is_starter=faced
            )
        )
    return (
        pl.concat(both, how="diagonal_relaxed")
        .with_columns(day=pl.col("game_date").cast(pl.Int32).cast(pl.Int64))
        .sort("day", maintain_order=True)
    )


def _counts(rows: pl.DataFrame) -> np.ndarray:
    event = pl.col("event").fill_null("")
    strikeout = event.str.starts_with("strikeout")
    walk = event.is_in(WALKS)
    contact = (event != "") & ~strikeout & ~walk
    hit = pl.col("is_hit").fill_null(False)
    flags = rows.select(
        pa=event != "", strikeout=strikeout, walk=walk, contact=contact, hit=hit,
        whiff=pl.col("last_pitch_call").fill_null("") == "swinging_strike",
    ).cast(pl.Float64)  # fmt: skip
    speed = rows["launch_speed_mph"].fill_null(np.nan).to_numpy()
    angle = rows["launch_angle_deg"].fill_null(np.nan).to_numpy()
    batted = flags["contact"].to_numpy() > 0
    worth = expected_hits(
        rows["day"].to_numpy(), np.where(batted, speed, np.nan), angle, flags["hit"].to_numpy() > 0
    )
    measured = ~np.isnan(worth)
    return np.column_stack(
        [
            flags.to_numpy(),
            measured,
            np.where(measured, worth, 0.0),
            measured & (np.nan_to_num(speed) >= 95.0),
        ]
    ).astype(np.float64)


@dataclass
class _Look:
    """The decayed counts of anything that rows can be told apart by."""

    rows: pl.DataFrame
    day: np.ndarray
    counted: np.ndarray
    counts: np.ndarray
    codes: dict[tuple[str, ...], tuple[np.ndarray, int]] = field(default_factory=dict)

    def of(self, *columns: str, half_life: float, only: np.ndarray | None = None) -> np.ndarray:
        """The counts of the rows' entity; a row that lacks one of the columns has none."""
        if columns not in self.codes:
            self.codes[columns] = self._numbered(columns)
        code, entities = self.codes[columns]
        counted = self.counted if only is None else self.counted & only
        return np.asarray(decayed_counts(self.day, code, counted, entities, self.counts, half_life))

    def _numbered(self, columns: tuple[str, ...]) -> tuple[np.ndarray, int]:
        """Each row's entity by number, −1 without one, and how many numbers there are at most."""
        code, entities = np.zeros(self.rows.height, np.int64), 1
        for column in columns:
            # Column by column: to rank several together takes more than twice as long.
            place = self.rows[column].rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
            kinds = int(place.max(initial=-1)) + 1
            code = np.where((code < 0) | (place < 0), -1, code * kinds + place)
            entities *= kinds
        return code, entities

    def league(self) -> np.ndarray:
        """The counts of everybody."""
        everybody = np.zeros(len(self.day), dtype=np.int64)
        return np.asarray(
            decayed_counts(self.day, everybody, self.counted, 1, self.counts, _LEAGUE_HALF_LIFE)
        )


def _values(rows: pl.DataFrame, look: _Look) -> dict[str, np.ndarray]:
    league = look.league()
    base = {name: (league[:, r.count] + 1.0) / (league[:, r.per] + 4.0) for name, r in RATES.items()}
    reliever = ~rows["pitcher_is_starter"].fill_null(False).to_numpy()
    bullpen = look.of("fielding_team_id", half_life=_TEAM_HALF_LIFE, only=reliever)
    defence = look.of("fielding_team_id", half_life=_TEAM_HALF_LIFE)
    nobody = rows["pitcher_id"].is_null().to_numpy()
    values: dict[str, np.ndarray] = {}
    long: dict[str, np.ndarray] = {}
    for who, column in (("batter", "batter_id"), ("pitcher", "pitcher_id")):
        for span, half_life in HALF_LIFE_DAYS.items():
            held = look.of(column, half_life=half_life)
            if who == "pitcher":
                held = np.where(nobody[:, None], bullpen, held)
            for name, rate in RATES.items():
                estimate = _shrunk(held, rate, who, base[name])
                values[f"{who}_{name}_{span}"] = _logit(estimate) - _logit(base[name])
                if span == "long":
                    long[f"{who}_{name}"] = estimate
            if span == "long":
                values[f"{who}_luck"] = (held[:, 4] - held[:, 7]) / (
                    held[:, 6] + (250.0 if who == "batter" else 1000.0)
                )
            if who == "batter" or span == "long":
                seen = held[:, 0]
                if who == "pitcher":
                    # A bullpen is made of pitchers with ordinary records, not of one with a thousand outs.
                    seen = np.where(nobody, np.minimum(seen, NO_PITCHER_PA), seen)
                values[f"{who}_pa_{span}"] = np.log1p(seen)
    for who, columns in (("batter", ("batter_id", "pitch_hand")), ("pitcher", ("pitcher_id", "bat_side"))):
        held = look.of(*columns, half_life=_PLATOON_HALF_LIFE)
        for name in PLATOON:
            alone = long[f"{who}_{name}"]
            split = _shrunk(held, RATES[name], who, alone, firmness=3.0 if who == "batter" else 2.0)
            values[f"{who}_{name}_platoon"] = _logit(split) - _logit(alone)
    park = look.of("venue", half_life=_PARK_HALF_LIFE)
    for name in PARK:
        estimate = _shrunk(park, RATES[name], "pitcher", base[name], firmness=6.0)
        values[f"park_{name}"] = _logit(estimate) - _logit(base[name])
    values["defence_luck"] = (defence[:, 4] - defence[:, 7]) / (defence[:, 6] + 1500.0)
    values["league_hit"] = _logit(base["hit"])
    return values | _circumstances(rows)


def _circumstances(rows: pl.DataFrame) -> dict[str, np.ndarray]:
    """Hands and place. Against a bullpen, whose hand is open, the hands are the league's average ones."""
    left_batter = (rows["bat_side"] == "L").to_numpy().astype(float)
    left_pitcher = rows["pitch_hand"].eq("L").cast(pl.Float64).fill_null(0.28).to_numpy()
    both = left_batter * left_pitcher
    return {
        "same_hand": both + (1 - left_batter) * (1 - left_pitcher),
        "left_batter": left_batter,
        "left_pitcher": left_pitcher,
        "both_left": both,
        "home": rows["is_home_batting"].cast(pl.Float64).to_numpy(),
        "starting_pitcher": rows["pitcher_is_starter"].cast(pl.Float64).fill_null(0.0).to_numpy(),
    }


def _shrunk(held: np.ndarray, rate: Rate, who: str, towards: np.ndarray, firmness: float = 1.0) -> np.ndarray:
    weight = firmness * (rate.batter if who == "batter" else rate.pitcher)
    return np.asarray((held[:, rate.count] + weight * towards) / (held[:, rate.per] + weight))


def _logit(p: np.ndarray) -> np.ndarray:
    clipped = np.clip(p, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(clipped / (1 - clipped)))


@dataclass(frozen=True)
class HitRegression:
    """Log-odds of a hit as a linear function of the abilities; made by `fit`."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray

    def logit(self, abilities: pl.DataFrame) -> np.ndarray:
        """Log-odds of a hit of every row."""
        X = (abilities.select(COLUMNS).to_numpy() - self.mean) / self.scale
        return np.asarray(self.weights[0] + X @ self.weights[1:])


def fit(abilities: pl.DataFrame, is_hit: np.ndarray, ridge: float = 100.0, steps: int = 8) -> HitRegression:
    """Ridge logistic regression by iteratively reweighted least squares; the intercept is not penalised.

    abilities: `COLUMNS` of n rows; is_hit: bool (n). A column that never varies gets no weight.
    """
    X = abilities.select(COLUMNS).to_numpy()
    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.where(scale < 1e-9, 1.0, scale)
    Z = np.column_stack([np.ones(len(X)), (X - mean) / scale])
    y = is_hit.astype(float)
    rate = np.clip(y.mean(), 1e-3, 1 - 1e-3)
    penalty = np.full(Z.shape[1], ridge)
    penalty[0] = 0.0
    weights = np.zeros(Z.shape[1])
    weights[0] = np.log(rate / (1 - rate))
    for _ in range(steps):
        p = 1 / (1 + np.exp(-(Z @ weights)))
        gradient = Z.T @ (y - p) - penalty * weights
        curvature = (Z.T * (p * (1 - p))) @ Z + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return HitRegression(mean, scale, weights)
