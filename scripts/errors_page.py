"""``docs/reference/errors.md``: every error code, read out of the calls that raise it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tablewright.cli import exits
from tablewright.errors import Failed, MustWait, Refused, Stuck, UsageError

SOURCE = Path(__file__).resolve().parent.parent / "src" / "tablewright"

EXITS = {
    "UsageError": exits.of_error(UsageError("", "")),
    "Failed": exits.of_error(Failed("", "")),
    "Refused": exits.of_error(Refused("", "")),
    "MustWait": exits.of_error(MustWait("", "")),
    "Stuck": exits.of_error(Stuck("", "")),
}
"""The error classes and the exit codes that follow from them."""

ALIKE = {"LossRefused": "Refused", "RefuseIt": "Refused", "WaitForIt": "MustWait", "StuckIt": "Stuck"}
"""Other callables that take a code, a summary and words first, and the class of error that comes of them."""

_FILLED = {
    "text": "AWS's own words",
    "action": "the request",
    "where": "the endpoint",
    "aws_code": "AWS's code",
    "region": "the region",
    "profile": "the profile",
}
"""What AWS's errors are filled in with (``aws.error_table``)."""

BY_HAND = {
    "cli/migrate_ends.py: f'no-{what}'": ("no-source", "no-target"),
    "deploy/checks.py: code": ("wrong-account", "wrong-partition", "wrong-region"),
    "migrate/guards.py: f'no-{side}-table'": ("no-source-table", "no-target-table"),
    "migrate/guards.py: f'{side}-not-active'": ("source-not-active", "target-not-active"),
    "migrate/live/building/run.py: f'no-{end}-table'": ("no-source-table", "no-target-table"),
    "settings.py: f'no-such-{what}'": ("no-such-environment", "no-such-stack-label"),
}
"""Errors whose code is put together, and the codes that come of it."""

PASSED_ON = (
    "deploy/preview/run.py: blocked.code",
    "deploy/recovering/run.py: chosen.code",
    "deploy/run.py: refused.code",
    "migrate/live/building/run.py: event.code or 'copy-failed'",
    "settings.py: code",
)
"""Errors that carry the code of another, which is described where that is made."""

