"""What the command line does, as a library: the public names alone, over HTTP."""

from __future__ import annotations

import json

import tablewright as tw
from tests.conftest import EmbeddedAws

TEMPLATE = """\
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""


def test_a_stack_is_deployed_surveyed_and_explained(aws: EmbeddedAws, account: str) -> None:
    here = tw.open_account(endpoint_url=aws.endpoint, credentials=tw.Credentials(account, "local"))
    design = tw.read_design(TEMPLATE, stack="orders")
    foreseen = list(tw.preview(design, here))
    assert isinstance(foreseen[-1], tw.Finished)
    assert here.stacks.describe("orders") is None, "a preview leaves nothing behind"
    events = list(tw.deploy(design, here))
    end = events[-1]
    assert isinstance(end, tw.Finished)
    assert end.ending is tw.Ending.DONE
    assert all(json.loads(json.dumps(tw.as_json(event)))["event"] for event in events)
    report = tw.survey("orders", here)
    assert isinstance(report, tw.StackReport)
    assert report.healthy
    assert [table.name for table in report.tables] == ["orders"]
    assert json.loads(json.dumps(tw.as_plain(report)))["tables"][0]["table"]["status"] == "ACTIVE"
    assert tw.why("orders", here).cause is None
    again = list(tw.deploy(design, here))[-1]
    assert isinstance(again, tw.Finished)
    assert again.ending is tw.Ending.NOTHING_TO_DO


def test_a_report_of_a_stack_that_is_not_there_is_json_too(aws: EmbeddedAws, account: str) -> None:
    here = tw.open_account(endpoint_url=aws.endpoint, credentials=tw.Credentials(account, "local"))
    plain = tw.as_plain(tw.survey("nothing", here))
    assert isinstance(plain, dict)
    assert json.loads(json.dumps(plain))["stack"] is None
