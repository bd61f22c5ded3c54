"""A table behind its door: which one, and how DynamoDB's data path to it is reached."""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.ports import DataPlane

__all__ = ["OpenTable"]


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table that can be read and written. ``keys``: its key attributes' names, partition key first."""

    plane: DataPlane
    name: str
    keys: tuple[str, ...]