ADVICE = {
    "access-denied": "The words name the action and the resource: grant it, or have it granted. "
    "[Permissions](permissions.md) lists what each command needs, and `tablewright policy generate` writes the policy.",
    "already-there": "Nothing was written: change it with `tablewright set`, or remove it first.",
    "copy-failed": "The words say which item or request failed; the checkpoint holds, so the same command goes on from there.",
    "iterator-expired": "Run the same command again: it takes a new iterator from the checkpoint.",
    "malformed-tag": "The words say what a tag's key and value may have.",
    "malformed-tags": "The words say which tag: at most 50, keys of 1 to 128 characters and none beginning with aws:.",
    "no-drift-mode": "The words say what was asked; set the tables by hand as the template says, and deploy again.",
    "no-page": "Name a file that there is, or - for standard input.",
    "no-properties": "Write its Properties first.",
    "no-such-run": "`tablewright log` lists the runs that are kept on this machine.",
    "page-unreadable": "It must be UTF-8 text that may be read.",
    "policy-malformed": "The words name the place; the grammar is in the IAM user guide.",
    "policy-not-json": "Correct the file at that place; comments and trailing commas are not JSON.",
    "policy-unreadable": "Name a file that there is and that may be read.",
    "records-trimmed": "A stream keeps its records for 24 hours: what was written in between must be copied again.",
    "s3-url": "Write the bucket and the prefix after s3://.",
    "settings-malformed": "Correct tablewright.toml at the place that is named.",
    "settings-stacks-circular": "Take one of the `after` away: no order satisfies all of them.",
    "settings-unknown-key": "Correct the key: [settings](settings.md) lists them.",
    "settings-unreadable": "Give it permissions so that it may be read.",
    "settings-wrong-type": "Correct the value: [settings](settings.md) says of each key what it holds.",
    "stream-gone": "The stream was switched off, or off and on: what was written in between must be copied again.",
    "tail-stopped": "The words say why; run the same command again, it goes on from the checkpoint.",
    "template-unreadable": "It must be UTF-8 text that may be read.",
    "transform-contradicts": "Take one of the operations out, or put them in another order.",
    "transform-module": "The module is loaded as Python: correct what its error names.",
    "transform-unreadable": "Name a file that there is and that may be read.",
    "unknown-parameter": "Leave it out of --parameters or tablewright.toml, or declare it in the template.",
    "unreadable-file": "Name a file that there is and that may be read.",
    "workload-unreadable": "Name a file that there is and that may be read, and write what the words say.",
    "unwritable": "Name a file in a folder that there is and that may be written to.",
    "unwritable-file": "Name a file in a folder that there is and that may be written to.",
    "already-exists": "Use what is there, or another name.",
    "aws-client-error": "The AWS client on this machine could not make the request; the words say why.",
    "aws-config-malformed": "Correct the file that is named (`~/.aws/config`, or AWS_CONFIG_FILE).",
    "aws-config-missing": "Name a profile that there is, or unset AWS_CONFIG_FILE.",
    "aws-error": "AWS's code is one that tablewright has no words for; look it up in the API reference of the service.",
    "aws-validation": "The words say what AWS does not take; nothing was changed by the request.",
    "bucket-elsewhere": "Name a bucket of the stack's own region.",
    "capabilities-missing": "tablewright acknowledges what a template needs by itself; this is of a macro or a nested stack.",
    "change-set-not-found": "It was removed or executed meanwhile: run the command again, it makes another.",
    "change-set-not-usable": "It belongs to a state of the stack that has passed: run the command again.",
    "credentials-incomplete": "Give the key, the secret and, for temporary credentials, the token.",
    "credentials-unreadable": "The program or service that hands out the credentials failed; its words are shown.",
    "github-refused": "Give the job `permissions: pull-requests: write`; a pull request from a fork never gets it.",
    "limit-exceeded": "A quota of the account is used up: remove what is not needed, or have it raised in Service Quotas.",
    "no-changes": "The template is deployed already; nothing is to be done.",
    "no-such-bucket": "No bucket is ever made for you: name one that exists.",
    "not-found": "It was removed meanwhile, or its name is another.",
    "not-permitted": "The operating system's permissions of the file or folder that is named forbid it.",
    "operation-in-progress": "Another operation is running on the stack. `tablewright deploy` follows it and goes on after it.",
    "parameters-refused": "The words name the parameter: give it with --parameters, or in tablewright.toml.",
    "policy-changed": "Somebody changed the table's policy meanwhile: look at it, and run the command again.",
    "region-invalid": "Check the spelling, as in us-east-1, and that the account has enabled the region.",
    "request-invalid": "The words say what AWS does not take; nothing was changed.",
    "resource-in-use": "Another change to it is under way: run the command again when that is done.",
    "service-not-enabled": "Enable the service for the account, as the words say.",
    "service-role-refused": "The role of --role-arn must trust cloudformation.amazonaws.com, and the caller may pass it.",
    "stack-not-found": "It was deleted meanwhile, or the account or region is another: both stand at the head of every run.",
    "stack-status-forbids": "`tablewright deploy` looks at the status first and recovers what can be recovered.",
    "system": "The operating system's words are shown.",
    "template-refused": "CloudFormation's words name the place; `tablewright check` finds most of it before.",
    "token-already-used": "Run the command again: it uses a new token.",
    "usage": "The words name the option or argument; --help of the command lists them.",
}
"""What to do about errors whose words are another's."""

_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PARTS = ("code", "summary", "detail", "hint")


@dataclass(frozen=True, slots=True)
class Told:
    """One place that raises an error."""

    code: str
    exit: int
    summary: str
    detail: str
    hint: str
    place: str


@cache
def errors_page(notice: str) -> str:
    """The page."""
    every = sorted(
        {one for one in _all() if one.code},
        key=lambda one: (one.code, one.summary, one.detail, str(one.hint), one.exit),
    )
    codes = sorted({one.code for one in every})
    parts = [
        "# Errors\n\n",
        notice,
        "Every error has a code that is stable across releases (in JSON it is `code`), a summary, and words that say what was "
        "wrong, why it matters and what to do; *so* stands for what is filled in. The exit codes: [exit codes](exit-codes.md). "
        "What AWS itself says in a failed operation: [messages](messages.md).\n",
    ]
    for code in codes:
        parts.append(f"\n## {code}\n")
        said = set[tuple[str, str]]()
        for one in (told for told in every if told.code == code):
            if (one.summary, one.detail) in said:
                continue
            said.add((one.summary, one.detail))
            parts.append(f"\n**{one.summary or 'As the words say'}** (exit {one.exit})\n")
            if one.detail:
                parts.append(f"\n{one.detail}\n")
            if one.hint:
                parts.append(f"\n```text\n{one.hint}\n```\n")
        if code in ADVICE:
            parts.append(f"\n{ADVICE[code]}\n")
    return "".join(parts)


