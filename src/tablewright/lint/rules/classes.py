"""Table classes."""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.lint.rule import INFO, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.values import text


@rule("TW-CLS-003", "infrequent-access-class", INFO)
def infrequent_access_class(stack: Stack) -> Iterator[Problem]:
    """The infrequent-access class raises the price of every request

    What it finds: TableClass STANDARD_INFREQUENT_ACCESS.
    Why it matters: storage costs 60 per cent less, reads and writes 25 per cent more. It saves only where storage costs
        more than about 42 per cent of what the requests cost; else it costs more. Reserved capacity does not apply to
        it.
    Instead: STANDARD, until the bill shows that storage dominates.
    When to ignore: it does.
    Source: Amazon DynamoDB developer guide, "Considerations when choosing a table class"; prices of us-east-1, 2026-11.
    """
    for table in stack.tables:
        value = table.get("TableClass")
        if value is not None and text(value) == "STANDARD_INFREQUENT_ACCESS":
            yield Problem(
                value.position,
                f"Requests to {table.called} cost 25 per cent more in this class",
                resource=table.logical_id,
            )
