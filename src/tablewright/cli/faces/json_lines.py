"""One JSON object a line on standard output: every event as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tablewright.cli.terminal import Output
from tablewright.events import as_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def encode(value: object, output: Output) -> str:
    """The value as JSON that the stream can carry."""
    encoding = (getattr(output.stream, "encoding", None) or "ascii").lower().replace("-", "").replace("_", "")
    return json.dumps(value, ensure_ascii=encoding != "utf8", separators=(",", ":"))


class JsonLines:
    """For programs: the same classes that the other faces show, encoded by themselves."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def take(self, event: DataclassInstance) -> None:
        """Write the event's line."""
        self._out.text(encode(as_json(event), self._out))

    def pause(self) -> None:
        """Nothing to make room for: questions go to standard error."""

    def close(self) -> None:
        """Nothing to take down."""
