"""Whether two items of the source have one key in the target; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tablewright.migrate.live.outputs import key_of
from tablewright.migrate.live.replay import Meeting, Outputs
from tablewright.model.table import Key

__all__ = ["meetings_of"]


def meetings_of(items: Iterable[bytes], outputs: Outputs, keys: Sequence[Key]) -> list[Meeting]:
    """The target keys that several of these items have, with those items' own keys. What cannot be transformed is left out."""
    owners: dict[bytes, list[bytes]] = {}
    for item in items:
        try:
            made = outputs(item)
        except ValueError:
            continue
        for target in made:
            owners.setdefault(target, []).append(key_of(item, keys))
    return [Meeting(target, tuple(sources)) for target, sources in owners.items() if len(sources) > 1]
