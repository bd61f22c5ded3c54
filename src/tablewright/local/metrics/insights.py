"""Metrics Insights: `SELECT SUM(ThrottledRequests) FROM SCHEMA("AWS/DynamoDB", TableName, Operation) GROUP BY TableName`.

Source: Amazon CloudWatch User Guide, "Query components and syntax in CloudWatch Metrics Insights" and "Metrics Insights sample
queries".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tablewright.local.metrics.sample import Key, Sample

__all__ = ["Query", "QueryError", "group_of", "is_query", "ordered", "parse_query", "selects"]

FUNCTIONS = {"AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum"}
_TOKEN = re.compile(r"\s*(?:\"([^\"]*)\"|'([^']*)'|(!=|=|[(),*])|([A-Za-z0-9_./:#-]+))")
_CLAUSES = frozenset({"WHERE", "GROUP", "ORDER", "LIMIT"})
_MOST = 500


class QueryError(ValueError):
    """The query cannot be read."""


@dataclass(frozen=True, slots=True)
class Query:
    """One Metrics Insights query."""

    function: str
    metric: str
    namespace: str
    schema: frozenset[str] | None
    """With SCHEMA, the names of all dimensions that a metric must have, and no other."""
    where: tuple[tuple[str, bool, str], ...]
    """(dimension, equal?, value), all of which must hold."""
    group: tuple[str, ...]
    order: str
    """The function of ORDER BY, or ""."""
    descending: bool
    limit: int


def is_query(expression: str) -> bool:
    """Whether an expression is a Metrics Insights query and not metric math."""
    return bool(re.match(r"\s*SELECT\b", expression, re.IGNORECASE))


class _Words:
    def __init__(self, text: str) -> None:
        self._words: list[tuple[str, bool]] = []
        self._at = 0
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise QueryError(f"unexpected character at position {at}")
            quoted = found[1] is not None or found[2] is not None
            self._words.append((next(each for each in found.groups() if each is not None), quoted))
            at = found.end()

    def peek(self) -> str:
        """The next word in upper case, or "" at the end or in front of a quoted one."""
        if self._at >= len(self._words) or self._words[self._at][1]:
            return ""
        return self._words[self._at][0].upper()

    @property
    def done(self) -> bool:
        return self._at >= len(self._words)

    def take(self) -> str:
        if self.done:
            raise QueryError("the query ends too early")
        self._at += 1
        return self._words[self._at - 1][0]

    def expect(self, *words: str) -> None:
        for word in words:
            found = self.take()
            if found.upper() != word:
                raise QueryError(f"expected {word} and found {found}")


def parse_query(text: str) -> Query:
    """The query that `text` spells. Raises QueryError."""
    words = _Words(text)
    words.expect("SELECT")
    function = _function(words.take())
    words.expect("(")
    metric = words.take()
    words.expect(")", "FROM")
    namespace, schema = _source(words)
    where = _where(words) if words.peek() == "WHERE" else ()
    group: list[str] = []
    if words.peek() == "GROUP":
        words.expect("GROUP", "BY")
        group.append(words.take())
        while words.peek() == ",":
            words.take()
            group.append(words.take())
    order, descending = "", False
    if words.peek() == "ORDER":
        words.expect("ORDER", "BY")
        order = _function(words.take())
        words.expect("(", ")")
        if words.peek() in ("ASC", "DESC"):
            descending = words.take().upper() == "DESC"
    limit = _MOST
    if words.peek() == "LIMIT":
        words.take()
        number = words.take()
        if not number.isdigit():
            raise QueryError(f"LIMIT takes a number, not {number}")
        limit = min(int(number), _MOST)
    if not words.done:
        raise QueryError(f"unexpected {words.take()}")
    return Query(function, metric, namespace, schema, where, tuple(group), order, descending, limit)


def _function(word: str) -> str:
    if word.upper() not in FUNCTIONS:
        raise QueryError(f"{word} is not one of {', '.join(sorted(FUNCTIONS))}")
    return FUNCTIONS[word.upper()]


def _source(words: _Words) -> tuple[str, frozenset[str] | None]:
    if words.peek() != "SCHEMA":
        return words.take(), None
    words.expect("SCHEMA", "(")
    namespace, names = words.take(), []
    while words.peek() == ",":
        words.take()
        names.append(words.take())
    words.expect(")")
    return namespace, frozenset(names)


def _where(words: _Words) -> tuple[tuple[str, bool, str], ...]:
    words.expect("WHERE")
    conditions = []
    while True:
        name, sign, value = words.take(), words.take(), words.take()
        if sign not in ("=", "!="):
            raise QueryError(f"expected = or != and found {sign}")
        conditions.append((name, sign == "=", value))
        if words.peek() != "AND":
            return tuple(conditions)
        words.take()


def selects(query: Query, key: Key) -> bool:
    """Whether a query takes in a metric."""
    namespace, name, pairs = key
    dimensions = dict(pairs)
    if (namespace, name) != (query.namespace, query.metric):
        return False
    if query.schema is not None and query.schema != dimensions.keys():
        return False
    if any(each not in dimensions for each in query.group):
        return False
    return all((dimensions.get(name) == value) is equal for name, equal, value in query.where)


def group_of(query: Query, key: Key) -> tuple[str, ...]:
    """The values that a metric is grouped by."""
    dimensions = dict(key[2])
    return tuple(dimensions[name] for name in query.group)


def ordered(
    query: Query, groups: Iterable[tuple[tuple[str, ...], list[Sample], float]]
) -> list[tuple[tuple[str, ...], list[Sample], float]]:
    """The groups in the query's order, cut to its limit; each comes with the value that ORDER BY's function gives it."""
    found = sorted(groups, key=lambda group: group[0])
    if query.order:
        found.sort(key=lambda group: group[2], reverse=query.descending)
    return found[: query.limit]
