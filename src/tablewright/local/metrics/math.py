"""Evaluating metric math over time series.

A value is a number, a series (time to value), or an array of labelled series. Where only one of two series has a point, the
other counts as 0; a division by it is dropped. FILL fills every period asked for.
Source: Amazon CloudWatch User Guide, "Using math expressions with CloudWatch metrics".
"""

from __future__ import annotations

import itertools
import math
import operator
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tablewright.local.metrics.math_text import Array, Binary, Call, MathError, Name, Node, Number, Text, Unary

__all__ = ["Labelled", "Series", "Span", "Value", "evaluate"]

Series = dict[float, float]
Labelled = list[tuple[str, Series]]
Value = float | Series | Labelled


@dataclass(frozen=True, slots=True)
class Span:
    """The periods that a query asks for: their starts, and their length in seconds."""

    starts: tuple[float, ...]
    period: int


def evaluate(tree: Node, known: Mapping[str, Value], span: Span, measured: Sequence[str] = ()) -> Value:
    """The value of a tree; `known` are the queries it may name, `measured` those that METRICS() means. Raises MathError."""
    return _Evaluator(known, span, measured).value(tree)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "AND": lambda a, b: float(bool(a) and bool(b)),
    "OR": lambda a, b: float(bool(a) or bool(b)),
}
_UNARY: dict[str, Callable[[float], float]] = {"-": operator.neg, "+": operator.pos, "!": lambda a: float(not a)}
_POINTWISE: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": lambda a: float(math.ceil(a)),
    "FLOOR": lambda a: float(math.floor(a)),
    "LOG": lambda a: math.log(a) if a > 0 else math.nan,
    "LOG10": lambda a: math.log10(a) if a > 0 else math.nan,
}
_REDUCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "SUM": math.fsum,
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "STDDEV": lambda values: statistics.pstdev(values) if len(values) > 1 else 0.0,
}
_CALENDAR: dict[str, Callable[[datetime], float]] = {
    "MINUTE": lambda at: float(at.minute),
    "HOUR": lambda at: float(at.hour),
    "DAY": lambda at: float(at.isoweekday()),
    "DATE": lambda at: float(at.day),
    "MONTH": lambda at: float(at.month),
    "YEAR": lambda at: float(at.year),
    "EPOCH": lambda at: at.timestamp(),
}


def _divide(left: float, right: float) -> float:
    # A division by zero has no point, as in a graph.
    return left / right if right else math.nan


def _raise(left: float, right: float) -> float:
    try:
        return float(left**right)
    except (OverflowError, ZeroDivisionError, TypeError):
        return math.nan


def _clean(series: Mapping[float, float]) -> Series:
    return {at: value for at, value in series.items() if math.isfinite(value)}


