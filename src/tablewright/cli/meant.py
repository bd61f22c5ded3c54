"""Which table was meant, where none in the account is called so: commands act on names, people say what is the table's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING

from tablewright.errors import TablewrightError
from tablewright.model.listed import listed

if TYPE_CHECKING:
    from tablewright.settings import EnvironmentSettings

_CODES = ("no-table", "no-source-table")


def with_meant(error: TablewrightError, argv: Sequence[str]) -> TablewrightError:
    """The error, with the name that was meant and the command that says it: of the tables in the project's templates, whose files
    alone are read. Any other error, and one without a project, stays as it is.
    """
    if error.code not in _CODES or error.hint is not None:
        return error
    named = {word.rstrip(".") for word in re.findall(r"[\w.-]+", error.detail)}
    said = next((word for word in argv[1:] if word in named), None)
    if said is None:
        return error
    try:
        known = {name: keys for one in _stacks(argv) for name, keys in _tables(one)}
    except TablewrightError:
        return error  # what is wrong with the project is not what was asked
    found = [name for name, keys in known.items() if said in keys] or get_close_matches(said, known, 1)
    if len(found) == 1:
        error.detail += f" Did you mean {found[0]}?"
        error.hint = join(["tablewright", *(found[0] if word == said else word for word in argv)])
    elif names := found or list(known):
        error.detail += f" The project's tables: {listed(names)}."
    return error


def _stacks(argv: Sequence[str]) -> Sequence[EnvironmentSettings]:
    from tablewright.settings import load_settings

    given = {option: value for option, value in pairwise(argv) if option in ("--env", "--project")}
    file = load_settings(Path(given.get("--project", ".")).absolute())
    return file.stacks(given.get("--env")) if file is not None else ()


def _tables(settings: EnvironmentSettings) -> Iterator[tuple[str, set[str]]]:
    """The name of each table of a stack's template, and what else it is called."""
    from tablewright.author.siblings import family
    from tablewright.author.text import Text
    from tablewright.cli.target import read_template
    from tablewright.template.read import read_design

    if settings.template is None:
        return
    text = read_template(settings.template)
    own = {one.logical_id: one.short for one in family(Text(text, str(settings.template))).tables}
    design = read_design(
        text, stack=settings.stack or "stack", path=str(settings.template), parameters=settings.parameters
    )
    for table in design.tables:
        if isinstance(table.physical_name, str) and table.physical_name:
            yield table.physical_name, {table.logical_id, own.get(table.logical_id, "")}
