"""A difference as ``diff -u`` has it: to a terminal in the colours of what its lines do, elsewhere to the byte, for ``patch``."""

from __future__ import annotations

from tablewright.cli.terminal import Output

_TONES = {"+++": "strong", "---": "strong", "+": "good", "-": "bad", "@@": "busy"}


def show_difference(out: Output, diff: str) -> None:
    """Write a unified diff, without its last line break."""
    text = diff.rstrip("\n")
    if not (out.colour and out.is_terminal):  # FORCE_COLOR of a whole job is no wish to break a patch.
        out.text(text)
        return
    for line in text.split("\n"):
        out.line(((line, next((tone for sign, tone in _TONES.items() if line.startswith(sign)), "")),))
