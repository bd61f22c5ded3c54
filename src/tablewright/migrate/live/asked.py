"""What a live migration was asked for, as plain JSON values: so that any later command can take it up by its id; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tablewright.migrate.job import Options, Pace, Place, Source, TableAt
from tablewright.migrate.live.options import LiveOptions

__all__ = ["Asked", "as_plain", "from_plain"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Both tables, how to make the transform again (``spec``), and the options. No secret is among them."""

    source: TableAt
    target: TableAt
    spec: Mapping[str, Any]
    title: str
    options: Options
    live: LiveOptions
    suspend_ttl: bool = False


def as_plain(asked: Asked) -> dict[str, Any]:
    """To be written down."""
    return {
        "source": _end(asked.source),
        "target": _end(asked.target),
        "spec": dict(asked.spec),
        "title": asked.title,
        "options": asdict(asked.options),
        "live": asked.live.as_plain(),
        "suspend_ttl": asked.suspend_ttl,
    }


def from_plain(told: Mapping[str, Any]) -> Asked:
    """What ``as_plain`` gave."""
    options = told["options"]
    return Asked(
        source=_table(told["source"]),
        target=_table(told["target"]),
        spec=told["spec"],
        title=told["title"],
        options=Options(**{**options, "pace": Pace(**options["pace"])}),
        live=LiveOptions(**told["live"]),
        suspend_ttl=told["suspend_ttl"],
    )


def _end(end: Source) -> dict[str, Any]:
    assert isinstance(end, TableAt)
    place = {name: value for name, value in asdict(end.place).items() if name != "credentials"}
    if end.place.local:
        place["endpoint_url"] = None  # found anew: it may start on another port
    return {"name": end.name, "place": place}


def _table(told: Mapping[str, Any]) -> TableAt:
    return TableAt(told["name"], Place(**told["place"]))
