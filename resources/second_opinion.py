"""The second opinion on shifts and lags of heart rates, as a resource: off unless an endpoint is named.

The address, the model and the key come from the environment (`FORMGUIDE_LLM_URL`, `FORMGUIDE_LLM_MODEL`,
`FORMGUIDE_LLM_KEY`), never from a settings file; an address or model named here goes before the
environment's.
"""

import os

import dagster as dg
import pydantic

from formguide.heartrate.second_opinion import MODEL, URL, SecondOpinion


class SecondOpinionResource(dg.ConfigurableResource["SecondOpinionResource"]):
    """Whom to ask about a shift or a lag that was found."""

    url: str = pydantic.Field(default="", description="An OpenAI-compatible endpoint, up to /v1.")
    model: str = pydantic.Field(default="", description="The model's name there.")
    cap_sec: float = pydantic.Field(default=20.0, gt=0, description="The most that one question may take.")

    def asked(self) -> SecondOpinion | None:
        """Whom to ask; None, which is nobody, where no endpoint is named."""
        named = {URL: self.url, MODEL: self.model}
        found = SecondOpinion.from_env({**os.environ, **{name: said for name, said in named.items() if said}})
        return None if found is None else SecondOpinion(found.url, found.model, found.key, self.cap_sec)
