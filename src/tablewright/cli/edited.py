"""A command that edits the template: which file, the edit made or only shown, and what is said about it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from tablewright.cli import exits
from tablewright.cli.faces.cells import fit
from tablewright.cli.faces.difference import show_difference
from tablewright.cli.options import Command, Common, display_options
from tablewright.cli.target import project_settings
from tablewright.cli.terminal import Output, output

if TYPE_CHECKING:
    from tablewright.author.editing import Text

_NOTES = 3
"""How many findings of one rule are said after an edit: in a template of hundreds of tables, one edit may bring hundreds."""

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--template", type=click.Path(path_type=Path), help="The template to edit (default: tablewright.toml's)."
    ),
    click.option("--diff", is_flag=True, help="Show what would change, and change nothing."),
)
_PLACE: tuple[Callable[[Any], Any], ...] = (
    click.option("--env", metavar="ENV", help="Environment of tablewright.toml, for its template."),
    click.option(
        "--project",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where to look for tablewright.toml, upwards (default: here).",
    ),
)


def editing_options(command: Command) -> Command:
    """Give a command that edits a template the options of which one and how."""
    return cast(Command, _add(display_options(("human", "json"))(command), _OPTIONS + _PLACE))


def edit_options(command: Command) -> Command:
    """The options of the edit alone, for a command that has those of where to act."""
    return cast(Command, _add(command, _OPTIONS))


def _add(command: Any, options: tuple[Callable[[Any], Any], ...]) -> Any:
    for option in reversed(options):
        command = option(command)
    return command


def apply(
    common: Common, template: Path | None, edit: Callable[[Text], Text], *, diff: bool, said: str,
    notes: tuple[str, ...] | Callable[[], tuple[str, ...]] = (),
) -> int:  # fmt: skip
    """Make the edit, or show it, and say what was done and what the check thinks of it.

    ``notes`` is a function where they follow from the edit.
    """
    from tablewright.author.run import edit_file

    shown = chosen_template(common, template)
    edited = edit_file(shown, edit, write=not diff)
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        warnings = [{"rule": one.rule, "line": one.line, "message": one.message} for one in edited.notes]
        body = {"template": str(shown), "changed": edited.changed, "written": edited.changed and not diff}
        out.text(encode({**body, "diff": edited.diff(), "warnings": warnings}, out))
        return exits.DONE.code
    if diff:
        show_difference(out, edited.diff() or f"{shown}: nothing to change")
        return exits.DONE.code
    if not edited.changed:
        out.text(f"{shown}: it says so already; nothing was changed")
        return exits.DONE.code
    _say(out, (out.marks.good, "good"), f"{said} in {shown}", "")
    for note in notes if isinstance(notes, tuple) else notes():
        _say(out, (" ", ""), note, "dim")
    for rule, alike in groupby(
        sorted(edited.notes, key=lambda finding: finding.rule), key=lambda finding: finding.rule
    ):
        found = list(alike)
        for finding in found if len(found) <= _NOTES else found[: _NOTES - 1]:
            _say(out, (f"  {rule}", "warn"), f"line {finding.line}: {finding.message}", "")
        if len(found) > _NOTES:
            _say(
                out,
                (f"  {rule}", "warn"),
                f"{len(found) - _NOTES + 1} more like this: tablewright check shows them",
                "",
            )
    return exits.DONE.code


def _say(out: Output, head: tuple[str, str], text: str, tone: str) -> None:
    """A text behind its sign, in lines that fit a terminal."""
    first, *rest = fit(text, out.width - len(head[0]) - 1) if out.is_terminal else [text]
    out.line((head, (f" {first}", tone)))
    for line in rest:
        out.line(((" " * (len(head[0]) + 1) + line, tone),))


def size_note(text: str) -> tuple[str, ...]:
    """What is to be said of a template that CloudFormation takes from a bucket only."""
    from tablewright.model.quotas import TEMPLATE_INLINE_BYTES

    size, most = len(text.encode()), TEMPLATE_INLINE_BYTES.value
    if size <= most:
        return ()
    return (
        f"the template has {size:,} bytes: above {most:,} CloudFormation takes it from a bucket only, so deploy wants "
        "--s3-bucket or the setting s3_bucket",
    )


def chosen_template(common: Common, template: Path | None) -> Path:
    """The template that is named, or tablewright.toml's, as the person would write it from here."""
    return _shown(template or _only_template(common))


def _only_template(common: Common) -> Path:
    """The project's template. An edit is no deployment: where all environments share one, none need be chosen."""
    from tablewright.errors import UsageError
    from tablewright.settings import load_settings

    try:
        return project_settings(common).existing_template()
    except UsageError as error:
        if error.code not in ("environment-not-chosen", "stack-not-chosen"):
            raise
        settings = load_settings((common.project or Path.cwd()).absolute())
        assert settings is not None
        found = settings.templates(common.env)
        if len(found) == 1 and found[0].is_file():
            return found[0]
        if not found:
            raise
        listed = "\n".join(f"  --template {_shown(path)}" for path in found)
        raise UsageError(
            "template-not-chosen",
            "The project has several templates",
            f"{settings.path} describes these. Say which is to be edited:\n\n{listed}",
        ) from None


def project_region(common: Common) -> str:
    """The region that prices are of: tablewright.toml's, empty where that does not say one."""
    from tablewright.errors import UsageError

    try:
        return project_settings(common).region or ""
    except UsageError:
        return ""


def _shown(path: Path) -> Path:
    """The path as the person would write it from here."""
    try:
        return path.relative_to(Path.cwd()) if path.is_absolute() else path
    except ValueError:
        return path
