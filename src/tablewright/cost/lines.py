"""An estimate as a value: lines that say what each cent is for, and what was assumed to make them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from tablewright.cost.prices import Price, PriceList

__all__ = ["GB", "HOURS", "MILLION", "SECONDS", "Bill", "Estimate", "Line", "sums", "sums_by_pattern"]

HOURS = Decimal(730)
"""Hours of a month, as AWS's own price pages count."""
SECONDS = HOURS * 3600
GB = Decimal(10**9)
MILLION = Decimal(10**6)
UNUSED = "units that nothing asks for"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``quantity`` of ``unit`` at a price makes ``usd`` a month. ``pattern`` is what asks for it, where one does.

    ``used_by``: of units that are paid whatever is asked, the share (0 to 1) that each pattern uses. ``region``: where another
    than the estimate's bills it. ``price`` is the name in the price list.
    """

    table: str
    index: str
    what: str
    quantity: Decimal
    unit: str
    usd: Decimal
    pattern: str = ""
    verified: bool = True
    region: str = ""
    price: str = ""
    used_by: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """The lines of one table or of a stack, and what was assumed to make them. ``priced`` are the prices that were used."""

    lines: tuple[Line, ...]
    assumptions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # what has no price in the list, or no quantity, and is not in the sum
    priced: tuple[Price, ...] = ()

    @property
    def usd(self) -> Decimal:
        """A month, in US dollars."""
        return sum((line.usd for line in self.lines), Decimal(0))

    def of(self, *whats: str) -> Decimal:
        """The part of these kinds of lines."""
        return sum((line.usd for line in self.lines if line.what in whats), Decimal(0))


@dataclass(slots=True)
class Bill:
    """Lines as they are made: what has no price is noted, never guessed."""

    table: str
    prices: PriceList
    region: str
    lines: list[Line] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    priced: dict[tuple[str, str], Price] = field(default_factory=dict)

    def add(
        self, what: str, names: str | tuple[str, ...], quantity: Decimal, unit: str, *, per: Decimal = Decimal(1),
        index: str = "", pattern: str = "", region: str = "", used_by: tuple[tuple[str, Decimal], ...] = (),
    ) -> None:  # fmt: skip
        """A line at the first of these prices that the list has for the region; nothing for a quantity of zero."""
        if not quantity:
            return
        where = region or self.region
        names = (names,) if isinstance(names, str) else names
        found = next((price for name in names if (price := self.prices.find(where, name)) is not None), None)
        if found is None:
            self.missing.append(f"{what} of {self.table or 'the stack'}: no {names[0]} for {where}")
            return
        self.priced[found.region, found.name] = found
        if found.status == "derived":
            self.assume(
                f"the price of {found.name} in {where} is computed from a published figure, not seen in AWS's list"
            )
        if found.name != names[0]:
            self.assume(f"{names[0]} in {where} is priced as {found.name}: AWS prices both the same")
        usd = found.usd * quantity / per
        beyond = "" if where == self.region else where
        line = Line(self.table, index, what, quantity, unit, usd, pattern, found.verified, beyond, found.name, used_by)
        self.lines.append(line)

    def assume(self, text: str) -> None:
        """Note what was assumed."""
        self.assumptions.append(text)

    def done(self) -> Estimate:
        """The estimate; what was noted twice stands once."""
        return Estimate(
            tuple(self.lines),
            tuple(dict.fromkeys(self.assumptions)),
            tuple(dict.fromkeys(self.missing)),
            tuple(self.priced.values()),
        )


def sums(estimate: Estimate, *keys: str) -> Iterator[tuple[tuple[str, ...], Decimal]]:
    """The sums by a line's ``table``, ``what``, ``index`` or ``region``, dearest first."""
    found: dict[tuple[str, ...], Decimal] = {}
    for line in estimate.lines:
        name = tuple(str(getattr(line, key)) for key in keys)
        found[name] = found.get(name, Decimal(0)) + line.usd
    yield from sorted(found.items(), key=lambda pair: -pair[1])


def sums_by_pattern(estimate: Estimate) -> Iterator[tuple[tuple[str, str], Decimal]]:
    """What each pattern of each table costs, dearest first: its requests, or the part of provisioned units that it uses.

    What no pattern asks for (storage, backups, alarms) is not among them; units that none uses are, under their own name.
    """
    found: dict[tuple[str, str], Decimal] = {}

    def add(table: str, pattern: str, usd: Decimal) -> None:
        found[table, pattern] = found.get((table, pattern), Decimal(0)) + usd

    for line in estimate.lines:
        if line.pattern:
            add(line.table, line.pattern, line.usd)
        elif line.unit == "unit-hours":
            rest = Decimal(1)
            for pattern, share in line.used_by:
                add(line.table, pattern, line.usd * share)
                rest -= share
            if rest > 0:
                add(line.table, UNUSED, line.usd * rest)
    yield from sorted(found.items(), key=lambda pair: -pair[1])
