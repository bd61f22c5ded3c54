"""The contract suite's own safety: what its fence refuses, what its clean-up leaves. An embedded AWS plays the account."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EmbeddedAws
from tests.contract.harness.account import PREFIX, Consent, GivenAccount, Refused, clients, consent
from tests.contract.harness.fence import Fenced
from tests.contract.harness.fenced_template import outside
from tests.contract.harness.ledger import LEFT, RUN_TAG, Ledger
from tests.contract.harness.place import Place
from tests.contract.harness.sweep import report, sweep

pytestmark = pytest.mark.embedded("it plays the account")

KEYS: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


def _table(name: Any, **attributes: str) -> dict[str, Any]:
    return {"Type": "AWS::DynamoDB::Table", **attributes, "Properties": {"TableName": name, **KEYS}}


def _body(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


@pytest.fixture
def given(aws: EmbeddedAws, account: str, tmp_path: Path) -> GivenAccount:
    """The embedded AWS as an account that was consented to."""
    credentials = tmp_path / "credentials"
    credentials.write_text(f"[ours]\naws_access_key_id = {account}\naws_secret_access_key = x\n", encoding="utf-8")
    environ = {
        f"{PREFIX}ACCOUNT": account,
        f"{PREFIX}PROFILE": "ours",
        f"{PREFIX}REGION": "us-east-1",
        f"{PREFIX}ENDPOINT": aws.endpoint,
        f"{PREFIX}LEDGERS": str(tmp_path / "ledgers"),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }
    asked = consent(environ)
    assert asked is not None
    return GivenAccount.opened(asked, environ)


@pytest.fixture
def place(given: GivenAccount) -> Place:
    return given.place()


@pytest.mark.parametrize(
    ("left_out", "words"),
    [("ACCOUNT", "set TABLEWRIGHT_CONTRACT_ACCOUNT too"), ("PROFILE", "PROFILE too"), ("REGION", "REGION too")],
)
def test_half_of_a_consent_is_none(left_out: str, words: str) -> None:
    environ = {f"{PREFIX}{name}": "1" for name in ("ACCOUNT", "PROFILE", "REGION") if name != left_out}
    with pytest.raises(Refused, match=words):
        consent(environ)


@pytest.mark.parametrize(
    "endpoint", ["https://dynamodb.us-east-1.amazonaws.com", "http://10.0.0.1:80", "http://127.0.0.1"]
)
def test_an_endpoint_is_on_this_machine(endpoint: str) -> None:
    given = {"ACCOUNT": "111122223333", "PROFILE": "p", "REGION": "us-east-1", "ENDPOINT": endpoint}
    with pytest.raises(Refused, match="may only be on"):
        consent({f"{PREFIX}{name}": value for name, value in given.items()})


def test_without_a_consent_there_is_no_account() -> None:
    assert consent({"AWS_PROFILE": "prod", "HOME": "/nowhere"}) is None


def test_another_account_than_the_one_named_is_refused_before_anything(given: GivenAccount, tmp_path: Path) -> None:
    environ = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    asked = given.consent
    wrong = Consent("111122223333", asked.profile, asked.regions, asked.endpoint, tmp_path / "none")

    with pytest.raises(Refused, match=f"are of account {asked.account}, and TABLEWRIGHT_CONTRACT_ACCOUNT says 1111222"):
        GivenAccount.opened(wrong, environ)

    assert not (tmp_path / "none").exists()


FOREIGN: list[Callable[[Any], Any]] = [
    lambda c: c("dynamodb").delete_table(TableName="theirs"),
    lambda c: c("dynamodb").put_item(TableName="theirs", Item={"id": {"S": "1"}}),
    lambda c: c("dynamodb").create_table(TableName="theirs", **KEYS),
    lambda c: c("dynamodb").create_backup(TableName="twc", BackupName="b"),
    lambda c: c("cloudformation").delete_stack(StackName="theirs"),
    lambda c: c("cloudformation").delete_stack(StackName="arn:aws:cloudformation:us-east-1:1:stack/theirs/1"),
    lambda c: c("cloudformation").execute_change_set(ChangeSetName="arn:aws:cloudformation:r:1:changeSet/twc/1"),
    lambda c: c("cloudformation").execute_change_set(StackName="theirs", ChangeSetName="one"),
    lambda c: c("s3").put_object(Bucket="theirs", Key="k", Body=b""),
    lambda c: c("logs").delete_log_group(logGroupName="theirs"),
    lambda c: c("iam").delete_role(RoleName="theirs"),
]


def test_what_is_not_the_run_s_own_is_refused_before_it_is_sent(place: Place, given: GivenAccount) -> None:
    made: dict[str, Any] = {}
    for call in FOREIGN:
        with pytest.raises(Fenced):
            call(lambda service: made.setdefault(service, place.client(service)))

    assert given.ledger.entries == {}


@pytest.mark.parametrize(
    "resource",
    [
        _table("theirs"),
        _table({"Ref": "Name"}),
        _table({"Fn::Sub": "theirs-${AWS::StackName}"}),
        _table({"Fn::FindInMap": ["A", "B", "C"]}),
        _table("twc-1x"),
        _table("{{resolve:ssm:/theirs}}"),
        {"Type": "AWS::EC2::Instance"},
        {"Type": "Custom::Thing", "Properties": {"ServiceToken": "arn"}},
        {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "p", "Roles": ["theirs"]}},
        {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": ["arn:aws:sns:r:1:theirs"]}},
        {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {"ResourceId": "table/theirs"}},
        {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://theirs.s3.amazonaws.com/twc-1"}},
        {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://s3.amazonaws.com/theirs/twc-1"}},
        {"Type": "AWS::SNS::Topic", "Properties": {"Fn::Transform": {"Name": "AWS::Include"}}},
    ],
)
def test_a_template_that_names_another_s_is_told(resource: dict[str, Any]) -> None:
    template = {"Parameters": {"Name": {"Type": "String", "Default": "theirs"}}, "Resources": {"X": resource}}

    assert outside(json.dumps(template), {}, "twc-1")
    assert outside(json.dumps({**template, "Transform": "Theirs"}), {}, "twc-1")


@pytest.mark.parametrize(
    "resource",
    [
        _table("twc-1-orders"),
        _table({"Ref": "Name"}),
        _table({"Fn::Sub": "${AWS::StackName}-orders"}),
        _table({"Fn::If": ["C", "twc-1-a", {"Ref": "AWS::NoValue"}]}),
        {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/twc-1/x"}},
        {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [{"Ref": "X"}]}},
        {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {"ResourceId": {"Fn::Sub": "table/${X}"}},
        },
        {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://twc-1.s3.amazonaws.com/x"}},
        {"Type": "AWS::No::Such"},
    ],
)
def test_a_template_of_the_run_s_own_passes(resource: dict[str, Any]) -> None:
    template = {"Parameters": {"Name": {"Type": "String"}}, "Resources": {"X": resource}}

    assert not outside(json.dumps(template), {"Name": "twc-1-orders"}, "twc-1")


def test_a_broken_template_passes_with_names_of_the_run_s_own_only() -> None:
    assert not outside('{"Resources": {"X": {"TableName": "twc-1-a"', {}, "twc-1")
    assert outside('{"Resources": {"X": {"TableName": "theirs"', {}, "twc-1") == ["TableName: theirs"]


def test_answers_come_without_the_run_s_tag(place: Place, given: GivenAccount) -> None:
    client = place.client("cloudformation")
    tags = [{"Key": "team", "Value": "blue"}]
    body = _body(Table=_table(place.name("orders")))
    stack = place.settled(client.create_stack(StackName=place.name(), TemplateBody=body, Tags=tags)["StackId"])
    arn = place.client("dynamodb").describe_table(TableName=place.name("orders"))["Table"]["TableArn"]
    seen = place.client("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"]
    really = given.make("dynamodb", region=place.region).list_tags_of_resource(ResourceArn=arn)["Tags"]

    assert stack["Tags"] == tags
    assert RUN_TAG not in {tag["Key"] for tag in seen}
    assert {"Key": RUN_TAG, "Value": given.ledger.run.id} in really


def test_the_clean_up_removes_what_the_run_made_and_leaves_what_it_did_not(
    aws: EmbeddedAws, account: str, place: Place, given: GivenAccount
) -> None:
    theirs = aws.client("dynamodb", account=account)
    stacks = aws.client("cloudformation", account=account)
    prefix = given.ledger.run.prefix
    theirs.create_table(TableName="theirs", **KEYS)
    # Theirs by the tag, although the name looks like the run's: somebody else's run, and nobody's.
    other_run = [{"Key": RUN_TAG, "Value": "another"}]
    theirs.create_table(TableName=f"{prefix}-1-other", Tags=other_run, **KEYS)
    theirs.create_table(TableName=f"{prefix}-1-bare", **KEYS)
    for name, tags in (("theirs", []), (f"{prefix}-1-look-alike", other_run)):
        stacks.create_stack(StackName=name, TemplateBody=_body(Topic={"Type": "AWS::SNS::Topic"}), Tags=tags)
    client = place.client("cloudformation")
    kept = _table(place.name("kept"), DeletionPolicy="Retain", UpdateReplacePolicy="Retain")
    protected = _table(place.name("protected"))
    protected["Properties"]["DeletionProtectionEnabled"] = True
    topic = {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"}
    made = client.create_stack(
        StackName=place.name(),
        TemplateBody=_body(Kept=kept, Protected=protected, Topic=topic),
        EnableTerminationProtection=True,
    )
    place.settled(made["StackId"])
    # A table that an update replaces and keeps is no longer among the stack's resources.
    kept = json.loads(json.dumps(kept).replace(place.name("kept"), place.name("kept-too")))
    client.update_stack(StackName=place.name(), TemplateBody=_body(Kept=kept, Protected=protected, Topic=topic))
    assert place.settled(made["StackId"])["StackStatus"] == "UPDATE_COMPLETE"
    place.client("dynamodb").create_table(TableName=place.name("direct"), **KEYS)
    # Asked for and never answered: a call that was killed on its way, of names that others have.
    given.ledger.asked("table", f"{prefix}-1-other", place.region)
    given.ledger.asked("table", f"{prefix}-1-bare", place.region)
    given.ledger.asked("stack", f"{prefix}-1-look-alike", place.region)
    given.ledger.asked("stack", place.name("never-came"), place.region)

    left = sweep(Ledger.read(given.ledger.path), given.make)

    assert {entry.name: entry.why for entry in left} == {
        f"{prefix}-1-look-alike": f"its tag {RUN_TAG} is another",
        f"{prefix}-1-bare": f"it has no tag {RUN_TAG}",
        f"{prefix}-1-other": f"its tag {RUN_TAG} is another",
    }
    assert theirs.list_tables()["TableNames"] == sorted(["theirs", f"{prefix}-1-other", f"{prefix}-1-bare"])
    standing = {stack["StackName"] for stack in stacks.describe_stacks()["Stacks"]}
    assert standing == {"theirs", f"{prefix}-1-look-alike"}
    assert len(aws.client("sns", account=account).list_topics()["Topics"]) == 2
    lines = report(Ledger.read(given.ledger.path))
    assert lines[0].endswith("3 left")
    assert len(lines) == 4


def test_what_cannot_be_removed_stays_and_is_said(place: Place, given: GivenAccount) -> None:
    shared = {"Value": "1", "Export": {"Name": place.name("shared")}}
    exporting = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Shared": shared}}
    importing = _body(
        Topic={"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": place.name("shared")}}}
    )
    client = place.client("cloudformation")
    place.settled(client.create_stack(StackName=place.name("a"), TemplateBody=json.dumps(exporting))["StackId"])
    user = given.make("cloudformation", region=place.region)
    stack = user.create_stack(StackName="theirs", TemplateBody=importing)["StackId"]
    place.settled(stack)

    (left,) = sweep(given.ledger, given.make)

    assert (left.state, left.name) == (LEFT, place.name("a"))
    assert "in use by theirs" in left.why
    user.delete_stack(StackName=stack)
    place.settled(stack)
    assert sweep(given.ledger, given.make) == []


def test_a_line_that_a_kill_cut_off_is_dropped_and_other_damage_is_not_guessed_at(given: GivenAccount) -> None:
    given.ledger.asked("table", "a", "us-east-1")
    path = given.ledger.path
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole + '{"number": 2, "kin', encoding="utf-8")

    assert [entry.name for entry in Ledger.read(path).standing()] == ["a"]
    assert path.read_text(encoding="utf-8") == whole

    path.write_text("{\n" + whole, encoding="utf-8")
    with pytest.raises(ValueError):
        Ledger.read(path)


def test_clients_do_not_follow_a_profile_s_endpoint(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile ours]\nendpoint_url = http://127.0.0.1:1\n", encoding="utf-8")
    (tmp_path / "credentials").write_text(
        "[ours]\naws_access_key_id = a\naws_secret_access_key = b\n", encoding="utf-8"
    )
    files = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}

    made = clients("ours", "", files)("sts", region="us-east-1")

    assert made.meta.endpoint_url == "https://sts.us-east-1.amazonaws.com"
