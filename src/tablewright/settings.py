"""``tablewright.toml``: what a project deploys, and where, environment by environment.

The file is found by walking up from the working directory, no further than the repository's root. Values at the top hold
everywhere; ``[environments.NAME]`` overrides them for one environment, ``[stacks.LABEL]`` describes one of several stacks,
``[environments.NAME.stacks.LABEL]`` that stack in that environment. Parameters and tags are merged key by key, the more
special value winning. Every mistake in the file is a UsageError that says where it is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tablewright.errors import UsageError

__all__ = ["FILE_NAME", "EnvironmentSettings", "Settings", "load_settings", "parse_settings"]

FILE_NAME = "tablewright.toml"

Where = tuple[str, ...]

_PATTERNS: Mapping[str, tuple[str, str]] = {
    "stack": (r"[A-Za-z][A-Za-z0-9-]{0,127}", "a stack name: letters, digits and hyphens, beginning with a letter"),
    "region": (r"[a-z]{2,}(-[a-z]+)+-\d{1,2}", 'a region such as "us-east-1"'),
    "account": (r"\d{12}", 'an account id in quotes, twelve digits such as "123456789012"'),
    "role_arn": (r"arn:[\w-]+:iam::\d{12}:role/.+", 'a role\'s ARN, such as "arn:aws:iam::123456789012:role/deploy"'),
    "service_role_arn": (r"arn:[\w-]+:iam::\d{12}:role/.+", "a role's ARN, which CloudFormation is to work with"),
    "endpoint_url": (r"https?://[^\s/]+(/\S*)?", 'a URL such as "http://localhost:4566"'),
    "protection": (r"standard|strict", '"standard" or "strict"'),
    "s3_bucket": (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name"),
    "template": (r".+", "a path, relative to this file"),
    "profile": (r".+", "the name of an AWS profile"),
}
"""The settings that are text, each with what it must look like."""

_MAPPINGS = ("parameters", "tags")
_REDACT = "redact"
_CHECK: Mapping[str, str] = {
    "select": "rules",
    "ignore": "rules",
    "fail_on": "severity",
    "deletion-policy": "switch",
    "deletion-protection": "switch",
    "point-in-time-recovery": "switch",
}
"""What ``check`` can be told, at the top or for an environment, and of what kind each is."""
_ONE_STACK = (*_PATTERNS, *_MAPPINGS)
_OF_STACK = ("stack", "template", "parameters", "tags", "service_role_arn", "s3_bucket")
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "the top": (*_ONE_STACK, "default_environment", "environments", "stacks", "check", _REDACT),
    "an environment": (*_ONE_STACK, "stacks", "check", _REDACT),
    "a stack": (*_OF_STACK, "after"),
    "a stack in an environment": _OF_STACK,
}


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """One stack in one environment, everything merged. ``name`` is None in a project without environments.

    ``template`` is absolute; ``account`` has twelve digits; ``role_arn`` is a role to assume, ``service_role_arn`` the role
    that CloudFormation is to work with; ``label`` is the stack's key under ``[stacks]``. ``protection`` is ``standard`` or
    ``strict`` (an environment in which nothing that loses data is ever allowed): it can close the guard further, never
    open it.
    """

    name: str | None = None
    label: str | None = None
    stack: str | None = None
    template: Path | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    account: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    service_role_arn: str | None = None
    endpoint_url: str | None = None
    s3_bucket: str | None = None
    protection: str = "standard"
    path: Path | None = None

    def existing_template(self) -> Path:
        """The template's path. Raises UsageError if the settings name none, or one that is no file."""
        if self.template is None:
            raise UsageError(
                "no-template",
                "No template was named",
                f'Name one on the command line, or put template = "..." into {self.path or FILE_NAME}.',
            )
        if not self.template.is_file():
            raise UsageError(
                "no-such-template",
                "There is no such template",
                f"{self.template} is named in {self.path} (paths there are relative to that file), but it is no file.",
            )
        return self.template


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project's file says. ``labels`` are the keys under ``[stacks]``, in the order of deployment."""

    path: Path
    default_environment: str | None = None
    environments: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def environment(self, name: str | None = None, stack: str | None = None) -> EnvironmentSettings:
        """One stack in an environment: the named one, else the default. ``stack`` is a label or a stack's name.

        Raises UsageError when there is no such environment or stack, or when several could be meant.
        """
        found = self.stacks(name)
        if stack is not None:
            chosen = [s for s in found if stack in (s.label, s.stack)]
            if chosen:
                return chosen[0]
            if not self.labels:  # a stack that the file does not speak of, with what holds everywhere
                return found[0]
            raise _unknown("stack", stack, [s.label or "" for s in found], self.path)
        if len(found) > 1:
            raise UsageError(
                "stack-not-chosen",
                "The project has several stacks",
                f"{self.path} describes {_listed(s.label or '' for s in found)}. Choose one with --stack; deploy and status "
                "take all of them with --all.",
            )
        return found[0]

    def stacks(self, name: str | None = None) -> tuple[EnvironmentSettings, ...]:
        """All the stacks of an environment, each after those it names in ``after``."""
        chosen = self._choose(name)
        return tuple(self._merged(chosen, label) for label in (self.labels or (None,)))

    def templates(self, name: str | None = None) -> tuple[Path, ...]:
        """The templates of an environment's stacks; without a name, of every environment's."""
        wanted = (name,) if name else self.environments or (None,)
        found = [one.template for each in wanted for one in self.stacks(each)]
        return tuple(dict.fromkeys(path for path in found if path is not None))

    def check(self, name: str | None = None) -> Mapping[str, Any]:
        """What ``check`` is told: the rules to select and ignore, and what the environment requires."""
        special = self.document.get("environments", {}).get(name, {}) if name else {}
        return {**self.document.get("check", {}), **special.get("check", {})}

    def redact(self, name: str | None = None) -> Mapping[str, tuple[str, ...]]:
        """What is never shown, by table (or pattern): what the top says and what the environment adds."""
        special = self.document.get("environments", {}).get(self._choose(name), {})
        layers = [layer.get(_REDACT, {}) for layer in (self.document, special)]
        tables = dict.fromkeys(table for layer in layers for table in layer)
        return {table: tuple(dict.fromkeys(e for layer in layers for e in layer.get(table, ()))) for table in tables}

    def _choose(self, name: str | None) -> str | None:
        wanted = name or self.default_environment
        if wanted is None:
            if self.environments:
                raise UsageError(
                    "environment-not-chosen",
                    "No environment was chosen",
                    f"{self.path} describes {_listed(self.environments)} and no default_environment. Choose with --env.",
                )
            return None
        if wanted not in self.environments:
            raise _unknown("environment", wanted, self.environments, self.path)
        return wanted

    def _merged(self, environment: str | None, label: str | None) -> EnvironmentSettings:
        top = self.document
        special = top.get("environments", {}).get(environment, {}) if environment else {}
        layers = [top, top.get("stacks", {}).get(label, {}), special, special.get("stacks", {}).get(label, {})]
        merged: dict[str, Any] = {name: {} for name in _MAPPINGS}
        for layer in layers:
            merged |= {key: layer[key] for key in _PATTERNS if key in layer}
            for name in _MAPPINGS:
                merged[name] = merged[name] | {k: _as_text(v) for k, v in layer.get(name, {}).items()}
        template = merged.pop("template", None)
        return EnvironmentSettings(
            name=environment,
            label=label,
            template=(self.path.parent / template).resolve() if template else None,
            path=self.path,
            **merged,
        )


