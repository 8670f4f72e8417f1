"""A language model's opinion on a shift or a lag that was found, from any endpoint that is OpenAI-compatible.

Off unless `FORMGUIDE_LLM_URL` names one (".../v1"; with `FORMGUIDE_LLM_MODEL`, and `FORMGUIDE_LLM_KEY` where
it wants a key, which is in no log and no message). It is told the numbers of the finding and nothing of who
ran where. It can confirm a finding, with figures within the estimator's own interval, or veto it. Whatever
else comes back, in whatever time, changes nothing: no answer, another shape, a figure of its own, words
beside the JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import httpx
import pydantic
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from formguide.fetch import within
from formguide.heartrate.offsets import Finding

URL, MODEL, KEY = "FORMGUIDE_LLM_URL", "FORMGUIDE_LLM_MODEL", "FORMGUIDE_LLM_KEY"

INTERVAL_SE = 2.0
"""A confirmed figure lies within so many standard errors of the estimate."""

_LARGEST_ANSWER = 64 * 1024
_REASON = 300

_TASK = """\
You check the sensors of runners. A statistical estimator compared the heart rate of one workout with what its
speed and grade explain, given the runner's earlier workouts, and found a constant shift, a lag in time, or
both. Say whether its finding is to be believed. Answer with one JSON object and nothing else:
{"verdict": "confirm" or "veto", "offset_bpm": number or null, "lag_sec": number or null,
"reason": at most 300 characters}
When you confirm, repeat the offset and the lag that you believe in.
"""


class Opinion(pydantic.BaseModel):
    """What a language model may say, and nothing beyond it."""

    model_config = pydantic.ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    verdict: Literal["confirm", "veto"]
    offset_bpm: float | None
    lag_sec: float | None
    reason: Annotated[str, pydantic.StringConstraints(min_length=1, max_length=_REASON)]

    @property
    def confirms(self) -> bool:
        """Whether what was found is to be believed."""
        return self.verdict == "confirm"

    @property
    def in_words(self) -> str:
        """The verdict and its reason on one line of plain characters."""
        plain = "".join(char if char.isprintable() else " " for char in self.reason)
        return f"{self.verdict}: {' '.join(plain.split())}"

    def fits(self, finding: Finding) -> bool:
        """Whether what it confirms is what was found, within the estimator's interval."""
        if not self.confirms:
            return True
        offset = finding.found not in ("offset", "both") or _near(
            self.offset_bpm, finding.offset_bpm, finding.offset_se_bpm
        )
        lag = finding.found not in ("lag", "both") or _near(self.lag_sec, finding.lag_sec, finding.lag_se_sec)
        return offset and lag


class _Failed(Exception):
    """The endpoint may answer another time."""


@dataclass(frozen=True)
class SecondOpinion:
    """Whom to ask: `url` up to "/v1", the model's name there, and a key. cap_sec: the most that one question
    may take; attempts: how often one is asked when the endpoint fails."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    cap_sec: float = 20.0
    attempts: int = 2
    pause_sec: float = 1.0

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> SecondOpinion | None:
        """As the environment says; None, which is nobody, where it names no endpoint. Raises ValueError."""
        url = environ.get(URL, "").strip().rstrip("/")
        if not url:
            return None
        try:
            parts = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(f"{URL} is no address") from error
        if parts.scheme not in ("http", "https") or not parts.host or parts.userinfo:
            raise ValueError(f"{URL} is to be a plain http or https address")
        model = environ.get(MODEL, "").strip()
        if not model:
            raise ValueError(f"{MODEL} is to name the model to ask")
        return cls(url, model, environ.get(KEY, ""))

    def __call__(self, finding: Finding) -> Opinion | None:
        """Its opinion on a finding; None where there is none that counts."""
        growing = wait_exponential_jitter(multiplier=self.pause_sec, max=30, jitter=self.pause_sec)
        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=growing,
            retry=retry_if_exception_type(_Failed),
            reraise=True,
        )
        try:
            body = retrying(self._ask, finding)
        except _Failed:
            return None
        opinion = None if body is None else read_opinion(body)
        return opinion if opinion is not None and opinion.fits(finding) else None

    def _ask(self, finding: Finding) -> bytes | None:
        """The body of an answer; None where the endpoint declines. Raises `_Failed`."""
        try:
            status, body = within(self.cap_sec, lambda: self._exchange(finding))
        except (TimeoutError, httpx.HTTPError, OSError) as error:
            raise _Failed from error
        if status == 429 or status >= 500:
            raise _Failed
        return body if status == 200 else None

    async def _exchange(self, finding: Finding) -> tuple[int, bytes]:
        asked = {
            "model": self.model,
            "temperature": 0,
            "response_format": {"type": "json_object"},
            "messages": [
                {"role": "system", "content": _TASK},
                {"role": "user", "content": question(finding)},
            ],
        }
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        async with (
            httpx.AsyncClient(timeout=self.cap_sec, follow_redirects=False) as client,
            client.stream("POST", f"{self.url}/chat/completions", json=asked, headers=headers) as answer,
        ):
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST_ANSWER:
                    return answer.status_code, b""
            return answer.status_code, body


def question(finding: Finding) -> str:
    """What the model is told of a finding: its numbers, and neither who nor where nor when."""
    numbers = {
        "found": finding.found,
        "earlier_workouts_compared_with": finding.earlier_workouts,
        "offset_bpm": finding.offset_bpm,
        "offset_standard_error_bpm": finding.offset_se_bpm,
        "lag_sec": finding.lag_sec,
        "lag_standard_error_sec": finding.lag_se_sec,
        "log_likelihood_of_that_lag_over_none": finding.lag_gain,
    }
    return json.dumps(
        {name: round(value, 2) if isinstance(value, float) else value for name, value in numbers.items()}
    )


def read_opinion(body: bytes) -> Opinion | None:
    """The opinion in the body of an answer; None unless it is exactly one, in the shape that was asked
    for."""
    try:
        content: Any = json.loads(body)["choices"][0]["message"]["content"]
        return Opinion.model_validate_json(content) if isinstance(content, str) else None
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _near(said: float | None, estimate: float | None, error: float | None) -> bool:
    if said is None or estimate is None or error is None:
        return False
    return abs(said - estimate) <= INTERVAL_SE * error
