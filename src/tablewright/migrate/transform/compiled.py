"""Declared operations as one straight function over a page, generated once for a run.

A step called for each operation costs more than what the step does (measured: 9 against 3.5 microseconds an item of 1 KB), so the
common operations are written out in the loop's body; the others are called (``steps``). The source that is generated here holds
no text of the user's: names and values are handed in as constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw

from tablewright.migrate.items.key import LENGTHS, KeyRefused, part_of_raw, scalar
from tablewright.migrate.items.parsed import ParsedItems, parse_item
from tablewright.migrate.items.size import MOST_BYTES, size
from tablewright.migrate.transform.operations import Add, Compose, Default, Drop, Operation, Rename, Set, names_written
from tablewright.migrate.transform.protocol import Page, Rejected, TransformError
from tablewright.migrate.transform.raw import json_text
from tablewright.migrate.transform.steps import needed, step_of, text_of
from tablewright.migrate.transform.template import Reference, Template
from tablewright.model.table import Key

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["compile_page"]

# ``v`` holds a string's JSON as DynamoDB writes it when it looks like this; only a malformed one has `","` in it.
# (``find`` and not ``in``, which for bytes takes twice as long.)
_PLAIN = "{v}[:6] == STRING and {v}[-2:] == END and {v}.find(COMMA) < 0"


class _Writer:
    """The lines of the body, and the constants that they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}

    def constant(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def __call__(self, *lines: str) -> None:
        self.lines += lines


def compile_page(
    operations: Sequence[Operation], target: Sequence[Key], *, keeps_keys: bool, in_place: bool
) -> Callable[[Sequence[Buffer]], Page]:
    """The function that does the operations on a page, and the checks of what came out."""
    write = _Writer()
    composed: dict[str, tuple[str, bytes | None]] = {}
    for operation in operations:
        written = names_written(operation)
        composed = {name: where for name, where in composed.items() if name not in written}
        if operation.when or in_place or not _written_out(operation, write, composed):
            write(f"{write.constant(step_of(operation, in_place=in_place))}(x)")
    write("encode(x, room)", "n = bytes(room)", "if len(n) > MOST and size(n) > MOST: too_big(n)")
    if not keeps_keys:
        parts = [_key_part(write, key, composed) for key in sorted(target, key=lambda key: key.role != "HASH")]
        write("add_key(%s)" % (parts[0] if len(parts) == 1 else f"LENGTHS[len({parts[0]})] + {parts[0]} + {parts[1]}"))
    write("add(n)")
    body = "\n            ".join(write.lines)
    source = f"""
def page(items):
    if type(items) is ParsedItems:
        return parsed(items)
    made, keys, rejected = [], [], []
    add, add_key = made.append, keys.append
    room = bytearray()
    for item in items:
        try:
            x = decode(item)
            {body}
        except REFUSALS as error:
            rejected.append(Rejected(bytes(item), str(error)))
    return Page(made, rejected, {"None" if keeps_keys else "keys"})

def parsed(items):
    made, keys, rejected = [], [], []
    add, add_key = made.append, keys.append
    room = bytearray()
    for number, x in enumerate(items.take()):
        try:
            {body}
        except REFUSALS as error:
            rejected.append(Rejected(bytes(items[number]), str(error)))
    return Page(made, rejected, {"None" if keeps_keys else "keys"})
"""
    scope: dict[str, Any] = {
        **write.constants,
        "decode": parse_item,
        "encode": msgspec.json.Encoder().encode_into,
        "scalar": scalar,
        "LENGTHS": LENGTHS,
        "ParsedItems": ParsedItems,
        "size": size,
        "MOST": MOST_BYTES,
        "STRING": b'{"S":"',
        "END": b'"}',
        "COMMA": b'","',
        "ESCAPE": b"\\",
        "REFUSALS": (TransformError, KeyRefused, msgspec.DecodeError),
        "Raw": Raw,
        "Page": Page,
        "Rejected": Rejected,
        "needed": needed,
        "text_of": text_of,
        "part_of_raw": part_of_raw,
        "too_big": _too_big,
        "there": _there,
    }
    exec(compile(source, "<declared operations>", "exec"), scope)
    page: Callable[[Sequence[Buffer]], Page] = scope["page"]
    return page


def _written_out(operation: Operation, write: _Writer, composed: dict[str, tuple[str, bytes | None]]) -> bool:
    """Writes the common operations out; False where the operation must be called."""
    match operation:
        case Rename(source, target):
            old, new = write.constant(source), write.constant(target)
            write(f"if {new} in x: there({new})", f"if {old} in x: x[{new}] = x.pop({old})")
        case Drop(name):
            write(f"x.pop({write.constant(name)}, None)")
        case Set(name, value):
            write(f"x[{write.constant(name)}] = {write.constant(Raw(value.encode()))}")
        case Default(name, value):
            write(f"x.setdefault({write.constant(name)}, {write.constant(Raw(value.encode()))})")
        case Add(name, value):
            new = write.constant(name)
            write(f"if {new} in x: there({new})", f"x[{new}] = {write.constant(Raw(value.encode()))}")
        case Compose(name, template) if template.copied not in (None, name):
            new, old = write.constant(name), write.constant(template.copied)
            write(f"if {new} in x: there({new})", f"x[{new}] = x[{old}] if {old} in x else needed(x, {old})")
        case Compose(name, template) if _simple(template):
            _compose(name, template, write, composed)
        case _:
            return False
    return True


def _simple(template: Template) -> bool:
    return template.copied is None and not any(isinstance(p, Reference) and p.width for p in template.pieces)


def _compose(name: str, template: Template, write: _Writer, composed: dict[str, tuple[str, bytes | None]]) -> None:
    new = write.constant(name)
    if name not in template.references:
        write(f"if {new} in x: there({new})")
    text, parts = b'{"S":"', [""][:0]
    for piece in template.pieces:
        if isinstance(piece, str):
            text += json_text(piece.encode())
            continue
        parts.append(write.constant(text))
        text = b""
        old, part = write.constant(piece.name), f"t{len(write.constants)}"
        parts.append(part)
        write(
            f"v = bytes(x[{old}]) if {old} in x else needed(x, {old})",
            f"{part} = v[6:-2] if {_PLAIN.format(v='v')} else text_of(x, {old})",
        )
    text += b'"}'
    if not parts:
        write(f"x[{new}] = {write.constant(Raw(text))}")
        composed[name] = ("", text)
        return
    made = f"m{len(write.constants)}"
    write(f"{made} = {' + '.join([*parts, write.constant(text)])}", f"x[{new}] = Raw({made})")
    composed[name] = (made, None)


def _key_part(write: _Writer, key: Key, composed: dict[str, tuple[str, bytes | None]]) -> str:
    """Writes what reads one key attribute's canonical part, and gives the name that holds it."""
    here = write.constant(key)
    made, constant = composed.get(key.name, ("", None))
    if constant is not None and key.type == "S":
        return write.constant(part_of_raw(key, constant))
    part = f"k{len(write.constants)}"
    if made and key.type == "S":
        write(
            f"{part} = {made}[6:-2] if 8 < len({made}) < 1000 and {made}.find(ESCAPE) < 0 else part_of_raw({here}, {made})"
        )
    elif key.type == "S":
        name = write.constant(key.name)
        write(
            f"{part} = scalar(x[{name}]).S if {name} in x else None",
            # Most keys: short enough, whatever their characters.
            f"{part} = {part}.encode() if {part} and len({part}) < 256 else part_of_raw({here}, x.get({name}))",
        )
    else:
        write(f"{part} = part_of_raw({here}, x.get({write.constant(key.name)}))")
    return part


def _too_big(item: bytes) -> None:
    raise TransformError(f"the item would have {size(item):,} bytes, and DynamoDB takes {MOST_BYTES:,}")


def _there(name: str) -> None:
    raise TransformError(f"attribute {name!r} is there already, and would be overwritten")
