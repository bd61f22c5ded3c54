"""Why a cut-over is refused; pure."""

from __future__ import annotations

from collections.abc import Sequence

from tablewright.errors import Refused
from tablewright.migrate.live.journal import Aside
from tablewright.migrate.live.replay import Meeting
from tablewright.migrate.live.states import COMMANDS

__all__ = ["aside_refusal", "meeting_refusal", "pointer_refusal"]

_SHOWN = 5


def aside_refusal(aside: Sequence[Aside], given: int | None, source: str, job: str) -> Refused | None:
    """Items are set aside, and ``given`` (--abandon) is not exactly how many; None where there is nothing against it."""
    if len(aside) == (given or 0):
        return None
    if not aside:
        return Refused(
            "items-set-aside",
            "Nothing is set aside",
            f"{given:,} items are to be left behind, and there are none. The number must be exact: leave --abandon out.",
            f"tablewright migrate cutover {job}",
        )
    keys = _listed([f"{each.source.decode()}: {each.reason}" for each in aside])
    return Refused(
        "items-set-aside",
        "Items are set aside: the target would lack them",
        f"{len(aside):,} items of {source} cannot be transformed, and are not in the target:\n\n{keys}\n\nMend them in the "
        "source: the tail brings them over. Or leave them behind, naming their exact number:",
        f"{COMMANDS['cutover']} {job} --abandon {len(aside)}",
    )


def meeting_refusal(met: Sequence[Meeting], source: str, *, sampled: bool, job: str = "") -> Refused | None:
    """Several items of the source have one key in the target; None where none have. ``sampled``: before anything was copied."""
    if not met:
        return None
    keys = _listed([f"{m.target.decode()} of {' and '.join(s.decode() for s in m.sources[:3])}" for m in met])
    mend = (
        "Compose the target's key of all that tells the source's items apart."
        if sampled
        else "Change the items, or give the migration up and begin again with another transform."
    )
    return Refused(
        "items-meet",
        "Two items of the source have one key in the target",
        f"{len(met):,} keys of the target would be held by several items of {source}; only the one that is written last would be "
        f"left, and which one that is changes with every write:\n\n{keys}\n\n{mend}",
        "tablewright migrate live --help" if sampled else f"tablewright migrate abandon {job}",
    )


def pointer_refusal(where: str | None, source: str) -> Refused | None:
    """The pointer does not name the source before the cut-over; None where it does, or cannot be asked."""
    if where is None or where == source:
        return None
    return Refused(
        "pointer-astray",
        "The pointer does not name the source",
        f"It names {where!r}, and before the cut-over it must name {source}: otherwise the application is not where "
        "it is taken to be.",
    )


def _listed(lines: Sequence[str]) -> str:
    shown = [f"    {line}" for line in lines[:_SHOWN]]
    if len(lines) > _SHOWN:
        shown.append(f"    and {len(lines) - _SHOWN:,} more")
    return "\n".join(shown)
