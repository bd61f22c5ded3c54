"""What holds for the template as a whole, and for the files themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablewright.lint.facts import FileFacts
from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.values import blocks
from tablewright.model.design import Position
from tablewright.model.quotas import TEMPLATE_RESOURCES
from tablewright.template.resolve import Reference, Text, pieces
from tablewright.template.tree import Mapping

_STAGE = re.compile(
    r"(^|[-_./])(production|prod|staging|stage|development|dev|test|qa|uat|sandbox)([-_./]|$)", re.IGNORECASE
)


@rule("TW-OPS-001", "tags-missing", INFO)
def tags_missing(stack: Stack) -> Iterator[Problem]:
    """A table without tags

    What it finds: a table that has no Tags.
    Why it matters: without a tag for owner, environment or cost centre the bill and the permissions cannot be told
        apart.
    Instead: Tags on the table, or on the stack, which hands them on.
    When to ignore: the stack is deployed with tags.
    Source: Security Hub DynamoDB.5.
    """
    for table in stack.tables:
        if table.is_global or table.get("Tags") is not None:
            continue
        yield Problem(table.position, f"{table.called} has no tags", resource=table.logical_id)


@rule("TW-OPS-002", "stage-written-out", INFO)
def stage_written_out(stack: Stack) -> Iterator[Problem]:
    """The stage is written into the template

    What it finds: a stage (production, staging, dev …) as text in a table's name or tags, in a template without
        parameters.
    Why it matters: a second stage needs a second template, and the two drift apart.
    Instead: a parameter Environment, used in names and tags.
    When to ignore: there is and will be one stage only.
    Source: CloudFormation user guide, "Best practices" (reuse templates).
    """
    if stack.fragment or isinstance(stack.tree.get("Parameters"), Mapping):
        return
    for table in stack.tables:
        values = [table.name, *(tag.get("Value") for tag in blocks(table.get("Tags")))]
        for value in values:
            found = _STAGE.search(value.text) if isinstance(value, Text) and value.literal else None
            if found is not None and value is not None:
                yield Problem(
                    value.position,
                    f"{found.group(2)} is written out, and the template has no parameters",
                    "Add a parameter Environment and write !Ref Environment.",
                    table.logical_id,
                )


@rule("TW-OPS-003", "exports-couple-stacks", INFO)
def exports_couple_stacks(stack: Stack) -> Iterator[Problem]:
    """Exports tie other stacks to this one

    What it finds: outputs that export a table's name or ARN.
    Why it matters: while another stack imports the value it can be neither changed nor removed, so the table cannot be
        replaced and the stack cannot be deleted. The stream's and the indexes' ARNs are often missing beside.
    Instead: an SSM parameter, or a name that both sides know.
    When to ignore: that tie is what you want.
    Source: CloudFormation user guide, "Get exported outputs from a deployed stack".
    """
    section = stack.tree.get("Outputs")
    tables = {table.logical_id for table in stack.tables}
    exporting = []
    for entry in section.entries if isinstance(section, Mapping) else ():
        if isinstance(entry.value, Mapping) and entry.value.get("Export") is not None:
            value = entry.value.get("Value")
            mentioned = (
                {piece.name for piece in pieces(value, stack.scope) if isinstance(piece, Reference)} if value else set()
            )
            if mentioned & tables:
                exporting.append(entry)
    if exporting:
        many = f"{len(exporting)} exports hold" if len(exporting) > 1 else f"The export {exporting[0].key} holds"
        yield Problem(exporting[0].key_position, f"{many} this stack fast while another stack imports")


@rule("TW-TPL-007", "too-many-resources", ERROR, covers=("E3010",))
def too_many_resources(stack: Stack) -> Iterator[Problem]:
    """More resources than a template may have

    What it finds: a template with more than 500 resources, loops written out. Those beyond are not looked at.
    Why it matters: the quota is fixed; CloudFormation refuses the template.
    Instead: nested stacks, or several stacks.
    When to ignore: never; the deployment fails.
    Source: CloudFormation user guide, "Understand CloudFormation quotas".
    """
    if stack.written > TEMPLATE_RESOURCES.value:
        section = next((entry for entry in stack.tree.entries if entry.key == "Resources"), None)
        at = section.key_position if section is not None else Position(1, 1)
        yield Problem(at, f"The template has {stack.written:,} resources; {TEMPLATE_RESOURCES.value} are allowed")


@rule("TW-TPL-001", "unreadable-file", ERROR, "file")
def unreadable_file(file: FileFacts) -> Iterator[Problem]:
    """The file cannot be read

    What it finds: a file that is not UTF-8, not YAML or JSON, has a key twice, uses YAML aliases or merge keys, is
        nested deeper than 200 levels, or is no kind of file that check reads.
    Why it matters: CloudFormation would not read it either, or would read something else than stands there.
    Instead: what the message says, at the place that it shows.
    When to ignore: it is not a template; leave it out of the files to check.
    Source: CloudFormation user guide, "CloudFormation template formats".
    """
    if file.mistake is not None:
        yield file.mistake


@rule("TW-TPL-002", "template-too-large", ERROR, "file")
def template_too_large(file: FileFacts) -> Iterator[Problem]:
    """The template is larger than CloudFormation takes

    What it finds: a file of more than 1 MB; it is not read any further.
    Why it matters: CloudFormation takes 51,200 bytes in a request and 1 MB by URL.
    Instead: nested stacks, or several stacks.
    When to ignore: never; the deployment fails.
    Source: CloudFormation user guide, "Understand CloudFormation quotas".
    """
    if file.too_large:
        yield Problem(Position(1, 1), f"The file has {file.size:,} bytes; CloudFormation takes 1,048,576 at most")


@rule("TW-TPL-003", "generic-check-unfinished", WARNING, "file")
def generic_check_unfinished(file: FileFacts) -> Iterator[Problem]:
    """cfn-lint did not finish

    What it finds: a template on which cfn-lint was stopped at its limit of time or memory, or ended by itself.
    Why it matters: what it would have found in this template is not in the report.
    Instead: --time-limit with more seconds, or a smaller template.
    When to ignore: tablewright's own rules are enough for this file.
    Source: none.
    """
    if file.generic_failure:
        yield Problem(Position(1, 1), f"cfn-lint did not finish: {file.generic_failure}")


@rule("TW-TPL-004", "ignore-without-reason", ERROR, "file")
def ignore_without_reason(file: FileFacts) -> Iterator[Problem]:
    """An ignore comment without a reason, or of a rule that there is not

    What it finds: a comment ``tablewright: ignore`` that gives no reason, no rule, or a rule that does not exist.
    Why it matters: it has no effect. Whoever reads the template next has to know why the finding was left.
    Instead: # tablewright: ignore TW-ALM-005 because the dashboard is watched around the clock
    When to ignore: never.
    Source: none.
    """
    yield from file.bad_ignores


@rule("TW-TPL-005", "ignore-without-effect", WARNING, "file")
def ignore_without_effect(file: FileFacts) -> Iterator[Problem]:
    """An ignore comment that no longer applies

    What it finds: a comment ``tablewright: ignore`` whose rule finds nothing there any more.
    Why it matters: it would hide the next finding of that rule at the same place.
    Instead: remove the comment.
    When to ignore: never.
    Source: none.
    """
    yield from file.unused_ignores


@rule("TW-TPL-006", "rule-failed", WARNING, "file")
def rule_failed(file: FileFacts) -> Iterator[Problem]:
    """A rule could not judge the file

    What it finds: a rule of tablewright's own that failed on this file. That is a defect of tablewright.
    Why it matters: what the rule would have found is not in the report.
    Instead: report it, with the template if you can.
    When to ignore: until it is mended.
    Source: none.
    """
    for rule_id, error in file.failed_rules:
        yield Problem(Position(1, 1), f"{rule_id} failed: {error}")
