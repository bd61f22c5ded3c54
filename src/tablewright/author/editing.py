"""Edits of a template at the places that its parser gives: entries and items put in and taken out, values changed.

Nothing is written again that stands there already: comments, order, quoting and line ends stay to the byte. What is written in
flow style, where an edit would have to move other things, is refused with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import replace

from tablewright.author.property_order import usual_neighbour
from tablewright.author.scanning import flow_end, flow_gap, json_style, key_quote, plain_end, quoted_like
from tablewright.author.text import Path as Path
from tablewright.author.text import Text as Text
from tablewright.author.text import cannot, last_line, shown
from tablewright.author.writing import Style, Value, flow, scalar, yaml_entry, yaml_item
from tablewright.errors import UsageError
from tablewright.lint.splice import Document
from tablewright.model.design import Position
from tablewright.model.finding import Edit
from tablewright.template.tree import Entry, Mapping, Node, Scalar, Sequence

_TAG = re.compile(r"![A-Za-z]+ +")


def put_entry(text: Text, where: Path, value: Value, *, after: str | None = None, spaced: bool = False) -> Text:
    """``where``, whose last part is a new key, put in with its value, after the sibling ``after`` or as the last.

    ``spaced``: with a blank line before it, where the siblings have one. Missing parents are made.
    """
    return put_entries(text, where[:-1], {str(where[-1]): value}, after=after, spaced=spaced)


def put_entries(
    text: Text, parent: Path, entries: dict[str, Value], *, after: str | None = None, spaced: bool = False
) -> Text:
    """New keys with their values put into ``parent`` in one edit, in their order, as ``put_entry`` does with one."""
    node = text.at(parent)
    if node is None or (isinstance(node, Scalar) and node.kind == "null" and not node.text):
        if not parent:
            raise cannot(text, Position(1, 1), "the template is empty")
        if node is not None:
            return _into_nothing(text, parent, entries)
        return put_entry(text, parent, entries, spaced=len(parent) == 1)
    if not isinstance(node, Mapping):
        raise cannot(text, node.position, f"{shown(parent)} is not a mapping")
    for entry in node.entries:
        if entry.key in entries:
            where = shown((*parent, entry.key))
            raise UsageError("already-there", "It is there already", f"{text.path}: {where} stands there already.")
    after = after or usual_neighbour(text, parent, next(iter(entries)))
    sibling = next((entry for entry in node.entries if entry.key == after), node.entries[-1] if node.entries else None)
    if sibling is None:
        return _into_empty(text, node, entries)
    document = Document(text.text)
    if text.is_json:
        found = document.json_entry(sibling.key_position)
        if found is None:
            raise cannot(text, sibling.key_position, "the entry before it cannot be read")
        style = json_style(text.text, found[0])
        bodies = [style.entry(key, value, document.newline) for key, value in entries.items()]
        edits = [document.put_json(found[2], found[0], body, style.comma) for body in bodies]
        return text.edited(Edit(found[2], found[2], "".join(edit.text for edit in edits)))
    if text.text[document.offset(node.position)] == "{":
        gap = flow_gap(text.text, document.offset(node.position))
        return _into_flow(
            text, node, ", ".join(f"{key}: {flow(value, gap, long=text.style.long)}" for key, value in entries.items())
        )
    last = last_line(text, sibling.key_position)
    if last is None:
        raise cannot(text, sibling.key_position, "the entry before it is not on a line of its own")
    indent = sibling.key_position.column - 1
    blank = [""] if spaced and _are_spaced(text, node) else []
    beside = replace(text.style, quote=key_quote(text.text, document.offset(sibling.key_position)))
    lines = [line for key, value in entries.items() for line in (*blank, *yaml_entry(key, value, indent, beside))]
    return text.edited(document.put_lines(last, lines))


def put_item(text: Text, where: Path, value: Value) -> Text:
    """An item added at the end of the list at ``where``; the list is made where there is none."""
    node = text.at(where)
    if node is None:
        return put_entry(text, where, [value])
    if not isinstance(node, Sequence):
        raise cannot(text, node.position, f"{shown(where)} is not a list")
    document = Document(text.text)
    if not node.items:
        return _into_empty(text, node, [value])
    last = node.items[-1]
    if text.is_json:
        start = document.offset(last.position)
        end = document.json_end(start)
        if end is None:
            raise cannot(text, last.position, "the item before it cannot be read")
        style = json_style(text.text, start)
        one_line = not isinstance(last, Scalar) and "\n" not in text.text[start:end]
        written = style.flat(value) if one_line else style.written(value, document.newline)
        return text.edited(document.put_json(end, start, written, style.comma))
    at = document.offset(last.position)
    if text.text[document.offset(node.position)] == "[":
        return _into_flow(text, node, flow(value, flow_gap(text.text, at), long=text.style.long))
    dash = document.dash_of(last.position)
    line = last_line(text, dash) if dash is not None else None
    if dash is None or line is None:
        raise cannot(text, last.position, "the item before it is not on a line of its own")
    if text.text[at] == "{" and isinstance(value, dict):
        lines = [f"{' ' * (dash.column - 1)}- {flow(value, flow_gap(text.text, at), long=text.style.long)}"]
    else:
        inner = last.position.column - 1 if dash.line < last.position.line else None
        # A text says how texts are quoted there, a mapping how its keys are; neither says it of the other.
        alike = isinstance(last, Scalar) == isinstance(value, str)
        beside = replace(text.style, quote=key_quote(text.text, at)) if alike else text.style
        lines = yaml_item(value, dash.column - 1, beside, inner)
    return text.edited(document.put_lines(line, lines))


def take_entry(text: Text, where: Path) -> Text:
    """The entry at ``where`` taken out, with the comment that heads it; a parent that it leaves empty goes with it."""
    entry, parent = text.entry(where), text.at(where[:-1])
    if entry is None or not isinstance(parent, Mapping):
        raise UsageError("not-there", "It is not there", f"{text.path}: there is no {shown(where)}.")
    if len(parent.entries) == 1 and len(where) > 1:
        return take_item(text, where[:-1]) if isinstance(where[-2], int) else take_entry(text, where[:-1])
    document = Document(text.text)
    if text.is_json:
        found = document.json_entry(entry.key_position)
        if found is None:
            raise cannot(text, entry.key_position, "it cannot be read")
        return text.edited(document.cut_json(found[0], found[2]))
    if text.text[document.offset(parent.position)] == "{":
        starts = [document.offset(one.key_position) for one in parent.entries]
        return _out_of_flow(text, starts, starts.index(document.offset(entry.key_position)))
    first = document.item_of(entry.key_position)
    last = last_line(text, entry.key_position)
    if first is not None:
        return _take_first(text, document, entry, parent)
    if last is None:
        raise cannot(text, entry.key_position, "it does not stand on a line of its own")
    return text.edited(_cut(document, entry.key_position.line, last))


def take_entries(text: Text, parent: Path, keys: Collection[str]) -> Text:
    """Entries of ``parent`` taken out as ``take_entry`` does, in one edit where their places stand apart from each other."""
    node, document = text.at(parent), Document(text.text)
    found = [entry for entry in node.entries if entry.key in keys] if isinstance(node, Mapping) else []
    if not isinstance(node, Mapping) or not len(found) == len(keys) < len(node.entries):
        return _taken_singly(text, parent, keys)
    edits = []
    for entry in found:
        if text.is_json:
            place = document.json_entry(entry.key_position)
            edits.append(document.cut_json(place[0], place[2]) if place and entry is not node.entries[0] else None)
        else:
            last = last_line(text, entry.key_position)
            alone = last is not None and document.item_of(entry.key_position) is None
            edits.append(_cut(document, entry.key_position.line, last) if alone and last is not None else None)
    apart = [edit for edit in edits if edit is not None]
    flow = not text.is_json and text.text[document.offset(node.position)] == "{"
    if flow or len(apart) < len(edits) or not (text.is_json or text.text.endswith("\n")):
        return _taken_singly(text, parent, keys)
    return text.edited(*apart)


def _taken_singly(text: Text, parent: Path, keys: Collection[str]) -> Text:
    for key in keys:
        text = take_entry(text, (*parent, key))
    return text


def take_item(text: Text, where: Path) -> Text:
    """The item at ``where`` (the last part is its index) taken out; a list that it leaves empty goes with it."""
    listed = text.at(where[:-1])
    index = where[-1]
    if not isinstance(listed, Sequence) or not isinstance(index, int) or not 0 <= index < len(listed.items):
        raise UsageError("not-there", "It is not there", f"{text.path}: there is no {shown(where)}.")
    if len(listed.items) == 1:
        return take_entry(text, where[:-1])
    document = Document(text.text)
    item = listed.items[index]
    if text.is_json:
        start = document.offset(item.position)
        end = document.json_end(start)
        if end is None:
            raise cannot(text, item.position, "it cannot be read")
        return text.edited(document.cut_json(start, end))
    if text.text[document.offset(listed.position)] == "[":
        return _out_of_flow(text, [_item_start(text, document, one) for one in listed.items], index)
    dash = document.dash_of(item.position)
    last = last_line(text, dash) if dash is not None else None
    if dash is None or last is None:
        raise cannot(text, item.position, "it does not stand on a line of its own")
    return text.edited(_lines_out(document, dash.line, last))


def put_value(text: Text, where: Path, value: Value) -> Text:
    """The value at ``where`` made ``value``: put in where there is none, a scalar changed in its place."""
    node = text.at(where)
    if node is None:
        return put_entry(text, where, value)
    document = Document(text.text)
    if isinstance(node, Scalar) and isinstance(value, (str, int, bool)):
        start = document.offset(node.position)
        tag = _TAG.match(text.text, start)  # a short intrinsic's argument stands behind it
        start = tag.end() if tag else start
        end = _scalar_end(text, document, node, start)
        if end is not None:
            quoted = text.text[start : start + 1] in ("'", '"')
            written = (
                json.dumps(value, ensure_ascii=False)
                if text.is_json
                else quoted_like(text.text[start], value)
                if quoted
                else scalar(value)
            )
            return text.edited(Edit(start, end, written))
    siblings = text.at(where[:-1])
    if isinstance(siblings, Mapping) and len(siblings.entries) > 1:
        keys = [entry.key for entry in siblings.entries]
        at = keys.index(str(where[-1]))
        without = take_entry(text, where)
        return put_entry(without, where, value, after=keys[at - 1] if at else None)
    raise cannot(text, node.position, "it is no plain value")


def _take_first(text: Text, document: Document, entry: Entry, parent: Mapping) -> Text:
    """The first entry of a list item taken out: the next one takes its place behind the dash."""
    following = parent.entries[1].key_position
    start, end = document.offset(entry.key_position), document.offset(following)
    between = text.text[start:end]
    if "#" in between:
        raise cannot(text, entry.key_position, "a comment stands within it")
    return text.edited(Edit(start, end, ""))


def _cut(document: Document, first: int, last: int) -> Edit:
    """Whole lines out, with the comment that heads them and the blank line that set them apart."""
    start = first
    indent = len(document.line(first)) - len(document.line(first).lstrip(" "))
    while start > 1:
        line = document.line(start - 1)
        stripped = line.lstrip(" ")
        if not stripped.startswith("#") or len(line) - len(stripped) != indent:
            break
        start -= 1
    apart = start > 1 and not document.line(start - 1).strip()
    if start < first and not apart:
        start = first  # the comment is not set apart: it may be about more than this
    elif apart:
        start -= 1
    return _lines_out(document, start, last)


def _lines_out(document: Document, first: int, last: int) -> Edit:
    """Whole lines out; where the last has no line break, the one before them goes instead."""
    cut = document.cut_lines(first, last)
    if cut.end == len(document.text) and first > 1 and not document.text.endswith(("\n", "\r")):
        return Edit(document.starts[first - 2] + len(document.line(first - 1)), cut.end, "")
    return cut


def _into_empty(text: Text, node: Node, value: Value) -> Text:
    """Into ``{}`` or ``[]``."""
    document = Document(text.text)
    start = document.offset(node.position)
    found = re.compile(r"[{\[]\s*[}\]]").match(text.text, start)
    if found is None:
        raise cannot(text, node.position, "it is empty in a way that cannot be filled")
    if text.is_json:
        line = document.line(node.position.line)
        style = json_style(text.text, start - node.position.column + 1 + len(line) - len(line.lstrip()))
        if "\n" not in text.text.strip():
            style = replace(style, indent=None)
        return text.edited(Edit(start, found.end(), style.written(value, document.newline)))
    line = document.line(node.position.line)
    indent = len(line) - len(line.lstrip(" "))
    lines = _block(value, indent, text.style)
    before = len(text.text[:start].rstrip(" "))
    return text.edited(Edit(before, found.end(), document.newline + document.newline.join(lines)))


def _into_nothing(text: Text, where: Path, value: Value) -> Text:
    """Into a key without a value."""
    entry = text.entry(where)
    if entry is None or text.is_json:
        raise cannot(text, Position(1, 1), f"{shown(where)} has no value")
    document = Document(text.text)
    lines = _block(value, entry.key_position.column - 1, text.style)
    return text.edited(document.put_lines(entry.key_position.line, lines))


def _block(value: Value, indent: int, style: Style) -> list[str]:
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in yaml_entry(key, inner, indent + style.step, style)]
    assert isinstance(value, list)
    return [line for inner in value for line in yaml_item(inner, indent + style.dash, style)]


def _into_flow(text: Text, node: Mapping | Sequence, written: str) -> Text:
    """Into ``[a, b]`` or ``{a: b}``, after its last element."""
    document = Document(text.text)
    if text.text[document.offset(node.position) : document.offset(node.position) + 1] not in ("[", "{"):
        raise cannot(text, node.position, "it is not written as a block")
    last = node.entries[-1].key_position if isinstance(node, Mapping) else node.items[-1].position
    end = flow_end(text.text, document.offset(last))
    return text.edited(Edit(end, end, f", {written}"))


def _item_start(text: Text, document: Document, item: Node) -> int:
    """Where a flow item starts, the tag of its short intrinsic included."""
    start = document.offset(item.position)
    tag = re.search(r"![A-Za-z]+ +$", text.text[:start])
    return tag.start() if tag else start


def _out_of_flow(text: Text, starts: list[int], index: int) -> Text:
    """An element out of ``[a, b]`` or ``{a: b}``, with one comma."""
    if index + 1 < len(starts):
        return text.edited(Edit(starts[index], starts[index + 1], ""))
    return text.edited(Edit(flow_end(text.text, starts[index - 1]), flow_end(text.text, starts[index]), ""))


def _are_spaced(text: Text, node: Mapping) -> bool:
    """Whether blank lines stand between the siblings (one alone counts as spaced where a section does)."""
    document = Document(text.text)
    if len(node.entries) < 2:
        return True
    spaced = 0
    for entry in node.entries[1:]:
        number = entry.key_position.line - 1
        while number > 0 and document.line(number).lstrip(" ").startswith("#"):
            number -= 1
        spaced += not document.line(number).strip()
    return spaced * 2 >= len(node.entries) - 1


def _scalar_end(text: Text, document: Document, node: Scalar, start: int) -> int | None:
    """Where a scalar on one line ends; None for one that is written otherwise."""
    if text.is_json:
        return document.json_end(start)
    char = text.text[start : start + 1]
    if char in ("'", '"'):
        form = r"'(?:[^'\r\n]|'')*'" if char == "'" else r'"(?:[^"\\\r\n]|\\.)*"'
        found = re.compile(form).match(text.text, start)
        return found.end() if found else None
    end = start + len(node.text)
    return end if text.text[start:end].lower() == node.text.lower() else plain_end(text.text, start)
