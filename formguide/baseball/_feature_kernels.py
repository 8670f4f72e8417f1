"""The one pass over the plate appearances, in date order: answer a day's questions, then learn the day.

Every player, umpire, bullpen and park has a row in a table of what is known. For each date the pass first
copies out what the queries of that date ask for, and only then adds the date's plate appearances: so nothing
that happens on a date, in either game of a doubleheader, can be seen in a feature of that date.

A rolling feature is a mean of per-date rates over a player's last N game-dates. The dates' rates are kept in
a ring, and the sum slides: the new date comes in, the one that is N dates old goes out. Sums that slide in
floating point collect rounding errors, and a feature would depend on dates long gone. So rates are held as
whole multiples of 2⁻⁴⁰, and the sums are exact: a feature is a function of its window and of nothing else.

Compiled functions that call one another live in one module, because the compiler's cache goes by file.
"""

from __future__ import annotations

import numpy as np

from formguide.baseball._feature_columns import Column, Days, compiled
from formguide.baseball._feature_state import (
    Codes,
    Ever,
    Facts,
    Known,
    Mix,
    Plan,
    Plans,
    Rookies,
    Rules,
    State,
)

SCALE = 2.0**40
"""A rate is held as a whole number of 1/SCALE: rounding moves it by less than 5e-13."""

LARGEST = 2.0**17
"""A per-date mean beyond this, in whatever unit, is no reading: thirty of them must fit into a sum."""

NO_RATE = np.int64(-(2**63))
"""What the ring holds for a date without a rate (no swing, no batted ball, no reading)."""

TYPES = 12
"""Pitch types that are told apart."""

MIX_WINDOW = 30
"""Game-dates over which a pitcher's pitch types are counted."""

MIX_RING = 32
"""Dates that the ring of pitch counts holds: the power of two from MIX_WINDOW up."""

BATTER_RATES = 11
HIT, WHIFF, COUNT, HARD_CONTACT, BARREL, HARD_HIT, SWEET, EXIT_SPEED, FACED, LAST_WHIFF, LAST_FACED = range(
    11
)
"""The per-date rates of a batter, by their place in the batters' plan."""

PITCHER_RATES = 8
ALLOWED, SPEED, SPIN, EXTENSION, BREAK, LAST_SPEED, LAST_SPIN, LAST_BREAK = range(8)
"""The per-date rates of a pitcher."""

BARREL_MPH, HARD_MPH, SWEET_LOW_DEG, SWEET_HIGH_DEG = 98.0, 95.0, 8.0, 32.0

ROOKIE_WINDOWS = (30, 60, 120)
ROOKIE_RING = 128
HANDS = 3
NEVER = -(2**31)


@compiled
def _has(column: Column, i: int) -> bool:
    if column.valid.size == 0:
        return True
    i += column.shift
    return bool((column.valid[i >> 3] >> (i & 7)) & 1)


@compiled
def _is(column: Column, i: int) -> bool:
    i += column.shift
    return bool((column.values[i >> 3] >> (i & 7)) & 1)


@compiled
def _plays(known: Known, entity: int, day: int) -> None:
    if known.last[entity] != day:
        known.last[entity] = day
        known.touched[known.touched[-1]] = entity
        known.touched[-1] += 1


@compiled
def _count(known: Known, entity: int, rate: int, above: float, below: float) -> None:
    known.today[entity, rate, 0] += above
    known.today[entity, rate, 1] += below


@compiled
def _publish(known: Known, plan: Plan) -> None:
    """The date is over: its rates come into the windows, and the oldest go out."""
    for k in range(known.touched[-1]):
        entity = known.touched[k]
        n = known.dates[entity]
        ring, total, dated = known.ring[entity], known.total[entity], known.dated[entity]
        mean, today = known.mean[entity], known.today[entity]
        for rate in range(np.uint64(plan.start.size)):
            start, mask, step = plan.start[rate], plan.mask[rate], plan.step[rate]
            above, below = today[rate, 0], today[rate, 1]
            today[rate, 0] = 0.0
            today[rate, 1] = 0.0
            new = NO_RATE
            if below > 0.0 and abs(above) <= LARGEST * below:
                new = np.int64(np.floor(above / below * SCALE + 0.5))
            came = new != NO_RATE
            for m in range(plan.first[rate], plan.last[rate]):
                sum_, count = total[m], dated[m]
                # Multiplied by whether there is a rate, not asked: the processor would guess, often wrongly.
                sum_ += came * new
                count += came
                if n >= plan.window[m]:
                    old = ring[start + step * (np.uint64(n - plan.window[m]) & mask)]
                    went = old != NO_RATE
                    sum_ -= went * old
                    count -= went
                total[m], dated[m] = sum_, count
                mean[m] = sum_ / (count * SCALE) if count >= plan.least[m] else np.nan
            ring[start + step * (np.uint64(n) & mask)] = new
        known.dates[entity] = n + 1
    known.touched[-1] = 0


