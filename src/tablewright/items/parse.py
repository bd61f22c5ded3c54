"""Reads conditions and attribute lists as a person types them: ``status = "DONE" and attempts > 3``.

::

    condition := all ("or" all)*          all := one ("and" one)*
    one       := "not" one | "(" condition ")" | function | comparison
    comparison := (path | value) (= <> != < <= > >=) value | (path | value) "between" value "and" value
                | (path | value) "in" "(" value, ... ")" | path ("begins_with" | "contains") value | path ("exists" | "missing")
    function  := attribute_exists(path) | attribute_not_exists(path) | attribute_type(path, "S")
               | begins_with(path, value) | contains(path, value)
    value     := size(path) | JSON value | 'text' | path that begins with a name in `backticks`
    path      := name ("." name | "[" place "]")*       name := letters, digits, _ and -, or anything in `backticks`

On the right an attribute is named in backticks, so that text whose quotes were forgotten (``status = DONE``) is a mistake and not
an attribute that no item has. Errors say the column and what was awaited; they never quote a value.
"""

from __future__ import annotations

import re
from typing import NoReturn

from tablewright.errors import UsageError
from tablewright.items.condition import (
    BARE_NAME,
    COMPARATORS,
    FUNCTIONS,
    WORDS,
    Attribute,
    Between,
    Call,
    Compare,
    Condition,
    Every,
    In,
    Literal,
    Not,
    Operand,
    Path,
    Size,
    Some,
)
from tablewright.items.literal import read_json, value_of

__all__ = ["parse_condition", "parse_paths"]

_DEEPEST = 60
_MOST_OPTIONS = 100
"""Operands that IN takes (Developer Guide, "Condition and filter expressions")."""
_TICKED = re.compile(r"`((?:[^`]|``)+)`")
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_PLACE = re.compile(r"\[\s*(\d{1,6})\s*\]")
_TYPE_NAMES = frozenset({"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"})


def parse_condition(text: str, option: str = "--where") -> Condition:
    """The condition that a text says. Raises UsageError ``malformed-condition``."""
    reader = _Reader(text, option)
    found = reader.some(0)
    reader.end()
    return found


def parse_paths(text: str, option: str = "--attributes") -> tuple[Path, ...]:
    """Attributes, separated by commas. Raises UsageError ``malformed-condition``."""
    reader = _Reader(text, option)
    found = [reader.path()]
    while reader.takes(","):
        found.append(reader.path())
    reader.end()
    return tuple(dict.fromkeys(found))


