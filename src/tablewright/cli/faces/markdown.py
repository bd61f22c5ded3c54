"""GitHub's Markdown: texts that mean nothing but themselves in it, and the pieces that the pages of a plan and of a run share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tablewright.cli.faces.cells import clean
from tablewright.cli.faces.changes import apart, is_replaced, loss_text, named, verb
from tablewright.cli.faces.wording import unrehearsed
from tablewright.model.cause import Cause
from tablewright.model.loss import Loss, Weight
from tablewright.model.stack import PropertyChange, ResourceChange

_LONGEST_VALUE = 200
_LONGEST_TEXT = 2000


def code(told: str) -> str:
    """Inline code that neither a backtick nor a table's bar can end."""
    # A backslash of its own before the bar's would make a pair with it, and leave the bar to end the cell.
    plain = clean(told).replace("\\|", "\\ |").replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", plain)), default=0))
    pad = " " if "`" in plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def text(told: str) -> str:
    """A text that means nothing to Markdown or HTML but itself, on one line, cut where nobody would read on."""
    plain = " ".join(clean(told).split())
    if len(plain) > _LONGEST_TEXT:
        plain = plain[:_LONGEST_TEXT] + "…"
    for char in "\\`*_[]<>":
        plain = plain.replace(char, f"\\{char}")
    return plain.replace("@", "@\u200b")  # Nobody is called by a comment.


def cell(told: str) -> str:
    """A text within a table's cell."""
    return text(told).replace("|", "\\|")


def losses_box(losses: Sequence[Loss], title: str = "What would be lost") -> str:
    """What would be lost, as GitHub's caution box; and what is only said of tables that stay, as its note."""
    lost = [loss for loss in losses if loss.weight is not Weight.SAID]
    stay = [loss for loss in losses if loss.weight is Weight.SAID]
    boxes = []
    for kind, heading, listed in (("CAUTION", title, lost), ("NOTE", "What becomes of tables", stay)):
        if listed:
            told = "\n".join(f"> - {text(loss_text(loss))}" for loss in listed)
            boxes.append(f"> [!{kind}]\n> **{heading}**\n{told}")
    return "\n\n".join(boxes)


def change_rows(changes: Sequence[ResourceChange]) -> list[str]:
    """A table's rows, what replaces or removes first; resources that only take the same tags are one."""
    single, alike = apart(changes)
    ordered = sorted(single, key=lambda change: (not is_replaced(change), change.action != "Remove"))
    return [_row(change) for change in ordered] + [_row_of(group) for group in alike]


def changes_table(rows: Sequence[str], room: int) -> str:
    """The table of changes with as many rows as there is room for, and how many more there are."""
    if not rows:
        return "**Changes**\n\nNo resource changes."
    lines = ["**Changes**", "", "| | resource | type | what |", "|---|---|---|---|"]
    left = room - sum(len(line) + 1 for line in lines) - 60
    for number, row in enumerate(rows):
        left -= len(row) + 1
        if left < 0:
            lines.append(f"| | and {len(rows) - number} more | | |")
            break
        lines.append(row)
    return "\n".join(lines)


def cause_text(title: str, cause: Cause) -> str:
    """A root cause: AWS's own words, what they mean and what to do."""
    meant = f"{cause.meaning} {cause.remedy}".strip()
    place = f" at {code(cause.place)}" if cause.place else ""
    return f"**{title}**: {code(cause.logical_id)}{place}\n\n> {text(cause.text)}" + (
        f"\n\n{text(meant)}" if meant else ""
    )


def _row(change: ResourceChange) -> str:
    mark = "⚠️ " if is_replaced(change) or change.action == "Remove" else ""
    what = "<br>".join(_property(item) for item in change.properties) if change.action == "Modify" else ""
    if unrehearsed(change.physical_id):
        what = "**not rehearsed**" + (f"<br>{what}" if what else "")
    return f"| {mark}{verb(change)} | {code(change.logical_id)} | {cell(change.type)} | {what} |"


def _row_of(group: Sequence[ResourceChange]) -> str:
    return f"| modify | {len(group)} resources: {cell(named(group))} | | {_property(group[0].properties[0])} |"


def _property(item: PropertyChange) -> str:
    recreated = {"Always": " **replaces**", "Conditionally": " **may replace**"}.get(item.recreation, "")
    if item.before is None and item.after is None:
        return f"{code(item.path)}{recreated}"
    return f"{code(item.path)}: {_value(item.before)} → {_value(item.after)}{recreated}"


def _value(told: str | None) -> str:
    if not told:
        return "(none)"
    return code(told if len(told) <= _LONGEST_VALUE else told[:_LONGEST_VALUE] + "…")
