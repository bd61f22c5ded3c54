"""Whether a condition holds for a request: set operators, IfExists, keys that are missing, several values.

- Conditions of a statement are joined by AND, the values of one condition by OR; under a negated operator, by NOR.
- A missing key does not match: a plain operator is false, a negated one true, an IfExists one true.
- ForAllValues is true for a missing or empty key; ForAnyValue is false, unless it has IfExists.
- Null is true where the key is missing or has no value.
- A plain operator on a key with several values: AWS requires a set operator and documents no result; here it does not hold.

Sources: IAM user guide, "Condition operators", "Set operators for multivalued context keys".
"""

from __future__ import annotations

from tablewright.access.operators import OPERATORS, Operator, reader, split
from tablewright.access.policy import Condition
from tablewright.access.variables import Context, pattern


def holds(condition: Condition, context: Context, *, variables: bool = True) -> bool:
    """Whether the condition is met. An operator that does not exist is never met."""
    parts = split(condition.operator)
    if parts is None:
        return False
    prefix, name, if_exists = parts
    present = context.get(condition.key.lower())
    if name == "Null":
        absent = not present or all(value == "" for value in present)
        return ("true" if absent else "false") in [value.lower() for value in condition.values]
    operator = OPERATORS[name]
    if present is None and if_exists:
        return True
    if prefix:
        values = tuple(value for value in present or () if value != "")
        test = all if prefix == "ForAllValues" else any
        return test(_met(operator, condition, value, context, variables) for value in values)
    if not present:
        return operator.negated
    return len(present) == 1 and _met(operator, condition, present[0], context, variables)


def why_not(condition: Condition, context: Context) -> str:
    """In words, what the request says where the condition does not hold."""
    present = context.get(condition.key.lower())
    wanted = " or ".join(condition.values[:4]) + (" …" if len(condition.values) > 4 else "")
    said = "the request has no such key" if present is None else f"the request says {', '.join(present) or 'nothing'}"
    return f"{condition.operator} {condition.key} wants {wanted}, and {said}"


def _met(operator: Operator, condition: Condition, value: str, context: Context, variables: bool) -> bool:
    """Whether one value of the request is as the operator wants it: equal to some, or, negated, to none."""
    read = reader(operator)
    for text in condition.values:
        wanted = pattern(text, context, read, variables=variables and operator.variables)
        matched = False if wanted is None else operator.compare(value, wanted)
        if matched is None and operator.negated:
            return False
        if matched:
            return not operator.negated
    return operator.negated