class _Evaluator:
    def __init__(self, known: Mapping[str, Value], span: Span, measured: Sequence[str]) -> None:
        self._known = known
        self._span = span
        self._measured = measured

    def value(self, node: Node) -> Value:
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Text):
            raise MathError("a text is not a value")
        if isinstance(node, Name):
            if node.name in self._known:
                return self._known[node.name]
            raise MathError(f"there is no query with the id {node.name}")
        if isinstance(node, Array):
            return [pair for item in node.items for pair in self._labelled(item)]
        if isinstance(node, Unary):
            return _each(self.value(node.operand), _UNARY[node.operator])
        if isinstance(node, Binary):
            function = {"/": _divide, "^": _raise}.get(node.operator) or _ARITHMETIC[node.operator]
            return _pair(self.value(node.left), self.value(node.right), function)
        return self._call(node)

    def _labelled(self, node: Node) -> Labelled:
        value = self.value(node)
        if isinstance(value, list):
            return value
        series = value if isinstance(value, dict) else dict.fromkeys(self._span.starts, value)
        return [(node.name if isinstance(node, Name) else "", series)]

    def _call(self, node: Call) -> Value:
        name, arguments = node.function, node.arguments
        if name == "METRICS":
            return self._metrics(arguments)
        if name == "FILL":
            return self._fill(arguments)
        if name == "IF":
            return self._if(arguments)
        if name == "TIME_SERIES":
            return dict.fromkeys(self._span.starts, self._number(self._only(node)))
        if name in _REDUCTIONS:
            return self._reduce(_REDUCTIONS[name], self.value(self._only(node)))
        value = self.value(arguments[0]) if arguments else 0.0
        if name in _POINTWISE:
            return _each(value, _POINTWISE[name])
        if name == "METRIC_COUNT":
            return float(len(value)) if isinstance(value, list) else 1.0
        if name == "SLICE":
            return self._slice(value, [int(self._number(each)) for each in arguments[1:]])
        if name == "SORT":
            return self._sort(value, arguments[1:])
        return _each_series(value, lambda series: self._series_call(name, series))

    @staticmethod
    def _only(node: Call) -> Node:
        if len(node.arguments) != 1:
            raise MathError(f"{node.function} takes one argument")
        return node.arguments[0]

    def _number(self, node: Node) -> float:
        value = self.value(node)
        if not isinstance(value, float):
            raise MathError("a number is needed here")
        return value

    def _series_call(self, name: str, series: Series) -> Value:
        ordered = sorted(series.items())
        if name == "PERIOD":
            return float(self._span.period)
        if name == "DATAPOINT_COUNT":
            return float(len(series))
        if name in ("FIRST", "LAST"):
            if not ordered:
                return {}
            return ordered[0][1] if name == "FIRST" else ordered[-1][1]
        if name == "REMOVE_EMPTY":
            return series
        if name == "RUNNING_SUM":
            total, summed = 0.0, {}
            for at, value in ordered:
                total += value
                summed[at] = total
            return summed
        steps = list(itertools.pairwise(ordered))
        if name == "DIFF":
            return {later: new - old for (_, old), (later, new) in steps}
        if name == "DIFF_TIME":
            return {later: later - earlier for (earlier, _), (later, _) in steps}
        if name == "RATE":
            return {later: (new - old) / (later - earlier) for (earlier, old), (later, new) in steps}
        if name in _CALENDAR:
            return {at: _CALENDAR[name](datetime.fromtimestamp(at, UTC)) for at in self._span.starts}
        raise MathError(f"the embedded AWS does not know the function {name}")

    def _reduce(self, function: Callable[[Sequence[float]], float], value: Value) -> Value:
        """A number of one series; a series of an array, point by point over those that have the point."""
        if isinstance(value, float):
            return value
        if isinstance(value, dict):
            return function(list(value.values())) if value else {}
        points: dict[float, list[float]] = {}
        for _, series in value:
            for at, each in series.items():
                points.setdefault(at, []).append(each)
        return {at: function(each) for at, each in points.items()}

    def _metrics(self, arguments: tuple[Node, ...]) -> Labelled:
        wanted = arguments[0].value if arguments and isinstance(arguments[0], Text) else ""
        values = ((name, self._known[name]) for name in self._measured if wanted in name)
        return [(name, value) for name, value in values if isinstance(value, dict)]

    def _fill(self, arguments: tuple[Node, ...]) -> Value:
        if len(arguments) != 2:
            raise MathError("FILL takes a metric and a filling")
        filling = arguments[1]
        mode = filling.name.upper() if isinstance(filling, Name) and filling.name not in self._known else ""
        with_value = None if mode in ("REPEAT", "LINEAR") else self.value(filling)

        def fill(series: Series) -> Series:
            filled = dict(series)
            for at in self._span.starts:
                if at in filled:
                    continue
                if with_value is None:
                    value = _between(series, at, linear=mode == "LINEAR")
                else:
                    value = with_value.get(at) if isinstance(with_value, dict) else _scalar(with_value)
                if value is not None:
                    filled[at] = value
            return filled

        return _each_series(self.value(arguments[0]), fill)

    def _if(self, arguments: tuple[Node, ...]) -> Value:
        if len(arguments) not in (2, 3):
            raise MathError("IF takes a condition, a value, and one for otherwise")
        condition, yes = self.value(arguments[0]), self.value(arguments[1])
        no: Value = self.value(arguments[2]) if len(arguments) == 3 else math.nan
        if isinstance(condition, float):
            chosen = yes if condition else no
            return {} if isinstance(chosen, float) and math.isnan(chosen) else chosen
        if isinstance(condition, list):
            raise MathError("the condition of IF must be one series")
        chosen_points: Series = {}
        for at, holds in condition.items():
            source = yes if holds else no
            value = source.get(at, math.nan) if isinstance(source, dict) else _scalar(source)
            chosen_points[at] = value
        return _clean(chosen_points)

    @staticmethod
    def _slice(value: Value, bounds: list[int]) -> Value:
        if not isinstance(value, list) or not bounds:
            raise MathError("SLICE takes an array and a start")
        if len(bounds) == 1:
            return value[bounds[0]][1] if bounds[0] < len(value) else {}
        return value[bounds[0] : bounds[1]]

    def _sort(self, value: Value, arguments: tuple[Node, ...]) -> Value:
        if not isinstance(value, list) or len(arguments) < 2:
            raise MathError("SORT takes an array, a function and an order")
        names = [each.name.upper() for each in arguments if isinstance(each, Name)]
        reduction = _REDUCTIONS.get(names[0] if names else "", statistics.fmean)
        ordered = sorted(
            value, key=lambda pair: reduction(list(pair[1].values())) if pair[1] else -math.inf, reverse="DESC" in names
        )
        return ordered[: int(self._number(arguments[2]))] if len(arguments) > 2 else ordered


