"""Findings as other programs read them: pure functions from a report to text."""

from __future__ import annotations

from collections.abc import Callable

from tablewright.lint.check import Report

FORMATS = ("json", "sarif", "junit", "github")


def rendered(format: str, report: Report, version: str) -> str:
    """A report in one of the formats, ending with a line break."""
    from importlib import import_module

    render: Callable[[Report, str], str] = import_module(f"tablewright.lint.report.{format}").render
    return render(report, version)
