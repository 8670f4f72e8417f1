"""The HTML pages: each is one file that loads nothing, from nowhere.

What the data say is text in the page, never markup: templates escape it, and data for a script is JSON in
which nothing can end the element that holds it. A policy in the page's head forbids everything that is not
its own script and its own style, so even a mistake there could reach no network.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any

_NOT_IN_HTML = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def render(name: str, script: str | None = None, **values: Any) -> str:
    """The template `<name>.html` with its values filled in, its style and, if named, its script inside."""
    style = _said("page.css") + (_said(f"{name}.css") if _has(f"{name}.css") else "")
    code = _said(script) if script else ""
    policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src "
    policy += _hash(code) if code else "'none'"
    page: str = (
        _templates().get_template(f"{name}.html").render(policy=policy, style=style, code=code, **values)
    )
    return page


def as_json(value: Any) -> str:
    """JSON that may stand inside an HTML element. Raises ValueError on NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_NOT_IN_HTML)


@cache
def _templates() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_said),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _said(name: str) -> str:
    return (files(__name__) / name).read_text("utf-8")


def _has(name: str) -> bool:
    return (files(__name__) / name).is_file()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
