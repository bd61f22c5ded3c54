"""What can be told of a PartiQL statement before it is run: whether it writes, and whether its answer can be redacted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tablewright.errors import Refused, UsageError
from tablewright.items.literal import value_of_json
from tablewright.items.redaction import Redaction
from tablewright.model.items import Value

__all__ = ["statement", "verb"]

_WRITING = ("INSERT", "UPDATE", "DELETE")
_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d]\w*)'
_WHOLE_ATTRIBUTES = re.compile(rf"\s*select\s+(?:\*|{_NAME}(?:\s*,\s*{_NAME})*)\s+from\s", re.IGNORECASE)
_RETURNING = re.compile(r"\sreturning\s+all\s+(?:old|new)\s+\*\s*$", re.IGNORECASE)


def verb(text: str) -> str:
    """SELECT, INSERT, UPDATE or DELETE: its first word. Raises UsageError ``malformed-statement`` for anything else."""
    word = re.match(r"\s*([A-Za-z]+)\s", text)
    found = word[1].upper() if word else ""
    if found not in ("SELECT", *_WRITING):
        raise UsageError(
            "malformed-statement",
            "That is not a statement",
            "A statement begins with SELECT, INSERT, UPDATE or DELETE, as in: SELECT * FROM \"my-table\" WHERE id = 'a'. "
            "Nothing was asked of the table.",
        )
    return found


def statement(
    text: str, parameters: Sequence[str], redaction: Redaction, *, write: bool, consistent: bool
) -> dict[str, Any]:
    """ExecuteStatement. Raises UsageError; Refused for a write that is not allowed, or an answer that could not be redacted."""
    kind = verb(text)
    if kind in _WRITING and not write:
        raise Refused(
            "write-not-allowed",
            "This would write",
            f"{kind} changes the table, and nothing is written without --write. Nothing was changed.",
        )
    if redaction.entries and kind == "SELECT" and not _WHOLE_ATTRIBUTES.match(text):
        # SELECT a.b answers with an attribute b: its way is gone, so nobody could tell whether it is to be hidden.
        raise Refused(
            "not-redactable",
            "The answer could not be redacted",
            "[redact] of tablewright.toml names attributes, and the parts of an attribute come back without their way. "
            "Select whole attributes, or *: what [redact] names is hidden in them.",
        )
    if redaction.entries and re.search(r"\breturning\b", text, re.IGNORECASE) and not _RETURNING.search(text):
        raise Refused(
            "not-redactable",
            "The answer could not be redacted",
            "[redact] of tablewright.toml names attributes, whose parts would come back without their way. RETURNING must be "
            "ALL OLD * or ALL NEW *. Nothing was changed.",
        )
    request: dict[str, Any] = {"Statement": text}
    if kind == "SELECT":
        request["ConsistentRead"] = consistent
    if parameters:
        request["Parameters"] = [_parameter(at, each) for at, each in enumerate(parameters, start=1)]
    return request


def _parameter(at: int, text: str) -> Value:
    try:
        return value_of_json(text)
    except ValueError as error:
        raise UsageError(
            "malformed-parameter",
            "A parameter is malformed",
            f"Parameter {at} is {error}. It is written in JSON: '\"text\"', 5, true; DynamoDB's own form comes after "
            'dynamodb:, as in \'dynamodb:{"SS": ["a"]}\'.',
        ) from None