@compiled
def _publish_rookies(known: Known, rookies: Rookies) -> None:
    """The same for the hits and plate appearances of rookies' windows; call it before `_publish`."""
    for k in range(known.touched[-1]):
        entity = known.touched[k]
        n = known.dates[entity]
        ring, recent = rookies.ring[entity], rookies.recent[entity]
        for w in range(3):
            window = ROOKIE_WINDOWS[w]
            old = (n - window) & (ROOKIE_RING - 1)
            for side in range(2):
                recent[w, side] += rookies.today[entity, side] - (ring[old, side] if n >= window else 0)
        for side in range(2):
            ring[n & (ROOKIE_RING - 1), side] = rookies.today[entity, side]
            rookies.career[entity, side] += rookies.today[entity, side]
            rookies.today[entity, side] = 0


@compiled
def _publish_mix(known: Known, mix: Mix, least: int) -> None:
    """The same for pitch types, with the entropy of the window's pitches in bits; before `_publish`."""
    for k in range(known.touched[-1]):
        pitcher = known.touched[k]
        n = known.dates[pitcher]
        new, old = n & (MIX_RING - 1), (n - MIX_WINDOW) & (MIX_RING - 1)
        came, went, pitches = 0, 0, 0
        for t in range(TYPES):
            leaving = mix.ring[pitcher, old, t] if n >= MIX_WINDOW else 0
            coming = mix.today[pitcher, t]
            mix.recent[pitcher, t] += coming - leaving
            mix.ring[pitcher, new, t] = coming
            mix.today[pitcher, t] = 0
            came += coming
            went += leaving
            pitches += mix.recent[pitcher, t]
        mix.filled[pitcher] += (came > 0) - (went > 0)
        entropy = np.nan
        if mix.filled[pitcher] >= least:
            entropy = 0.0
            for t in range(TYPES):
                if mix.recent[pitcher, t] > 0:
                    share = mix.recent[pitcher, t] / pitches
                    entropy -= share * np.log2(share)
        mix.entropy[pitcher] = entropy


# -- learning a date -------------------------------------------------------------------------------


@compiled
def _add_hits(known: Known, rate: int, entity: np.ndarray, hit: Column, rows: np.ndarray, day: int) -> None:
    """Everybody who took part, and hits per plate appearance."""
    nobody = known.dates.size - 1
    for i in rows:
        if entity[i] != nobody:
            _plays(known, entity[i], day)
            _count(known, entity[i], rate, _is(hit, i), 1.0)


@compiled
def _add_bullpen(known: Known, team: np.ndarray, facts: Facts, rows: np.ndarray, day: int) -> None:
    """Hits off relievers; a date on which a team's starter pitches to the end is no date of its bullpen."""
    for i in rows:
        if _is(facts.reliever, i):
            _plays(known, team[i], day)
            _count(known, team[i], 0, _is(facts.hit, i), 1.0)


@compiled
def _add_mean(known: Known, rate: int, entity: np.ndarray, value: Column, rows: np.ndarray) -> None:
    """The mean over the plate appearances that have a value."""
    if value.values.size > 0:
        for i in rows:
            there = _has(value, i)
            _count(known, entity[i], rate, value.values[i] if there else 0.0, there)


@compiled
def _add_flag(known: Known, rate: int, entity: np.ndarray, flag: Column, rows: np.ndarray) -> None:
    """How many of those that are true or false are true."""
    if flag.values.size > 0:
        for i in rows:
            there = _has(flag, i)
            _count(known, entity[i], rate, there & _is(flag, i), there)


@compiled
def _add_swings(known: Known, batter: np.ndarray, facts: Facts, rows: np.ndarray) -> None:
    missed, fouls, played = facts.swinging, facts.fouls, facts.in_play
    if missed.values.size > 0 and fouls.values.size > 0 and played.values.size > 0:
        for i in rows:
            there = _has(missed, i) & _has(fouls, i) & _has(played, i)
            swings = missed.values[i] + fouls.values[i] + played.values[i]
            _count(known, batter[i], WHIFF, there * missed.values[i], there * swings)


@compiled
def _add_counts(known: Known, batter: np.ndarray, facts: Facts, rows: np.ndarray) -> None:
    balls, strikes = facts.balls, facts.strikes
    if balls.values.size > 0 and strikes.values.size > 0:
        for i in rows:
            there = _has(balls, i) & _has(strikes, i)
            _count(known, batter[i], COUNT, there * (balls.values[i] - strikes.values[i]), there)


