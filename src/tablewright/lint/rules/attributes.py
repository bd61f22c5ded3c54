"""Attributes: their names and types, within a table and over the tables of a stack."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tablewright.lint.rule import INFO, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.table import Attribute
from tablewright.lint.wording import camel_words, style_of
from tablewright.model.reserved_words import is_reserved

_GENERIC = re.compile(
    r"(PK|SK|pk|sk|(GSI|LSI|gsi|lsi)[_-]?\d*[_-]?(PK|SK|pk|sk)|(pk|sk|PK|SK)[_-]?\d+|data|id|hash|range)", re.ASCII
)
_CODE = re.compile(r".*(zip|postal)[_-]?code.*|.*(phone|isbn|ssn|iban|barcode|sku).*", re.IGNORECASE)


@rule("TW-KEY-006", "reserved-word-key", INFO)
def reserved_word_key(stack: Stack) -> Iterator[Problem]:
    """A key attribute is named by a reserved word

    What it finds: a key attribute whose name is one of DynamoDB's 573 reserved words.
    Why it matters: every expression that names it needs a placeholder (ExpressionAttributeNames: {"#n": "name"});
        written out it is refused at run time, never at deployment. A key cannot be renamed without a new table.
    Instead: a name that says whose it is: orderStatus for status, sessionName for name.
    When to ignore: every program goes through a library that writes the placeholders.
    Source: Amazon DynamoDB developer guide, "Reserved words in DynamoDB".
    """
    for table in stack.tables:
        for attribute in table.attributes or ():
            if is_reserved(attribute.name):
                yield Problem(
                    attribute.position,
                    f"{attribute.name} is a reserved word: expressions must write it as #{attribute.name}",
                    resource=table.logical_id,
                )


@rule("TW-KEY-007", "naming-style", WARNING)
def naming_style(stack: Stack) -> Iterator[Problem]:
    """An attribute is named in another style than the rest

    What it finds: a key attribute in one naming style where at least three others of the stack, and three quarters of
        all, have another. Plain words, and the usual PK, SK, GSI1PK and their like, have no style.
    Why it matters: DynamoDB has no schema that catches a misspelt attribute: userId and user_id are two attributes, and
        a query by the wrong one finds nothing, without an error.
    Instead: one style over all tables.
    When to ignore: the name is given by another system.
    Source: Amazon DynamoDB developer guide, "Supported data types and naming rules" (names are case-sensitive).
    """
    styled: list[tuple[str, Attribute, str]] = []
    for table in stack.tables:
        for attribute in table.attributes or ():
            style = style_of(attribute.name)
            if style is not None and not _GENERIC.fullmatch(attribute.name):
                styled.append((style, attribute, table.logical_id))
    distinct = Counter(style for style, _ in {(style, attribute.name) for style, attribute, _ in styled})
    if not distinct:
        return
    dominant, count = distinct.most_common(1)[0]
    if count < 3 or count * 4 < sum(distinct.values()) * 3:
        return
    for style, attribute, logical_id in styled:
        if style != dominant:
            yield Problem(
                attribute.position,
                f"{attribute.name} is {style}, the other key attributes of the stack are {dominant}",
                resource=logical_id,
            )


@rule("TW-KEY-008", "attribute-type-differs", WARNING)
def attribute_type_differs(stack: Stack) -> Iterator[Problem]:
    """One attribute name, two types

    What it finds: a key attribute that one table of the stack declares with one type and another table with another.
    Why it matters: a program that hands the value from table to table is refused at run time ("Type mismatch for key"),
        and a copy between the tables loses items.
    Instead: the same type wherever the name means the same; another name where it means something else.
    When to ignore: the name is general (PK, SK, id) and means something else in each table; those are not reported.
    Source: API reference, PutItem (key attributes must match the declared type).
    """
    first: dict[str, tuple[str, str]] = {}
    for table in stack.tables:
        for attribute in table.attributes or ():
            if _GENERIC.fullmatch(attribute.name):
                continue
            kind, owner = first.setdefault(attribute.name, (attribute.type, table.called))
            if kind != attribute.type:
                yield Problem(
                    attribute.position,
                    f"{attribute.name} is {attribute.type} in {table.called}, but {kind} in {owner}",
                    f"Declare {attribute.name} with one type in both tables.",
                    table.logical_id,
                )


@rule("TW-KEY-009", "number-that-is-a-code", WARNING)
def number_that_is_a_code(stack: Stack) -> Iterator[Problem]:
    """A code is stored as a number

    What it finds: a key attribute of type N whose name says that it is a code of digits: a zip code, a phone number, an
        ISBN.
    Why it matters: a number has no leading zeros and at most 38 digits of precision: 01234 and 1234 are one key, and a
        type cannot be changed without a new table.
    Instead: type S, with the digits as they are written.
    When to ignore: the values never start with a zero and never will.
    Source: Amazon DynamoDB developer guide, "Supported data types and naming rules" (Number).
    """
    for table in stack.tables:
        for attribute in table.attributes or ():
            if attribute.type == "N" and _CODE.fullmatch(attribute.name) and "count" not in camel_words(attribute.name):
                yield Problem(
                    attribute.position,
                    f"{attribute.name} is a code, but of type N: leading zeros are lost",
                    f"Declare {attribute.name} as S. In a table that holds items this needs a new table.",
                    table.logical_id,
                )
