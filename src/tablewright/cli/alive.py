"""A sign of life on a terminal while something that has nothing to show yet takes its time; it is wiped when that is over."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from time import monotonic

from tablewright.cli.faces.cells import elide_end
from tablewright.cli.terminal import Output, in_ci, output

PATIENCE_S = 1.0
"""Seconds for which nothing is said: what is over by then needs no sign."""
_EVERY_S = 0.125


@contextmanager
def alive(words: str, err: Output | None = None) -> Iterator[None]:
    """Show ``words`` and the seconds on the terminal of standard error after a moment, as long as the block goes on.

    Nothing else may be written to standard error meanwhile. Logs, CI systems and terminals that cannot wipe a line get nothing.
    """
    err = err or output(sys.stderr)
    if not err.is_terminal or in_ci():
        yield
        return
    over = threading.Event()
    drawing = threading.Thread(target=_draw, args=(words, err, over), daemon=True)
    drawing.start()
    try:
        yield
    finally:
        over.set()
        drawing.join()


def _draw(words: str, err: Output, over: threading.Event) -> None:
    began = monotonic()
    if over.wait(PATIENCE_S):
        return
    with suppress(OSError):  # the terminal may have gone
        for turn in count():
            sign = err.marks.spinner[turn % len(err.marks.spinner)]
            line = f"{sign} {words}, {monotonic() - began:.0f} s"
            err.stream.write(f"\r{elide_end(line, err.width - 1, err.marks.elided)}")
            err.stream.flush()
            if over.wait(_EVERY_S):
                break
        err.stream.write("\r\x1b[2K")
        err.stream.flush()
