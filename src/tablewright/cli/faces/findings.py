"""Findings as a person reads them: the line itself with a caret, why, and the safe way with the file's own names in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tablewright.cli.faces.cells import clean, elide, elide_end, elide_start, width, wrap
from tablewright.cli.faces.marks import Line, Marks
from tablewright.lint.check import FileReport, Report
from tablewright.model.finding import Finding, Severity

_TONES = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.INFO: "dim"}
_WIDEST_PROSE = 100
_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|(?:[^\s:,\[\]{}()]|:(?=[^\s,\[\]{}()]))+|\S")


def report_lines(report: Report, columns: int, marks: Marks, *, everything: bool, mending: str) -> list[Line]:
    """The findings file by file, then the sum. Infos, and what is ignored in place, are counted unless ``everything``.

    ``mending`` is the command that shows what --fix would change.
    """
    lines: list[Line] = []
    for file in report.files:
        shown = [one for one in file.findings if everything or (one.severity is not Severity.INFO and not one.ignored)]
        if shown:
            lines += [((elide(clean(file.path), columns, marks.elided), "strong"),), ()]
            lines += _grouped(shown, file, columns, marks)
    return lines + _sum(report, marks, everything, columns, mending)


def _grouped(findings: Sequence[Finding], file: FileReport, columns: int, marks: Marks) -> list[Line]:
    explained = set[str]()
    written = file.text.splitlines()
    lines: list[Line] = []
    for finding in findings:
        lines += _block(finding, written, columns, marks, explain=finding.rule not in explained)
        explained.add(finding.rule)
    return lines


def _block(finding: Finding, written: Sequence[str], columns: int, marks: Marks, *, explain: bool) -> list[Line]:
    prose = min(columns, _WIDEST_PROSE)
    name = finding.name if finding.origin == "tablewright" else "cfn-lint"
    code, where = f"  {finding.severity.value}[{finding.rule}]", f"  line {finding.line}"
    tail: Line = ((f" {clean(name)}", "strong"), (where, "dim"))
    lines: list[Line] = [((code, _TONES[finding.severity]), *tail)]
    if width(code) + width(name) + width(where) >= columns:
        lines = [((code, _TONES[finding.severity]),), (("   ", ""), *tail)]
    lines += [(("    " + text, ""),) for text in wrap(finding.message, prose - 4)]
    lines += _excerpt(finding, written, columns, marks)
    if finding.ignored:
        lines += [(("    ", ""), ("ignored here: ", "dim"), (clean(finding.ignored), "dim"))]
        return [*lines, ()]
    if finding.why and explain and finding.severity is not Severity.INFO:
        lines += _labelled("Why", finding.why, prose)
    if finding.instead:
        lines += _labelled("Instead", finding.instead, prose)
    if finding.fix is not None:
        lines += _labelled("--fix", finding.fix.summary, prose)
    return [*lines, ()]


def _excerpt(finding: Finding, written: Sequence[str], columns: int, marks: Marks) -> list[Line]:
    if not 1 <= finding.line <= len(written):
        return []
    raw = written[finding.line - 1]
    token = _TOKEN.match(raw, finding.column - 1)
    under = token.group() if token else raw[finding.column - 1 : finding.column]
    gutter = f"      {finding.line} | "
    room = max(20, columns - len(gutter))
    before = clean(raw[: finding.column - 1].replace("\t", " "))
    shown = clean(raw.replace("\t", " "))
    if width(shown) > room and width(before) > room // 2:
        rest = shown[len(before) :]
        before = elide_start(before, room // 2, marks.elided)
        shown = before + rest
    caret = " " * width(before) + "^" * max(1, min(width(clean(under)), room - width(before)))
    bar = " " * (len(gutter) - 2) + "| "
    return [
        (),
        ((gutter, "dim"), (elide_end(shown, room, marks.elided), "")),
        ((bar, "dim"), (caret, _TONES[finding.severity])),
        (),
    ]


def _labelled(label: str, text: str, prose: int) -> list[Line]:
    first, *rest = wrap(f"{label}: {text}", prose - 4)
    head, _, tail = first.partition(": ")
    return [(("    " + head + ": ", "strong"), (tail, "")), *((("    " + line, ""),) for line in rest)]


def _sum(report: Report, marks: Marks, everything: bool, columns: int, mending: str) -> list[Line]:
    counts = Counter(finding.severity for finding in report.open)
    files = sum(1 for file in report.files if file.kind or file.findings)
    ignored = len(report.findings) - len(report.open)
    parts = [
        _many(counts[severity], severity.value)
        for severity in Severity
        if counts[severity] or severity is not Severity.INFO
    ]
    good = not counts[Severity.ERROR] and not counts[Severity.WARNING]
    said = f"{', '.join(parts)} in {_many(files, 'file')}" + (f"; {ignored} ignored in place" if ignored else "")
    lines: list[Line] = [((f"{marks.good if good else marks.bad} ", "good" if good else "bad"), (said, "strong"))]
    fixable = len({id(finding.fix) for finding in report.open if finding.fix is not None})
    folded = Counter(finding.rule for finding in report.open if finding.severity is Severity.INFO)
    if folded and not everything:
        listed = ", ".join(rule for rule, _ in sorted(folded.items()))
        lines += [
            (("  " + text, "dim"),) for text in wrap(f"infos: {listed} (--all shows them)", min(columns, 100) - 2)
        ]
    if fixable:
        lines += [(), ((f"  {_many(fixable, 'fix', 'fixes')} can be made; to see what they change, run:", ""),)]
        lines += [(), (("      " + mending, "strong"),)]
    return lines


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"
