"""Python code that calls DynamoDB."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from tablewright.lint.code import Code, Scope, keywords, method_calls, nodes_of, place, strings
from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.values import is_on, text
from tablewright.lint.wording import words

_SCAN_ARGUMENTS = words(
    """TableName IndexName AttributesToGet Limit Select ScanFilter ConditionalOperator ExclusiveStartKey ReturnConsumedCapacity
    TotalSegments Segment ProjectionExpression FilterExpression ExpressionAttributeNames ExpressionAttributeValues ConsistentRead
    **"""
)
_PAGING = frozenset({"LastEvaluatedKey", "ExclusiveStartKey"})


@rule("TW-OPS-008", "one-page-only", ERROR, "code")
def one_page_only(code: Code) -> Iterator[Problem]:
    """A Scan or Query reads one page and takes it for all

    What it finds: a scan or query whose Items are used in a function that never looks at LastEvaluatedKey and uses no
        paginator. A Scan is an error, a Query a warning, since its partition may be small; one with Limit is left out.
    Why it matters: a page is 1 MB before filtering. What lies behind it is silently left out: of 3,000 items of 1 KB a
        copy gets 993.
    Instead: a paginator, or a loop: while "LastEvaluatedKey" in response: …
        ExclusiveStartKey=response["LastEvaluatedKey"].
    When to ignore: what is read can never exceed one page.
    Source: Amazon DynamoDB developer guide, "Paginating table query results"; tried out.
    """
    if not code.uses_dynamodb:
        return
    for scope in code.scopes:
        if strings(scope) & _PAGING or method_calls(scope, "get_paginator"):
            continue
        for call in method_calls(scope, "scan", "query"):
            names = keywords(call)
            assert isinstance(call.func, ast.Attribute)
            is_scan = call.func.attr == "scan"
            plausible = (
                not call.args and names <= _SCAN_ARGUMENTS
                if is_scan
                else bool(names & {"KeyConditionExpression", "KeyConditions"})
            )
            if plausible and "Limit" not in names and "**" not in names and _items_used(scope, call):
                yield Problem(
                    place(call),
                    f"Only the first page of this {'Scan' if is_scan else 'Query'} is read",
                    "Go on while the response has LastEvaluatedKey, or use a paginator.",
                    severity=None if is_scan else WARNING,
                )


def _items_used(scope: Scope, call: ast.Call) -> bool:
    """Whether the Items of the call's answer are taken within the scope."""
    targets = set[str]()
    for node in nodes_of(scope):
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and node.value is call:
            listed = node.targets if isinstance(node, ast.Assign) else [node.target]
            targets |= {target.id for target in listed if isinstance(target, ast.Name)}
        if isinstance(node, ast.Await) and node.value is call:
            for outer in nodes_of(scope):
                if isinstance(outer, ast.Assign) and outer.value is node:
                    targets |= {target.id for target in outer.targets if isinstance(target, ast.Name)}
    for node in nodes_of(scope):
        taken = _taken(node)
        if taken is not None and (taken is call or (isinstance(taken, ast.Name) and taken.id in targets)):
            return True
    return False


