"""What was found before: a file, an answer. A file that is unchanged, under the same rules and settings, is not checked again.

The key covers everything that the answer hangs on: the file, the templates beside it where they count, the options, both
linters and their settings. A cache that cannot be read or written is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tablewright.lint.check import FileReport
from tablewright.lint.options import Options
from tablewright.lint.sources import Source
from tablewright.model.finding import Edit, Finding, Fix, Severity

_MOST_ENTRIES = 4000
_LOCAL_FILES = (b"TemplateURL", b"DefinitionUri", b"AWS::Include")
_CONFIGS = (".cfnlintrc", ".cfnlintrc.yaml", ".cfnlintrc.yml")
_OPEN_CONFIGS = (b"append_rules", b"custom_rules", b"registry_schemas", b"override_spec", b"_files")
_PACKAGE = Path(__file__).resolve().parent.parent


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where answers are kept: $XDG_CACHE_HOME/tablewright/check, or below ~/.cache; None without a home."""
    base = environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "tablewright" / "check"
    home = environ.get("HOME")
    return Path(home) / ".cache" / "tablewright" / "check" if home else None


class Cache:
    """Answers by file. ``folder`` None keeps nothing."""

    def __init__(self, folder: Path | None, options: Options, generic: bool) -> None:
        self._folder = folder
        self._base = _digest(repr(options), str(generic), _ours(), _theirs()) if folder is not None else ""
        if folder is not None and any(word in _configs() for word in _OPEN_CONFIGS):
            self._folder = None  # rules of the person's own, which may change without our knowing

    def keys(self, sources: Sequence[Source]) -> dict[str, str]:
        """The key of each file that may be kept."""
        if self._folder is None:
            return {}
        contents = {source.path: hashlib.sha256(source.data).hexdigest() for source in sources}
        beside = _digest(*(contents[one.path] for one in sources if _may_be_template(one)))
        keys = {}
        for source in sources:
            if source.path == "-" or any(word in source.data for word in _LOCAL_FILES):
                continue
            parts = [self._base, source.path, str(source.named), contents[source.path]]
            if not (source.path.endswith((".yaml", ".yml")) and b"Resources" in source.data):
                parts.append(beside)
            keys[source.path] = _digest(*parts)
        return keys

    def get(self, key: str, source: Source) -> FileReport | None:
        """The answer kept under a key."""
        if self._folder is None:
            return None
        try:
            kept = json.loads((self._folder / f"{key}.json").read_bytes())
            text = source.data.decode("utf-8-sig", "replace")
            return FileReport(source.path, kept["kind"], text, tuple(_finding(one) for one in kept["findings"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, report: FileReport) -> None:
        """Keep an answer; whole or not at all."""
        if self._folder is None:
            return
        body = json.dumps({"kind": report.kind, "findings": [_plain(finding) for finding in report.findings]})
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(body)
            Path(name).replace(self._folder / f"{key}.json")

    def tidy(self) -> None:
        """Forget the oldest answers when there are many."""
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            kept = list(os.scandir(self._folder))
            if len(kept) > _MOST_ENTRIES:
                for entry in sorted(kept, key=lambda one: one.stat().st_mtime)[: len(kept) // 2]:
                    Path(entry.path).unlink(missing_ok=True)


def _may_be_template(source: Source) -> bool:
    return not source.path.endswith((".py", ".sh", ".bash"))


def _plain(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "severity": finding.severity.value}


def _finding(kept: dict[str, Any]) -> Finding:
    fix = kept.pop("fix")
    made = Fix(fix["summary"], tuple(Edit(**edit) for edit in fix["edits"])) if fix else None
    return Finding(**{**kept, "severity": Severity(kept["severity"]), "fix": made})


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _ours() -> str:
    """What changes when our rules do: the sizes and times of the modules that they are made of."""
    seen = []
    for package in ("lint", "lint/rules", "template", "model", "access"):
        with contextlib.suppress(OSError):
            for entry in sorted(os.scandir(_PACKAGE / package), key=lambda one: one.name):
                if entry.name.endswith(".py"):
                    stat = entry.stat()
                    seen.append(f"{package}/{entry.name}:{stat.st_size}:{stat.st_mtime_ns}")
    return "|".join(seen)


def _theirs() -> str:
    """cfn-lint's version, and what it is told by files."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("cfn-lint") + _configs().decode("utf-8", "replace")
    except PackageNotFoundError:
        return "none"


def _configs() -> bytes:
    found = b""
    for folder in (Path(), Path(os.environ.get("HOME") or ".")):
        for name in _CONFIGS:
            with contextlib.suppress(OSError):
                found += name.encode() + (folder / name).read_bytes()
    return found
