"""A change set as a person reads it: what happens to each resource, property by property, and what would be lost."""

from __future__ import annotations

from collections.abc import Sequence

from tablewright.cli.faces.cells import clean, elide, fit, pad, width, wrap
from tablewright.cli.faces.marks import Line, Marks, kind
from tablewright.cli.faces.quantities import count, size
from tablewright.cli.faces.wording import unrehearsed
from tablewright.model.listed import listed
from tablewright.model.loss import Loss, Weight
from tablewright.model.stack import PropertyChange, ResourceChange

_SIGNS = {"Add": ("+", "good"), "Modify": ("~", "busy"), "Remove": ("-", "bad"), "Import": ("<", "good")}
_ORDER = {"Remove": 0, "Modify": 1, "Import": 2, "Add": 3}


def change_lines(changes: Sequence[ResourceChange], columns: int, marks: Marks) -> list[Line]:
    """The changes, what replaces or removes first; resources that only take the same tags are one."""
    if not changes:
        return [(("  No resource changes.", "dim"),)]
    single, alike = apart(changes)
    ordered = sorted(single, key=lambda change: (not is_replaced(change), _ORDER.get(change.action, 1)))
    heads = [change.logical_id for change in ordered] + [count(len(group), "resource") for group in alike]
    names = min(max(map(width, heads)), max(12, columns // 2))
    verbs = max(len(verb(change)) for change in changes)
    lines: list[Line] = []
    for change in ordered:
        sign, look = ("!", "bad") if is_replaced(change) else _SIGNS.get(change.action, ("?", "unknown"))
        name = pad(elide(clean(change.logical_id), names, marks.elided), names)
        physical = f"  {change.physical_id}" if change.physical_id and change.action != "Add" else ""
        room = columns - 4 - verbs - 2 - names - 2
        about = elide(clean(kind(change.type) + physical), max(8, room), marks.elided)
        lines.append(
            ((f"  {sign} ", look), (f"{pad(verb(change), verbs)}  ", look), (name + "  ", "strong"), (about, "dim"))
        )
        if unrehearsed(change.physical_id):
            told = "not rehearsed: a placeholder stands for it, because the embedded AWS does not imitate its type"
            lines += [((f"      {text}", "warn"),) for text in wrap(told, columns - 6)]
        fate = _fate(change)
        if fate:
            lines += [((f"      {text}", "dim"),) for text in wrap(fate, columns - 6)]
        for item in change.properties if change.action == "Modify" else ():
            lines += _property(item, columns, marks)
    for group in alike:
        sign, look = _SIGNS["Modify"]
        name = pad(count(len(group), "resource"), names)
        about = elide("their tags alone", max(8, columns - 4 - verbs - 2 - names - 2), marks.elided)
        lines.append(
            ((f"  {sign} ", look), (f"{pad('modify', verbs)}  ", look), (name + "  ", "strong"), (about, "dim"))
        )
        lines += [((f"      {text}", "dim"),) for text in fit(named(group), columns - 6)]
        item = group[0].properties[0]
        if (item.before, item.after) != (None, None):
            lines += _property(item, columns, marks)
    return lines


def apart(
    changes: Sequence[ResourceChange],
) -> tuple[list[ResourceChange], list[tuple[ResourceChange, ...]]]:
    """What is to be read one by one, and what is one change over and over: resources of which only the tags change, and alike.

    A tag of the stack is put on everything in it, and each commit that is deployed has other ones; one by one, hundreds of these
    would bury the change that is meant. One alone stays among the others.
    """
    groups: dict[tuple[str | None, str | None], list[ResourceChange]] = {}
    for change in changes:
        if _tags_alone(change):
            item = change.properties[0]
            groups.setdefault((item.before, item.after), []).append(change)
    alike = [tuple(group) for group in groups.values() if len(group) > 1]
    folded = {change for group in alike for change in group}
    return [change for change in changes if change not in folded], alike


def _tags_alone(change: ResourceChange) -> bool:
    return (
        change.action == "Modify"
        and not is_replaced(change)
        and [item.path for item in change.properties] == ["Tags"]
        and not unrehearsed(change.physical_id)
    )


def named(group: Sequence[ResourceChange]) -> str:
    """The resources' logical IDs, as many as can be read, and how many more there are."""
    return listed([clean(change.logical_id) for change in group])


def verb(change: ResourceChange) -> str:
    """What happens to the resource, in a word."""
    if change.replacement == "True":
        return "replace"
    if change.replacement == "Conditional":
        return "replace?"
    return change.action.lower()


def is_replaced(change: ResourceChange) -> bool:
    """Whether the resource is, or may be, made anew in another's place."""
    return change.replacement in ("True", "Conditional")


def loss_lines(losses: Sequence[Loss], columns: int, marks: Marks) -> list[Line]:
    """What would be lost, and what was found in the tables that it is about."""
    lines: list[Line] = []
    for loss in losses:
        sign, look = (marks.bad, "bad") if loss.refuses else ("!", "warn")
        first, *rest = wrap(loss_text(loss), columns - 4)
        lines.append(((f"  {sign} ", look), (first, "")))
        lines += [(("    " + text, ""),) for text in rest]
    return lines


def loss_text(loss: Loss) -> str:
    """What would be lost, with what is known of it."""
    name = f"{loss.table} ({loss.logical_id})" if loss.logical_id not in ("", loss.table) else loss.table
    text = clean(f"{name}: {loss.what}" if name else loss.what)
    facts = []
    if loss.item_count is not None:
        facts.append(f"{count(loss.item_count, 'item')}, {size(loss.size_bytes or 0)} (up to six hours old)")
    if loss.contents is not None:
        found = {"nothing": "read to its end: it is empty", "items": "read just now: it holds items"}
        unread = f"could not be read ({loss.contents.reason}): counted as holding items"
        facts.append(found.get(loss.contents.holds.value, unread))
    if loss.allowed and loss.weight is Weight.GUARDED:
        facts.append("allowed on the command line")
    return f"{text} [{'; '.join(facts)}]" if facts else text


def _fate(change: ResourceChange) -> str:
    """What becomes of the resource that goes."""
    return {
        "Delete": "it is deleted" if change.action == "Remove" else "",
        "Retain": "it is kept, and no stack owns it any more",
        "Snapshot": "a snapshot is kept",
        "ReplaceAndDelete": "the old one is deleted",
        "ReplaceAndRetain": "the old one is kept, and no stack owns it any more",
        "ReplaceAndSnapshot": "a snapshot of the old one is kept",
    }.get(change.policy_action, "")


def _property(item: PropertyChange, columns: int, marks: Marks) -> list[Line]:
    """One property: on a line where before and after fit, else each on its own."""
    recreated = {"Always": "  replaces", "Conditionally": "  may replace"}.get(item.recreation, "")
    path = clean(item.path).removeprefix("/Properties/")
    if item.before is None and item.after is None:
        return [((f"      {elide(path, columns - 6 - len(recreated), marks.elided)}", ""), (recreated, "bad"))]
    before, after = _value(item.before), _value(item.after)
    if 6 + width(path) + 2 + width(before) + 4 + width(after) + len(recreated) <= columns:
        arrow = f" {marks.arrow} "
        return [((f"      {path}  ", ""), (before, "dim"), (arrow, "dim"), (after, ""), (recreated, "bad"))]
    return [
        ((f"      {elide(path, columns - 6 - len(recreated), marks.elided)}", ""), (recreated, "bad")),
        *(
            ((("        - " if at == 0 else "          ") + text, "dim"),)
            for at, text in enumerate(fit(before, columns - 10))
        ),
        *(
            ((("        + " if at == 0 else "          ") + text, ""),)
            for at, text in enumerate(fit(after, columns - 10))
        ),
    ]


def _value(text: str | None) -> str:
    return "(none)" if text is None or text == "" else clean(text)
