"""Which kind of file something is, and the subject that rules of that kind read."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field

from tablewright.errors import UsageError
from tablewright.lint.code import Code
from tablewright.lint.facts import FileFacts
from tablewright.lint.options import Options
from tablewright.lint.rule import Problem
from tablewright.lint.scripts import Script, Workflow, is_workflow
from tablewright.lint.stack import Stack, is_template, read_stack
from tablewright.lint.statements import Policies, is_policy, policies_in, policies_of
from tablewright.model.design import Position
from tablewright.model.finding import Finding
from tablewright.model.quotas import TEMPLATE_BYTES
from tablewright.template.decode import decode, decode_bytes
from tablewright.template.mistakes import TemplateMistake
from tablewright.template.tree import Mapping

_SHELL = (".sh", ".bash", ".ksh", ".zsh")
_LONGEST_CODE = 400_000
_DOCUMENTS = (".yaml", ".yml", ".json", ".template", ".cfn")


@dataclass(frozen=True)
class Source:
    """A file as it was found: ``named`` when it was asked for by name, and not met in a folder."""

    path: str
    data: bytes
    named: bool = True


@dataclass
class Reading:
    """A file that was read: its kind, its text, and one subject for each of the two worlds that rules look at."""

    source: Source
    kind: str = ""  # template | script | workflow | code | policy; empty where it is none of them
    text: str = ""
    facts: FileFacts = field(default_factory=lambda: FileFacts(""))
    stack: Stack | None = None  # parameters have their defaults
    strict: Stack | None = None  # only given values are known
    policies: Policies | None = None
    strict_policies: Policies | None = None
    subject: Script | Workflow | Code | None = None
    found: list[Finding] | None = field(default=None, repr=False)

    @property
    def path(self) -> str:
        """Where the file is."""
        return self.source.path


def read(source: Source, options: Options) -> Reading:
    """Read one file. What is wrong with it stands in its facts; nothing is raised."""
    reading = Reading(source, facts=FileFacts(source.path, len(source.data)))
    if len(source.data) > TEMPLATE_BYTES.value:
        reading.facts.too_large = True
        return reading
    try:
        reading.text = decode_bytes(source.data, source.path)
        _classify(reading, options)
    except TemplateMistake as error:
        reading.facts.mistake = Problem(error.position, f"{error.summary}: {error.what}")
    except UsageError as error:
        reading.facts.mistake = Problem(Position(1, 1), f"{error.summary}: {error.detail}")
    except RecursionError:
        reading.facts.mistake = Problem(Position(1, 1), "It is nested too deeply to be read")
    if reading.facts.mistake is not None and not source.named and not _looks_like_template(source.data):
        reading.facts.mistake = None  # met in a folder, and nobody said that it is a template
    return reading


def _looks_like_template(data: bytes) -> bool:
    """Whether it is one, or a part of one, by words that stand nowhere else."""
    whole = b"AWSTemplateFormatVersion" in data or b"AWS::DynamoDB" in data
    return whole or (b"KeySchema" in data and b"AttributeName" in data)


def _classify(reading: Reading, options: Options) -> None:
    path, body = reading.path, reading.text
    first = body[:120].partition("\n")[0]
    if path.endswith(".py") or (first.startswith("#!") and "python" in first):
        _as_code(reading)
    elif path.endswith(_SHELL) or (first.startswith("#!") and "sh" in first.rsplit("/", 1)[-1]):
        reading.kind, reading.subject = "script", Script(reading.path, body)
    elif path.endswith(_DOCUMENTS) or reading.source.named:
        _as_document(reading, options)


def _as_code(reading: Reading) -> None:
    reading.kind = "code"
    if len(reading.text) > _LONGEST_CODE or "dynamodb" not in reading.text:
        return  # generated, or none of our business
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(reading.text)
    except SyntaxError as error:
        if "boto3" in reading.text and reading.source.named:
            at = Position(max(1, error.lineno or 1), max(1, error.offset or 1))
            reading.facts.mistake = Problem(at, f"Not Python: {error.msg}")
    except (RecursionError, MemoryError, ValueError):
        reading.facts.mistake = Problem(Position(1, 1), "The Python in it cannot be parsed")
    else:
        reading.subject = Code(reading.path, reading.text, tree)


def _as_document(reading: Reading, options: Options) -> None:
    path, body = reading.path, reading.text
    in_workflows = ".github/" in path.replace("\\", "/")
    try:
        tree = decode(body, path)
    except UsageError:
        if in_workflows:
            return  # a workflow may use more of YAML than a template
        raise
    if is_template(tree):
        _as_template(reading, tree, options)
    elif is_workflow(tree) or in_workflows:
        reading.kind, reading.subject = "workflow", Workflow(path, body, tree)
    elif is_policy(tree):
        reading.kind = "policy"
        reading.policies = reading.strict_policies = policies_in(tree, path, body)
    elif reading.source.named:
        what = (
            "It is neither a template, a policy nor a workflow: there are no Resources, no Statement and no jobs in it"
        )
        reading.facts.mistake = Problem(tree.position, what)


def _as_template(reading: Reading, tree: Mapping, options: Options) -> None:
    reading.kind = "template"
    given, pseudo = options.parameters, options.pseudo
    reading.stack = read_stack(tree, reading.path, reading.text, parameters=given, pseudo=pseudo, defaults=True)
    if options.certain or not isinstance(tree.get("Parameters"), Mapping):
        reading.strict = reading.stack
    else:
        reading.strict = read_stack(tree, reading.path, reading.text, parameters=given, pseudo=pseudo, defaults=False)
    reading.policies = policies_of(reading.stack)
    reading.strict_policies = reading.policies if reading.strict is reading.stack else policies_of(reading.strict)


def introduce(readings: list[Reading]) -> None:
    """Make the templates known to the files beside them: a script to its template, a policy to its tables."""
    stacks = tuple(reading.strict for reading in readings if reading.strict is not None)
    for reading in readings:
        if isinstance(reading.subject, (Script, Code)):
            reading.subject.siblings = stacks
        for stack in (reading.stack, reading.strict):
            if stack is not None:
                stack.siblings = stacks
        for policies in (reading.policies, reading.strict_policies):
            if policies is not None:
                policies.siblings = stacks
