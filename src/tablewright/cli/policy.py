"""``tablewright policy``: least-privilege policies from access patterns, and what a policy allows, without asking AWS."""

from __future__ import annotations

import sys

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, display_options
from tablewright.cli.policy_check import check
from tablewright.cli.policy_generate import generate
from tablewright.cli.policy_simulate import simulate
from tablewright.cli.terminal import output


@click.group(name="policy", short_help="Write least-privilege policies, check them, and say what they allow.")
def command() -> None:
    """Write least-privilege policies from access patterns, check policies, and say what they allow.

    What a policy allows is decided on this machine, by an evaluator that follows AWS's documented rules.

    \b
    Examples:
      tablewright policy generate read write query:sessionId-index --table ai-chef-results
      tablewright policy check policy.json --for read --table ai-chef-results
      tablewright policy simulate dynamodb:Query ai-chef-results/index/sessionId-index --policy policy.json
      tablewright policy patterns
    """


@command.command()
@display_options(("human", "json"))
def patterns(common: Common) -> int:
    """List the access patterns, and what each allows.

    \b
    Examples:
      tablewright policy patterns
      tablewright policy patterns --output json
    """
    from tablewright.access.patterns import PATTERNS
    from tablewright.cli.faces.cells import wrap

    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        for pattern in PATTERNS.values():
            actions = [action for grant in pattern.grants for action in grant.actions]
            body = {"pattern": pattern.name, "takes": pattern.takes, "meaning": pattern.meaning, "actions": actions}
            out.text(encode(body, out))
        return exits.DONE.code
    for pattern in PATTERNS.values():
        written = f"{pattern.name}:{pattern.takes}" if pattern.takes else pattern.name
        first, *rest = wrap(pattern.meaning, out.width - 16)
        out.lines([((f"{written:<16}", "strong"), (first, "")), *(((" " * 16 + more, ""),) for more in rest)])
    return exits.DONE.code


for one in (generate, check, simulate):
    command.add_command(one)
