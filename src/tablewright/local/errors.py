"""Errors of the embedded AWS itself, as opposed to errors that it answers as AWS."""

from __future__ import annotations

__all__ = ["LocalError"]


class LocalError(Exception):
    """Something that kept the embedded AWS from starting, stopping or keeping data.

    `code` is a stable kebab-case name, `summary` a terse sentence without the user's names, `detail` says what was wrong,
    why it matters and what to do, and `next_command` is the command to run next ("" when there is none).
    """

    def __init__(self, code: str, summary: str, detail: str = "", next_command: str = "") -> None:
        super().__init__(f"{summary}: {detail}" if detail else summary)
        self.code = code
        self.summary = summary
        self.detail = detail
        self.next_command = next_command

    def __reduce__(self) -> tuple[type[LocalError], tuple[str, str, str, str]]:
        return (LocalError, (self.code, self.summary, self.detail, self.next_command))
