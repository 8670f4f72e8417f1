"""How often a starter comes to bat, and against whom: forecast before the game.

A team's turns decide it. If the team has T plate appearances, the batter in place s of the order has a turn
for every T ≥ s + 9 (k − 1). T is forecast from the line-up's and the pitchers' on-base records, the park and
the side that bats last, with the shape of all earlier games tilted to that mean. At each turn he may have
been replaced, at the rate usual for the place and the turn, times his own record of staying in. How long the
starting pitcher stays is the shape of all earlier starts, tilted to the mean that his own starts suggest;
an opener's are short. The turns that he is not there for are the bullpen's.

The tilt of a distribution q to another mean is q(x) exp(λx) / Σ q exp(λx), the closest to q in relative
entropy (Csiszár, Annals of Probability 3, 1975).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from formguide.baseball._ability_kernels import decayed_counts

TURNS = 8
"""No starter had more turns in a game that the history knows; the last stands for this or more."""
MOST_TEAM_PA = 75
MOST_FACED = 45
_TEAM_FEATURES = (
    "batter_hit_long", "batter_walk_long", "pitcher_hit_long", "pitcher_walk_long", "pitcher_strikeout_long",
    "park_hit", "pen_hit", "pen_walk", "defence_luck",
)  # fmt: skip
_STAY_HALF_LIFE_DAYS = 250.0
_DEPTH_HALF_LIFE_DAYS = 250.0
_REPLACED_PRIOR = 1.5
_STARTS_PRIOR = 2.5


@dataclass(frozen=True)
class Turns:
    """Per starter: `taken` (n, TURNS), the probability that he takes his k-th turn; `starter` (n, TURNS),
    that the k-th turn is against the starting pitcher if there is one."""

    taken: np.ndarray
    starter: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """Expected number of plate appearances."""
        return np.asarray(self.taken.sum(axis=1))

    def hit_probability(self, p_starter: np.ndarray, p_bullpen: np.ndarray) -> np.ndarray:
        """P(at least one hit) with that probability of a hit per turn against either.

        Turns are nested (a third turn needs a second) and so are those against the starter; how many of each
        there are is taken as independent.
        """
        n = len(p_starter)
        exactly = self.taken - np.column_stack([self.taken[:, 1:], np.zeros(n)])
        against = self.starter - np.column_stack([self.starter[:, 1:], np.zeros(n)])
        none = 1.0 - self.taken[:, 0]
        for turns in range(1, TURNS + 1):
            missed = (1 - self.starter[:, 0]) * (1 - p_bullpen) ** turns
            for faced in range(1, TURNS + 1):
                early = min(faced, turns)
                missed = missed + against[:, faced - 1] * (1 - p_starter) ** early * (1 - p_bullpen) ** (
                    turns - early
                )
            none = none + exactly[:, turns - 1] * missed
        return np.asarray(1.0 - none)

    def share_against_starter(self) -> np.ndarray:
        """Of the plate appearances expected, the share against the starting pitcher."""
        return np.asarray((self.taken * self.starter).sum(axis=1) / np.maximum(self.expected, 1e-9))


@dataclass(frozen=True)
class Records:
    """What each starter row is known by before its day; rows as in the starters.

    team: (n, features) of the batting team's game, the same for all nine; staying: how often he was replaced
    over how often was usual, drawn to 1; depth: batters that the pitcher's starts lasted, drawn to the usual.
    """

    team: np.ndarray
    staying: np.ndarray
    depth: np.ndarray


@dataclass(frozen=True)
class OpportunityModel:
    """Made by `fit` from earlier games."""

    weights: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    team_pa: np.ndarray
    """(2, MOST_TEAM_PA + 1): how often visitors and home teams have so many plate appearances."""
    replaced: np.ndarray
    """(9, TURNS): share of those who had their k-th turn coming and were gone, by place and turn."""
    faced: np.ndarray
    """(MOST_FACED + 1): how often a starting pitcher faces so many batters."""

    def turns(self, starters: pl.DataFrame, records: Records) -> Turns:
        """What to expect of each starter row."""
        home = starters["is_home"].to_numpy().astype(int)
        slot = starters["slot"].to_numpy().astype(int)
        design = (records.team - self.mean) / self.scale
        expected = np.where(home == 1, self.weights[1], self.weights[0]) + design @ self.weights[2:]
        team = np.empty((len(slot), MOST_TEAM_PA + 1))
        for side in (0, 1):
            team[home == side] = tilted(self.team_pa[side], expected[home == side])
        depth = tilted(self.faced, records.depth)
        more_team, more_faced = _at_least(team), _at_least(depth)
        taken = np.empty((len(slot), TURNS))
        starter = np.empty_like(taken)
        rows = np.arange(len(slot))
        here = np.ones(len(slot))
        for k in range(TURNS):
            turn = slot + 9 * k
            here = here * (1 - np.clip(self.replaced[slot - 1, k] * records.staying, 0.0, 0.9))
            taken[:, k] = more_team[rows, np.minimum(turn, MOST_TEAM_PA)] * (turn <= MOST_TEAM_PA) * here
            starter[:, k] = more_faced[rows, np.minimum(turn, MOST_FACED)] * (turn <= MOST_FACED)
        return Turns(np.minimum.accumulate(taken, axis=1), starter)


def records(
    starters: pl.DataFrame, abilities: pl.DataFrame, bullpen: pl.DataFrame, history: pl.DataFrame
) -> Records:
    """What is known before each starter's day.

    abilities, bullpen: `ability_frame` of the starters' queries against the starting pitcher and against the
    bullpen; history: `past_turns`, of which each row uses those of earlier dates.
    """
    frame = starters.select("game_pk", "team_id").with_columns(
        *abilities.select([c for c in _TEAM_FEATURES if not c.startswith("pen_")]),
        bullpen["pitcher_hit_long"].alias("pen_hit"),
        bullpen["pitcher_walk_long"].alias("pen_walk"),
    )
    team = frame.select(pl.col(c).mean().over("game_pk", "team_id") for c in _TEAM_FEATURES).to_numpy()
    replaced, usual = _record_of(starters, history, "batter_id", ("replaced", "usual"), _STAY_HALF_LIFE_DAYS)
    starts = history.filter((pl.col("slot") == 1) & pl.col("pitcher_id").is_not_null())
    faced, started = _record_of(starters, starts, "pitcher_id", ("faced", "one"), _DEPTH_HALF_LIFE_DAYS)
    all_faced, all_started = _record_of(
        starters.with_columns(everybody=pl.lit(0, pl.Int64)),
        starts.with_columns(everybody=pl.lit(0, pl.Int64)), "everybody", ("faced", "one"), 365.0,
    )  # fmt: skip
    usual_depth = (all_faced + 22.0) / (all_started + 1.0)
    return Records(
        team=np.asarray(team),
        staying=(replaced + _REPLACED_PRIOR) / (usual + _REPLACED_PRIOR),
        depth=(faced + _STARTS_PRIOR * usual_depth) / (started + _STARTS_PRIOR),
    )


def past_turns(starters: pl.DataFrame, plate_appearances: pl.DataFrame) -> pl.DataFrame:
    """What became of past starters: turns that came up in their place (`due`), turns they took (`taken`),
    whether they were replaced and how often is usual by then (`usual`, from earlier dates), the batters that
    the opposing starter `faced`, the team's plate appearances (`team_pa`) and their `hits`.

    One row per starter whose game is in `plate_appearances`.
    """
    team = plate_appearances.group_by("game_pk", team_id="batting_team_id").agg(
        team_pa=pl.len(), faced=pl.col("pitcher_is_starter").sum()
    )
    own = plate_appearances.group_by("game_pk", "batter_id").agg(taken=pl.len(), hits=pl.col("is_hit").sum())
    rows = (
        starters.join(team, on=["game_pk", "team_id"], how="inner", maintain_order="left")
        .join(own, on=["game_pk", "batter_id"], how="left", maintain_order="left")
        .with_columns(pl.col("taken", "hits").fill_null(0).cast(pl.Int64))
        .with_columns(due=((pl.col("team_pa").cast(pl.Int64) - pl.col("slot")) // 9 + 1).clip(0, TURNS))
        .with_columns(taken=pl.min_horizontal("taken", "due"), one=pl.lit(1.0))
        .with_columns(replaced=(pl.col("taken") < pl.col("due")).cast(pl.Float64))
    )
    place = pl.struct("slot", "due").rank("dense").cast(pl.Int64) - 1
    rows = rows.sort("game_date", "game_pk", "team_id", "slot").with_columns(place=place)
    gone, seen = _record_of(rows, rows, "place", ("replaced", "one"), 400.0)
    return rows.drop("place").with_columns(usual=pl.Series((gone + 2.0) / (seen + 20.0)))


def fit(past: pl.DataFrame, known: Records, ridge: float = 50.0) -> OpportunityModel:
    """Learns from past starters (`past_turns`) and what was known of each before his day (same rows)."""
    first = (past["slot"] == past["slot"].min()).to_numpy()
    home = past["is_home"].to_numpy()[first].astype(float)
    y = past["team_pa"].to_numpy()[first].astype(float)
    X = known.team[first]
    mean, scale = X.mean(axis=0), np.maximum(X.std(axis=0), 1e-9)
    design = np.column_stack([1 - home, home, (X - mean) / scale])
    penalty = np.diag([0.0, 0.0, *[ridge] * X.shape[1]])
    weights = np.linalg.solve(design.T @ design + penalty, design.T @ y)
    team_pa = np.array([_shape(y[home == side].astype(int), MOST_TEAM_PA, weights[side]) for side in (0, 1)])
    faced = _shape(past["faced"].to_numpy()[first].astype(int), MOST_FACED, 22.0)
    slot, due, taken = (past[c].to_numpy().astype(int) for c in ("slot", "due", "taken"))
    replaced = np.zeros((9, TURNS))
    for k in range(TURNS):
        for place in range(9):
            at_risk = (slot == place + 1) & (due > k) & (taken >= k)
            # The first turns of a thinly populated place and turn are shrunk towards one in ten.
            replaced[place, k] = ((taken[at_risk] == k).sum() + 0.5) / (
                at_risk.sum() + (500.0 if k == 0 else 5.0)
            )
    return OpportunityModel(weights, mean, scale, team_pa, replaced, faced)


def tilted(shape: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The distribution `shape` over 0, 1, 2, … tilted to each of n means; (n, len(shape))."""
    x = np.arange(len(shape), dtype=float)
    inside = np.flatnonzero(shape)
    wanted = np.clip(mean, inside[0] + 0.5, inside[-1] - 0.5)
    centre = float(shape @ x)
    tilt = np.zeros(len(wanted))
    p = np.repeat(shape[None, :], len(wanted), axis=0)
    for _ in range(30):
        now = p @ x
        spread = np.maximum(p @ x**2 - now**2, 1e-6)
        # Newton's step, held back where the distribution is far from its start.
        step = np.clip((wanted - now) / spread, -0.3, 0.3)
        tilt = tilt + step
        weighted = shape[None, :] * np.exp(tilt[:, None] * (x - centre)[None, :])
        p = weighted / weighted.sum(axis=1, keepdims=True)
        if np.abs(step).max(initial=0.0) < 1e-12:
            break
    return np.asarray(p)


