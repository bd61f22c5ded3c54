"""The colours of the tones: each can be read on white as on black, since no terminal says which of them it has.

They are of the 256 colours that terminals agree on. The sixteen named ones are whatever the terminal's theme makes of them: the
usual yellow, cyan and green have a contrast of 1.7 to 3.4 on white. These have at least 3.9 on white and on black (WCAG 2.2,
contrast ratio; no colour has more than 4.6 on both).
"""

from __future__ import annotations

from collections.abc import Mapping

COLOURS: Mapping[str, int] = {"good": 28, "bad": 196, "busy": 30, "warn": 130, "unknown": 130, "dim": 243}
"""The tones that have a colour: its number among the 256."""

STRONG = "strong"
"""The tone that is bold instead."""


def sgr(tone: str) -> str:
    """The parameters of the escape sequence (SGR) that begins the tone; empty for one that looks as everything else."""
    if tone == STRONG:
        return "1"
    return f"38;5;{COLOURS[tone]}" if tone in COLOURS else ""


def style(tone: str) -> str:
    """The tone as rich calls it."""
    if tone == STRONG:
        return "bold"
    return f"color({COLOURS[tone]})" if tone in COLOURS else ""