def _taken(node: ast.AST) -> ast.expr | None:
    """The expression whose ``["Items"]`` or ``.get("Items")`` a node is."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == "Items":
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and first.value == "Items":
            return node.func.value
    return None


@rule("TW-OPS-009", "unprocessed-items", WARNING, "code")
def unprocessed_items(code: Code) -> Iterator[Problem]:
    """What a batch did not do is forgotten

    What it finds: batch_write_item or batch_get_item in a function that never looks at UnprocessedItems or
        UnprocessedKeys.
    Why it matters: a throttled batch succeeds with a part of its items returned; they are not written, and no error is
        raised.
    Instead: send what is returned again, with a growing pause; or table.batch_writer(), which does.
    When to ignore: never; items are lost.
    Source: API reference, BatchWriteItem (UnprocessedItems).
    """
    if not code.uses_dynamodb:
        return
    for scope in code.scopes:
        for call in method_calls(scope, "batch_write_item", "batch_get_item"):
            assert isinstance(call.func, ast.Attribute)
            wanted = "UnprocessedItems" if call.func.attr == "batch_write_item" else "UnprocessedKeys"
            if wanted not in strings(scope):
                yield Problem(place(call), f"{wanted} of this batch is never looked at: what was throttled is lost")


@rule("TW-OPS-021", "undefined-function", ERROR, "code")
def undefined_function(code: Code) -> Iterator[Problem]:
    """A function is called that is defined nowhere

    What it finds: in a module that uses DynamoDB, a call of a plain name that the module neither defines nor imports.
    Why it matters: it fails when it gets there: in a copy of a table, after the first page has been read.
    Instead: define or import it.
    When to ignore: the name is put there at run time.
    Source: reading.
    """
    if not code.uses_dynamodb or "import *" in code.text or "globals()" in code.text or "exec(" in code.text:
        return
    bound = set(dir(builtins)) | {"__file__", "__name__"}
    for node in ast.walk(code.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
        elif (isinstance(node, ast.ExceptHandler) and node.name) or (
            isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name
        ):
            bound.add(node.name)
        elif isinstance(node, ast.Global):
            bound.update(node.names)
    calls = [node for node in ast.walk(code.tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        assert isinstance(call.func, ast.Name)
        if call.func.id not in bound:
            yield Problem(place(call), f"{call.func.id} is defined nowhere in this module")


@rule("TW-OPS-023", "copy-loses-writes", WARNING, "code")
def copy_loses_writes(code: Code) -> Iterator[Problem]:
    """A copy of a table that loses what is written meanwhile

    What it finds: put_item without a condition in a loop over the Items of a scan of another table.
    Why it matters: writes to the old table during the copy are lost, and writes to the new one are overwritten by older
        rows. One put for each item is slow, nothing tells how far it got, and expired items are copied too.
    Instead: a condition (attribute_not_exists, or a newer version wins), the stream for what is written meanwhile, a
        checkpoint, batches, and a comparison at the end.
    When to ignore: neither table is written to while it runs.
    Source: Amazon DynamoDB developer guide, "Condition expressions"; API reference, PutItem (replaces the whole item).
    """
    if not code.uses_dynamodb:
        return
    for scope in code.scopes:
        scanned = {_receiver(call) for call in method_calls(scope, "scan")}
        if not scanned:
            continue
        for node in nodes_of(scope):
            if not isinstance(node, (ast.For, ast.AsyncFor)) or not _over_items(node):
                continue
            for call in ast.walk(node):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr == "put_item"
                    and "ConditionExpression" not in keywords(call)
                    and _receiver(call) not in scanned
                    and "batch" not in (_receiver(call) or "")
                ):
                    yield Problem(
                        place(call),
                        "Rows that were written to the new table meanwhile are overwritten by older ones",
                        'Add ConditionExpression="attribute_not_exists(…)", and take in what the stream says.',
                    )


def _over_items(loop: ast.For | ast.AsyncFor) -> bool:
    return any(_taken(node) is not None for node in ast.walk(loop.iter))


def _receiver(call: ast.Call) -> str | None:
    return (
        call.func.value.id if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) else None
    )


@rule("TW-TTL-007", "expired-items-read", INFO, "code")
def expired_items_read(code: Code) -> Iterator[Problem]:
    """Expired items are still read

    What it finds: code that reads a table by its name, where the table (in a template that is checked with it) has TTL,
        and the code never names the TTL attribute.
    Why it matters: TTL deletes within a few days, not at the moment of expiry: until then expired items are returned.
    Instead: FilterExpression "#ttl > :now", or look at the attribute after reading.
    When to ignore: an expired item does no harm.
    Source: Amazon DynamoDB developer guide, "Working with expired items and time to live (TTL)".
    """
    if not code.uses_dynamodb:
        return
    named = strings(code.tree)
    for stack in code.siblings:
        for table in stack.tables:
            attribute = text(table.get("TimeToLiveSpecification", "AttributeName"))
            if attribute is None or not is_on(table.get("TimeToLiveSpecification", "Enabled")):
                continue
            if text(table.name) not in named or any(attribute in one for one in named):
                continue
            reads = [call for scope in code.scopes for call in method_calls(scope, "get_item", "query", "scan")]
            if reads:
                yield Problem(
                    place(reads[0]),
                    f"{text(table.name)} has TTL on {attribute}; expired items are read until they are deleted",
                )
