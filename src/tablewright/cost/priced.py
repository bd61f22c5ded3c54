"""A table as far as its price hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PricedIndex", "PricedStack", "PricedTable", "ScalingBounds"]


@dataclass(frozen=True, slots=True)
class ScalingBounds:
    """Auto scaling of one side: units and the target in percent."""

    minimum: int
    maximum: int
    target: float = 70.0


@dataclass(frozen=True, slots=True)
class PricedIndex:
    """An index: ``projection`` is ALL, KEYS_ONLY or INCLUDE; units are those of a provisioned global one."""

    name: str
    projection: str = "ALL"
    included: int = 0
    read: int = 0
    write: int = 0
    kind: str = "global"


@dataclass(frozen=True, slots=True)
class PricedTable:
    """A table: ``read`` and ``write`` are units of a provisioned one; ``scaling`` is by index ("" for itself) and side."""

    logical_id: str
    name: str
    on_demand: bool = True
    infrequent_access: bool = False
    read: int = 0
    write: int = 0
    indexes: tuple[PricedIndex, ...] = ()
    recovery: bool = False
    stream: bool = False
    insights: bool = False
    replicas: tuple[str, ...] = ()
    scaling: Mapping[tuple[str, str], ScalingBounds] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()  # what the template does not tell without parameters


@dataclass(frozen=True, slots=True)
class PricedStack:
    """What a template asks for: its tables, the metrics that its alarms watch, composite alarms and dashboards."""

    tables: tuple[PricedTable, ...]
    alarm_metrics: int = 0
    composites: int = 0
    dashboards: int = 0
