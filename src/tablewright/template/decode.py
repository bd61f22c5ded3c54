"""Bytes to text to tree: what every other module of templates starts from."""

from __future__ import annotations

from functools import lru_cache

from tablewright.errors import UsageError
from tablewright.model.design import Position
from tablewright.template.mistakes import mistake
from tablewright.template.tree import Mapping, Node

_BYTE_ORDER_MARKS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


def decode_bytes(data: bytes, path: str) -> str:
    """The text of a template file: UTF-8, with or without a byte order mark. Raises UsageError with the place of a bad byte."""
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            raise UsageError(
                "not-utf-8", "Template is not UTF-8", f"{path} is written in {name}. Save it as UTF-8 and try again."
            )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        shown = data.decode("utf-8", "replace")
        raise mistake(
            "not-utf-8", "Template is not UTF-8",
            f"the byte 0x{data[error.start]:02x} is not UTF-8. Save the file as UTF-8 and try again.",
            path=path, text=shown, position=Position(line, column),
        ) from None  # fmt: skip


@lru_cache(maxsize=16)
def decode(text: str, path: str) -> Mapping:
    """The tree of a template. Raises UsageError where it is not YAML or JSON, or not a mapping."""
    text = text.removeprefix("\ufeff")
    root: Node
    if text.lstrip()[:1] == "{":
        from tablewright.template.from_json import decode_json

        try:
            root = decode_json(text, path)
        except RecursionError:
            raise UsageError("malformed-json", "Template is not valid JSON", f"{path} is nested too deeply.") from None
    else:
        from tablewright.template.from_yaml import decode_yaml

        root = decode_yaml(text, path)
    if isinstance(root, Mapping):
        return root
    if not text.strip():
        raise UsageError(
            "empty-template", "Template is empty", f"{path} holds no text. A template is a mapping with Resources."
        )
    kind = "a list" if hasattr(root, "items") else "a single value"
    raise mistake(
        "template-not-a-mapping", "Template is not a mapping",
        f"the template is {kind}; it must be a mapping with Resources at its top.",
        path=path, text=text, position=root.position,
    )  # fmt: skip
