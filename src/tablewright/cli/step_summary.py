"""GitHub's page of a step: what was done is appended to it as Markdown, where a workflow runs this."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tablewright.cli.terminal import in_github


def wanted() -> bool:
    """Whether there is a page to write to."""
    return in_github() and bool(os.environ.get("GITHUB_STEP_SUMMARY"))


def append(page: str) -> None:
    """Append to the page. One that cannot be written is no reason to fail: the log says the same."""
    with suppress(OSError), Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
        file.write(page if page.endswith("\n") else page + "\n")