class _Reader:
    def __init__(self, text: str, option: str) -> None:
        self._text = text
        self._option = option
        self._at = 0

    def some(self, depth: int) -> Condition:
        parts = [self._every(depth)]
        while self._takes_word("or"):
            parts.append(self._every(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._takes_word("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            self._wrong(f"at most {_DEEPEST} levels of parentheses and nots")
        if self._takes_word("not"):
            return Not(self._one(depth + 1))
        if self.takes("("):
            inner = self.some(depth + 1)
            self._need(")")
            return inner
        for function, has_argument in FUNCTIONS.items():
            if self._takes_call(function):
                path = self.path()
                argument = None
                if has_argument:
                    self._need(",")
                    argument = self._argument(function)
                self._need(")")
                return Call(function, path, argument)
        return self._comparison()

    def _argument(self, function: str) -> Operand:
        at = self._at
        argument = self._value()
        if function == "attribute_type" and not (
            isinstance(argument, Literal) and argument.value.get("S") in _TYPE_NAMES
        ):
            self._at = at
            self._wrong('the name of a type in quotes: "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS" or "BS"')
        return argument

    def _comparison(self) -> Condition:
        left = self._operand()
        for sign in ("!=", *COMPARATORS):
            if self.takes(sign):
                return Compare("<>" if sign == "!=" else sign, left, self._value())
        if self._takes_word("between"):
            low = self._value()
            if not self._takes_word("and"):
                self._wrong("and, with the upper end behind it")
            return Between(left, low, self._value())
        if self._takes_word("in"):
            return In(left, self._options())
        if isinstance(left, Attribute):
            for word in ("begins_with", "contains"):
                if self._takes_word(word):
                    return Call(word, left.path, self._value())
            for word, function in (("exists", "attribute_exists"), ("missing", "attribute_not_exists")):
                if self._takes_word(word):
                    return Call(function, left.path)
        self._wrong("one of = <> < <= > >= between, in, begins_with, contains, exists, missing")

    def _options(self) -> tuple[Operand, ...]:
        self._need("(")
        found = [self._value()]
        while self.takes(","):
            found.append(self._value())
        self._need(")")
        if len(found) > _MOST_OPTIONS:
            self._wrong(f"at most {_MOST_OPTIONS} values after in")
        return tuple(found)

    def _operand(self) -> Operand:
        self._skip()
        if self._takes_call("size"):
            path = self.path()
            self._need(")")
            return Size(path)
        start = self._text[self._at : self._at + 1]
        quoted = _QUOTED.match(self._text, self._at)
        if quoted:
            self._at = quoted.end()
            return self._literal(quoted[1].replace("''", "'"))
        word = BARE_NAME.match(self._text, self._at)
        if start == "`" or (word and word[0] not in ("true", "false", "null")):
            return Attribute(self.path())
        if not start or (start not in '"[{-' and not start.isdigit() and not word):
            self._wrong('an attribute or a value: text goes in quotes, as "DONE"')
        try:
            found, self._at = read_json(self._text, self._at)
        except ValueError as error:
            self._wrong(f"a value in JSON ({error})")
        return self._literal(found)

    def _value(self) -> Operand:
        """An operand on the right, where a bare word is taken for text without its quotes."""
        self._skip()
        at = self._at
        found = self._operand()
        if isinstance(found, Attribute) and self._text[at] != "`":
            self._at = at
            self._wrong('a value: text goes in quotes, as "DONE", and an attribute here in `backticks`')
        return found

    def _literal(self, found: object) -> Literal:
        try:
            return Literal(value_of(found))
        except ValueError as error:
            self._wrong(f"a value that DynamoDB takes ({error})")

    def path(self) -> Path:
        """An attribute and what is inside it."""
        parts: list[str | int] = [self._name()]
        while True:
            place = _PLACE.match(self._text, self._at)
            if place:
                parts.append(int(place[1]))
                self._at = place.end()
            elif self._text[self._at : self._at + 1] == ".":
                self._at += 1
                parts.append(self._name())
            else:
                return tuple(parts)

    def _name(self) -> str:
        self._skip()
        ticked = _TICKED.match(self._text, self._at)
        if ticked:
            self._at = ticked.end()
            return ticked[1].replace("``", "`")
        bare = BARE_NAME.match(self._text, self._at)
        if bare is None or bare[0].lower() in WORDS:
            self._wrong("an attribute's name; one with other signs, or a word of this form, goes in `backticks`")
        self._at = bare.end()
        return bare[0]

    def takes(self, sign: str) -> bool:
        """Whether the sign comes next; then it is behind us."""
        self._skip()
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def end(self) -> None:
        """Nothing may follow."""
        self._skip()
        if self._at < len(self._text):
            self._wrong("and, or, or the end")

    def _need(self, sign: str) -> None:
        if not self.takes(sign):
            self._wrong(f"{sign!r}")

    def _takes_word(self, word: str) -> bool:
        self._skip()
        found = BARE_NAME.match(self._text, self._at)
        if found is None or found[0].lower() != word:
            return False
        self._at = found.end()
        return True

    def _takes_call(self, function: str) -> bool:
        self._skip()
        found = re.compile(rf"{function}\s*\(", re.IGNORECASE).match(self._text, self._at)
        if found:
            self._at = found.end()
        return found is not None

    def _skip(self) -> None:
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1

    def _wrong(self, awaited: str) -> NoReturn:
        self._skip()
        place = "at its end" if self._at >= len(self._text) else f"at column {self._at + 1}"
        raise UsageError(
            "malformed-condition",
            "A condition or attribute list is malformed",
            f"{self._option}, {place}: awaited was {awaited}. "
            'It reads as: status = "DONE" and (attempts > 3 or error exists). Nothing was asked of the table.',
        )
