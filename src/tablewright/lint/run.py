"""A check as it is asked for: files found and read, cfn-lint beside, answers kept."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tablewright.errors import UsageError
from tablewright.lint.cache import Cache
from tablewright.lint.check import FileReport, Report, find, judge_one, read_all
from tablewright.lint.fixes import Mended, mend
from tablewright.lint.generic import Generic
from tablewright.lint.options import Options
from tablewright.lint.process import GenericLinter
from tablewright.lint.sources import Reading, Source
from tablewright.model.quotas import TEMPLATE_BYTES

TIME_LIMIT = 120.0
"""Seconds that cfn-lint gets for one template."""

_SKIPPED = frozenset(
    {"node_modules", "__pycache__", "cdk.out", "build", "dist", "venv", "site-packages", "vendor", "target"}
)
_SUFFIXES = (".yaml", ".yml", ".json", ".template", ".cfn", ".sh", ".bash", ".py")


@dataclass(frozen=True)
class Asked:
    """What is to be checked, and how. ``regions`` are those that cfn-lint checks against (its own choice if empty)."""

    options: Options
    generic: bool = True
    time_limit: float = TIME_LIMIT
    regions: tuple[str, ...] = ()
    cache: Path | None = field(default=None)


def gather(paths: Sequence[str], *, named: bool = True) -> list[Source]:
    """The files that paths, folders, globs and ``-`` (standard input) name. Raises UsageError where one names nothing.

    ``named`` False: a file that is of no kind that is checked is left out even when a path names it.
    """
    found: dict[str, Source] = {}
    for given in paths:
        for path, by_name in _files(given):
            found.setdefault(path, Source(path, _bytes(path), by_name and named))
    return list(found.values())


def _files(given: str) -> Iterator[tuple[str, bool]]:
    if given == "-":
        yield "-", True
        return
    path = Path(given)
    if path.is_dir():
        yield from ((str(one), False) for one in _below(path))
    elif path.exists():
        yield given, True
    else:
        matched = _matching(given)
        if not matched:
            raise UsageError("no-such-file", "There is no such file", f"{given} names no file and no folder.")
        for one in matched:
            yield from _files(one) if Path(one).is_dir() else [(one, True)]


def _matching(pattern: str) -> list[str]:
    """The paths that a pattern with ``*``, ``?``, ``[`` or ``**`` names."""
    if not any(sign in pattern for sign in "*?["):
        return []
    anchor = Path(Path(pattern).anchor)
    parts = Path(pattern).relative_to(anchor) if anchor.parts else Path(pattern)
    try:
        return sorted(str(one) for one in anchor.glob(str(parts)))
    except ValueError:
        return []


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(
            one for one in folders if one not in _SKIPPED and (one == ".github" or not one.startswith("."))
        )
        for name in sorted(files):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                path = Path(root) / name
                if path.is_file():
                    yield path


def _bytes(path: str) -> bytes:
    """The content, and no more than shows that it is too much."""
    most = TEMPLATE_BYTES.value + 1
    try:
        if path == "-":
            return sys.stdin.buffer.read(most)
        with Path(path).open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise UsageError("unreadable-file", "A file cannot be read", f"{path}: {error.strerror}.") from None


def check_sources(sources: Sequence[Source], asked: Asked) -> Report:
    """Check files: what is known already is taken from the cache, for the rest cfn-lint runs beside our own rules."""
    cache = Cache(asked.cache, asked.options, asked.generic)
    keys = cache.keys(sources)
    known = {source.path: cache.get(keys[source.path], source) for source in sources if source.path in keys}
    todo = [source for source in sources if known.get(source.path) is None]
    if not todo:
        return Report(tuple(report for source in sources if (report := known.get(source.path)) is not None))
    fresh = _checked(sources, {source.path for source in todo}, asked)
    for path, report in fresh.items():
        if path in keys and not any(finding.rule in ("TW-TPL-003", "TW-TPL-006") for finding in report.findings):
            cache.put(keys[path], report)
    cache.tidy()
    reports = [fresh.get(source.path) or known.get(source.path) for source in sources]
    return Report(tuple(report for report in reports if report is not None))


def _checked(sources: Sequence[Source], todo: set[str], asked: Asked) -> dict[str, FileReport]:
    linter = GenericLinter(asked.time_limit)
    wants = asked.generic and any(_may_be_template(source) for source in sources if source.path in todo)
    if wants:
        linter.start()
    try:
        readings = read_all(sources, asked.options)
        chosen = [reading for reading in readings if reading.path in todo]
        templates = [reading for reading in chosen if wants and _is_for_cfn_lint(reading)]
        if templates:
            linter.ask([_named(reading) for reading in templates], asked.regions)
        for reading in chosen:
            find(reading, asked.options)
        answers: dict[str, Generic] = {reading.path: linter.answer() for reading in templates}
        return {reading.path: judge_one(reading, asked.options, answers.get(reading.path)) for reading in chosen}
    finally:
        linter.stop()


def _may_be_template(source: Source) -> bool:
    return b"Resources" in source.data and len(source.data) <= TEMPLATE_BYTES.value


def _is_for_cfn_lint(reading: Reading) -> bool:
    return reading.stack is not None and not reading.stack.fragment and reading.facts.mistake is None


def _named(reading: Reading) -> str:
    """The path for cfn-lint, or the text itself where there is no file."""
    return "-" + reading.text if reading.path == "-" else str(Path(reading.path).absolute())


def mend_files(sources: Sequence[Source], options: Options, *, write: bool) -> list[Mended]:
    """Mend files by the fixes that there are; ``write`` puts the result where the file was, else nothing is touched."""
    mended = [mend(source, options) for source in sources]
    for one in mended:
        if write and one.changed and one.source.path != "-":
            _replace(Path(one.source.path), one.source.data, one.data)
    return mended


def _replace(path: Path, read: bytes, data: bytes) -> None:
    """Write a file whole or not at all, with the mode that it had; one that was changed since it was read is left alone."""
    target = path.resolve()
    name = ""
    try:
        if target.read_bytes() != read:
            raise UsageError(
                "file-changed", "A file was changed meanwhile", f"{path} is not what was checked. Run it again."
            )
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name}.", dir=target.parent
        )  # nobody can have laid a link there
        with os.fdopen(handle, "wb") as beside:
            beside.write(data)
            beside.flush()
            os.fsync(beside.fileno())
        Path(name).chmod(target.stat().st_mode & 0o7777)
        Path(name).replace(target)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise UsageError("unwritable-file", "A file cannot be written", f"{path}: {error.strerror}.") from None


def again(mended: Sequence[Mended]) -> list[Source]:
    """The files as they are after mending."""
    return [replace(one.source, data=one.data) for one in mended]
