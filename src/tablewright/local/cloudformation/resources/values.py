"""Property values as an API wants them: templates may give numbers and booleans as text."""

from __future__ import annotations

from typing import Any


def boolean(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def number(value: Any) -> int:
    return int(float(value)) if not isinstance(value, int) else value
