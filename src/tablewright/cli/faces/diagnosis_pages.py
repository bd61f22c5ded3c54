"""A diagnosis as a page: Markdown for a ticket, and HTML with plots that needs nothing but itself."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from tablewright.cli.faces.diagnosis_screen import over_time
from tablewright.cli.faces.markdown import cell, code, text
from tablewright.cli.faces.plot import plot
from tablewright.model.diagnosis import Diagnosis, DiagnosisReport
from tablewright.model.series import Series

_WIDTH, _HEIGHT = 640, 90
_COLUMNS = 72


def markdown_page(report: DiagnosisReport) -> str:
    """The report as GitHub's Markdown."""
    parts = [f"## Diagnosis of {', '.join(code(name) for name in report.tables)}", _span(report), ""]
    if not report.diagnoses:
        parts += ["Nothing wrong was seen.", ""]
    for each in report.diagnoses:
        parts += [f"### {code(each.problem)} of {code(each.subject)} ({each.sure.value})", "", text(each.cause), ""]
        parts += [f"- {text(evidence.text)} ({code(evidence.source)})" for evidence in each.evidence]
        parts += [line for wanted in each.plots for line in _characters(report.series.get(wanted), report)]
        parts += ["", "What to do:", ""]
        for remedy in each.remedies:
            parts.append(f"1. {text(remedy.text)}")
            if remedy.command:
                parts += ["", "   ```sh", f"   {remedy.command}", "   ```", ""]
        parts.append("")
    if report.unknown:
        parts += ["### What cannot be told", "", "| question | of | why |", "|---|---|---|"]
        parts += [f"| {code(each.problem)} | {code(each.subject)} | {cell(each.why)} |" for each in report.unknown]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _characters(series: Series | None, report: DiagnosisReport) -> list[str]:
    """The series drawn in characters, for a page that can hold no picture."""
    if not series:
        return []
    name = f"{series.id.metric.name} ({series.id.statistic}), at most {series.highest:,.6g}"
    drawn = plot(over_time(series, report), _COLUMNS, 3, unicode=True)
    begin = max(report.since, datetime.fromtimestamp(series.times[0], UTC))
    return ["", "```text", name, *(line.rstrip() for line in drawn), f"from {begin:%Y-%m-%d %H:%M} UTC on", "```"]


def html_page(report: DiagnosisReport) -> str:
    """The report as one HTML file with its plots drawn in it: nothing is loaded from anywhere."""
    body = "".join(_section(each, report) for each in report.diagnoses) or "<p>Nothing wrong was seen.</p>"
    unknown = "".join(
        f"<tr><td><code>{escape(u.problem)}</code></td><td>{escape(u.subject)}</td><td>{escape(u.why)}</td></tr>"
        for u in report.unknown
    )
    if unknown:
        body += f"<h2>What cannot be told</h2><table><tr><th>question</th><th>of</th><th>why</th></tr>{unknown}</table>"
    title = f"Diagnosis of {', '.join(report.tables)}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; style-src 'unsafe-inline'\"><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><p>{escape(_span(report))}</p>{body}</body></html>\n"
    )


def _span(report: DiagnosisReport) -> str:
    return f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC, {report.region}"


def _section(each: Diagnosis, report: DiagnosisReport) -> str:
    evidence = "".join(f"<li>{escape(fact.text)} <small>({escape(fact.source)})</small></li>" for fact in each.evidence)
    plots = "".join(_plot(report.series[wanted], report) for wanted in each.plots if report.series.get(wanted))
    remedies = "".join(
        f"<li>{escape(remedy.text)}{f'<pre>{escape(remedy.command)}</pre>' if remedy.command else ''}</li>"
        for remedy in each.remedies
    )
    return (
        f"<section><h2><code>{escape(each.problem)}</code> of {escape(each.subject)} <small>{each.sure.value}</small></h2>"
        f"<p>{escape(each.cause)}</p><ul>{evidence}</ul>{plots}<h3>What to do</h3><ol>{remedies}</ol></section>"
    )


def _plot(series: Series, report: DiagnosisReport) -> str:
    """The series as bars; its largest value and its span are written beside it."""
    values = over_time(series, report)
    top = max(values) or 1.0
    step = _WIDTH / len(values)
    bars = "".join(
        f'<rect x="{at * step:.2f}" y="{_HEIGHT - value / top * _HEIGHT:.2f}" width="{max(step - 0.3, 0.4):.2f}" '
        f'height="{max(value / top * _HEIGHT, 1):.2f}"/>'
        for at, value in enumerate(values)
        if value > 0
    )
    name = f"{series.id.metric.name} ({series.id.statistic}), at most {series.highest:,.6g}"
    return (
        f'<figure><figcaption>{escape(name)}</figcaption><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(name, quote=True)}">{bars}</svg></figure>'
    )


_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
body{overflow-wrap:anywhere;word-break:keep-all}
section{border-top:1px solid #8886;margin-top:2rem}
small{color:light-dark(#5a5a5a,#a8a8a8);font-weight:normal}
figure{margin:1rem 0}figcaption{font-size:.85rem}
svg{width:100%;height:90px;border-bottom:1px solid #888}rect{fill:#3d7fc4}
pre{background:#8882;padding:.5rem;overflow-x:auto}
table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.2rem .6rem;text-align:left}
"""
