"""What the sample league's managers decide while a game goes on: relievers, pinch hitters, fresh legs."""

from __future__ import annotations

from formguide.baseball.sample.at_bat import Dice
from formguide.baseball.sample.people import People
from formguide.baseball.sample.side import Side

_LONG = 60.0  # stamina, in pitches, of somebody who is used to pitching many innings


def pitch_limit(dice: Dice, people: People, pitcher: int, *, opener: bool) -> float:
    """How many pitches a pitcher has in him today."""
    stamina = people.pitching[pitcher].stamina
    return 24.0 if opener else stamina + 0.09 * stamina * dice.normal()


def reliever(
    dice: Dice, people: People, fielding: Side, lead: int, innings_left: int, *, fresh_inning: bool
) -> int | None:
    """Who is to relieve the pitcher now, or None. `lead` is the fielding team's, in runs; `innings_left`
    counts the one that is being played."""
    starter = fielding.pitcher == fielding.pitchers[0]
    long = people.pitching[fielding.pitcher].stamina > _LONG
    tired = fielding.pitches >= fielding.limit or fielding.runs_off_pitcher >= (6 if long else 4)
    worked = fresh_inning and fielding.innings_pitched >= 1 and not starter and not long
    done = worked and dice.uniform() < 0.8
    close = fresh_inning and innings_left <= 1 and 1 <= lead <= 3 and not fielding.closing and not starter
    if not (tired or done or close) or not fielding.bullpen:
        return None
    closer = people.squads[fielding.nine.team_id].relievers[-1]
    if close and closer in fielding.bullpen:
        fielding.closing = True
        return closer
    waiting = [
        p for p in fielding.bullpen if p != closer
    ] or fielding.bullpen  # the closer waits for his inning
    if fielding.nine.opener and starter:
        return waiting[0]  # the one who was announced
    return waiting[dice.whole(min(len(waiting), 4))]


def fresh_legs(dice: Dice, people: People, fielding: Side, inning: int, lead: int) -> tuple[int, int] | None:
    """Late and ahead, an outfielder from the bench for one in a corner: (place in the order, who comes)."""
    if inning != 8 or not 1 <= lead <= 4 or dice.uniform() > 0.3:
        return None
    bench = [p for p in fielding.bench if people.players[p].position in "789"]
    slots = [i for i, p in enumerate(fielding.order) if fielding.at[p] in ("7", "9")]
    return (slots[dice.whole(len(slots))], bench[0]) if bench and slots else None


def pinch_hitter(dice: Dice, people: People, batting: Side, fielding: Side, innings_left: int) -> int | None:
    """Who bats for a weak batter of the wrong side, late in a game that is not won; None for nobody."""
    if innings_left > 3 or batting.runs > fielding.runs or batting.pinch_hits >= 2:
        return None
    batter = batting.order[batting.up]
    throws = people.players[fielding.pitcher].throws
    if people.players[batter].bats != throws or people.batting[batter].hit > 0.05:
        return None
    better = [p for p in batting.bench if people.players[p].bats != throws]
    if batting.at[batter] == "2":  # only a catcher bats for a catcher
        better = [p for p in better if people.players[p].position == "2"]
    if not better or dice.uniform() > 0.45:
        return None
    batting.pinch_hits += 1
    return better[0]


def pinch_runner(
    dice: Dice, people: People, batting: Side, on: list[int | None], innings_left: int, behind: int
) -> tuple[int, int] | None:
    """Late and a run or two behind, somebody fast for the slow lead runner: (place in the order, who)."""
    runner = next((r for r in reversed(on) if r is not None), None)
    if innings_left > 2 or not 0 <= behind <= 2 or runner not in batting.order or batting.at[runner] == "2":
        return None
    speed = people.batting[runner].speed
    faster = [p for p in batting.bench if people.batting[p].speed > speed + 0.25]
    if speed > 0.45 or not faster or dice.uniform() > 0.35:
        return None
    return batting.order.index(runner), max(faster, key=lambda p: people.batting[p].speed)
