"""Templates of composed attributes: ``SESSION#{sessionId}``, ``{tenant}#{user}``, ``EVENT#{seq:012}``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tablewright.errors import UsageError

__all__ = ["Reference", "Template", "parse_template"]

_PIECE = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*?)(?::(?P<pad>0[1-9][0-9]?))?\}|(?P<stray>[{}])|(?P<text>[^{}]+)")


@dataclass(frozen=True, slots=True)
class Reference:
    """The value of an attribute of the item. ``width``: zeros before a whole number up to so many digits; 0 for none."""

    name: str
    width: int = 0


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts and references in their order; ``text`` is how it was written."""

    text: str
    pieces: tuple[str | Reference, ...]

    @property
    def references(self) -> tuple[str, ...]:
        """The attributes that it reads, in their order; one that is named twice stands twice."""
        return tuple(piece.name for piece in self.pieces if isinstance(piece, Reference))

    @property
    def copied(self) -> str | None:
        """The attribute that a template of one bare reference copies, with its type; None for a text."""
        match self.pieces:
            case (Reference(name, 0),):
                return name
        return None


def parse_template(text: str) -> Template:
    """Reads a template; ``{{`` and ``}}`` are braces themselves. Raises UsageError."""
    pieces: list[str | Reference] = []
    for found in _PIECE.finditer(text):
        if found["stray"] or found["name"] == "":
            raise UsageError(
                "transform-malformed",
                "A template cannot be read",
                f"{text!r}: write {{attribute}} for an attribute's value, {{attribute:08}} for a whole number with zeros "
                "before it, and {{ or }} for a brace.",
            )
        piece: str | Reference
        if found["name"]:
            piece = Reference(found["name"], int(found["pad"] or 0))
        else:
            piece = found["text"] or found[0][0]
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            piece = str(pieces.pop()) + piece
        pieces.append(piece)
    return Template(text, tuple(pieces))
