"""The part of ``tablewright migrate status`` that is about live migrations."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tablewright.cli import exits
from tablewright.cli.migrate_ends import jobs_root
from tablewright.cli.options import Common
from tablewright.cli.terminal import output

if TYPE_CHECKING:
    from tablewright.migrate.live.journal import Entry
    from tablewright.migrate.live.watching.run import LiveStanding

_EVERY_S = 1.0


def live_status(common: Common, job: str | None, follow: bool, others: int) -> int | None:
    """Show the live migration that is meant; None where none is: a copy is, or there are several.

    ``others``: how many migrations of any kind are kept, this one's copy among them.
    """
    from tablewright.migrate.live.watching.run import kept, standing

    folders = kept(jobs_root(common))
    if job is not None:
        meant = [each for each in folders if each.name == job] or [
            each for each in folders if each.name.startswith(job)
        ]
    else:
        open_ones = [each for each in folders if (held := standing(each)) is not None and not held.is_over]
        meant = open_ones if len(open_ones) == 1 else [] if open_ones or others > 1 else list(folders)
    if len(meant) != 1:
        return None
    one = standing(meant[0])
    return None if one is None else _shown(meant[0], one, common, follow=follow)


def live_entries(root: Path) -> dict[str, Entry]:
    """The state that each live migration is in, by its id."""
    from tablewright.migrate.live.watching.run import kept, standing

    return {each.name: held.entry for each in kept(root) if (held := standing(each)) is not None}


def _shown(folder: Path, one: LiveStanding, common: Common, *, follow: bool) -> int:
    from tablewright.cli.faces.live_status import live_json, live_lines
    from tablewright.cli.faces.screen import Screen
    from tablewright.migrate.live.watching.run import standing

    out = output(sys.stdout, color=common.color)
    seen = [one]
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        out.text(encode(live_json(one), out))
        while follow and seen[0].holder is not None:
            time.sleep(_EVERY_S)
            seen[0] = standing(folder) or seen[0]
            out.text(encode(live_json(seen[0]), out))
        return exits.DONE.code
    if follow and out.is_terminal and one.holder is not None:
        screen = Screen(out, lambda columns, _: live_lines(seen[0], columns, out.marks))
        screen.start()
        try:
            while seen[0].holder is not None:
                time.sleep(_EVERY_S)
                seen[0] = standing(folder) or seen[0]
        finally:
            screen.stop()
        out.text("")
        return exits.DONE.code
    out.lines(live_lines(one, out.width, out.marks))
    while follow and seen[0].holder is not None:
        time.sleep(_EVERY_S)
        before, seen[0] = seen[0], standing(folder) or seen[0]
        if before.entry != seen[0].entry:
            out.lines([(), *live_lines(seen[0], out.width, out.marks)])
    return exits.DONE.code
