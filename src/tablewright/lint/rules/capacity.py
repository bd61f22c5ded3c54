"""Capacity: what the two billing modes allow, and what either costs."""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.lint.fixing import remove_property, throughput_fix
from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.values import dig, number
from tablewright.template.resolve import Block


@rule("TW-CAP-001", "provisioned-without-throughput", ERROR, covers=("E3639",))
def provisioned_without_throughput(stack: Stack) -> Iterator[Problem]:
    """A provisioned table without its throughput

    What it finds: a table whose BillingMode is PROVISIONED, or absent (which means the same), without
        ProvisionedThroughput; for a global table, without WriteProvisionedThroughputSettings.
    Why it matters: CreateTable refuses it, and the stack rolls back.
    Instead: ProvisionedThroughput, or BillingMode: PAY_PER_REQUEST.
    When to ignore: never; the deployment fails.
    Source: API reference, CreateTable (BillingMode, ProvisionedThroughput).
    """
    for table in stack.tables:
        if table.billing != "PROVISIONED" or not table.props.whole:
            continue
        key = "WriteProvisionedThroughputSettings" if table.is_global else "ProvisionedThroughput"
        if table.get(key) is None:
            said = (
                "says PROVISIONED"
                if table.get("BillingMode") is not None
                else "does not say BillingMode, so it is PROVISIONED,"
            )
            yield Problem(
                table.where("BillingMode"),
                f"{table.called} {said} and has no {key}",
                f"Write BillingMode: PAY_PER_REQUEST, or give {table.called} {key}.",
                table.logical_id,
            )


@rule("TW-CAP-002", "index-without-throughput", ERROR)
def index_without_throughput(stack: Stack) -> Iterator[Problem]:
    """A global index of a provisioned table without its own throughput

    What it finds: a global secondary index without ProvisionedThroughput on a table with provisioned capacity.
    Why it matters: the resource schema lets it pass; DynamoDB refuses it ("Provisioned throughput must be specified for
        index").
    Instead: ProvisionedThroughput for each global index, writes at least the table's.
    When to ignore: never; the deployment fails.
    Source: API reference, GlobalSecondaryIndex (ProvisionedThroughput).
    """
    for table in stack.tables:
        if table.billing != "PROVISIONED" or table.is_global or table.get("ProvisionedThroughput") is None:
            continue
        for index in table.globals:
            if index.block.whole and index.block.get("ProvisionedThroughput") is None:
                yield Problem(
                    index.position,
                    f"{index.called} has no ProvisionedThroughput, and {table.called} is provisioned",
                    f"Give {index.called} ProvisionedThroughput, its writes at least those of {table.called}.",
                    table.logical_id,
                    throughput_fix(stack, table, index),
                )


@rule("TW-CAP-003", "on-demand-with-throughput", ERROR, covers=("E3638",))
def on_demand_with_throughput(stack: Stack) -> Iterator[Problem]:
    """An on-demand table with provisioned throughput

    What it finds: ProvisionedThroughput on a table with BillingMode PAY_PER_REQUEST.
    Why it matters: DynamoDB refuses it ("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when
        BillingMode is PAY_PER_REQUEST").
    Instead: remove ProvisionedThroughput. To cap what is spent, OnDemandThroughput.
    When to ignore: never; the deployment fails.
    Source: API reference, CreateTable (BillingMode).
    """
    for table in stack.tables:
        value = table.get("ProvisionedThroughput")
        if table.billing == "PAY_PER_REQUEST" and isinstance(value, Block) and not table.is_global:
            yield Problem(
                table.where("ProvisionedThroughput"),
                f"{table.called} is on demand, and has ProvisionedThroughput",
                f"Remove ProvisionedThroughput from {table.called}.",
                table.logical_id,
                remove_property(stack, table.props, "ProvisionedThroughput"),
            )


@rule("TW-CAP-004", "on-demand-index-with-throughput", ERROR)
def on_demand_index_with_throughput(stack: Stack) -> Iterator[Problem]:
    """An index of an on-demand table with provisioned throughput

    What it finds: ProvisionedThroughput on a global index whose table has BillingMode PAY_PER_REQUEST.
    Why it matters: an index has its table's billing mode; DynamoDB refuses the two together, and the schema does not
        see it.
    Instead: remove ProvisionedThroughput from the index.
    When to ignore: never; the deployment fails.
    Source: API reference, CreateTable (GlobalSecondaryIndexes).
    """
    for table in stack.tables:
        if table.billing != "PAY_PER_REQUEST" or table.is_global:
            continue
        for index in table.globals:
            if isinstance(index.block.get("ProvisionedThroughput"), Block):
                yield Problem(
                    index.block.at("ProvisionedThroughput"),
                    f"{index.called} has ProvisionedThroughput, and {table.called} is on demand",
                    f"Remove ProvisionedThroughput from {index.called}.",
                    table.logical_id,
                    remove_property(stack, index.block, "ProvisionedThroughput"),
                )


