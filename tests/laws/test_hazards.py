"""The guard, kind by kind: refused as it stands, and let through by the table's exact name and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.model.design import Design, Known, Position, ResourceDesign, Unknown
from tablewright.model.loss import Loss, Weight
from tablewright.model.stack import PropertyChange, ResourceChange
from tablewright.model.table import Contents, ExpirySample, Holds, PointInTimeRecovery, Table, TimeToLive
from tablewright.plan.hazards import NEEDS_CONTENTS, Evidence, floating, judge, suspects
from tablewright.plan.suspect import Placed, Suspect
from tablewright.template.read import read_design
from tests.laws.stacks import live

TABLE = "AWS::DynamoDB::Table"
NESTED = "AWS::CloudFormation::Stack"
STREAM = "arn:aws:dynamodb:us-east-1:1:table/orders/stream/1"
FULL = Contents(Holds.ITEMS, 3)
EMPTY = Contents(Holds.NOTHING)
BASE = """
Resources:
  Orders:
    Type: AWS::DynamoDB::{kind}
    {policy}
    Properties:
      TableName: orders
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}{attributes}]
      KeySchema: [{{AttributeName: {key}, KeyType: HASH}}]
      {extra}
"""


def design(extra: str = "", *, kind: str = "Table", policy: str = "", key: str = "id", attributes: str = "") -> Design:
    body = BASE.format(extra=extra, kind=kind, policy=policy or "Metadata: {}", key=key, attributes=attributes)
    return read_design(body, stack="s")


def modify(replacement: str = "False", **fields: object) -> ResourceChange:
    return ResourceChange("Modify", "Orders", "orders", TABLE, replacement, **fields)  # type: ignore[arg-type]


def remove(policy_action: str = "") -> ResourceChange:
    return ResourceChange("Remove", "Orders", "orders", TABLE, policy_action=policy_action)


def found(
    change: ResourceChange,
    before: Design | None,
    after: Design | None,
    table: Table,
    *,
    contents: Contents | None = FULL,
    sample: ExpirySample | None = None,
    readers: tuple[str, ...] | None = None,
    allowed: tuple[str, ...] = (),
    owned: tuple[str, ...] = (),
) -> list[Loss]:
    tables = {table.name: table}
    seen = suspects([Placed(change, before, after, owned=owned)], tables)
    evidence = Evidence(
        {table.name: contents} if contents else {}, {table.name: sample} if sample else {}, {STREAM: readers}
    )
    return list(judge(seen, evidence, tables, allowed))


ON = PointInTimeRecovery(True, days=35)
PITR = "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}"
STREAMING = "StreamSpecification: {StreamViewType: NEW_IMAGE}"
TTL = "TimeToLiveSpecification: {AttributeName: %s, Enabled: true}"
TAKEN_IN = ResourceChange("Import", "Orders", "", TABLE)
REPLICAS = "Replicas: [{Region: us-east-1}%s]"
KMS = ResourceChange("Remove", "Key", "key-1", "AWS::KMS::Key")
ENCRYPTED = replace(live("orders"), kms_key="arn:aws:kms:us-east-1:1:key/key-1")

RETYPED = read_design(
    BASE.format(extra="", kind="Table", policy="Metadata: {}", key="id", attributes="").replace("Type: S", "Type: N"),
    stack="s",
)

GUARDED = {
    "table-removed": (remove(), design(), read_design("Resources: {A: {Type: X}}", stack="s"), live("orders")),
    "table-replaced": (modify("True"), design(), design(key="other"), live("orders")),
    "table-replaced-perhaps": (modify("Conditional"), design(), RETYPED, live("orders")),
    "table-dynamic": (ResourceChange("Dynamic", "Orders", "orders", TABLE), design(), design(), live("orders")),
    "recovery-disabled": (modify(), design(PITR), design(), replace(live("orders"), recovery=ON)),
    "recovery-shortened": (
        modify(), design(PITR), design(PITR.replace("true", "true, RecoveryPeriodInDays: 7")),
        replace(live("orders"), recovery=ON),
    ),
    "stream-removed": (
        modify(), design(STREAMING), design(), replace(live("orders"), stream_arn=STREAM, stream_view="NEW_IMAGE"),
    ),
    "stream-replaced": (
        modify(), design(STREAMING), design(STREAMING.replace("NEW_IMAGE", "KEYS_ONLY")),
        replace(live("orders"), stream_arn=STREAM, stream_view="NEW_IMAGE"),
    ),
    "ttl-enabled": (modify(), design(), design(TTL % "end"), replace(live("orders"), ttl=TimeToLive("DISABLED"))),
    "ttl-moved": (
        modify(), design(TTL % "end"), design(TTL % "until"), replace(live("orders"), ttl=TimeToLive("ENABLED", "end")),
    ),
    "replica-removed": (
        replace(modify(), type="AWS::DynamoDB::GlobalTable"),
        design(REPLICAS % ", {Region: eu-west-1}", kind="GlobalTable"),
        design(REPLICAS % "", kind="GlobalTable"),
        replace(live("orders"), replicas=("us-east-1", "eu-west-1")),
    ),
    "ttl-of-a-table-taken-in": (TAKEN_IN, None, design(TTL % "end"), replace(live("orders"), ttl=TimeToLive("DISABLED"))),
    "recovery-of-a-table-taken-in": (
        TAKEN_IN, None, design(PITR.replace("true", "true, RecoveryPeriodInDays: 7")),
        replace(live("orders"), recovery=ON),
    ),
    "stream-of-a-table-taken-in": (
        TAKEN_IN, None, design(STREAMING.replace("NEW_IMAGE", "KEYS_ONLY")),
        replace(live("orders"), stream_arn=STREAM, stream_view="NEW_IMAGE"),
    ),
    "key-deleted": (KMS, None, None, ENCRYPTED),
    "replica-key-deleted": (replace(KMS, type="AWS::KMS::ReplicaKey"), None, None, ENCRYPTED),
    "key-replaced": (replace(KMS, action="Modify", replacement="True"), None, None, ENCRYPTED),
    "key-disabled": (
        replace(KMS, action="Modify", properties=(PropertyChange("Enabled", "true", "false"),)), None, None, ENCRYPTED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GUARDED)
def test_it_is_refused_and_only_the_exact_name_lets_it_through(case: str) -> None:
    change, before, after, table = GUARDED[case]
    losses = found(change, before, after, table)
    assert losses and all(loss.refuses and loss.weight is Weight.GUARDED for loss in losses), losses
    assert {loss.table for loss in losses} == {"orders"}
    for name in ("Orders", "ORDERS", "*", "order*", "", "orders*", " orders"):
        assert any(loss.refuses for loss in found(change, before, after, table, allowed=(name,)))
    assert not any(loss.refuses for loss in found(change, before, after, table, allowed=("orders",)))


@pytest.mark.parametrize("case", GUARDED)
def test_what_is_not_known_is_the_worse(case: str) -> None:
    change, before, after, table = GUARDED[case]
    unknown = Contents(Holds.UNKNOWN, reason="denied")
    assert any(loss.refuses for loss in found(change, before, after, table, contents=unknown))
    assert any(loss.refuses for loss in found(change, before, after, table, contents=None))


@pytest.mark.parametrize("gone", [ResourceChange("Remove", "Inner", "arn:inner", NESTED),
                                  ResourceChange("Modify", "Inner", "arn:inner", NESTED, "True"),
                                  ResourceChange("Modify", "Inner", "arn:inner", NESTED, "False")])  # fmt: skip
def test_the_tables_of_a_nested_stack_are_guarded(gone: ResourceChange) -> None:
    losses = found(gone, None, None, live("orders"), owned=("orders",))
    assert [loss.refuses for loss in losses] == [True]
    empty = found(gone, None, None, live("orders"), owned=("orders",), contents=EMPTY)
    assert not any(loss.refuses for loss in empty)


def test_a_risky_property_of_a_nested_table_is_guarded() -> None:
    change = modify(
        properties=(PropertyChange("PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", "true", "false"),)
    )
    assert [loss.kind for loss in found(change, None, None, live("orders"))] == ["recovery-disabled"]


@pytest.mark.parametrize("case", ["table-removed", "table-replaced", "key-deleted", "replica-removed"])
def test_an_empty_table_loses_nothing(case: str) -> None:
    change, before, after, table = GUARDED[case]
    losses = found(change, before, after, table, contents=EMPTY)
    assert not any(loss.refuses for loss in losses)
    assert all(loss.weight is Weight.SAID and "holds no items" in loss.what for loss in losses)
    assert bool(losses) == case.startswith("table-"), "an empty table that goes is said"


def test_an_attribute_added_for_an_index_replaces_nothing() -> None:
    after = design(attributes=", {AttributeName: owner, AttributeType: S}")
    attribute = PropertyChange("AttributeDefinitions", recreation="Conditionally")
    change = modify("Conditional", properties=(attribute, PropertyChange("Tags", recreation="Never")))
    assert found(change, design(), after, live("orders")) == []
    name = PropertyChange("TableName", "orders", "{{changeSet:KNOWN_AFTER_APPLY}}", "Always")
    for told in ((), (name,), (attribute, name)):
        losses = found(modify("Conditional", properties=told), design(), after, live("orders"))
        assert [loss.refuses for loss in losses] == [True], told


@pytest.mark.parametrize(
    ("key", "floats"),
    [
        ("id", ()),
        ("'{{resolve:ssm:/key:3}}'", ()),
        ("'{{resolve:ssm:/key}}'", ("KeySchema",)),
        ("'{{resolve:secretsmanager:key:SecretString:k}}'", ("KeySchema",)),
    ],
)
def test_what_is_read_anew_with_each_update_may_replace_the_table(key: str, floats: tuple[str, ...]) -> None:
    tables = design(key=key).tables
    assert tables[0].floating == floats
    suspected = floating(tables, {"Orders": "orders"}, ())
    losses = judge(suspected, Evidence({"orders": FULL}), {"orders": live("orders")})
    assert [loss.refuses for loss in losses] == [True] * bool(floats)
    assert floating(tables, {"Orders": "orders"}, ("orders",)) == (), "a change that takes the table tells"


def test_ttl_with_nothing_to_expire_passes_and_a_sample_that_is_not_all_does_not() -> None:
    change, before, after, table = GUARDED["ttl-enabled"]
    assert found(change, before, after, table, sample=ExpirySample(5, 0, True)) == []
    (partial,) = found(change, before, after, table, sample=ExpirySample(100, 0, False))
    assert partial.refuses and "Of the first 100 items, 0 would expire" in partial.what


def test_a_stream_that_nobody_reads_passes_and_its_readers_are_named() -> None:
    change, before, after, table = GUARDED["stream-removed"]
    assert found(change, before, after, table, readers=()) == []
    (loss,) = found(change, before, after, table, readers=("arn:fn",))
    assert "arn:fn" in loss.what


def test_retain_lets_a_table_go_and_says_so() -> None:
    (loss,) = found(remove(), design(policy="DeletionPolicy: Retain"), None, live("orders"))
    assert loss.weight is Weight.SAID and not loss.refuses and "owned by no stack" in loss.what


def test_the_deployed_policy_counts_and_not_the_new_one() -> None:
    renamed = read_design(
        BASE.format(extra="", kind="Table", policy="DeletionPolicy: Retain", key="id", attributes="").replace(
            "Orders:", "Kept:"
        ),
        stack="s",
    )
    (loss,) = found(remove(), design(), renamed, live("orders"), allowed=("orders",))
    assert loss.weight is Weight.FORBIDDEN and loss.refuses and "two steps" in loss.what


def test_an_added_table_loses_nothing() -> None:
    change = ResourceChange("Add", "Orders", "", TABLE)
    assert found(change, None, design(TTL % "end"), live("orders")) == []


@given(
    st.sampled_from(sorted(NEEDS_CONTENTS)),
    st.sampled_from(Holds),
    st.sets(st.sampled_from(("orders", "other", "Orders"))),
)
def test_a_guarded_loss_refuses_exactly_when_it_may_hold_items_and_is_not_named(
    kind: str, holds: Holds, allowed: set[str]
) -> None:
    losses = judge([Suspect(kind, "orders", "Orders", "x")], Evidence({"orders": Contents(holds)}), {}, allowed)
    assert any(loss.refuses for loss in losses) == (holds is not Holds.NOTHING and "orders" not in allowed)


def test_display_counts_are_never_evidence() -> None:
    table = replace(
        live("orders"), item_count=0, size_bytes=0, created_at=datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    )
    change, before, after, _ = GUARDED["table-removed"]
    assert any(loss.refuses for loss in found(change, before, after, table))


def policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ROOT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}
APP = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"},
    "Action": "kms:Decrypt",
    "Resource": "*",
}
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("before", "after", "guarded"),
    [
        pytest.param(policy(ROOT), policy(ROOT, APP), False, id="one more is let in"),
        pytest.param(policy(APP), policy(ROOT), False, id="it is left to IAM"),
        pytest.param(policy(APP), policy(ROOT | {"Principal": "*"}), False, id="everybody is let in"),
        pytest.param(policy(ROOT, APP), policy(APP), True, id="it is not left to IAM any more"),
        pytest.param(policy(APP), policy(APP | {"Action": "kms:Encrypt"}), True, id="another action"),
        pytest.param(policy(ROOT), policy(ROOT, APP | {"Effect": "Deny"}), True, id="somebody is denied"),
        pytest.param(policy(ROOT), policy(ROOT | {"Condition": {"Bool": {"x": "y"}}}), True, id="on a condition"),
        pytest.param(
            policy(APP), policy(ROOT | {"Principal": {"AWS": "444455556666"}}), True, id="another account is let in"
        ),
        pytest.param(policy(ROOT), Unknown("a part of it cannot be resolved"), True, id="not known"),
        pytest.param(None, policy(APP), True, id="what it was is not known"),
        pytest.param(policy(ROOT), "[]", True, id="no policy"),
    ],
)
def test_a_key_whose_policy_may_lock_somebody_out_is_suspect(
    before: Known | None, after: Known | None, guarded: bool
) -> None:
    change = ResourceChange(
        "Modify",
        "Key",
        KEY,
        "AWS::KMS::Key",
        "False",
        properties=(PropertyChange("KeyPolicy/Statement", None, None, "Never"),),
    )
    deployed, wanted = (
        Design("s", "", "t.yaml", resources=(ResourceDesign("Key", "AWS::KMS::Key", Position(1, 1), key_policy=each),))
        for each in (before, after)
    )
    placed = [Placed(change, deployed, wanted)]
    table = replace(
        live("orders"), arn="arn:aws:dynamodb:us-east-1:111122223333:table/orders", kms_key=f"arn:aws:kms:x:y:key/{KEY}"
    )
    found = suspects(placed, {"orders": table})
    assert [(each.kind, each.table) for each in found] == [("key-lost", "orders")] * guarded
    blind = suspects(placed, {}, "they cannot be listed.")
    assert not guarded or [(each.kind, each.table) for each in blind] == [("key-unknown", KEY)]


OFF = PropertyChange("PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", "true", "false", "Never")


@pytest.mark.parametrize(
    ("body", "guarded"),
    [
        pytest.param(
            "Transform: AWS::Serverless-2016-10-31\nResources: {Orders: {Type: AWS::Serverless::SimpleTable}}", True,
            id="made of another type",
        ),
        pytest.param("Transform: [AWS::LanguageExtensions, Ours]" + BASE, True, id="made by a macro"),
        pytest.param("Transform: AWS::LanguageExtensions" + BASE, False, id="as it is written"),
    ],
)  # fmt: skip
def test_a_setting_that_a_transform_makes_is_told_by_the_change_set(body: str, guarded: bool) -> None:
    pitr = "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}"
    text = (
        body.format(extra=pitr, kind="Table", policy="Metadata: {}", key="id", attributes="") if "{{" in body else body
    )
    written = read_design(text, stack="s")
    standing = replace(live("orders"), recovery=PointInTimeRecovery(True))
    found = suspects([Placed(modify(properties=(OFF,)), written, written)], {"orders": standing})
    assert [each.kind for each in found] == ["recovery-disabled"] * guarded


def test_a_change_of_local_indexes_may_replace_the_table_whatever_the_change_set_says() -> None:
    index = PropertyChange("LocalSecondaryIndexes/0/Projection/ProjectionType", "ALL", "KEYS_ONLY", "Never")
    for kind in (None, design()):
        found = suspects([Placed(modify(properties=(index,)), kind, kind)], {"orders": live("orders")})
        assert [each.kind for each in found] == ["table-replaced"]
        assert [loss.refuses for loss in judge(found, Evidence({"orders": FULL}), {})] == [True]


@pytest.mark.parametrize(
    "kind", ["AWS::CloudFormation::StackSet", "AWS::ServiceCatalog::CloudFormationProvisionedProduct"]
)
@pytest.mark.parametrize(
    ("action", "policy_action", "prop", "guarded"),
    [("Remove", "", "", True), ("Remove", "Retain", "", False), ("Modify", "", "TemplateURL", True),
     ("Modify", "", "", True), ("Modify", "", "Tags/0/Value", False), ("Add", "", "", False)],
)  # fmt: skip
def test_what_stacks_elsewhere_would_lose_is_not_known(
    kind: str, action: str, policy_action: str, prop: str, guarded: bool
) -> None:
    properties = (PropertyChange(prop, "a", "b", "Never"),) if prop else ()
    change = ResourceChange(action, "Set", "shop-set:1", kind, "False", policy_action, properties=properties)
    losses = judge(suspects([Placed(change)], {}), Evidence(), {}, ("Set",))
    assert [(loss.table, loss.refuses) for loss in losses] == [("shop-set:1", True)] * guarded
    assert not any(loss.refuses for loss in judge(suspects([Placed(change)], {}), Evidence(), {}, ("shop-set:1",)))
