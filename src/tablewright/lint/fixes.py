"""Mending a file: fixes made one after the other, each checked again, and taken back when the text is not better for it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

from tablewright.lint.check import judge_one
from tablewright.lint.options import Options
from tablewright.lint.sources import Source, read
from tablewright.lint.splice import spliced
from tablewright.model.finding import Finding, Severity

_ROUNDS = 500


@dataclass(frozen=True)
class Mended:
    """A file after its fixes. ``made`` are the findings that were mended; ``data`` is the new content."""

    source: Source
    data: bytes
    made: tuple[Finding, ...]

    @property
    def changed(self) -> bool:
        """Whether anything was mended."""
        return bool(self.made)

    def diff(self) -> str:
        """What was changed, as a unified diff."""
        before, after = (
            data.decode("utf-8-sig", "replace").splitlines(keepends=True) for data in (self.source.data, self.data)
        )
        return "".join(difflib.unified_diff(before, after, self.source.path, self.source.path))


def mend(source: Source, options: Options) -> Mended:
    """Make every fix that there is, until there is none left. A fix that leaves a new error is not made."""
    original = source
    made, refused = list[Finding](), set[tuple[str, str]]()
    found = _found(source, options)
    for _ in range(_ROUNDS):
        finding = next(
            (one for one in found if one.fix and not one.ignored and (one.rule, one.message) not in refused), None
        )
        if finding is None or finding.fix is None:
            break
        mark = b"\xef\xbb\xbf" if source.data.startswith(b"\xef\xbb\xbf") else b""
        text = source.data.decode("utf-8-sig")
        tried = replace(source, data=mark + spliced(text, finding.fix.edits).encode())
        after = _found(tried, options)
        if _better(found, after, finding):
            source, found = tried, after
            made.append(finding)
        else:
            refused.add((finding.rule, finding.message))
    return Mended(original, source.data, tuple(made))


def _found(source: Source, options: Options) -> tuple[Finding, ...]:
    return judge_one(read(source, options), options, None).findings


def _better(before: tuple[Finding, ...], after: tuple[Finding, ...], mended: Finding) -> bool:
    """Whether the finding is gone and no error has come."""

    def count(findings: tuple[Finding, ...], rule: str | None = None) -> int:
        return sum(1 for one in findings if (one.rule == rule if rule else one.severity is Severity.ERROR))

    gone = count(after, mended.rule) < count(before, mended.rule)
    return gone and count(after) <= count(before)
