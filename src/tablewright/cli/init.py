"""``tablewright init``: a new project in the guide's layout."""

from __future__ import annotations

import re
import shlex
import sys
from difflib import unified_diff
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.faces.cells import fit
from tablewright.cli.faces.difference import show_difference
from tablewright.cli.options import Common, display_options
from tablewright.cli.terminal import can_ask, output
from tablewright.errors import Refused, UsageError

if TYPE_CHECKING:
    from tablewright.author.tables import NewTable


@click.command(name="init", short_help="Make a new project: template, script, workflow and settings.")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", metavar="NAME", help="The project's name, which begins all names (default: the folder's).")
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME[:KEY[:TYPE][,SORT[:TYPE]]]",
    help="A table; repeatable (default: items:id).",
)
@click.option("--reserved", is_flag=True, help="Keys may be reserved words of DynamoDB.")
@click.option("--region", metavar="REGION", help="AWS region (default: us-east-1).")
@click.option("--branch", default="main", show_default=True, help="The branch that is deployed from.")
@click.option(
    "--workflow/--no-workflow",
    default=True,
    help="Write the GitHub workflow (default), or not; said in a project that stands, nothing else is written.",
)
@click.option(
    "--install",
    "requirement",
    default="",
    metavar="REQUIREMENT",
    help="What the workflow installs tablewright from, pinned.",
)
@click.option(
    "--from", "template", metavar="FILE", default="", help="An existing template, within DIR; it is left as it is."
)
@click.option("--overwrite", is_flag=True, help="Replace files that stand there and differ.")
@click.option("--diff", is_flag=True, help="Show what would be written, and write nothing.")
@display_options(("human", "json"))
def command(
    common: Common, folder: Path | None, name: str | None, tables: tuple[str, ...], reserved: bool, branch: str, workflow: bool,
    requirement: str, template: str, overwrite: bool, diff: bool,
) -> int:  # fmt: skip
    """Make a new project in DIR (default: here): a template with tables, alarms and outputs, a deploy script, a workflow that
    checks, plans and deploys, and tablewright.toml. What it makes passes tablewright check and deploys --local at once.

    On a terminal the name and the tables are asked for. A file that stands there and differs is never replaced without its
    difference being shown.

    --workflow in a project that has a tablewright.toml writes the workflow and its action alone, for what that file says.

    \b
    Examples:
      tablewright init --workflow --install tablewright==0.1.0
      tablewright init shop --table orders:orderId,createdAt:N --table users:userId
      tablewright init --from infra/tables.yaml --name shop
      tablewright init shop --diff
    """
    from tablewright.author.project import Project, files

    top = folder or Path()
    out = output(sys.stdout, color=common.color)
    if _wants_only_the_workflow(top, name, tables, template):
        made = _workflow_files(common, top, branch, requirement)
        return _put(common, top, made, overwrite=overwrite, diff=diff)
    chosen = name or _asked("The project's name", _usable(top.absolute().name))
    wished = tables or (() if template else _asked_tables())
    if template and not (top / template).is_file():
        raise UsageError("no-template", "There is no such template", f"{top / template} does not exist.")
    if workflow and not requirement and can_ask():
        err = output(sys.stderr)
        for line in fit(
            "What the GitHub workflow installs tablewright from, pinned: tablewright==VERSION, a wheel in the repository, or "
            "git+https://HOST/OWNER/NAME@TAG. Enter leaves it to the repository's variable TABLEWRIGHT_REQUIREMENT.",
            err.width,
        ):
            err.line(((line, "dim"),))
        requirement = str(click.prompt("Install from", default="", show_default=False, err=True)).strip()
    made = files(
        Project(
            chosen,
            tuple(_table(one, reserved) for one in wished),
            common.region or "us-east-1",
            branch,
            template,
            requirement,
            workflow,
            *_told_apart(top, template),
        )
    )
    code = _put(common, top, made, overwrite=overwrite, diff=diff)
    if not diff and common.output != "json":
        out.lines([(), (("Next, on the embedded AWS of this machine:", ""),), ()])
        there = [] if top == Path() else [f"cd {shlex.quote(str(top))}"]
        out.lines([((f"    {line}", "strong"),) for line in (*there, "tablewright deploy --local")])
    return code


def _put(common: Common, top: Path, made: dict[str, str], *, overwrite: bool, diff: bool) -> int:
    """Write the files, or show what would be written; what stands there and differs is never replaced unseen."""
    out = output(sys.stdout, color=common.color)
    standing = {path: _standing(top / path) for path in made}
    differing = [path for path, text in made.items() if standing[path] not in (None, text)]
    changes = "".join(_difference(path, standing[path] or "", text) for path, text in made.items())
    if diff:
        show_difference(out, changes or "nothing to write: all of it stands there already")
        return exits.DONE.code
    if differing and not overwrite:
        shown = "".join(_difference(path, standing[path] or "", made[path]) for path in differing)
        show_difference(output(sys.stderr, color=common.color), shown)
        if not (can_ask() and click.confirm(f"Replace {', '.join(differing)}?", default=False, err=True)):
            raise Refused(
                "files-differ",
                "Files stand there already",
                f"What stands in {', '.join(differing)} differs from what would be written, as shown above. Nothing was written. "
                "To replace it, add --overwrite.",
            )
    for path, text in made.items():
        if standing[path] != text:
            _write(top / path, text, standing[path])
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        written = [path for path, text in made.items() if standing[path] != text]
        out.text(encode({"written": written}, out))
        return exits.DONE.code
    for path, text in made.items():
        word = "stands there already" if standing[path] == text else "written"
        out.line(((out.marks.good, "good"), (f" {top / path} {word}", "")))
    if any(path.endswith(".yml") and "vars.TABLEWRIGHT_REQUIREMENT" in text for path, text in made.items()):
        note = (
            "the workflow installs tablewright from the repository's variable TABLEWRIGHT_REQUIREMENT, which pull requests from "
            "forks do not see: --install SOURCE writes it into the workflow"
        )
        for line in fit(note, out.width - 2):
            out.line(((f"  {line}", "dim"),))
    return exits.DONE.code


