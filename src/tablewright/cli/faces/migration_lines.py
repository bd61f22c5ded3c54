"""A migration as JSON lines: every event as it is, on standard output."""

from __future__ import annotations

from tablewright.cli.faces.json_lines import JsonLines


class MigrationLines(JsonLines):
    """As ``JsonLines``; Ctrl-C is told by the events that follow it."""

    def stopping(self) -> None:
        """Nothing to say: the events say it."""
