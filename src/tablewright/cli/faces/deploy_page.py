"""A deployment as Markdown, for GitHub's step summary: how it ended, what failed first, what was changed, the outputs."""

from __future__ import annotations

from tablewright.cli.faces.markdown import cause_text, cell, change_rows, changes_table, code, losses_box, text
from tablewright.cli.faces.planned import PlanShown
from tablewright.cli.faces.wording import place
from tablewright.events import Ending, Finished

_ROOM = 200_000
"""Characters, far within the mebibyte that GitHub takes for a step's summary."""

_GOOD = (Ending.DONE, Ending.NOTHING_TO_DO)


def deploy_page(shown: PlanShown) -> str:
    """The whole page, ending with a line break."""
    parts = [_title(shown)]
    finished = shown.finished
    if finished is not None:
        end = f"{finished.summary}. {finished.detail}".strip()
        parts.append(("✅ " if finished.ending in _GOOD else "❌ ") + text(end))
        if finished.hint:
            parts.append(f"Next: {code(finished.hint)}")
    lost = finished.losses if finished is not None and finished.losses else ()
    if not lost and shown.changes is not None:
        lost = shown.changes.losses
    if lost:
        parts.append(losses_box(lost, "What was lost, as allowed" if _is_done(finished) else "What would be lost"))
    cause = (finished.cause if finished is not None else None) or shown.cause
    if cause is not None:
        parts.append(cause_text("Root cause", cause))
    parts += [f"> **{note.level}**: {text(note.text)}" for note in shown.notes]
    if shown.changes is not None:
        parts.append(changes_table(change_rows(shown.changes.change_set.changes), _ROOM))
    if finished is not None and finished.outputs:
        rows = [f"| {code(one.key)} | {code(one.value)} | {cell(one.export or '')} |" for one in finished.outputs]
        parts.append("**Outputs**\n\n| output | value | export |\n|---|---|---|\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _is_done(finished: Finished | None) -> bool:
    return finished is not None and finished.ending in _GOOD


def _title(shown: PlanShown) -> str:
    if shown.started is None:
        return "### Deployment"
    environment = f" ({text(shown.started.environment)})" if shown.started.environment else ""
    return (
        f"### Deployment of stack {code(shown.started.stack)}{environment}\n\n<sub>{text(place(shown.started))}</sub>"
    )
