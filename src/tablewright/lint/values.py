"""Reading resolved values without guessing: None is surely absent, Open is unknown, and nothing turns one into the other."""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.template.resolve import Block, Open, Resolved, Rows, Text


def dig(value: Resolved | None, *path: str) -> Resolved | None:
    """The value at the end of the path; None where it is surely absent, Open where that cannot be known."""
    for key in path:
        if isinstance(value, Block):
            value = value.get(key)
        elif value is not None and not isinstance(value, Open):
            return None
        if value is None or isinstance(value, Open):
            return value
    return value


def text(value: Resolved | None) -> str | None:
    """The text, or None where it is absent, unknown or not a text."""
    return value.text if isinstance(value, Text) else None


def number(value: Resolved | None) -> float | None:
    """The number, or None where there is none that is known."""
    try:
        return float(value.text) if isinstance(value, Text) else None
    except ValueError:
        return None


def is_on(value: Resolved | None) -> bool:
    """Surely true."""
    return isinstance(value, Text) and value.text.lower() == "true"


def is_off(value: Resolved | None) -> bool:
    """Surely absent or false."""
    return value is None or (isinstance(value, Text) and value.text.lower() == "false")


def blocks(value: Resolved | None) -> Iterator[Block]:
    """The mappings of a list that are known; a single mapping stands for a list of one."""
    if isinstance(value, Block):
        yield value
    elif isinstance(value, Rows):
        yield from (item for item in value.items if isinstance(item, Block))


def texts(value: Resolved | None) -> Iterator[Text]:
    """The texts of a list that are known; a single text stands for a list of one."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, Rows):
        yield from (item for item in value.items if isinstance(item, Text))


def is_whole(value: Resolved | None) -> bool:
    """Whether a list is known to its last item (an absent one is)."""
    if isinstance(value, Rows):
        return value.whole and not any(isinstance(item, Open) for item in value.items)
    return not isinstance(value, Open)
