"""Who gets a hit: from what is known before the day to a probability for every starter.

`knowledge` computes, in one pass over the records, what was known of every plate appearance and every
starter on the morning of its day. `fit_models` learns from what is dated before a day; `forecast` answers for
that day. The probability of a hit per plate appearance comes from the regression on abilities corrected by
the blend, against the starting pitcher and against the bullpen; `opportunity` says how many plate
appearances there will be of each; and a last step, learnt from the forecasts that the last 180 days would
have got, makes what is said come true as often as it is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from formguide.baseball import abilities, blend, opportunity, starters
from formguide.baseball.abilities import HitRegression, ability_frame
from formguide.baseball.blend import Blend
from formguide.baseball.features import feature_frame
from formguide.baseball.opportunity import OpportunityModel, Records, Turns
from formguide.making import TooLittle

VERSION = "2"
"""Changes when the same records would give other forecasts."""

RIDGE = 10_000.0
"""Penalty of the regression, chosen on August to October 2022."""

SETTLING_DAYS = 30
"""The first days of the history are not learnt from: nobody is known yet."""

CALIBRATION_DATES = 180
_CALIBRATION_BLOCKS = 3
_CALIBRATION_PRIOR = 300.0
FEWEST_TO_LEARN = 2_000


@dataclass(frozen=True)
class Asked:
    """Starters, and what was known of each on the morning of his day; all parts have the same rows."""

    starters: pl.DataFrame
    features: pl.DataFrame
    bullpen_features: pl.DataFrame
    abilities: pl.DataFrame
    bullpen_abilities: pl.DataFrame
    records: Records

    def rows(self, which: slice | np.ndarray) -> Asked:
        """Some of the rows, by slice or by mask."""
        mask = np.zeros(self.starters.height, dtype=bool)
        mask[which] = True
        chosen = pl.Series(mask)
        records = Records(self.records.team[mask], self.records.staying[mask], self.records.depth[mask])
        return Asked(
            self.starters.filter(chosen),
            self.features.filter(chosen),
            self.bullpen_features.filter(chosen),
            self.abilities.filter(chosen),
            self.bullpen_abilities.filter(chosen),
            records,
        )


@dataclass(frozen=True)
class Knowledge:
    """All plate appearances and past starters in order of dates, with what was known before each."""

    plate_appearances: pl.DataFrame
    features: pl.DataFrame
    abilities: pl.DataFrame
    past: Asked
    outcomes: pl.DataFrame
    """`opportunity.past_turns` of the past starters."""

    def until(self, day: date) -> tuple[int, int]:
        """How many plate appearances and past starters are dated before a day."""
        return (
            int((self.plate_appearances["game_date"] < day).sum()),
            int((self.past.starters["game_date"] < day).sum()),
        )


@dataclass(frozen=True)
class Models:
    """What was learnt from before a day."""

    as_of: date
    regression: HitRegression
    blends: dict[int, Blend]
    opportunity: OpportunityModel
    calibration: np.ndarray
    """Weights of 1, log-odds of the raw forecast, log of expected plate appearances, log-odds per turn."""


def knowledge(games: pl.DataFrame, lineups: pl.DataFrame, plate_appearances: pl.DataFrame) -> Knowledge:
    """What was known when, from everything there is; each part of it from earlier dates alone."""
    pa = plate_appearances.sort("game_date", "game_pk", "at_bat_index")
    played = games.join(pa.select("game_pk").unique(), on="game_pk", how="semi")
    who = starters.confirmed(played, lineups, pa)
    turns = opportunity.past_turns(who, pa)
    who = turns.select(who.columns)
    return Knowledge(pa, feature_frame(pa), ability_frame(pa), ask(who, pa, turns), turns)


def ask(who: pl.DataFrame, plate_appearances: pl.DataFrame, past_turns: pl.DataFrame) -> Asked:
    """What is known of starters (rows of `starters`) on the morning of their day."""
    usual, pen = starters.queries(who), starters.queries(who, bullpen=True)
    known, pen_known = ability_frame(plate_appearances, usual), ability_frame(plate_appearances, pen)
    features = feature_frame(plate_appearances, usual)
    # A bullpen has no one's record: what the fielding team's relievers allow stands where a pitcher's would.
    pen_features = feature_frame(plate_appearances, pen).with_columns(pitcher_hr_30g="opp_bullpen_hr_30g")
    records = opportunity.records(who, known, pen_known, past_turns)
    return Asked(who, features, pen_features, known, pen_known, records)


def fit_models(known: Knowledge, as_of: date, seeds: Sequence[int], shadow: bool = False) -> Models:
    """Learns from what is dated before `as_of`, and from nothing else. Raises TooLittle without enough."""
    rows, past = known.until(as_of)
    if rows < FEWEST_TO_LEARN:
        raise TooLittle(
            f"{rows:,} plate appearances before {as_of}, and a forecast needs {FEWEST_TO_LEARN:,}"
        )
    start = _settled(known.plate_appearances, rows)
    is_hit = known.plate_appearances["is_hit"][start:rows].to_numpy()
    learnt = known.abilities[start:rows]
    regression = abilities.fit(learnt, is_hit, RIDGE)
    log_odds = regression.logit(learnt)
    features = known.features[start:rows]
    blends = {seed: blend.fit(features, is_hit, log_odds, seed, shadow) for seed in seeds}
    chances = _fit_opportunity(known, past)
    return Models(as_of, regression, blends, chances, _calibrate(known, rows, past))


def forecast(models: Models, asked: Asked) -> dict[int, pl.DataFrame]:
    """The forecast of every seed: expected_pa, p_hit_pa, p_hit_pa_starter, p_hit_pa_bullpen, p_game_hit, a
    row per starter."""
    turns = models.opportunity.turns(asked.starters, asked.records)
    against = models.regression.logit(asked.abilities)
    bullpen = models.regression.logit(asked.bullpen_abilities)
    return {
        seed: _answer(
            turns,
            against + fitted.correction(asked.features),
            bullpen + fitted.correction(asked.bullpen_features),
            models.calibration,
        )
        for seed, fitted in models.blends.items()
    }


def _answer(turns: Turns, against: np.ndarray, bullpen: np.ndarray, weights: np.ndarray) -> pl.DataFrame:
    p_starter, p_bullpen = _chance(against), _chance(bullpen)
    share = turns.share_against_starter()
    per_turn = share * p_starter + (1 - share) * p_bullpen
    raw = turns.hit_probability(p_starter, p_bullpen)
    return pl.DataFrame(
        {
            "expected_pa": turns.expected,
            "p_hit_pa": per_turn,
            "p_hit_pa_starter": p_starter,
            "p_hit_pa_bullpen": p_bullpen,
            "p_game_hit": _chance(_design(raw, turns.expected, per_turn) @ weights),
        }
    )


def _settled(plate_appearances: pl.DataFrame, rows: int) -> int:
    """The first row to learn from: after the first 30 days, unless that leaves less than half."""
    dates = plate_appearances["game_date"][:rows]
    start = int(((dates - dates[0]).dt.total_days() < SETTLING_DAYS).sum())
    return start if start < rows / 2 else 0


def _fit_opportunity(known: Knowledge, past: int) -> OpportunityModel:
    whole = known.past.records
    records = Records(whole.team[:past], whole.staying[:past], whole.depth[:past])
    return opportunity.fit(known.outcomes[:past], records)


def _calibrate(known: Knowledge, rows: int, past: int) -> np.ndarray:
    """The last step's weights, from forecasts that the last dates would have got from regressions fitted
    before each third of them. Drawn towards leaving the forecast as it is."""
    as_it_is = np.array([0.0, 1.0, 0.0, 0.0])
    dates = known.past.starters["game_date"][:past]
    days = dates.unique().sort()
    length = min(CALIBRATION_DATES, len(days) // 2) // _CALIBRATION_BLOCKS
    if length == 0:
        return as_it_is
    designs, outcomes = [], []
    for block in range(_CALIBRATION_BLOCKS):
        first = days[len(days) - (_CALIBRATION_BLOCKS - block) * length]
        end = len(days) - (_CALIBRATION_BLOCKS - block - 1) * length
        inside = (dates >= first) & (
            (dates < days[end]) if end < len(days) else pl.repeat(True, past, eager=True)
        )
        earlier_rows, earlier = known.until(first)
        if earlier_rows < FEWEST_TO_LEARN:
            continue
        start = _settled(known.plate_appearances, earlier_rows)
        regression = abilities.fit(
            known.abilities[start:earlier_rows],
            known.plate_appearances["is_hit"][start:earlier_rows].to_numpy(),
            RIDGE,
        )
        asked = known.past.rows(np.flatnonzero(inside.to_numpy()))
        turns = _fit_opportunity(known, earlier).turns(asked.starters, asked.records)
        p_starter = _chance(regression.logit(asked.abilities))
        p_bullpen = _chance(regression.logit(asked.bullpen_abilities))
        share = turns.share_against_starter()
        raw = turns.hit_probability(p_starter, p_bullpen)
        designs.append(_design(raw, turns.expected, share * p_starter + (1 - share) * p_bullpen))
        outcomes.append((known.outcomes["hits"][:past].filter(inside) > 0).to_numpy())
    if not designs:
        return as_it_is
    return _logistic(np.vstack(designs), np.concatenate(outcomes).astype(float), as_it_is)


def _design(raw: np.ndarray, expected: np.ndarray, per_turn: np.ndarray) -> np.ndarray:
    """Centred where an ordinary starter is, so that the weights do not trade with the intercept."""
    return np.column_stack([np.ones(len(raw)), _logit(raw), np.log(expected / 4.0), _logit(per_turn) + 1.25])


def _logistic(X: np.ndarray, y: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Logistic regression with a Gaussian prior around `prior`; the scale of the columns counts."""
    weights = prior.copy()
    penalty = np.diag([5.0, *[_CALIBRATION_PRIOR] * (X.shape[1] - 1)])
    for _ in range(20):
        p = _chance(X @ weights)
        gradient = X.T @ (y - p) - penalty @ (weights - prior)
        step = np.linalg.solve((X.T * (p * (1 - p))) @ X + penalty, gradient)
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            break
    return weights


def _chance(log_odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _logit(p: np.ndarray) -> np.ndarray:
    clipped = np.clip(p, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(clipped / (1 - clipped)))
