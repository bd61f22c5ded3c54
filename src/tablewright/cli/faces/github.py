"""GitHub's workflow commands: lines that its runner reads out of the output.

Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from tablewright.cli.faces.cells import clean


def annotation(level: str, title: str, text: str) -> str:
    """The line that makes an annotation on the run; ``level`` is error, warning or notice."""
    body = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    heading = clean(title).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={heading}::{body}"
