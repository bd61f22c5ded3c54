"""Hypothesis strategies for items, over all of DynamoDB's types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

__all__ = ["attribute_names", "items", "numbers", "plain_values", "respelled", "texts"]

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", '"', "\\", '"}', '{"S":"', "\u0000", "김치", "🍜", '\\"PK\\":{\\"S\\":\\"', "\u2028"]
)
attribute_names = st.sampled_from(
    ["a", "b", "PK", "이름", "S", "M", "N", "a.b", '"quoted"', "back\\slash"]
) | texts.filter(bool)


@st.composite
def numbers(draw: st.DrawFn) -> Decimal:
    """Whatever DynamoDB holds: up to 38 significant digits, magnitudes 1E-130 to 9.9E+125, and zero."""
    digits = draw(st.integers(0, 10 ** draw(st.sampled_from([1, 3, 17, 38])) - 1))
    value = Decimal((draw(st.integers(0, 1)), tuple(map(int, str(digits))), 0))
    if not value:
        return Decimal(0)
    least, most = -130 - value.adjusted(), 125 - value.adjusted()
    exponent = draw(st.sampled_from([0, 0, -1, 2]) | st.integers(least, most))
    sign, kept, _ = value.as_tuple()
    return Decimal((sign, kept, min(max(exponent, least), most)))


_scalars = st.none() | st.booleans() | texts | numbers() | st.binary(max_size=9)
_sets = (
    st.sets(texts, min_size=1, max_size=3)
    | st.sets(numbers(), min_size=1, max_size=3)
    | st.sets(st.binary(max_size=4), min_size=1)
)
plain_values: st.SearchStrategy[Any] = st.recursive(
    _scalars | _sets,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(attribute_names, inner, max_size=3),
    max_leaves=6,
)


def items(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Items of plain values; the attributes named in ``fixed`` are always there."""
    others = st.dictionaries(attribute_names.filter(lambda name: name not in fixed), plain_values, max_size=5)
    return st.builds(lambda one, two: {**one, **two}, others, st.fixed_dictionaries(fixed))


def respelled(value: Any, draw: st.DrawFn) -> Any:
    """The same DynamoDB JSON written otherwise: attributes, entries and sets in another order, numbers with needless zeros."""
    if isinstance(value, dict):
        if set(value) <= {"SS", "NS", "BS"} and len(value) == 1:
            ((kind, held),) = value.items()
            if isinstance(held, list):
                return {
                    kind: draw(
                        st.permutations([respelled({"N": each}, draw)["N"] if kind == "NS" else each for each in held])
                    )
                }
        if set(value) == {"N"} and isinstance(value["N"], str):
            return {"N": f"{Decimal(value['N']):E}" if draw(st.booleans()) else value["N"]}
        return {name: respelled(value[name], draw) for name in draw(st.permutations(list(value)))}
    if isinstance(value, list):
        return [respelled(each, draw) for each in value]
    return value