@compiled
def _add_batted_balls(known: Known, batter: np.ndarray, facts: Facts, rows: np.ndarray) -> None:
    """Exit speed and angle: a barrel needs both, the others the one that they are about."""
    speeds, angles = facts.exit_speed, facts.exit_angle
    some_speeds, some_angles = speeds.values.size > 0, angles.values.size > 0
    for i in rows:
        timed = some_speeds and _has(speeds, i)
        aimed = some_angles and _has(angles, i)
        speed = speeds.values[i] if timed else 0.0
        angle = angles.values[i] if aimed else 0.0
        sweet = aimed & (angle >= SWEET_LOW_DEG) & (angle <= SWEET_HIGH_DEG)
        _count(known, batter[i], EXIT_SPEED, speed, timed)
        _count(known, batter[i], HARD_HIT, speed >= HARD_MPH, timed)
        _count(known, batter[i], SWEET, sweet, aimed)
        _count(known, batter[i], BARREL, sweet & (speed >= BARREL_MPH), timed & aimed)


@compiled
def _add_ever(ever: Ever, codes: Codes, facts: Facts, rows: np.ndarray) -> None:
    """The counts that are never forgotten."""
    grounders = facts.ground_ball.values.size > 0
    judged = facts.called_strikes.values.size > 0 and facts.called_balls.values.size > 0
    park, hand, battery = (ever.venue.shape[0] - 1, ever.platoon.shape[0] - 1, ever.pair.shape[0] - 1)
    for i in rows:
        hit = _is(facts.hit, i)
        ever.league[0] += hit
        ever.league[1] += 1
        if codes.venue[i] != park:
            ever.venue[codes.venue[i], 0] += hit
            ever.venue[codes.venue[i], 1] += 1
        if codes.platoon[i] != hand:
            ever.platoon[codes.platoon[i], 0] += hit
            ever.platoon[codes.platoon[i], 1] += 1
        if grounders and _has(facts.ground_ball, i) and _is(facts.ground_ball, i):
            ever.grounder[codes.batter[i], 0] += hit
            ever.grounder[codes.batter[i], 1] += 1
        if (
            judged
            and codes.pair[i] != battery
            and _has(facts.called_strikes, i)
            and _has(facts.called_balls, i)
        ):
            strikes = facts.called_strikes.values[i]
            ever.pair[codes.pair[i], 0] += strikes
            ever.pair[codes.pair[i], 1] += strikes + facts.called_balls.values[i]


@compiled
def _add_types(mix: Mix, last_mix: Mix, pitcher: np.ndarray, facts: Facts, rows: np.ndarray) -> None:
    for t in range(TYPES):
        thrown = facts.types[t]
        if thrown.values.size > 0:
            for i in rows:
                mix.today[pitcher[i], t] += thrown.values[i] if _has(thrown, i) else 0
    for i in rows:
        if facts.last_type[i] >= 0:
            last_mix.today[pitcher[i], facts.last_type[i]] += 1


@compiled
def _add_rookies(rookies: Rookies, batter: np.ndarray, hit: Column, rows: np.ndarray) -> None:
    for i in rows:
        rookies.today[batter[i], 0] += _is(hit, i)
        rookies.today[batter[i], 1] += 1


# -- answering a date's queries --------------------------------------------------------------------


@compiled
def _answer_means(
    known: Known, entity: np.ndarray, rows: np.ndarray, out: np.ndarray, at: np.ndarray
) -> None:
    """Mean m of every row's entity into ``out[at[m]]``, where somebody wants it."""
    for m in range(at.size):
        if at[m] >= 0:
            answer = out[at[m]]
            for i in rows:
                answer[i] = known.mean[entity[i], m]


@compiled
def _answer_rookies(
    rookies: Rookies, rules: Rules, prior: float, batter: np.ndarray, rows: np.ndarray, out: np.ndarray
) -> None:
    """Batters with a short career: hits per plate appearance, shrunk towards the prior (NaN without any)."""
    for i in rows:
        if rookies.career[batter[i], 1] < rules.rookie_below:
            for w in range(3):
                hits, appearances = rookies.recent[batter[i], w]
                shrunk = (hits + rules.weight * prior) / (appearances + rules.weight)
                out[w, i] = shrunk if appearances > 0 else np.nan


@compiled
def _answer_ever(
    ever: np.ndarray, least: int, entity: np.ndarray, rows: np.ndarray, answer: np.ndarray
) -> None:
    for i in rows:
        counted, among = ever[entity[i]]
        answer[i] = counted / among if among >= least else np.nan


