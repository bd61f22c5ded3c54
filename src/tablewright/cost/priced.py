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
    """An index: ``projection`` is ALL, KEYS_ONLY or INCLUDE; units are those of a provisioned global one.

    ``insights``: "all", "throttled" (keys), or "" for none.
    """

    name: str
    projection: str = "ALL"
    included: int = 0
    read: int = 0
    write: int = 0
    kind: str = "global"
    sort_key: bool = False
    insights: str = ""


@dataclass(frozen=True, slots=True)
class PricedTable:
    """A table: ``read`` and ``write`` are units of a provisioned one; ``scaling`` is by index ("" for itself) and side.

    ``replicas``: the regions that hold it, the home region among them or not. ``global_table``: it is written as a global table,
    whose capacity has settings of its own. ``insights`` as of an index.
    """

    logical_id: str
    name: str
    on_demand: bool = True
    infrequent_access: bool = False
    read: int = 0
    write: int = 0
    indexes: tuple[PricedIndex, ...] = ()
    recovery: bool = False
    stream: bool = False
    kinesis: bool = False
    ttl: bool = False
    insights: str = ""
    sort_key: bool = False
    replicas: tuple[str, ...] = ()
    global_table: bool = False
    capped: bool = False  # whether an on-demand one, or an index of it, has a maximum
    scaling: Mapping[tuple[str, str], ScalingBounds] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()  # what the template does not tell without parameters
    handle: str = ""  # what commands call it, where that is not its name

    @property
    def known_as(self) -> str:
        """What commands call it."""
        return self.handle or self.name

    @property
    def class_name(self) -> str:
        """The class as prices name it."""
        return "infrequent-access" if self.infrequent_access else "standard"

    @property
    def secondary(self) -> tuple[PricedIndex, ...]:
        """The global and local indexes; a vector index is billed otherwise."""
        return tuple(index for index in self.indexes if index.kind in ("global", "local"))

    @property
    def places(self) -> tuple[tuple[str, int, int], ...]:
        """What has units of its own: the table ("") and each global index, with its read and write units."""
        return ("", self.read, self.write), *((i.name, i.read, i.write) for i in self.indexes if i.kind == "global")

    def elsewhere(self, region: str) -> tuple[str, ...]:
        """The other regions that hold it. A global table that is not in ``region`` is taken to be there in place of its first."""
        if self.global_table and self.replicas and region not in self.replicas:
            return self.replicas[1:]
        return tuple(each for each in self.replicas if each != region)

    def replicated(self, mode: str) -> tuple[str, ...]:
        """The names of the price of a replicated write, the plain one last: AWS prices both the same."""
        own = "replicated" if not self.infrequent_access else "replicated.infrequent-access"
        return f"{own}.{mode}.write", f"{mode}.{self.class_name}.write"


@dataclass(frozen=True, slots=True)
class PricedStack:
    """What a template asks for: its tables, the metrics that its alarms watch, composite alarms, dashboards, backup plans."""

    tables: tuple[PricedTable, ...]
    alarm_metrics: int = 0
    composites: int = 0
    dashboards: int = 0
    backup_plans: int = 0