def _scalar(value: Value) -> float:
    if isinstance(value, float):
        return value
    raise MathError("a number or one series is needed here")


def _between(series: Series, at: float, *, linear: bool) -> float | None:
    """The value to put at `at`: the one before, or on the line between its neighbours."""
    before = max((each for each in series if each < at), default=None)
    after = min((each for each in series if each > at), default=None)
    if not linear:
        return None if before is None else series[before]
    if before is None or after is None:
        return None
    return series[before] + (series[after] - series[before]) * (at - before) / (after - before)


def _each(value: Value, function: Callable[[float], float]) -> Value:
    if isinstance(value, float):
        return function(value)
    if isinstance(value, dict):
        return _clean({at: function(each) for at, each in value.items()})
    return [(label, _clean({at: function(each) for at, each in series.items()})) for label, series in value]


def _each_series(value: Value, function: Callable[[Series], Value]) -> Value:
    if isinstance(value, float):
        raise MathError("a metric is needed here")
    if isinstance(value, dict):
        return function(value)
    mapped: Labelled = []
    for label, series in value:
        found = function(series)
        mapped.append((label, found if isinstance(found, dict) else {}))
    return mapped


def _pair(left: Value, right: Value, function: Callable[[float, float], float]) -> Value:
    if isinstance(left, list):
        if isinstance(right, list):
            raise MathError("two arrays cannot be combined")
        return [(label, _series(_pair(series, right, function))) for label, series in left]
    if isinstance(right, list):
        return [(label, _series(_pair(left, series, function))) for label, series in right]
    if isinstance(left, dict):
        if isinstance(right, dict):
            times = sorted(left.keys() | right.keys())
            return _clean({at: function(left.get(at, 0.0), right.get(at, 0.0)) for at in times})
        return _clean({at: function(value, right) for at, value in left.items()})
    if isinstance(right, dict):
        return _clean({at: function(left, value) for at, value in right.items()})
    return function(left, right)


def _series(value: Value) -> Series:
    return value if isinstance(value, dict) else {}
