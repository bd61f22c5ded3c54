"""``tablewright explain``: what a rule finds, why it matters, and what to do instead."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.faces.cells import pad, width, wrap
from tablewright.cli.faces.marks import Line
from tablewright.cli.options import Common, display_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.lint.rule import Rule

_TONES = {"error": "bad", "warning": "warn", "info": "dim"}


@click.command(name="explain", short_help="Explain a rule of check, or list the rules.")
@click.argument("rule", required=False, metavar="[RULE]")
@display_options(("human", "json"))
def command(common: Common, rule: str | None) -> int:
    """Explain a rule of check: what it finds, why it matters, what to do instead, when to ignore it.

    RULE is an ID (TW-ALM-001), a name (alarm-without-data) or a family (ALM); without one, all rules are listed.

    \b
    Examples:
      tablewright explain TW-ALM-001
      tablewright explain alarm-without-data
      tablewright explain ALM
      tablewright explain
    """
    from tablewright.lint.reserved import RESERVED
    from tablewright.lint.rule import FAMILIES, rules

    out = output(sys.stdout, color=common.color)
    every = rules()
    chosen = _chosen(rule, every)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        for one in chosen:
            out.text(encode(_plain(one), out))
        return exits.DONE.code
    if rule is not None and len(chosen) == 1:
        out.lines(_page(chosen[0], min(out.width, 100)))
    elif rule is not None and rule.upper() in RESERVED:
        needs, title = RESERVED[rule.upper()]
        what = "what is deployed" if needs == "deployed" else "figures of the account"
        out.text(f"{rule.upper()}: {title}. Not a rule of check: it needs {what}. The ID is reserved.")
    else:
        families = {one.family for one in chosen}
        for family, meaning in FAMILIES.items():
            if family in families:
                out.line(((f"{meaning} (TW-{family})", "strong"),))
                out.lines(line for one in chosen if one.family == family for line in _row(one, out.width))
                out.line(())
    return exits.DONE.code


def _chosen(named: str | None, every: dict[str, Rule]) -> list[Rule]:
    from tablewright.lint.reserved import RESERVED

    if named is None:
        return list(every.values())
    asked = named.upper()
    found = [one for one in every.values() if asked in (one.id, one.family, f"TW-{one.family}") or named == one.name]
    if found or asked in RESERVED:
        return found
    if len(asked) == 5 and asked[0] in "EWI" and asked[1:].isdigit():
        raise UsageError(
            "foreign-rule",
            "The rule is cfn-lint's",
            f"{asked} is explained at https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md#{asked}",
        )
    near = get_close_matches(named, [*every, *(one.name for one in every.values())], 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise UsageError("no-such-rule", "There is no such rule", f"{named} names no rule.{meant}", "tablewright explain")


def _row(rule: Rule, columns: int) -> list[Line]:
    head, severity = f"  {rule.id}  ", pad(rule.severity.value, 8)
    indent = width(head) + width(severity)
    first, *rest = wrap(f"{rule.name}: {rule.title}", columns - indent)
    line: Line = ((head, "strong"), (severity, _TONES[rule.severity.value]), (first, ""))
    return [line, *(((" " * indent + more, ""),) for more in rest)]


def _page(rule: Rule, columns: int) -> list[Line]:
    from tablewright.lint.rule import SECTIONS

    lines: list[Line] = [
        ((f"{rule.severity.value}[{rule.id}] ", _TONES[rule.severity.value]), (rule.name, "strong")),
        *(((f"  {line}", ""),) for line in wrap(f"{rule.title}.", columns - 2)),
    ]
    for section in SECTIONS:
        text = rule.section(section)
        if text:
            lines += [(), ((f"  {section}", "strong"),)]
            lines += [(("    " + line, ""),) for line in wrap(text, columns - 4)]
    if rule.policy:
        lines += [(), (("  An environment can do without", "strong"),), ((f"    {rule.policy} = false", ""),)]
    return lines


def _plain(rule: Rule) -> dict[str, object]:
    from tablewright.lint.rule import SECTIONS

    return {
        "rule": rule.id,
        "name": rule.name,
        "severity": rule.severity.value,
        "title": rule.title,
        **{section.lower().replace(" ", "_"): rule.section(section) for section in SECTIONS},
    }
