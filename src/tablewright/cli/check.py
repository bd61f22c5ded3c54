"""``tablewright check``: what passes every linter and fails, or lies, on AWS."""

from __future__ import annotations

import gc
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.faces.difference import show_difference
from tablewright.cli.options import Common, display_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.lint.options import Options
    from tablewright.lint.run import Asked
    from tablewright.settings import EnvironmentSettings, Settings

_FORMATS = ("human", "json", "sarif", "junit", "github")
_LEVELS = ("error", "warning", "info", "never")


@click.command(name="check", short_help="Find what passes every linter and fails, or lies, on AWS.")
@click.argument("paths", nargs=-1, metavar="[PATH ...]")
@click.option(
    "--select", metavar="RULE,...", multiple=True, help="Only these: IDs, beginnings (TW-ALM), names, severities."
)
@click.option("--ignore", metavar="RULE,...", multiple=True, help="All but these.")
@click.option("--fail-on", type=click.Choice(_LEVELS), help="Exit with 1 from this severity on (default: warning).")
@click.option("--fix", is_flag=True, help="Mend what has one right answer, in place; each fix is checked again.")
@click.option("--diff", "show_diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--all", "everything", is_flag=True, help="Show infos, and what is ignored in place, too.")
@click.option("--format", "format_", type=click.Choice(_FORMATS), help="How to report (default: human).")
@click.option("--report-file", type=click.Path(dir_okay=False, path_type=Path), help="Write the report there.")
@click.option("--parameters", metavar="KEY=VALUE ...", multiple=True, help="Template parameters that are known.")
@click.option(
    "--region", "regions", metavar="REGION", multiple=True, help="Region to check the schemas of; repeatable."
)
@click.option("--env", metavar="ENV", help="Environment of tablewright.toml, for its parameters and what it requires.")
@click.option(
    "--project",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to look for tablewright.toml.",
)
@click.option(
    "--cfn-lint/--no-cfn-lint", "generic", default=True, help="Take cfn-lint's findings in (default), or not."
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="For cfn-lint, for each template (default: 120).",
)
@click.option(
    "--skip-others", is_flag=True, help="Leave out files that are of no kind that is checked, and say nothing."
)
@click.option("--no-cache", is_flag=True, help="Check unchanged files again.")
@display_options(("human", "json"))
def command(
    common: Common, paths: tuple[str, ...], format_: str | None, report_file: Path | None, everything: bool,
    fix: bool, show_diff: bool, **given: object,
) -> int:  # fmt: skip
    """Check templates, deploy scripts, workflows, policies and Python code for what AWS will refuse, ignore or punish.

    PATH is a file, a folder, a pattern or - for standard input; without one, the current folder. Files that are checked together
    know each other: a script its template, a policy its tables. cfn-lint's findings are part of the report.

    To ignore a finding, put a comment with the reason above it, or at the end of its line:

    \b
      # tablewright: ignore TW-ALM-005 because the dashboard is watched around the clock

    \b
    Examples:
      tablewright check
      tablewright check backend/infrastructure/dynamodb-schema.yaml
      tablewright check --diff
      tablewright check --env staging --fail-on error
      tablewright check --format sarif --report-file check.sarif
    """
    from tablewright.cli.alive import alive
    from tablewright.lint.run import again, check_sources, gather, mend_files

    gc.disable()  # a short-lived process whose trees are all alive to its end: collecting costs a quarter and finds nothing
    asked = _asked(common, given)
    sources = gather(paths or (".",), named=not given["skip_others"])
    out = output(sys.stdout, color=common.color)
    if show_diff or fix:
        mended = mend_files(sources, asked.options, write=fix and not show_diff)
        if show_diff:
            for one in mended:
                if one.changed:
                    show_difference(out, one.diff())
            return exits.FAILED.code if any(one.changed for one in mended) else exits.DONE.code
        made = sum(len(one.made) for one in mended)
        output(sys.stderr, color=common.color).text(f"{made} {'fix' if made == 1 else 'fixes'} made")
        sources = again(mended)
    with alive(f"checking {len(sources)} {'file' if len(sources) == 1 else 'files'}"):
        report = check_sources(sources, asked)
    if not report.files and not given["skip_others"]:
        raise UsageError(
            "nothing-to-check",
            "Nothing was checked",
            f"No template, deploy script, workflow, policy or Python code is in {', '.join(paths) or 'this folder'} or below it, "
            "and that is no all-clear. Name a file or the folder that holds them.",
        )
    wanted = format_ or ("json" if common.output == "json" else "human")
    if wanted == "human":
        from tablewright.cli.faces.findings import report_lines

        mending = shlex.join(["tablewright", "check", "--diff", *paths])
        lines = report_lines(report, out.width, out.marks, everything=everything, mending=mending)
        if report_file is None:
            out.lines(lines)
        else:
            _write(report_file, "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines))
    else:
        from importlib.metadata import version

        from tablewright.lint.report import rendered

        body = rendered(wanted, report, version("tablewright"))
        if report_file is not None:
            _write(report_file, body)
        elif body:
            out.text(body.rstrip("\n"))
    return exits.FAILED.code if any(asked.options.fails(one) for one in report.findings) else exits.DONE.code


def _asked(common: Common, given: dict[str, object]) -> Asked:
    from tablewright.lint.cache import cache_folder
    from tablewright.lint.run import TIME_LIMIT, Asked

    regions = given["regions"]
    limit = given["time_limit"]
    assert isinstance(regions, tuple)
    return Asked(
        options=_options(common, given),
        generic=bool(given["generic"]),
        time_limit=limit if isinstance(limit, float) else TIME_LIMIT,
        regions=regions,
        cache=None if given["no_cache"] else cache_folder(os.environ),
    )


def _options(common: Common, given: dict[str, object]) -> Options:
    from tablewright.cli.options import pairs
    from tablewright.lint.options import Options
    from tablewright.lint.rule import rules
    from tablewright.model.finding import Severity
    from tablewright.settings import load_settings

    settings, name = load_settings(common.project or Path.cwd()), common.env
    if name is not None and settings is None:
        raise UsageError(
            "no-settings",
            "There is no tablewright.toml",
            f"--env {name} names an environment, and no settings were found.",
        )
    environment = _environment(settings, name)
    said = settings.check(environment.name if environment else None) if settings is not None else {}
    level = given["fail_on"] or said.get("fail_on") or "warning"
    select = _listed(given["select"]) or tuple(said.get("select", ()))
    ignore = (*_listed(given["ignore"]), *said.get("ignore", ()))
    known = rules()
    for pattern in (*select, *ignore):
        _check_pattern(pattern, known)
    parameters = dict(environment.parameters) if environment else {}
    chosen = given["parameters"]
    assert isinstance(chosen, tuple)
    parameters |= pairs("--parameters", chosen)
    region = environment.region if environment else None
    return Options(
        select=select,
        ignore=ignore,
        fail_on=None if level == "never" else Severity(str(level)),
        policy={key: value for key, value in said.items() if isinstance(value, bool)},
        parameters=parameters,
        pseudo={"AWS::Region": region} if region else {},
        certain=environment is not None and environment.name is not None,
    )


def _environment(settings: Settings | None, name: str | None) -> EnvironmentSettings | None:
    """The environment whose parameters count; None where none is chosen, or where several stacks could be meant."""
    if settings is None:
        return None
    if name is None and settings.default_environment is None and settings.environments:
        return None
    stacks = settings.stacks(name)
    return stacks[0] if len(stacks) == 1 else None


def _listed(values: object) -> tuple[str, ...]:
    assert isinstance(values, tuple)
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def _check_pattern(pattern: str, known: object) -> None:
    """Refuse a pattern that can never name anything."""
    import re
    from difflib import get_close_matches

    from tablewright.lint.reserved import RESERVED
    from tablewright.lint.rule import Rule

    assert isinstance(known, dict)
    rules: list[Rule] = list(known.values())
    names = {rule.name for rule in rules} | {"error", "warning", "info", "cfn-lint", "tablewright"}
    ids = [rule.id for rule in rules] + list(RESERVED)
    if pattern in names or any(one.startswith(pattern) for one in ids) or re.fullmatch(r"[EWI]\d{0,4}", pattern):
        return
    near = get_close_matches(pattern, [*ids, *names], 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise UsageError("no-such-rule", "There is no such rule", f"{pattern} names no rule.{meant}", "tablewright explain")


def _write(path: Path, body: str) -> None:
    try:
        path.write_text(body, encoding="utf-8")
    except OSError as error:
        raise UsageError("unwritable-file", "A file cannot be written", f"{path}: {error.strerror}.") from None