def _told_apart(top: Path, template: str) -> tuple[tuple[str, ...], str]:
    """The environments, and the parameter that tells them apart: an existing template's own."""
    from tablewright.author.editing import Text
    from tablewright.author.project import ENVIRONMENTS, environments_of
    from tablewright.cli.target import read_template

    if not template:
        return ENVIRONMENTS, "Environment"
    parameter, names = environments_of(Text(read_template(top / template), template))
    return names, parameter


def _wants_only_the_workflow(top: Path, name: str | None, tables: tuple[str, ...], template: str) -> bool:
    """--workflow, said in a project that stands, is about nothing else."""
    context = click.get_current_context()
    said = context.get_parameter_source("workflow") is click.core.ParameterSource.COMMANDLINE
    return (
        said
        and context.params["workflow"]
        and not (name or tables or template)
        and (top / "tablewright.toml").is_file()
    )


def _workflow_files(common: Common, top: Path, branch: str, requirement: str) -> dict[str, str]:
    """The workflow and its action for the project whose tablewright.toml stands there."""
    from tablewright.author.action import action_text
    from tablewright.author.workflow import ACTION, Workflow, workflow_text
    from tablewright.settings import load_settings

    settings = load_settings(top.absolute())
    assert settings is not None
    found = settings.environment()
    path = found.existing_template()
    root = top.resolve()
    if not path.resolve().is_relative_to(root):
        raise UsageError(
            "template-outside",
            "The template is outside of the project",
            f"{path} is not below {root}. A workflow's paths are the repository's own: name the repository's top as DIR.",
        )
    script = path.parent / "deploy-dynamodb.sh"
    flow = Workflow(
        str(path.resolve().relative_to(root)),
        str(script.resolve().relative_to(root)) if script.is_file() else "",
        branch=branch,
        environment=found.name or "production",
        region=common.region or found.region or "us-east-1",
        requirement=requirement,
        named=found.name is not None,
        account=found.account or "",
    )
    return {flow.path: workflow_text(flow), ACTION: action_text()}


def _asked(question: str, proposed: str) -> str:
    if can_ask():
        return str(click.prompt(question, default=proposed or None, err=True))
    if not proposed:
        raise UsageError(
            "no-name",
            "The project has no name",
            "Give it with --name: 2 to 40 lower-case letters, digits and hyphens. The folder's own name cannot be one.",
        )
    return proposed


def _asked_tables() -> tuple[str, ...]:
    if not can_ask():
        return ()
    err = output(sys.stderr)
    for line in fit(
        "Its tables, with spaces between: NAME:KEY, or NAME:KEY,SORT with a sort key. A key is text, :N makes it a number and "
        ":B bytes. For example: orders:userId,createdAt:N",
        err.width,
    ):
        err.line(((line, "dim"),))
    return tuple(str(click.prompt("Tables", default="items:id", err=True)).split())


def _usable(name: str) -> str:
    """The folder's name as a project's, as far as it can be one."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return plain if re.fullmatch(r"[a-z][a-z0-9-]{1,39}", plain) else ""


def _table(written: str, reserved: bool) -> NewTable:
    from tablewright.author.tables import NewTable, key_of

    name, _, keys = written.partition(":")
    key, comma, sort = keys.partition(",")
    return NewTable(name, key_of(key or "id"), key_of(sort) if comma else None, reserved=reserved)


def _standing(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if path.is_symlink():
            raise _links_nowhere(path) from None
        return None
    except UnicodeDecodeError:
        return "(not text)\n"


def _difference(path: str, before: str, after: str) -> str:
    return "".join(unified_diff(before.splitlines(True), after.splitlines(True), f"a/{path}", f"b/{path}"))


def _links_nowhere(path: Path) -> UsageError:
    return UsageError(
        "dangling-link",
        "A link leads nowhere",
        f"{path} is a symbolic link to {path.readlink()}, which does not exist: what is written would land there. Nothing was "
        "written. Remove the link, or make what it leads to.",
    )


def _write(path: Path, text: str, standing: str | None) -> None:
    """The whole file at once, in the place of what was looked at: where the disk is full, what stood there stands, and nothing
    half-written does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{token_hex(8)}")  # nobody can have laid a link there
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if target.exists():
            beside.chmod(target.stat().st_mode & 0o7777)
        if path.suffix == ".sh":
            beside.chmod(beside.stat().st_mode | 0o111)
        if _standing(path) != standing:
            raise UsageError(
                "file-changed", "A file was changed meanwhile", f"{path} is not what was looked at. Run it again."
            )
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
