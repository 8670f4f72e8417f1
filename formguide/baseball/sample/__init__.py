"""The sample league: a fictional baseball league that this project makes itself, as the API's documents.

`world` names its teams, parks and umpires; `people` its players and what they can do; `fixtures` is the
calendar; `manager` decides who plays; `setting` the weather; `at_bat` one plate appearance and its pitches;
`game` and `side` a game by the rules; `documents` what the API would say of it; `league` writes it all;
`day` and `server` play an unplayed date through, moment by moment. Nothing in it is real, its scores say
nothing about the real sport, and it holds two effects that the forecast does not know of, so that a perfect
score would be suspicious.
"""

from formguide.baseball.sample.day import DayScript, day_documents
from formguide.baseball.sample.league import League, write_sample
from formguide.baseball.sample.truth import SampleTruth

__all__ = ["DayScript", "League", "SampleTruth", "day_documents", "write_sample"]