def load_settings(start: Path) -> Settings | None:
    """The settings that hold in a folder: those of the nearest ``tablewright.toml`` at or above it; None without one.

    The search ends at the repository's root (a folder with ``.git``). Raises UsageError for a file that cannot be read or
    that holds a mistake.
    """
    found = _find(start)
    if found is None:
        return None
    try:
        text = found.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        words = f"{found}: the byte at position {error.start} is not UTF-8. Save the file in that encoding."
        raise UsageError("settings-malformed", "The settings are not UTF-8 text", words) from error
    except OSError as error:
        raise UsageError("settings-unreadable", "The settings cannot be read", f"{found}: {error.strerror}.") from error
    return parse_settings(text, found)


def parse_settings(text: str, path: Path) -> Settings:
    """The settings in a text; ``path`` is where it stands. Raises UsageError for any mistake, with its line if known."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _malformed(text, path, str(error)) from error
    _Check(text, path).document(document)
    environments = tuple(document.get("environments", {}))
    default = document.get("default_environment")
    if default is not None and default not in environments:
        raise _unknown("environment", default, environments, path, _line_of(text, ("default_environment",)))
    return Settings(
        path=path.absolute(),
        default_environment=default,
        environments=environments,
        labels=_ordered(document.get("stacks", {}), text, path),
        document=document,
    )


def _find(start: Path) -> Path | None:
    for folder in (start.absolute(), *start.absolute().parents):
        file = folder / FILE_NAME
        try:
            if file.is_symlink() or file.is_file():
                return file
            if (folder / ".git").exists():
                return None
        except OSError:
            return None  # a folder above that may not be looked into
    return None


class _Check:
    """Refuses every mistake that the file can hold by itself, naming its line."""

    def __init__(self, text: str, path: Path) -> None:
        self._text = text
        self._path = path

    def document(self, document: Mapping[str, Any]) -> None:
        self._table(document, "the top", ())
        if "default_environment" in document:
            self._text_value(document["default_environment"], ("default_environment",), r".+", "an environment's name")
        labels = document.get("stacks", {})
        self._tables(labels, "a stack", ("stacks",))
        environments = document.get("environments", {})
        self._tables(environments, "an environment", ("environments",))
        for name, environment in environments.items():
            self._tables(environment.get("stacks", {}), "a stack in an environment", ("environments", name, "stacks"))
            for label in environment.get("stacks", {}):
                if label not in labels:
                    line = _line_of(self._text, ("environments", name, "stacks", label))
                    raise _unknown("stack", label, labels, self._path, line)

    def _tables(self, tables: object, kind: str, where: Where) -> None:
        if not isinstance(tables, dict):
            raise self._wrong(where, "must be a table of tables", tables)
        for name, table in tables.items():
            if not isinstance(table, dict):
                raise self._wrong((*where, name), "must be a table", table)
            self._table(table, kind, (*where, name))

    def _table(self, table: Mapping[str, Any], kind: str, where: Where) -> None:
        allowed = _ALLOWED[kind]
        for key, value in table.items():
            here = (*where, key)
            if key not in allowed:
                near = get_close_matches(key, allowed, n=1)
                advice = f"Did you mean {near[0]}?" if near else f"{kind.capitalize()} can have {_listed(allowed)}."
                raise self._mistake("settings-unknown-key", "The settings have an unknown key", here, advice)
            if key in _PATTERNS:
                self._text_value(value, here, *_PATTERNS[key])
            elif key in _MAPPINGS:
                self._mapping(value, here)
            elif key == "check":
                self._checks(value, here)
            elif key == _REDACT:
                self._redactions(value, here)
            elif key == "after" and not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
                raise self._wrong(here, "must be a list of stack labels", value)

    def _checks(self, value: object, where: Where) -> None:
        if not isinstance(value, dict):
            raise self._wrong(where, "must be a table", value)
        for key, entry in value.items():
            here = (*where, key)
            if key not in _CHECK:
                near = get_close_matches(key, _CHECK, n=1)
                advice = f"Did you mean {near[0]}?" if near else f"check can have {_listed(_CHECK)}."
                raise self._mistake("settings-unknown-key", "The settings have an unknown key", here, advice)
            kind = _CHECK[key]
            if kind == "switch" and not isinstance(entry, bool):
                raise self._wrong(here, "must be true or false", entry)
            if kind == "severity":
                self._text_value(entry, here, r"error|warning|info|never", "error, warning, info or never")
            if kind == "rules" and not (isinstance(entry, list) and all(isinstance(one, str) for one in entry)):
                raise self._wrong(here, "must be a list of rules, in quotes", entry)

    def _redactions(self, value: object, where: Where) -> None:
        if not isinstance(value, dict):
            raise self._wrong(where, 'must be a table, such as { "*" = ["email"] }', value)
        for table, entries in value.items():
            here = (*where, table)
            if not isinstance(entries, list) or not all(isinstance(one, str) for one in entries):
                raise self._wrong(here, "must be a list of attributes, in quotes", entries)
            if not all(entries) or any(re.search(r"\[\d*\*?\]", one) for one in entries):
                words = "An entry is a name, or names joined by dots; inside a list it holds for every element without brackets."
                raise self._mistake("settings-invalid-value", "A setting has an invalid value", here, words)

    def _text_value(self, value: object, where: Where, pattern: str, meaning: str) -> None:
        if isinstance(value, bool) or not isinstance(value, str):
            raise self._wrong(where, f"must be {meaning}", value)
        if not re.fullmatch(pattern, value, re.DOTALL):
            raise self._mistake(
                "settings-invalid-value", "A setting has an invalid value", where, f"It must be {meaning}."
            )

    def _mapping(self, value: object, where: Where) -> None:
        if not isinstance(value, dict):
            raise self._wrong(where, 'must be a table, such as { Environment = "staging" }', value)
        for key, entry in value.items():
            here = (*where, key)
            if isinstance(entry, list) and where[-1] == "parameters" and all(isinstance(e, str) for e in entry):
                continue
            if not isinstance(entry, (str, bool, int)):
                raise self._wrong(here, "must be text: put it in quotes", entry)
            if where[-1] == "tags" and key.lower().startswith("aws:"):
                raise self._mistake(
                    "settings-invalid-value",
                    "A setting has an invalid value",
                    here,
                    "Tags beginning with aws: are AWS's own.",
                )

    def _wrong(self, where: Where, must: str, value: object) -> UsageError:
        kinds = {
            dict: "a table",
            list: "a list",
            bool: "true or false",
            int: "a number",
            float: "a number",
            str: "text",
        }
        kind = kinds.get(type(value), "a date or time")
        advice = f"It {must}, and is {kind}."
        return self._mistake("settings-wrong-type", "A setting has the wrong type", where, advice)

    def _mistake(self, code: str, summary: str, where: Where, advice: str) -> UsageError:
        line = _line_of(self._text, where)
        return UsageError(code, summary, _pointing(self._text, self._path, line, f"{'.'.join(where)}: {advice}"))


def _ordered(stacks: Mapping[str, Any], text: str, path: Path) -> tuple[str, ...]:
    """The labels, each after those in its ``after``, else as they stand in the file."""
    for label, stack in stacks.items():
        for earlier in stack.get("after", ()):
            if earlier not in stacks:
                raise _unknown("stack", earlier, stacks, path, _line_of(text, ("stacks", label, "after")))
    ordered: list[str] = []
    while len(ordered) < len(stacks):
        ready = [s for s in stacks if s not in ordered and all(e in ordered for e in stacks[s].get("after", ()))]
        if not ready:
            left = _listed(s for s in stacks if s not in ordered)
            raise UsageError(
                "settings-stacks-circular", "The stacks wait for each other", f"{path}: {left}, by their after."
            )
        ordered.append(ready[0])
    return tuple(ordered)


def _as_text(value: object) -> str:
    """A parameter's value as CloudFormation takes it: text, numbers, true/false, comma-separated lists."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(value)
    return str(value)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _unknown(what: str, name: str, known: Iterable[str], path: Path, line: int | None = None) -> UsageError:
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    place = f"{path}, line {line}," if line else f"{path}"
    return UsageError(
        f"no-such-{what}",
        f"There is no such {what}",
        f"{place} describes no {what} {name!r}; it describes {_listed(names)}."
        + (f" Did you mean {near[0]}?" if near else ""),
    )