@compiled
def _answer(
    state: State,
    plans: Plans,
    rules: Rules,
    codes: Codes,
    day: int,
    rows: np.ndarray,
    out: np.ndarray,
    at: np.ndarray,
) -> None:
    """The features of the queries `rows`, all of one date, from what was known the day before."""
    batters, pitchers, ever = state.batters, state.pitchers, state.ever
    a = plans.batters.window.size
    b = a + plans.pitchers.window.size
    _answer_means(batters, codes.batter, rows, out, at[:a])
    _answer_means(pitchers, codes.pitcher, rows, out, at[a:b])
    _answer_means(state.bullpens, codes.team, rows, out, at[b : b + 1])
    _answer_means(state.umpires, codes.umpire, rows, out, at[b + 1 : b + 2])
    league = ever.league[0] / ever.league[1] if ever.league[1] > 0 else np.nan
    prior = league if np.isnan(rules.prior) else rules.prior
    _answer_rookies(state.rookies, rules, prior, codes.batter, rows, out[at[1] : at[3] + 1])
    entropy, last_entropy, grounder, platoon, park, framing, rest = at[b + 2 :]
    for mix, where in ((state.mix, entropy), (state.last_mix, last_entropy)):
        if where >= 0:
            for i in rows:
                out[where, i] = mix.entropy[codes.pitcher[i]]
    if grounder >= 0:
        _answer_ever(ever.grounder, rules.ground_balls, codes.batter, rows, out[grounder])
    if framing >= 0:
        _answer_ever(ever.pair, rules.framing, codes.pair, rows, out[framing])
    _answer_ever(ever.platoon, rules.platoon, codes.platoon, rows, out[platoon])
    _answer_ever(ever.venue, rules.park, codes.venue, rows, out[park])
    for i in rows:
        out[park, i] /= league
        played = batters.dates[codes.batter[i]] > 0
        out[rest, i] = day - batters.last[codes.batter[i]] if played else np.nan


@compiled
def _learn(
    state: State, plans: Plans, rules: Rules, codes: Codes, facts: Facts, day: int, rows: np.ndarray
) -> None:
    """A date's plate appearances, then the end of the date."""
    batters, pitchers = state.batters, state.pitchers
    batter, pitcher = codes.batter, codes.pitcher
    _add_hits(batters, HIT, batter, facts.hit, rows, day)
    _add_rookies(state.rookies, batter, facts.hit, rows)
    _add_swings(batters, batter, facts, rows)
    _add_counts(batters, batter, facts, rows)
    _add_flag(batters, HARD_CONTACT, batter, facts.hard_contact, rows)
    _add_batted_balls(batters, batter, facts, rows)
    _add_mean(batters, FACED, batter, facts.speed, rows)
    _add_flag(batters, LAST_WHIFF, batter, facts.last_whiff, rows)
    _add_mean(batters, LAST_FACED, batter, facts.last_speed, rows)
    _add_hits(pitchers, ALLOWED, pitcher, facts.hit, rows, day)
    _add_mean(pitchers, SPEED, pitcher, facts.speed, rows)
    _add_mean(pitchers, SPIN, pitcher, facts.spin, rows)
    _add_mean(pitchers, EXTENSION, pitcher, facts.extension, rows)
    _add_mean(pitchers, BREAK, pitcher, facts.break_, rows)
    _add_mean(pitchers, LAST_SPEED, pitcher, facts.last_speed, rows)
    _add_mean(pitchers, LAST_SPIN, pitcher, facts.last_spin, rows)
    _add_mean(pitchers, LAST_BREAK, pitcher, facts.last_break, rows)
    _add_types(state.mix, state.last_mix, pitcher, facts, rows)
    _add_bullpen(state.bullpens, codes.team, facts, rows, day)
    _add_hits(state.umpires, 0, codes.umpire, facts.hit, rows, day)
    _add_ever(state.ever, codes, facts, rows)
    _publish_rookies(batters, state.rookies)
    _publish(batters, plans.batters)
    _publish_mix(pitchers, state.mix, rules.mix_dates)
    _publish_mix(pitchers, state.last_mix, rules.mix_dates)
    _publish(pitchers, plans.pitchers)
    _publish(state.bullpens, plans.bullpens)
    _publish(state.umpires, plans.umpires)


@compiled
def one_pass(
    played: Days,
    codes: Codes,
    facts: Facts,
    asked: Days,
    asked_codes: Codes,
    state: State,
    plans: Plans,
    rules: Rules,
    at: np.ndarray,
    out: np.ndarray,
) -> None:
    """Fills `out`, of shape (wanted features, queries), with NaN where too little is known.

    ``played``, ``codes`` and ``facts``: the plate appearances; ``asked`` and ``asked_codes``: the queries.
    ``at``: the row of the result for each of `features.COMPUTED`, -1 where it is not wanted.
    """
    learned = 0
    for k in range(asked.day.size):
        today = asked.day[k]
        while learned < played.day.size and played.day[learned] < today:
            rows = played.order[played.start[learned] : played.start[learned + 1]]
            _learn(state, plans, rules, codes, facts, played.day[learned], rows)
            learned += 1
        rows = asked.order[asked.start[k] : asked.start[k + 1]]
        _answer(state, plans, rules, asked_codes, today, rows, out, at)
