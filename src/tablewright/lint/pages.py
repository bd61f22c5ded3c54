"""The pages of the rules, from their docstrings: one a family, and one that lists them all."""

from __future__ import annotations

from tablewright.lint.options import SWITCHES
from tablewright.lint.reserved import RESERVED
from tablewright.lint.rule import FAMILIES, SECTIONS, Rule, rules

_NEEDS = {"deployed": "what is deployed", "live": "figures of the account"}


def family_page(family: str, notice: str) -> str:
    """The rules of one family."""
    chosen = [rule for rule in rules().values() if rule.family == family]
    listed = "".join(f"- [{rule.id}](#{_anchor(rule)}) {rule.title}\n" for rule in chosen)
    return f"# {FAMILIES[family]}\n\n{notice}{listed}" + "".join(_rule(rule) for rule in chosen) + _reserved(family)


def _rule(rule: Rule) -> str:
    said = "".join(f"**{section}.** {_text(rule.section(section))}\n\n" for section in SECTIONS)
    switch = f"An environment can do without: `{rule.policy} = false` under `check`.\n\n" if rule.policy else ""
    covers = f"Says what cfn-lint's {', '.join(rule.covers)} would say at the same place.\n\n" if rule.covers else ""
    head = f"\n## {rule.id} {rule.name}\n\n*{rule.severity.value}, {_subject(rule)}.* {rule.title}.\n\n"
    return (head + said + switch + covers).rstrip("\n") + "\n"


def _subject(rule: Rule) -> str:
    return {"file": "any file", "policy": "policies", "code": "Python code"}.get(rule.subject, f"{rule.subject}s")


def _text(section: str) -> str:
    return section.replace("*", "\\*").replace("<", "&lt;").replace("${", "$\\{")


def _reserved(family: str) -> str:
    held = {id_: said for id_, said in RESERVED.items() if id_.split("-")[1] == family}
    if not held:
        return ""
    rows = "".join(f"| {id_} | {said[1]} | {_NEEDS[said[0]]} |\n" for id_, said in held.items())
    return f"\n## Reserved\n\nNot rules of check: they need more than files.\n\n| ID | what | needs |\n|---|---|---|\n{rows}"


def _anchor(rule: Rule) -> str:
    return f"{rule.id} {rule.name}".lower().replace(" ", "-")


def index_page(notice: str) -> str:
    """Every rule in a line."""
    parts = [
        "# Rules\n\n",
        notice,
        "What `tablewright check` looks for; `tablewright explain ID` says the same on the terminal. Errors fail, or have no\n"
        "effect, on AWS; warnings will hurt; infos are worth knowing. To ignore one in place, with its reason:\n\n"
        "```yaml\n# tablewright: ignore TW-ALM-005 because the dashboard is watched around the clock\n```\n\n"
        "A comment counts for what stands on its line, or, alone on its line, for the block under it; `ignore-file` counts for\n"
        'the whole file. JSON has no comments: `"Metadata": {"tablewright": {"ignore": {"TW-ALM-005": "the reason"}}}`.\n'
        "Switches of an environment: " + "; ".join(f"`{name}`: {what}" for name, what in SWITCHES.items()) + ".\n",
    ]
    for family, meaning in FAMILIES.items():
        parts.append(f"\n## {meaning}\n\n| rule | severity | what |\n|---|---|---|\n")
        for rule in rules().values():
            if rule.family == family:
                link = f"[{rule.id}]({family.lower()}.md#{_anchor(rule)})"
                parts.append(f"| {link} | {rule.severity.value} | {rule.title} |\n")
    return "".join(parts)
