"""The sample league: fictional courses and athletes, written as files like the real ones.

`world` holds the courses, the people and the effects that decide their times; `league` races it and writes
the pages; `truth` is what it knows of itself. Its scores say nothing about the real sport, and it holds
effects that the model does not know of, so that a perfect score would be suspicious.
"""

from formguide.triathlon.sample.truth import TRUTH, SampleTruth, read_truth

__all__ = ["TRUTH", "SampleTruth", "read_truth"]