@rule("TW-CAP-005", "index-writes-below-table", WARNING)
def index_writes_below_table(stack: Stack) -> Iterator[Problem]:
    """An index may write less than its table

    What it finds: a global index whose provisioned write capacity is below its table's.
    Why it matters: a write to the table is a write to each of its indexes. When an index cannot follow, DynamoDB
        throttles the writes to the table, whatever the table's own capacity.
    Instead: write capacity of the index at least the table's, or an index that holds few of the items.
    When to ignore: the index is sparse: only a known part of the items has its key.
    Source: Amazon DynamoDB developer guide, "Write throttling of global secondary indexes".
    """
    for table in stack.tables:
        writes = number(table.get("ProvisionedThroughput", "WriteCapacityUnits"))
        for index in table.globals:
            value = dig(index.block, "ProvisionedThroughput", "WriteCapacityUnits")
            own = number(value)
            if writes is not None and own is not None and value is not None and own < writes:
                yield Problem(
                    value.position,
                    f"{index.called} writes {own:g} units a second, {table.called} {writes:g}: the index throttles the table",
                    f"Write WriteCapacityUnits: {writes:g} for {index.called}.",
                    table.logical_id,
                )


@rule("TW-CAP-006", "on-demand-maximum-on-provisioned", ERROR)
def on_demand_maximum_on_provisioned(stack: Stack) -> Iterator[Problem]:
    """OnDemandThroughput on a provisioned table

    What it finds: OnDemandThroughput on a table, or on an index of a table, with provisioned capacity.
    Why it matters: it is a maximum for on-demand tables; DynamoDB refuses it otherwise.
    Instead: remove it, or write BillingMode: PAY_PER_REQUEST.
    When to ignore: never; the deployment fails.
    Source: Template reference, Table (OnDemandThroughput).
    """
    for table in stack.tables:
        if table.billing != "PROVISIONED" or table.is_global:
            continue
        for block, whose in ((table.props, table.called), *((index.block, index.called) for index in table.globals)):
            if isinstance(block.get("OnDemandThroughput"), Block):
                yield Problem(
                    block.at("OnDemandThroughput"),
                    f"{whose} has OnDemandThroughput, and {table.called} is provisioned",
                    resource=table.logical_id,
                )


@rule("TW-CAP-007", "no-spending-ceiling", INFO)
def no_spending_ceiling(stack: Stack) -> Iterator[Problem]:
    """An on-demand table without a ceiling

    What it finds: a table with BillingMode PAY_PER_REQUEST and no OnDemandThroughput.
    Why it matters: on demand follows the load up to 40,000 units a second, and so does the bill: a retry loop or a scan
        in a loop costs what it asks for. On demand is not by itself the cheaper mode; it is the one that needs no
        forecast.
    Instead: OnDemandThroughput with MaxReadRequestUnits and MaxWriteRequestUnits well above the highest load; beyond it
        requests are throttled.
    When to ignore: throttling would cost more than the bill.
    Source: Amazon DynamoDB developer guide, "Maximum throughput for on-demand tables".
    """
    for table in stack.tables:
        if table.billing == "PAY_PER_REQUEST" and not table.is_global and table.get("OnDemandThroughput") is None:
            yield Problem(
                table.where("BillingMode"),
                f"{table.called} is on demand, without a maximum",
                "Add OnDemandThroughput: MaxReadRequestUnits and MaxWriteRequestUnits.",
                table.logical_id,
            )


@rule("TW-CAP-012", "billing-mode-omitted", INFO)
def billing_mode_omitted(stack: Stack) -> Iterator[Problem]:
    """BillingMode is not said

    What it finds: a table without BillingMode.
    Why it matters: it is PROVISIONED then, which a reader of the template has to know.
    Instead: say which: BillingMode: PROVISIONED or PAY_PER_REQUEST.
    When to ignore: when it does not matter to you.
    Source: Template reference, Table (BillingMode).
    """
    for table in stack.tables:
        if table.props.whole and table.get("BillingMode") is None:
            yield Problem(table.position, f"{table.called} is PROVISIONED by default", resource=table.logical_id)


@rule("TW-CAP-014", "warm-throughput-set", INFO)
def warm_throughput_set(stack: Stack) -> Iterator[Problem]:
    """WarmThroughput cannot be lowered

    What it finds: WarmThroughput on a table or an index.
    Why it matters: raising it is charged once, and it can never be lowered again.
    Instead: raise it before a known peak, to what the peak needs.
    When to ignore: that is what you do.
    Source: Amazon DynamoDB developer guide, "Understanding DynamoDB warm throughput".
    """
    for table in stack.tables:
        for block, whose in ((table.props, table.called), *((index.block, index.called) for index in table.globals)):
            if isinstance(block.get("WarmThroughput"), Block):
                yield Problem(
                    block.at("WarmThroughput"),
                    f"The warm throughput of {whose} is charged once and can never be lowered",
                    resource=table.logical_id,
                )
