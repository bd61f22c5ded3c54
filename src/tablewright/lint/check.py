"""Sources to findings: the whole check as a function. Reading files, cfn-lint's process and the cache are ``run``'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tablewright.lint.generic import Generic, as_findings, mistaken
from tablewright.lint.options import Options
from tablewright.lint.rule import ERROR, Problem, Rule, rules
from tablewright.lint.sources import Reading, Source, introduce, read
from tablewright.lint.suppress import applied, ignores, unused
from tablewright.model.finding import Finding

_KIND_OF_SUBJECT = {"script": "script", "workflow": "workflow", "code": "code"}


@dataclass(frozen=True)
class FileReport:
    """What was found in one file; ``kind`` is empty where it is none that is read."""

    path: str
    kind: str
    text: str = field(repr=False)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Report:
    """What was found in all files, in their order, by line within each."""

    files: tuple[FileReport, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, those ignored in place included."""
        return tuple(finding for file in self.files for finding in file.findings)

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that are not ignored in place."""
        return tuple(finding for finding in self.findings if not finding.ignored)


def check(sources: Sequence[Source], options: Options, generic: Mapping[str, Generic] | None = None) -> Report:
    """Check files together. ``generic`` holds what cfn-lint said of each template, by path."""
    return judge(read_all(sources, options), options, generic or {})


def read_all(sources: Sequence[Source], options: Options) -> list[Reading]:
    """Read files and make them known to each other."""
    readings = [read(source, options) for source in sources]
    introduce(readings)
    return readings


def judge(readings: Sequence[Reading], options: Options, generic: Mapping[str, Generic]) -> Report:
    """What the rules find in files that were read, with what cfn-lint said of them."""
    return Report(tuple(judge_one(reading, options, generic.get(reading.path)) for reading in readings))


def judge_one(reading: Reading, options: Options, generic: Generic | None) -> FileReport:
    """What the rules find in one file."""
    every = rules()
    chosen = [rule for rule in every.values() if options.runs(rule)]
    found = [*find(reading, options)]
    if generic is not None:
        reading.facts.generic_failure = generic.failure
        known = mistaken(reading.stack) if reading.stack is not None else set()
        found += as_findings(generic, reading.path, found, every, known)
    tree = reading.stack.tree if reading.stack is not None else None
    hiding, wrong = ignores(reading.text, reading.kind, tree, every)
    reading.facts.bad_ignores = wrong
    marked = applied((finding for finding in found if options.keeps(finding)), hiding)
    ran = {rule.id for rule in chosen if rule.subject == "file" or _subject(rule, reading) is not None}
    if generic is not None and not generic.failure:
        ran |= {ignore.rule for ignore in hiding if ignore.rule not in every}
    reading.facts.unused_ignores = unused(hiding, ran)
    for rule in chosen:
        if rule.subject == "file":
            marked += [_finding(rule, problem, reading.path) for problem in rule.check(reading.facts)]
    ordered = sorted(_once(marked), key=lambda one: (one.line, one.column, one.severity.rank, one.rule))
    return FileReport(reading.path, reading.kind, reading.text, tuple(ordered))


def find(reading: Reading, options: Options) -> list[Finding]:
    """What our own rules find in a file, comments not yet looked at; found once, then known."""
    if reading.found is None:
        chosen = [rule for rule in rules().values() if options.runs(rule)]
        reading.found = [finding for rule in chosen for finding in _run(rule, reading)]
    return reading.found


def _run(rule: Rule, reading: Reading) -> list[Finding]:
    subject = _subject(rule, reading)
    if subject is None:
        return []
    try:
        return [_finding(rule, problem, reading.path) for problem in rule.check(subject)]
    except Exception as error:  # a rule that fails must not take the others' findings with it
        reading.facts.failed_rules.append((rule.id, f"{type(error).__name__}: {error}"))
        return []


def _subject(rule: Rule, reading: Reading) -> object | None:
    """What a rule reads of a file: for errors the world of defaults, for the rest that of what is known."""
    if rule.subject == "template":
        return reading.stack if rule.severity is ERROR else reading.strict
    if rule.subject == "policy":
        return reading.policies if rule.severity is ERROR else reading.strict_policies
    return reading.subject if _KIND_OF_SUBJECT.get(reading.kind) == rule.subject else None


def _finding(rule: Rule, problem: Problem, path: str) -> Finding:
    return Finding(
        rule=rule.id,
        name=rule.name,
        severity=problem.severity or rule.severity,
        message=problem.message,
        path=path,
        line=problem.at.line,
        column=problem.at.column,
        resource=problem.resource,
        why=rule.section("Why it matters"),
        instead=problem.instead or rule.section("Instead"),
        fix=problem.fix,
    )


def _once(findings: Iterable[Finding]) -> list[Finding]:
    seen = set[tuple[str, int, int, str]]()
    kept = []
    for finding in findings:
        key = (finding.rule, finding.line, finding.column, finding.message)
        if key not in seen:
            seen.add(key)
            kept.append(finding)
    return kept
