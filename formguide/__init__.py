"""Formguide, the forecasting library: what each runner has done, and what that makes likely.

Plain functions on frames and arrays, one package per sport (`formguide.formula1`), and the rooms they
share: `schema` (what a table is), `asof` (what was known when), `lake` (where data lives), `warehouse`
(how it is queried), `fetch` (polite HTTP) and `scoring`. Nothing here knows the orchestrator, and
importing the package itself imports none of the heavy libraries.
"""

__version__ = "0.1.0"