def _shape(values: np.ndarray, most: int, centre: float) -> np.ndarray:
    """How often each value was seen, with a trace of a broad bell so that none near it is impossible."""
    x = np.arange(most + 1)
    bell = np.exp(-0.5 * ((x - centre) / 6.0) ** 2)
    seen = np.bincount(np.minimum(values, most), minlength=most + 1).astype(float)
    mixed = seen + 2.0 * bell / bell.sum()
    return np.asarray(mixed / mixed.sum())


def _at_least(distribution: np.ndarray) -> np.ndarray:
    """P(X ≥ x) of each row."""
    return np.asarray(np.cumsum(distribution[:, ::-1], axis=1)[:, ::-1])


def _record_of(
    asked: pl.DataFrame, history: pl.DataFrame, entity: str, columns: tuple[str, str], half_life: float
) -> tuple[np.ndarray, np.ndarray]:
    """Two decayed sums of an entity's history before each asked row's date."""
    past = history.select("game_date", entity, *(pl.col(c).cast(pl.Float64) for c in columns), row=-1)
    now = asked.select("game_date", entity, row=pl.int_range(pl.len(), dtype=pl.Int32))
    rows = pl.concat([past, now], how="diagonal_relaxed").sort("game_date", maintain_order=True)
    code = rows[entity].rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
    row = rows["row"].to_numpy()
    day = rows["game_date"].cast(pl.Int32).cast(pl.Int64).to_numpy()
    counts = rows.select(pl.col(c).fill_null(0.0) for c in columns).to_numpy()
    held = decayed_counts(
        day, code, row < 0, int(code.max(initial=-1)) + 1, np.ascontiguousarray(counts), half_life
    )
    found = np.zeros((asked.height, 2))
    found[row[row >= 0]] = held[row >= 0]
    return found[:, 0], found[:, 1]
