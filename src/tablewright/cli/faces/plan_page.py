"""A plan as Markdown, for a comment on a pull request: what would be lost first, what is merely changed after it."""

from __future__ import annotations

from tablewright.cli.faces.markdown import cause_text, change_rows, changes_table, code, losses_box, text
from tablewright.cli.faces.planned import PlanShown
from tablewright.cli.faces.wording import place

LIMIT = 65_536
"""Characters of a comment on GitHub. Source: its API refuses more ("Body is too long (maximum is 65536 characters)")."""

_MOST_LOSSES, _MOST_STEPS, _MOST_UNKNOWN = 100, 40, 20


def plan_page(shown: PlanShown, limit: int = LIMIT - 536) -> str:
    """The whole page, ending with a line break, within ``limit`` characters: rows of the table are left out, never a loss."""
    parts = [_title(shown)]
    verdict, *instead = shown.finished.detail.split("\n\n") if shown.finished is not None else [""]
    if shown.finished is not None:
        end = f"{shown.finished.summary}. {verdict}".strip()
        parts.append(("❌ " if shown.refused or shown.finished.code else "✅ ") + text(end))
    if shown.changes is not None and shown.changes.losses:
        parts.append(_losses(shown))
    parts += map(text, instead)
    parts += [f"> **{note.level}**: {text(note.text)}" for note in shown.notes]
    if shown.planned is not None and shown.planned.unknown:
        parts.append("**Not known**\n\n" + _listed(shown.planned.unknown, _MOST_UNKNOWN))
    if shown.cause is not None:
        parts.append(cause_text(shown.cause_title, shown.cause))
    if shown.looked is not None:
        parts.append(text(shown.looked.summary))
    if shown.planned is not None and shown.planned.steps:
        titles = tuple(step.title for step in shown.planned.steps)
        parts.append(f"**Steps**, because {text(shown.planned.reason)}\n\n{_listed(titles, _MOST_STEPS, '1.')}")
    if shown.changes is not None:
        room = limit - sum(len(part) + 2 for part in parts)
        parts.append(changes_table(change_rows(shown.changes.change_set.changes), room))
    return within("\n\n".join(parts) + "\n", limit)


def within(page: str, limit: int) -> str:
    """The page cut at a line where it would still be too long: what stands first stays."""
    if len(page) <= limit:
        return page
    told = "\n\nThe rest was left out: GitHub takes no longer comment. `tablewright plan` shows all of it.\n"
    return page[: limit - len(told)].rpartition("\n")[0] + told


def _title(shown: PlanShown) -> str:
    if shown.started is None:
        return "### Plan"
    environment = f" ({text(shown.started.environment)})" if shown.started.environment else ""
    return f"### Plan for stack {code(shown.started.stack)}{environment}\n\n<sub>{text(place(shown.started))}</sub>"


def _losses(shown: PlanShown) -> str:
    """Those that refuse the deployment first."""
    assert shown.changes is not None
    ordered = sorted(shown.changes.losses, key=lambda loss: not loss.refuses)
    box = losses_box(ordered[:_MOST_LOSSES])
    return box + (f"\n> - and {len(ordered) - _MOST_LOSSES} more" if len(ordered) > _MOST_LOSSES else "")


def _listed(told: tuple[str, ...], most: int, sign: str = "-") -> str:
    lines = [f"{sign} {text(one)}" for one in told[:most]]
    if len(told) > most:
        lines.append(f"{sign} and {len(told) - most} more")
    return "\n".join(lines)
