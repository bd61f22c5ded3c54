"""``tablewright comment``: a page as one comment on the pull request that a workflow runs for, updated in place."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, display_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError


@click.command(name="comment", short_help="Put a page on a pull request as one comment, updated in place.")
@click.argument("page", metavar="FILE")
@click.option(
    "--marker", default="plan", show_default=True, metavar="NAME", help="Which comment: each name has one of its own."
)
@click.option("--pull-request", type=click.IntRange(1), metavar="NUMBER", help="Which (default: the workflow run's).")
@display_options(("human", "json"))
def command(common: Common, page: str, marker: str, pull_request: int | None) -> int:
    """Put the Markdown in FILE (- for standard input) on a pull request of GitHub.

    There is one comment for each --marker: run again, it says the new page instead of the old one. It names the commit and the
    run that it is about. The token is GH_TOKEN's, which needs pull-requests: write.

    \b
    Examples:
      tablewright plan --output markdown | tablewright comment -
      tablewright comment plan.md --marker staging --pull-request 42
    """
    from tablewright.cli.pull_request import from_environment, put_comment

    pull = from_environment(os.environ, pull_request)
    hidden = f"<!-- tablewright: {_plain(marker)} -->\n"
    about = [f"for commit {pull.commit[:12]}"] if re.fullmatch(r"[0-9a-f]{40,64}", pull.commit) else []
    about += [f"[the run]({pull.run})"] if pull.run else []
    foot = f"\n<sub>{', '.join(about)}</sub>\n" if about else ""
    body = _fitted(_read(page), hidden, foot)
    address, new = put_comment(pull, hidden.rstrip("\n"), body)
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        out.text(encode({"pull_request": pull.number, "address": address, "new": new}, out))
        return exits.DONE.code
    said = "commented" if new else "comment updated"
    out.line(((out.marks.good, "good"), (f" {said} on pull request {pull.number}  {address}", "")))
    return exits.DONE.code


def _plain(marker: str) -> str:
    """A name that cannot end the HTML comment that it stands in."""
    plain = re.sub(r"-{2,}", "-", re.sub(r"[^\w ./-]+", "_", marker)).strip(" -")
    if not plain:
        raise UsageError("malformed-option", "The marker is malformed", f"{marker!r} has no letter or digit.")
    return plain


def _fitted(page: str, hidden: str, foot: str) -> str:
    from tablewright.cli.faces.plan_page import LIMIT, within

    return hidden + within(page.rstrip("\n") + "\n", LIMIT - len(hidden) - len(foot)) + foot


def _read(name: str) -> str:
    if name == "-":
        return sys.stdin.read()
    try:
        return Path(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError("no-page", "There is no such file", f"{name} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("page-unreadable", "The file cannot be read", f"{name}: {error}.") from None
