"""A plan as Markdown, for a comment on a pull request."""

from __future__ import annotations

from tablewright.cli.faces.cells import clean
from tablewright.cli.faces.changes import is_replaced, loss_text, verb
from tablewright.cli.faces.planned import PlanShown
from tablewright.cli.faces.wording import place, unrehearsed
from tablewright.model.stack import PropertyChange

_LONGEST_VALUE = 200
_MOST_ROWS = 100
"""GitHub refuses comments of more than 65,536 characters."""


def plan_page(shown: PlanShown) -> str:
    """The whole page, ending with a line break."""
    parts = [_title(shown)]
    if shown.looked is not None:
        parts.append(_text(shown.looked.summary))
    parts += [f"> **{note.level}**: {_text(note.text)}" for note in shown.notes]
    if shown.changes is not None and shown.changes.losses:
        losses = "\n".join(f"> - {_text(loss_text(loss))}" for loss in shown.changes.losses)
        parts.append(f"> [!CAUTION]\n> **What would be lost**\n{losses}")
    if shown.planned is not None and shown.planned.steps:
        steps = "\n".join(f"{n}. {_text(step.title)}" for n, step in enumerate(shown.planned.steps, start=1))
        parts.append(f"**Steps**, because {_text(shown.planned.reason)}\n\n{steps}")
    if shown.changes is not None:
        parts.append(_changes(shown))
    if shown.planned is not None and shown.planned.unknown:
        parts.append("**Not known**\n\n" + "\n".join(f"- {_text(unknown)}" for unknown in shown.planned.unknown))
    if shown.cause is not None:
        quoted = clean(shown.cause.text)
        meant = f"{shown.cause.meaning} {shown.cause.remedy}".strip()
        parts.append(f"**{shown.cause_title}**: {_code(shown.cause.logical_id)}\n\n> {_text(quoted)}\n\n{_text(meant)}")
    if shown.finished is not None:
        end = f"{shown.finished.summary}. {shown.finished.detail}".strip()
        parts.append(("❌ " if shown.refused or shown.finished.code else "✅ ") + _text(end))
    return "\n\n".join(parts) + "\n"


def _title(shown: PlanShown) -> str:
    if shown.started is None:
        return "### Plan"
    environment = f" ({_text(shown.started.environment)})" if shown.started.environment else ""
    return f"### Plan for stack {_code(shown.started.stack)}{environment}\n\n<sub>{_text(place(shown.started))}</sub>"


def _changes(shown: PlanShown) -> str:
    assert shown.changes is not None
    changes = shown.changes.change_set.changes
    rows = ["| | resource | type | what |", "|---|---|---|---|"]
    for change in changes[:_MOST_ROWS]:
        mark = "⚠️ " if is_replaced(change) or change.action == "Remove" else ""
        what = "<br>".join(_property(item) for item in change.properties) if change.action == "Modify" else ""
        if unrehearsed(change.physical_id):
            what = "**not rehearsed**" + (f"<br>{what}" if what else "")
        rows.append(f"| {mark}{verb(change)} | {_code(change.logical_id)} | {_cell(change.type)} | {what} |")
    if len(changes) > _MOST_ROWS:
        rows.append(f"| | and {len(changes) - _MOST_ROWS} more | | |")
    return "**Changes**\n\n" + ("\n".join(rows) if changes else "No resource changes.")


def _property(item: PropertyChange) -> str:
    recreated = {"Always": " **replaces**", "Conditionally": " **may replace**"}.get(item.recreation, "")
    if item.before is None and item.after is None:
        return f"{_code(item.path)}{recreated}"
    return f"{_code(item.path)}: {_value(item.before)} → {_value(item.after)}{recreated}"


def _value(text: str | None) -> str:
    if not text:
        return "(none)"
    return _code(text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…")


def _code(text: str) -> str:
    """Inline code that neither a backtick nor a table's bar can end."""
    plain = clean(text).replace("|", "\\|")
    fence = "``" if "`" in plain else "`"
    pad = " " if "`" in plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    """A text that means nothing to Markdown or HTML but itself, on one line."""
    plain = " ".join(clean(text).split())
    for char in "\\`*_[]<>":
        plain = plain.replace(char, f"\\{char}")
    return plain.replace("@", "@\u200b")  # Nobody is called by a comment.
