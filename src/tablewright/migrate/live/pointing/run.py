"""The pointer, which the application asks for its table: a parameter of Parameter Store, or the user's commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tablewright.errors import Refused
from tablewright.migrate.live.hooks import LONGEST_S, run_hook
from tablewright.migrate.live.patience.run import patiently
from tablewright.ports import Clock, Parameters

__all__ = ["CommandPointer", "ParameterPointer", "Pointer"]

USUAL_S = 60.0


class Pointer(Protocol):
    """Names one of two tables."""

    def where(self) -> str | None:
        """The table's name; None where it cannot be asked."""
        ...

    def point(self, table: str) -> None:
        """Name this table from now on. May be done again."""
        ...


class ParameterPointer:
    """A parameter whose value is the table's name. What fails and may pass is tried again for ``within_s`` seconds if so said."""

    def __init__(
        self, parameters: Parameters, name: str, tables: tuple[str, str], clock: Clock, within_s: float | None = None
    ) -> None:
        self._parameters = parameters
        self._name = name
        self._tables = tables
        self._clock = clock
        self._within_s = USUAL_S if within_s is None else min(USUAL_S, within_s)

    def where(self) -> str | None:
        """The table that the parameter names. Raises Refused ``pointer-astray`` for any other value."""
        value = patiently(self._clock, lambda: self._parameters.get(self._name), self._within_s)
        if value in self._tables:
            return value
        source, target = self._tables
        said = "does not exist" if value is None else f"has the value {value!r}"
        raise Refused(
            "pointer-astray",
            "The pointer names neither table",
            f"The parameter {self._name} {said}; it must be {source} before the cut-over and {target} after it. The application "
            "has to look up its table there, or the switch changes nothing. To make it so, run:",
            f"aws ssm put-parameter --name {self._name} --type String --overwrite --value {source}",
        )

    def point(self, table: str) -> None:
        """Set the parameter."""
        patiently(self._clock, lambda: self._parameters.put(self._name, table), self._within_s)


class CommandPointer:
    """The user's commands: ``switch``, and ``where`` if there is one. Each may take ``within_s`` seconds, or what is usual."""

    def __init__(self, hooks: Mapping[str, str], told: Mapping[str, str], within_s: float | None = None) -> None:
        self._hooks = hooks
        self._told = told
        self._within_s = LONGEST_S if within_s is None else min(LONGEST_S, within_s)

    def where(self) -> str | None:
        """What the command ``where`` prints; None without one."""
        if "where" not in self._hooks:
            return None
        return run_hook("where", self._hooks["where"], self._told, timeout_s=self._within_s).strip()

    def point(self, table: str) -> None:
        """Run the command ``switch``."""
        run_hook("switch", self._hooks["switch"], {**self._told, "table": table}, timeout_s=self._within_s)
