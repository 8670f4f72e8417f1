"""The sample league: a fictional championship that this project makes itself, as files like the real ones.

`world` names its drivers, teams and circuits; `strengths` says how fast they are and how that moves;
`weekend` holds practice and qualifying, `race` the race, `sheet` writes it up; `league` tells the seasons;
`files` lays them out as f1db does. Nothing in it is real, its scores say nothing about the real sport, and it
holds two effects that the model does not know of, so that a perfect score would be suspicious.
"""

from formguide.formula1.sample.league import sample_league, write_sample
from formguide.formula1.sample.strengths import RaceTruth, SampleTruth, Swap

__all__ = ["RaceTruth", "SampleTruth", "Swap", "sample_league", "write_sample"]