def _malformed(text: str, path: Path, message: str) -> UsageError:
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = int(place[1]) if place else len(text.splitlines())
    said = re.sub(r" \(at .*\)$", "", message)
    column = f", column {place[2]}" if place else ""
    return UsageError(
        "settings-malformed", "The settings are not TOML", _pointing(text, path, line, f"{said}{column}.")
    )


def _pointing(text: str, path: Path, line: int | None, message: str) -> str:
    lines = text.splitlines()
    if line is None or not 0 < line <= len(lines):
        return f"{path}: {message}"
    return f"{path}, line {line}:\n\n    {lines[line - 1].strip()}\n\n{message}"


_ASSIGNMENT = re.compile(r"""((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")


def _line_of(text: str, where: Where) -> int | None:
    """The line at which a key stands, as well as can be told without a parser that keeps positions; None if unclear."""
    table: Where = ()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        header = re.fullmatch(r"\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?", line)
        if header:
            table = _key_parts(header[1])
            if table[: len(where)] == where:
                return number
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment:
            full = (*table, *_key_parts(assignment[1]))
            if full == where or full[: len(where)] == where:
                return number
            if where[: len(full)] == full and re.search(rf"\b{re.escape(where[-1])}\b", line):
                return number  # inside an inline table
    return None


def _key_parts(key: str) -> Where:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", key))
