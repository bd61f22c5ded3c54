"""An error as a person reads it: what, in one line; why and what to do, in sentences; the next command alone on a line."""

from __future__ import annotations

from tablewright.cli.faces.cells import clean, fit, wrap
from tablewright.cli.faces.marks import Line
from tablewright.errors import MustWait, TablewrightError
from tablewright.events import Cause, Ending, Finished

_WIDEST_PROSE = 110


def error_lines(error: TablewrightError, width: int) -> list[Line]:
    """An error that ended a command."""
    until = error.until if isinstance(error, MustWait) else None
    lines = _block(error.code, error.summary, error.detail, width)
    if until is not None:
        lines += [(), (("  Not before ", ""), (f"{until:%Y-%m-%d %H:%M:%S} UTC", "strong"))]
    return lines + hint_lines(error.hint)


def finished_lines(finished: Finished, width: int, said: Cause | None = None) -> list[Line]:
    """The end of a run that did not do what was asked: the root cause, unless ``said`` already, then what became of it."""
    lines: list[Line] = []
    if finished.cause is not None and finished.cause != said:
        lines += [*cause_lines(finished.cause, width), ()]
    lines += _block(
        finished.code or finished.ending.value, finished.summary, _untold(finished.detail, finished.cause), width
    )
    if finished.until is not None:
        lines += [(), (("  Not before ", ""), (f"{finished.until:%Y-%m-%d %H:%M:%S} UTC", "strong"))]
    shown = finished.cause.command if finished.cause else None
    return lines + (hint_lines(finished.hint) if finished.hint != shown else [])


def cause_lines(cause: Cause, width: int, title: str = "Root cause") -> list[Line]:
    """Why an operation failed: the resource, AWS's own words, then what they mean and what to do."""
    when = f" at {cause.at:%H:%M:%S} UTC" if cause.at else ""
    name = clean(f"{cause.logical_id} ({cause.type})" if cause.type else cause.logical_id)
    what = f"{name} {clean(cause.status)}{when}".strip()
    first, *rest = fit(f"{title}: {what}", _prose(width))
    head, _, tail = first.partition(": ")
    lines: list[Line] = [((f"{head}: ", "bad"), (tail, "strong")), *(((text, "strong"),) for text in rest)]
    lines += [*_place(cause, width), ()]
    lines += [(("    " + text, ""),) for text in wrap(cause.text or "(no reason given)", _prose(width) - 4)]
    for label, text in (("What it means", cause.meaning), ("What to do", cause.remedy)):
        if text:
            lines += [(), *_labelled(label, text, width)]
    lines += hint_lines(cause.command)
    for other in cause.others:
        lines += [(), ((f"Also failed by itself: {clean(other.logical_id)} {clean(other.status)}", "bad"),)]
        lines += _place(other, width)
        lines += [(("    " + text, ""),) for text in wrap(other.text, _prose(width) - 4)]
    return lines


def _place(cause: Cause, width: int) -> list[Line]:
    return [((f"  {text}", ""),) for text in fit(f"at {cause.place}", _prose(width) - 2)] if cause.place else []


def hint_lines(command: str | None) -> list[Line]:
    """A command to type as it stands, alone on its line and never broken."""
    return [(), (("      " + command, "strong"),)] if command else []


def is_failure(ending: Ending) -> bool:
    """Whether the ending is shown as an error."""
    return ending not in (Ending.DONE, Ending.NOTHING_TO_DO)


def _block(code: str, summary: str, detail: str, width: int) -> list[Line]:
    lines: list[Line] = [((f"error[{code}]", "bad"), (f": {clean(summary)}", "strong"))]
    if detail:
        lines += [(), *((("  " + text, ""),) if text else () for text in wrap(detail, _prose(width) - 2))]
    return lines


def _untold(detail: str, cause: Cause | None) -> str:
    """The detail without the paragraphs that only say again what the cause has said."""
    if cause is None:
        return detail
    told = [part for part in (cause.text, cause.meaning, cause.remedy) if part]
    return "\n\n".join(part for part in detail.split("\n\n") if not any(text in part for text in told))


def _labelled(label: str, text: str, width: int) -> list[Line]:
    first, *rest = wrap(f"{label}: {text}", _prose(width) - 2)
    head, _, tail = first.partition(": ")
    return [(("  " + head + ": ", "strong"), (tail, "")), *((("  " + line, ""),) for line in rest)]


def _prose(width: int) -> int:
    return min(width, _WIDEST_PROSE)
