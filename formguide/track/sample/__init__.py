"""The sample league: a fictional conference of eight colleges, six seasons of it, as TFRRS-layout pages.

`people` are its athletes and what they can do; `calendar` its meets with their winds, tracks and heights;
`league` lets them meet; `site` writes what a site would show of it; `server` serves that on this machine, and
`scrape_sample` pulls it from there as one pulls from anywhere. Nothing in it is real, its scores say nothing
about the real sport, and it holds one effect that no model knows of, so that a perfect score would be
suspicious.
"""

from formguide.track.sample.league import SampleLeague, make_league
from formguide.track.sample.scrape import scrape_sample, write_site
from formguide.track.sample.server import serve
from formguide.track.sample.truth import TRUTH, SampleTruth

__all__ = ["TRUTH", "SampleLeague", "SampleTruth", "make_league", "scrape_sample", "serve", "write_site"]
