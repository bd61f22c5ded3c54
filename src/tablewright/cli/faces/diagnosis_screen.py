"""A diagnosis on a screen: what is wrong, surest first, with its evidence and what to do; then what cannot be told."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tablewright.cli.faces.cells import clean, fit, width, wrap
from tablewright.cli.faces.marks import Line, Marks
from tablewright.cli.faces.plot import plot
from tablewright.cli.faces.quantities import count
from tablewright.model.diagnosis import Diagnosis, DiagnosisReport, Looked, Sure
from tablewright.model.listed import READABLE, listed
from tablewright.model.series import Series
from tablewright.watch.reasons import Explained

_PROSE = 110
_TONES = {Sure.CERTAIN: "bad", Sure.LIKELY: "warn", Sure.POSSIBLE: "unknown"}
_PLOT_ROWS = 3


def diagnosis_lines(report: DiagnosisReport, columns: int, marks: Marks, *, explain: bool) -> list[Line]:
    """The report in lines of at most ``columns`` cells, but for commands, which are never broken."""
    lines = _header(report, columns, marks)
    for diagnosis in report.diagnoses:
        lines += [(), *_diagnosis(diagnosis, report, columns, marks)]
    if explain:
        lines += [(), (("What was looked at", "strong"),), *_looked(report.looked, columns, marks)]
    elif report.unknown:
        lines += [(), (("What cannot be told", "strong"),), *_looked(report.unknown, columns, marks, most=READABLE)]
    lines += [(), *(((text, "dim"),) for text in wrap(_cost(report), min(columns, _PROSE)))]
    return lines


def explained_lines(reasons: Sequence[Explained], columns: int) -> list[Line]:
    """What an exception's text says."""
    lines: list[Line] = []
    for each in reasons:
        lines += (
            [(), ((each.reason, "bad"), (f"  {clean(each.subject)}", "strong"))]
            if lines
            else [((each.reason, "bad"), (f"  {clean(each.subject)}", "strong"))]
        )
        for words in (each.meaning, each.remedy):
            lines += [((f"  {text}", ""),) for text in wrap(words, min(columns, _PROSE) - 2)] if words else []
    return lines


def _header(report: DiagnosisReport, columns: int, marks: Marks) -> list[Line]:
    names = listed([clean(name) for name in report.tables])
    span = f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC, {report.region}"
    lines: list[Line] = [((text, "strong"),) for text in fit(names, columns)]
    lines += [((text, "dim"),) for text in fit(span, columns)]
    found = len(report.diagnoses)
    if found:
        return [*lines, ((f"{marks.bad} {count(found, 'problem')}", "bad"),)]
    unknown = len(report.unknown)
    words = "nothing is wrong" if not unknown else "nothing wrong was seen"
    rest = f", {count(unknown, 'question')} could not be answered" if unknown else ""
    return [*lines, ((f"{marks.good} ", "good"), (words, "good"), (rest, ""))]


def _diagnosis(diagnosis: Diagnosis, report: DiagnosisReport, columns: int, marks: Marks) -> list[Line]:
    prose = min(columns, _PROSE)
    subject, sure = clean(diagnosis.subject), f"  ({diagnosis.sure.value})"
    problem = (diagnosis.problem, _TONES[diagnosis.sure])
    lines: list[Line] = [(problem, ("  ", ""), (subject, "strong"), (sure, "dim"))]
    if width(diagnosis.problem) + 2 + width(subject) + width(sure) > columns:
        lines = [(problem, (sure, "dim")), *(((f"  {text}", "strong"),) for text in fit(subject, columns - 2))]
    lines += [((f"  {text}", ""),) for text in wrap(diagnosis.cause, prose - 2)]
    for evidence in diagnosis.evidence:
        first, *rest = wrap(clean(evidence.text), prose - 4)
        lines += [((f"  {marks.dot} ", "dim"), (first, "")), *((("    " + text, ""),) for text in rest)]
    for wanted in diagnosis.plots[:2]:
        series = report.series.get(wanted)
        if series and len(series.values) > 1:
            lines += _plot(series, report, min(columns, 80), marks)
    for remedy in diagnosis.remedies:
        first, *rest = wrap(remedy.text, prose - 4)
        lines += [((f"  {marks.arrow} ", "strong"), (first, "")), *((("    " + text, ""),) for text in rest)]
        if remedy.command:
            lines += [((f"      {remedy.command}", "strong"),)]
    return lines


def _plot(series: Series, report: DiagnosisReport, columns: int, marks: Marks) -> list[Line]:
    """The series over the whole span, silence as nothing, with its largest value."""
    values = over_time(series, report)
    unicode = marks.rule != "-"
    rows = plot(values, columns - 4, _PLOT_ROWS, unicode=unicode)
    name = f"{series.id.metric.name} ({series.id.statistic}), at most {series.highest:,.6g}"
    lines: list[Line] = [((f"    {text}", "dim"),) for text in fit(name, columns - 4)]
    return [*lines, *(((f"    {row}", "busy"),) for row in rows)]


def over_time(series: Series, report: DiagnosisReport) -> list[float]:
    """One value for each period of the span, 0 where there was none."""
    begin = max(int(report.since.timestamp()) // series.period, series.times[0] // series.period)
    if series.times[0] < report.since.timestamp():
        begin = series.times[0] // series.period
    end = max(int(report.until.timestamp()) // series.period, series.times[-1] // series.period + 1)
    values = [0.0] * max(1, end - begin)
    for at, value in zip(series.times, series.values, strict=True):
        values[at // series.period - begin] = value
    return values


def _looked(questions: Sequence[Looked], columns: int, marks: Marks, most: int = sys.maxsize) -> list[Line]:
    """The answers, those of one question that are alike on one line with ``most`` of the subjects."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for each in questions:
        why = each.why if each.answer == "unknown" else ""
        alike.setdefault((each.problem, each.answer, why), []).append(each.subject)
    lines: list[Line] = []
    tones = {"found": ("bad", marks.bad), "clear": ("good", marks.good), "unknown": ("unknown", marks.unknown)}
    for (problem, answer, why), subjects in alike.items():
        look, mark = tones[answer]
        text = f"{problem}: {why or answer} ({listed(subjects, most)})"
        first, *rest = fit(clean(text), min(columns, _PROSE) - 4)
        lines += [((f"  {mark} ", look), (first, "")), *((("    " + more, ""),) for more in rest)]
    return lines


def _cost(report: DiagnosisReport) -> str:
    price = f", {report.price:.4f} USD at list price" if report.price is not None else ""
    read = f"{count(report.metrics, 'metric')} read in {count(report.calls, 'call')}"
    return f"{read}, {count(report.points, 'data point')}{price}."


__all__ = ["diagnosis_lines", "explained_lines", "over_time"]
