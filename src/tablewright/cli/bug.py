"""The report of an exception that nobody foresaw: short on the screen, whole in a file."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback

from tablewright.cli import exits
from tablewright.cli.terminal import output


def report(error: Exception, argv: list[str]) -> int:
    """Say that this is a defect of tablewright, where the traceback is, and what may have been left; return the exit code."""
    err = output(sys.stderr, color=False if "--no-color" in argv else None)
    trace = "".join(traceback.format_exception(error))
    if "--debug" in argv:
        err.text(trace.rstrip())
    kind = type(error).__name__
    err.line((("error[bug]", "bad"), (f": This is a defect of tablewright ({kind})", "strong")))
    err.text("")
    path = None if "--debug" in argv else _save(trace, argv)
    if path is not None:
        err.text(f"  Its traceback is in {path}")
        err.text("  It holds no parameters or items; please report it with that file.")
    elif "--debug" not in argv:
        err.text("  The traceback could not be saved; run the same command with --debug to see it.")
    err.text("  Whatever AWS was asked to do goes on by itself; it is safe to run the same command again.")
    return exits.FAILED.code


def _save(trace: str, argv: list[str]) -> str | None:
    # The command's name alone: its arguments may hold parameters that are nobody's business.
    command = next((word for word in argv if not word.startswith("-")), "")
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix="tablewright-", suffix=".txt", delete=False
        ) as file:
            file.write(f"tablewright {command}\nPython {platform.python_version()} on {platform.platform()}\n\n{trace}")
            return file.name
    except OSError:
        return None
