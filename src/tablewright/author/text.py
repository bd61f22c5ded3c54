"""A template's text, where its parts stand, and how it is indented."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tablewright.author.writing import Style
from tablewright.errors import UsageError
from tablewright.lint.splice import Document, spliced
from tablewright.model.design import Position
from tablewright.model.finding import Edit
from tablewright.template.decode import decode
from tablewright.template.tree import SHORT_INTRINSICS, Entry, Mapping, Node, Sequence, walk

Path = tuple[str | int, ...]
"""Keys and indices from the template's top."""


@dataclass(frozen=True, slots=True)
class Text:
    """A template's text. Every edit gives a new one."""

    text: str
    path: str

    @property
    def tree(self) -> Mapping:
        """What stands in it."""
        return decode(self.text, self.path)

    @property
    def is_json(self) -> bool:
        """Whether it is JSON."""
        return self.text.lstrip("\ufeff \t\r\n")[:1] == "{"

    @property
    def style(self) -> Style:
        """How it is indented."""
        return style_of(self)

    def at(self, where: Path) -> Node | None:
        """The node at a path, None where there is none."""
        node: Node | None = self.tree
        for part in where:
            node = child(node, part)
        return node

    def entry(self, where: Path) -> Entry | None:
        """The entry at a path that ends with a key."""
        parent = self.at(where[:-1])
        if not isinstance(parent, Mapping):
            return None
        return next((entry for entry in parent.entries if entry.key == where[-1]), None)

    def edited(self, *edits: Edit) -> Text:
        """The text with the edits made."""
        return Text(spliced(self.text, edits), self.path)


def style_of(text: Text) -> Style:
    """Indentation of mappings, and of lists below their key, as the file has it: the first of each that is found."""
    step = dash = None
    stack: list[tuple[int, Node]] = [(1, text.tree)]
    while stack and (step is None or dash is None):
        column, node = stack.pop()
        for entry in node.entries if isinstance(node, Mapping) else ():
            inner = entry.value
            below = inner.position.line > entry.key_position.line
            if below and isinstance(inner, Mapping) and step is None:
                step = inner.position.column - entry.key_position.column
            if below and isinstance(inner, Sequence) and inner.items and dash is None:
                dash = inner.position.column - entry.key_position.column
            stack.append((entry.key_position.column, inner))
        if isinstance(node, Sequence):
            stack += [(column, item) for item in node.items]
    step = step if step and step > 0 else 2
    top = text.tree.entries
    first = text.text[Document(text.text).offset(top[-1].key_position) :][:1] if top else ""
    quote = first if first in ("'", '"') and not text.is_json else ""
    return Style(step, dash if dash is not None and 0 <= dash <= step else step, quote, _writes_long(text))


_SHORT = re.compile(r"!(?:Ref|Condition|" + "|".join(sorted(SHORT_INTRINSICS)) + r")\b")
_LONG = {"Ref", *(f"Fn::{name}" for name in SHORT_INTRINSICS)}


def _writes_long(text: Text) -> bool:
    """Whether intrinsics stand there, and none by its short form: one short one shows that the file's writers take those."""
    if _SHORT.search(text.text):
        return False
    return any(
        isinstance(node, Mapping) and len(node.entries) == 1 and node.entries[0].key in _LONG
        for node in walk(text.tree)
    )


def child(node: Node | None, part: str | int) -> Node | None:
    """The node under a key or at an index; None where there is none."""
    if isinstance(part, int):
        return node.items[part] if isinstance(node, Sequence) and 0 <= part < len(node.items) else None
    return node.get(part) if isinstance(node, Mapping) else None


def last_line(text: Text, at: Position) -> int | None:
    """The last line of a block entry or item, comments that are indented below it included."""
    document = Document(text.text)
    found = document.block_lines(at)
    if found is None:
        dash = document.item_of(at)
        found = first_of_item(document, at) if dash is not None else None
    if found is None:
        return None
    last = found[1]
    for number in range(last + 1, len(document.starts) + 1):
        line = document.line(number)
        stripped = line.lstrip(" ")
        if stripped.startswith("#") and len(line) - len(stripped) >= at.column:
            last = number
        elif stripped:
            break
    return last


def first_of_item(document: Document, at: Position) -> tuple[int, int]:
    """First and last line of the entry that stands on its list item's line."""
    last = at.line
    for number in range(at.line + 1, len(document.starts) + 1):
        line = document.line(number)
        stripped = line.lstrip(" ")
        if not stripped or stripped.startswith("#"):
            continue
        if len(line) - len(stripped) < at.column or (len(line) - len(stripped) == at.column - 1):
            break
        last = number
    return at.line, last


def shown(where: Path) -> str:
    """A path as a person reads it."""
    return ".".join(str(part) for part in where) or "the template"


def cannot(text: Text, at: Position, why: str) -> UsageError:
    """The error of an edit that would have to move other things."""
    return UsageError(
        "cannot-edit",
        "This place cannot be edited",
        f"{text.path}, line {at.line}: {why}. Everything else would have to be moved to edit it; do it by hand. "
        "The file is unchanged.",
    )
