"""What is a table's own in its name, and what its siblings' names have before and behind it.

A name is read as one text, whatever functions it is made of: ``!Join ['-', [shop, orders, !Ref Env]]`` as
``shop-orders-${Env}``, which is ``orders`` between ``shop-`` and ``-${Env}``. A new table takes both over: a name without the
part that a parameter gives would be the same in every environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tablewright.author.writing import Call, Value

_SIGNS = "-_."
_MARK = r"\$\{[^}]*\}"
_BEFORE = re.compile(rf"(?:{_MARK}[-_.]?)+")
_STAGES = "dev|develop|development|test|testing|qa|uat|stage|staging|prod|production|live|sandbox"
_BEHIND = re.compile(rf"(?:[-_.]?{_MARK}|[-_.](?:{_STAGES}))+$")
_MARKS_BEHIND = re.compile(rf"(?:[-_.]?{_MARK})+$")
_TABLE = re.compile(r"[-_.]tables?$|(?<=[a-z0-9])Tables?$")
OPAQUE = "${?}"
"""What stands in a name's text for a function whose value only AWS knows."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name in three parts; ``own`` is empty where no text of the template stands for the table."""

    prefix: str = ""
    own: str = ""
    suffix: str = ""

    @property
    def whole(self) -> str:
        """The name as one text."""
        return f"{self.prefix}{self.own}{self.suffix}"


def flat(value: Value) -> str:
    """A name's expression as one text, what only AWS knows as ``${...}``; of an Fn::If the shorter branch."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Call):
        return ""
    argument = value.argument
    if value.name in ("Ref", "Fn::GetAtt") and isinstance(argument, str):
        return f"${{{argument}}}"
    if value.name == "Fn::Sub":
        text = argument[0] if isinstance(argument, list) and argument else argument
        return text if isinstance(text, str) else OPAQUE
    if value.name == "Fn::If" and isinstance(argument, list):
        return min(filter(None, map(flat, argument[1:])), key=len, default="")
    if value.name == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
        sign, pieces = argument
        if isinstance(sign, str) and isinstance(pieces, list):
            return sign.join(flat(piece) for piece in pieces)
    return OPAQUE


def named(texts: Mapping[str, str]) -> dict[str, Named]:
    """The parts of each name, by the names around it."""
    found = {key: _split(text, _BEHIND) for key, text in texts.items()}
    if (
        len({one.suffix for one in found.values() if one.own}) > 1
    ):  # orders-dev and orders-prod are two tables, not one's stages
        found = {key: _split(text, _MARKS_BEHIND) for key, text in texts.items()}
    shared = _shared([one for one in found.values() if one.own])
    return {
        key: Named(one.prefix + shared, one.own[len(shared) :], one.suffix) if one.own.startswith(shared) else one
        for key, one in found.items()
    }


def _split(text: str, form: re.Pattern[str]) -> Named:
    before = _BEFORE.match(text)
    start = before.end() if before else 0
    behind = form.search(text, start)
    end = behind.start() if behind else len(text)
    table = _TABLE.search(text[start:end])
    if table is not None and table.start():
        end = start + table.start()
    return Named(text[:start], text[start:end], text[end:])


def _shared(names: Sequence[Named]) -> str:
    """What all the names begin with, up to a sign or, without signs, up to a capital letter."""
    if not names:
        return ""
    texts = [one.own for one in names]
    if len(texts) == 1:
        # One name alone: a parameter before it is the prefix already, else all up to the last sign is.
        return "" if names[0].prefix else texts[0][: _after_sign(texts[0])]
    first, length = texts[0], 0
    while length < len(first) and all(text.startswith(first[: length + 1]) for text in texts):
        length += 1
    cut = _after_sign(first[:length])
    if cut or any(sign in text for text in texts for sign in _SIGNS):
        return first[:cut]
    capitals = [at for at in range(1, length + 1) if all(text[at : at + 1].isupper() for text in texts)]
    return first[: capitals[-1]] if capitals else ""


def _after_sign(text: str) -> int:
    return max(text.rfind(sign) for sign in f"{_SIGNS}}}") + 1


def own_of(name: str, like: Named) -> str:
    """What is to be the new table's own of a name that a person gave, written as the sibling's is."""
    own = name.removeprefix(like.prefix) or name
    own = own.removesuffix(like.suffix) or own
    signs = {sign for sign in _SIGNS if sign in like.whole}
    if signs == {"_"}:
        return own.replace("-", "_")
    if not signs and re.fullmatch(r"[A-Z][A-Za-z0-9]*", like.own):
        return "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_.]", own))
    return own


def with_own(value: Value, old: str, new: str) -> Value:
    """A name's expression with another own part in each of its texts; conditions and parameters stay."""
    if isinstance(value, str):
        return _swapped(value, old, new)
    if isinstance(value, list):
        return [with_own(part, old, new) for part in value]
    if not isinstance(value, Call) or value.name not in ("Fn::Sub", "Fn::If", "Fn::Join"):
        return value
    argument = value.argument
    if value.name == "Fn::Sub" and isinstance(argument, list):
        return Call(value.name, [with_own(argument[0], old, new), *argument[1:]])
    if value.name != "Fn::Sub" and isinstance(argument, list):
        return Call(value.name, [argument[0], *(with_own(part, old, new) for part in argument[1:])])
    return Call(value.name, with_own(argument, old, new))


def _swapped(text: str, old: str, new: str) -> str:
    """The last of it in the text, outside of ``${...}``."""
    inside = [found.span() for found in re.finditer(_MARK, text)]
    places = [
        found.start()
        for found in re.finditer(re.escape(old), text)
        if not any(start <= found.start() < end for start, end in inside)
    ]
    return f"{text[: places[-1]]}{new}{text[places[-1] + len(old) :]}" if old and places else text
