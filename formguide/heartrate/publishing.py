"""Uploading an exported folder to a Hugging Face hub: only when asked for, only with a token."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from formguide.plain import not_installed

TOKEN, ENDPOINT = "HF_TOKEN", "HF_ENDPOINT"
Kind = Literal["model", "dataset"]

_NOT_OURS = ("*.log", ".*", "__pycache__/*")
_NAME = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")


class PublishError(RuntimeError):
    """A folder cannot be uploaded; the message is one line that says what to do and holds no token."""


def upload(folder: Path, repository: str, kind: Kind, *, private: bool = True) -> str:
    """Makes the repository unless it is there, uploads the folder's files in one commit, and returns the
    address.

    repository: OWNER/NAME; private: a new repository is. The token comes from `HF_TOKEN`, the hub's address
    from `HF_ENDPOINT` (the public hub by default). Raises PublishError.
    """
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise PublishError(f"nothing was uploaded: {TOKEN} is not set")
    if not _NAME.fullmatch(repository):
        raise PublishError(f"{repository!r} is not like OWNER/NAME")
    if not folder.is_dir() or not (folder / "README.md").is_file():
        raise PublishError(f"{folder} is no exported folder: it has no README.md")
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise PublishError(not_installed("huggingface-hub", "publish")) from error
    hub = HfApi(endpoint=os.environ.get(ENDPOINT) or None, token=token, library_name="formguide")
    try:
        hub.create_repo(repository, repo_type=kind, private=private, exist_ok=True)
        done = hub.upload_folder(
            folder_path=folder,
            repo_id=repository,
            repo_type=kind,
            commit_message="Exported by formguide",
            ignore_patterns=list(_NOT_OURS),
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        said = " ".join(str(error).replace(token, "…").split())
        raise PublishError(f"{repository} was not uploaded: {said[:300]}") from error
    return str(done.commit_url)