def codes_by_hand() -> list[str]:
    """Where an error is made whose code is no text in the call: such a code must stand as a text somewhere near."""
    return sorted({one.place for one in _all() if not one.code} - set(PASSED_ON))


@cache
def _all() -> tuple[Told, ...]:
    return tuple(_every())


def _every() -> Iterator[Told]:
    for one in _written():
        if one.code or one.place not in BY_HAND:
            yield one
            continue
        for code in BY_HAND[one.place]:
            yield replace(one, code=code)


def _written() -> Iterator[Told]:
    for path in sorted(SOURCE.rglob("*.py")):
        module = str(path.relative_to(SOURCE))
        if module.startswith("local/"):
            continue  # the embedded AWS answers with AWS's errors
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = _constants(tree)
        ours = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "tablewright.errors"
            for alias in node.names
        }
        for node in ast.walk(tree):
            named = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if isinstance(node, ast.Call) and (named in ours or named not in EXITS):
                yield from _told(node, module, texts)


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """The module's texts by their names, so that a detail made of them can be read."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
    return found


def _told(call: ast.Call, module: str, texts: dict[str, ast.expr]) -> Iterator[Told]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "_mistake" and len(call.args) == 4:
        given = dict(zip(_PARTS, (call.args[0], call.args[1], call.args[3]), strict=False))
        words = {part: _words(given[part], texts) if part in given else "" for part in _PARTS[1:]}
        if isinstance(call.args[0], ast.Constant):
            yield Told(str(call.args[0].value), EXITS["UsageError"], place=module, **words)
        return
    given = {**dict(zip(_PARTS, call.args, strict=False)), **{one.arg: one.value for one in call.keywords if one.arg}}
    if name == "Row" and len(call.args) > 3 and isinstance(call.args[1], ast.Name) and call.args[1].id in EXITS:
        name = call.args[1].id
        given = dict(zip(_PARTS, (call.args[0], *call.args[2:]), strict=False))
    kind = ALIKE.get(name, name)
    if kind not in EXITS or "code" not in given:
        return
    code = given["code"]
    if "why" in given and "detail" not in given:
        given["detail"] = given["why"]
    if isinstance(code, ast.IfExp):
        codes = [code.body, code.orelse]
    else:
        codes = [code]
    for each in codes:
        known = isinstance(each, ast.Constant) and isinstance(each.value, str) and _CODE.fullmatch(each.value)
        words = {part: _words(given[part], texts) if part in given else "" for part in _PARTS[1:]}
        place = f"{module}: {ast.unparse(each)}"
        yield Told(
            str(each.value) if isinstance(each, ast.Constant) and known else "", EXITS[kind], place=place, **words
        )


def _words(node: ast.expr, texts: dict[str, ast.expr], depth: int = 0) -> str:
    """A text as it reads, what is filled in as a word in italics."""
    if isinstance(node, ast.Constant):
        return _templated(node.value.strip("\n")) if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            _words(part, texts, depth) if isinstance(part, ast.Constant) else _filled(part) for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _words(node.left, texts, depth) + _words(node.right, texts, depth)
    if isinstance(node, ast.Name) and node.id in texts and depth < 3:
        return _words(texts[node.id], texts, depth + 1)
    if isinstance(node, ast.IfExp):
        return _words(node.body, texts, depth) or _words(node.orelse, texts, depth)
    return "" if isinstance(node, ast.Constant) else _filled(node)


def _templated(text: str) -> str:
    """A text of ``aws.error_table`` with what it is filled in with."""
    text = text.replace("{for_profile}", "")
    return re.sub(r"\{(\w+)\}", lambda found: f"*{_FILLED[found[1]]}*" if found[1] in _FILLED else found[0], text)


def _filled(node: ast.expr) -> str:
    """What an expression is about, in a word: the last name in it that says something."""
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    names = [
        one.id if isinstance(one, ast.Name) else one.attr
        for one in ast.walk(inner)
        if isinstance(one, ast.Name | ast.Attribute)
    ]
    said = [name.strip("_") for name in names if name not in ("self", "join", "sorted", "len", "str", "repr")]
    word = said[0].replace("_", " ") if said else "so"
    return f"*{word}*"
