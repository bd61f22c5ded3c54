"""Restricted serialisation of the data plane's state: what is read back can only be plain data.

The format is pickle's, for its speed and because it keeps shared and nested containers as they are, but reading resolves no
name outside the list below, so a tampered file can at worst give wrong data, never run code.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from tablewright.local.errors import LocalError

__all__ = ["dumps", "loads"]

_ALLOWED = frozenset(
    {
        ("builtins", "dict"),
        ("builtins", "list"),
        ("builtins", "set"),
        ("builtins", "frozenset"),
        ("builtins", "bytearray"),
        ("builtins", "complex"),
        ("collections", "defaultdict"),
        ("collections", "deque"),
        ("collections", "OrderedDict"),
        ("datetime", "datetime"),
        ("datetime", "date"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("decimal", "Decimal"),
        ("itertools", "count"),
        ("ministack.core.responses", "AccountScopedDict"),
        ("ministack.core.responses", "AccountRegionScopedDict"),
    }
)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not data")
        return super().find_class(module, name)


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        kind = value if isinstance(value, type) else type(value)
        if (kind.__module__, kind.__qualname__) not in _ALLOWED:
            raise pickle.PicklingError(f"{kind.__module__}.{kind.__qualname__} is not data")
        return NotImplemented


def dumps(value: Any) -> bytes:
    """`value` as bytes. Raises LocalError when it holds something that isn't plain data."""
    try:
        out = io.BytesIO()
        _Pickler(out, protocol=5).dump(value)
        return out.getvalue()
    except (pickle.PicklingError, TypeError, AttributeError) as problem:
        raise LocalError("state-not-plain", "The state cannot be written as a snapshot", str(problem)) from problem


def loads(data: bytes | memoryview) -> Any:
    """What `dumps` was given. Raises LocalError for anything but plain data."""
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, ValueError) as problem:
        raise LocalError("snapshot-damaged", "The snapshot is not one of tablewright's", str(problem)) from problem
