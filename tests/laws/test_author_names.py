"""A new table is called as its siblings are: what a parameter gives stays, and no two tables come to one name."""

from __future__ import annotations

import pytest

from tablewright.author.editing import Text
from tablewright.author.names import flat
from tablewright.author.siblings import family, renamed
from tablewright.author.tables import Key, NewTable, add_table
from tablewright.author.writing import Call
from tablewright.errors import UsageError

TABLE = """\
  {id}:
    Type: AWS::DynamoDB::Table
    Properties:
{name}      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - AttributeName: id
          AttributeType: S
      KeySchema:
        - AttributeName: id
          KeyType: HASH
"""
NAMES = {
    ("!Sub 'orders-${Env}'",): "payments-${Env}",
    ("!Sub 'orders-${Env}'", "!Sub 'users-${Env}'"): "payments-${Env}",
    ("!Sub '${P}-orders-${Env}'",): "${P}-payments-${Env}",
    ("!Sub '${P}-order-items'",): "${P}-payments",
    ("!Sub '${P}-orders-${Env}'", "!Sub '${P}-order-items-${Env}'"): "${P}-payments-${Env}",
    ("!Sub '${Env}.orders'",): "${Env}.payments",
    ("!Join ['-', [shop, orders, !Ref Env]]",): "shop-payments-${Env}",
    ("!Join ['-', [!Ref P, order, items]]",): "${P}-payments",
    ("!Join ['', [!Ref P, '-orders']]",): "${P}-payments",
    ("!If [Prod, shop-orders, !Sub 'shop-orders-${Env}']",): "shop-payments",
    ("!Sub ['${X}-orders', {X: !Ref P}]",): "${X}-payments",
    ("!Ref Env",): "${AWS::StackName}-payments",
    ("!ImportValue orders-name",): "${AWS::StackName}-payments",
    ("!Join ['-', [!ImportValue x, orders]]",): "${AWS::StackName}-payments",
    ("ai-chef-results", "ai-chef-sessions"): "ai-chef-payments",
    ("orders-prod", "users-prod"): "payments-prod",
    ("orders-dev", "orders-prod"): "orders-payments",
    ("shop_orders", "shop_users"): "shop_payments",
    ("shop_orders_table", "shop_users_table"): "shop_payments_table",
    ("orders-table",): "payments-table",
    ("Orders", "Users"): "Payments",
    ("shopOrders", "shopUsers"): "shopPayments",
    ("",): "",
}


def template(*names: str) -> Text:
    tables = [
        TABLE.format(id=f"T{number}able", name=f"      TableName: {name}\n" if name else "")
        for number, name in enumerate(names)
    ]
    return Text("Resources:\n" + "".join(tables), "t.yaml")


def added(text: Text, wish: NewTable) -> str:
    """The new table's name as one text."""
    named = family(add_table(text, wish)).tables[-1].value("TableName")
    return flat(named) if named is not None else ""


@pytest.mark.parametrize("names", NAMES)
def test_a_new_table_takes_what_stands_around_its_siblings_names(names: tuple[str, ...]) -> None:
    assert added(template(*names), NewTable("payments", Key("id"))) == NAMES[names]


def test_a_name_that_is_whole_already_is_taken_as_it_is() -> None:
    text = template("!Sub 'shop-orders-${Env}'", "!Sub 'shop-users-${Env}'")
    assert added(text, NewTable("shop-payments", Key("id"))) == "shop-payments-${Env}"
    assert added(text, NewTable("payments", Key("id"), whole=True)) == "payments"
    assert added(template("shop_orders", "shop_users"), NewTable("order-items", Key("id"))) == "shop_order_items"


def test_two_tables_that_are_called_alike_are_told_apart() -> None:
    found = family(template("!Sub 'orders-${Env}'", "!Sub '${Env}-orders'"))
    with pytest.raises(UsageError, match="T0able or T1able"):
        found.named("orders")
    assert found.named("T1able").logical_id == "T1able"


def test_a_table_that_a_loop_makes_is_said_to_be_one() -> None:
    loop = "  Fn::ForEach::Tables: [N, [a], {'T${N}': {Type: AWS::DynamoDB::Table}}]\n"
    simple = "  Simple: {Type: AWS::Serverless::SimpleTable}\n"
    with pytest.raises(UsageError, match="What Fn::ForEach::Tables, Simple makes is not edited"):
        family(Text(template("orders").text + loop + simple, "t.yaml")).named("Ta")


def test_only_whole_words_are_renamed() -> None:
    (old,) = family(template("app-one")).tables
    for before, after in {
        "phone one": "phone two",
        "OneTable": "TwoTable",
        "Oneness": "Oneness",
        "${AWS::StackName}-one": "${AWS::StackName}-two",
        "app-one": "app-two",
        "${T0able}-${One}": "${New}-${One}",
    }.items():
        assert renamed(before, old, "New", "app-two", "two") == after
    condition = Call("Fn::If", ["One", Call("Ref", "one"), Call("Ref", "T0able")])
    assert renamed(condition, old, "New", "app-two", "two") == Call(
        "Fn::If", ["One", Call("Ref", "one"), Call("Ref", "New")]
    )


def test_tags_stay_but_for_the_name_itself() -> None:
    tagged = template("shop-one").text + (
        "      Tags:\n        - Key: Name\n          Value: shop-one\n        - Key: Line\n          Value: phone-one\n"
    )
    (_, new) = family(add_table(Text(tagged, "t.yaml"), NewTable("payments", Key("id")))).tables
    assert new.value("Tags") == [{"Key": "Name", "Value": "shop-payments"}, {"Key": "Line", "Value": "phone-one"}]


def test_a_description_holds_no_expression() -> None:
    text = add_table(template("!Sub 'orders-${Env}'"), NewTable("payments", Key("id"))).text
    assert "AlarmDescription: Throttled reads and writes of payments\n" in text
