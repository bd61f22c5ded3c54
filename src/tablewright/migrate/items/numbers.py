"""DynamoDB's numbers: 38 significant digits, magnitudes 1E-130 to 9.99E+125, and zero.

Source: Amazon DynamoDB Developer Guide, "Supported data types" (Number) and "DynamoDB item sizes and formats".
"""

from __future__ import annotations

import re
from decimal import Context, Decimal

__all__ = ["DIGITS", "NumberRefused", "canonical_number", "number_size", "number_text"]

DIGITS = 38
_LEAST, _MOST = -130, 125

_EXACT = Context(prec=400, Emin=-999999, Emax=999999)
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
)  # Decimal would take "1_000" as well
_SHORT = re.compile(r"-?[0-9.]+")
_CANONICAL = re.compile(r"0|-?(?:[1-9][0-9]{0,37}|(?:0|[1-9][0-9]{0,18})\.[0-9]{0,18}[1-9])")
"""What needs no work: as DynamoDB itself writes it, and short enough to be surely within bounds."""


class NumberRefused(ValueError):
    """DynamoDB could not hold this number exactly; the text says why, and holds nothing of the user's data."""


def number_text(value: Decimal | int) -> str:
    """A number as DynamoDB is to be sent it; exact, or NumberRefused."""
    text = str(value)
    if len(text) <= DIGITS and (text.isdigit() or _SHORT.fullmatch(text)):
        return text  # neither more digits nor a greater exponent than can be held
    if isinstance(value, int):
        value = Decimal(value)
    if not value.is_finite():
        raise NumberRefused("it is NaN or infinite, which DynamoDB does not have")
    _, digits, _exponent = value.as_tuple()
    if not value:
        return "0"
    significant = len("".join(map(str, digits)).strip("0")) if len(digits) > DIGITS else len(digits)
    if significant > DIGITS:
        raise NumberRefused(
            f"it has {significant} significant digits, and DynamoDB holds {DIGITS}: round it, or keep it as text"
        )
    if not _LEAST <= value.adjusted() <= _MOST:
        raise NumberRefused(f"it is out of bounds: DynamoDB holds magnitudes from 1E{_LEAST} to 9.9E+{_MOST}, and zero")
    return str(value)


def canonical_number(text: str) -> str:
    """The one spelling of a number here: plain notation, no needless zeros. Raises NumberRefused."""
    if _CANONICAL.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text):
        raise NumberRefused("it is not a number")
    value = Decimal(text)
    number_text(value)
    plain = format(value.normalize(_EXACT), "f")
    return "0" if not value else plain


def number_size(text: str) -> int:
    """The bytes of a number: one for two significant digits (pairs stand at even powers of ten), one more, one for a sign."""
    mantissa, _, exponent = text.lstrip("+-").lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    significant = digits.strip("0")
    if not significant:
        return 1
    last = int(exponent or 0) - len(fraction) + len(digits) - len(digits.rstrip("0"))
    return 1 + (len(significant) + last % 2 + 1) // 2 + text.startswith("-")
