"""What a migration would take, reckoned up from a sample: items, units, money and time; pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tablewright.cost.prices import Price, PriceList
from tablewright.migrate.planning.sample import Sample

__all__ = ["Bill", "Forecast", "Line", "Way", "forecast"]

_GIGA = Decimal(10**9)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill. ``usd`` None: the price list has no such price for the region."""

    what: str
    quantity: Decimal
    unit: str
    price: Price | None

    @property
    def usd(self) -> Decimal | None:
        return None if self.price is None else self.quantity * self.price.usd


@dataclass(frozen=True, slots=True)
class Bill:
    """What is charged, by list prices of ``date``; ``complete`` False where a price is missing."""

    lines: tuple[Line, ...]
    date: str

    @property
    def usd(self) -> Decimal:
        return sum((line.usd for line in self.lines if line.usd is not None), Decimal(0))

    @property
    def complete(self) -> bool:
        return all(line.price is not None for line in self.lines)

    @property
    def sure(self) -> bool:
        """Whether every price was seen in a primary source."""
        return all(line.price is not None and line.price.verified for line in self.lines)


@dataclass(frozen=True, slots=True)
class Way:
    """Another way to the same end: export, transform, import. ``needs``: what must be there or be done for it."""

    name: str
    bill: Bill
    needs: tuple[str, ...]
    unfinished: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the sample says of the whole.

    ``items``: of the source, as DescribeTable said (up to six hours old), or as many as were read when that was all. ``seconds``:
    at the given pace, None where nothing limits it that is known; ``limit`` says what does. ``bill``: of the copy; ``verifying``:
    of comparing both sides afterwards. ``other``: another way, where it costs less. ``injective``: that no two items can meet in
    one key follows from the transform itself. ``notes``: what else to know.
    """

    sample: Sample
    items: int
    bytes_read: int
    bytes_written: int
    read_units: float
    write_units: float
    index_units: float
    seconds: float | None
    limit: str
    bill: Bill
    verifying: Bill
    other: Way | None = None
    injective: bool = False
    notes: tuple[str, ...] = ()

    @property
    def may_run(self) -> bool:
        """Whether the sample shows nothing that a run would stumble over."""
        sample = self.sample
        return not (sample.set_aside or sample.collisions or sample.misfits or sample.unsteady) and bool(
            sample.written or not sample.read
        )


def forecast(
    sample: Sample,
    *,
    items: int,
    prices: PriceList,
    source_region: str | None,
    target_region: str | None,
    source_on_demand: bool,
    target_on_demand: bool,
    allowed: tuple[float | None, float | None],
    source_class: str = "STANDARD",
    target_class: str = "STANDARD",
    injective: bool = False,
    target_is_empty_table: bool = True,
    notes: tuple[str, ...] = (),
) -> Forecast:
    """Reckons the sample up to ``items``.

    ``*_region`` None: files, which cost nothing here. ``*_on_demand`` False: provisioned, whose units are paid for by the hour
    anyway. ``allowed``: read and write units a second.
    """
    scale = Decimal(items) / Decimal(sample.read) if sample.read else Decimal(0)

    def whole(number: float) -> float:
        return float(Decimal(str(number)) * scale)

    read = whole(sample.read_units) if source_region else 0.0
    write = whole(sample.write_units) if target_region else 0.0
    index = whole(sum(sample.index_units.values())) if target_region else 0.0
    bytes_read, bytes_written = round(whole(sample.bytes_read)), round(whole(sample.bytes_written))
    from_source = (source_region, source_class, source_on_demand, read)
    bill = _bill(prices, from_source, (target_region, target_class, target_on_demand, write + index))
    again = whole(sample.bytes_written / 4096) if target_region else 0.0
    verifying = _bill(prices, from_source, None, (target_region, target_class, target_on_demand, again))
    seconds, limit = _time(read, write + index, allowed)
    other = None
    if source_region and target_region and source_region == target_region and target_is_empty_table:
        other = _export_way(prices, source_region, bytes_read, bytes_written, bill)
    return Forecast(
        sample,
        items,
        bytes_read,
        bytes_written,
        read,
        write,
        index,
        seconds,
        limit,
        bill,
        verifying,
        other,
        injective,
        notes,
    )


_End = tuple[str | None, str, bool, float]


def _bill(prices: PriceList, source: _End | None, target: _End | None, also: _End | None = None) -> Bill:
    lines = []
    for what, kind, end in (
        ("reading", "read", source),
        ("writing", "write", target),
        ("reading the target", "read", also),
    ):
        if end is None or end[0] is None or not end[2]:
            continue
        region, table_class, _, units = end
        name = f"on-demand.{'standard' if table_class == 'STANDARD' else 'infrequent-access'}.{kind}"
        million = Decimal(str(units)) / 10**6
        lines.append(Line(what, million, "million request units", prices.find(region or "", name)))
    return Bill(tuple(lines), prices.date)


def _time(read: float, write: float, allowed: tuple[float | None, float | None]) -> tuple[float | None, str]:
    """Seconds, and which side takes them."""
    times = [
        (units / limit, side)
        for units, limit, side in ((read, allowed[0], "reading"), (write, allowed[1], "writing"))
        if units and limit
    ]
    if not times:
        return None, ""
    return max(times)


def _export_way(prices: PriceList, region: str, bytes_read: int, bytes_written: int, copy: Bill) -> Way | None:
    """Export to S3, transform the files, import into a new table: offered where it is known to cost less than the copy."""
    export, into = prices.find(region, "export.full"), prices.find(region, "import")
    if export is None or into is None or not copy.complete:
        return None
    bill = Bill(
        (
            Line("exporting", Decimal(bytes_read) / _GIGA, "GB", export),
            Line("importing", Decimal(bytes_written) / _GIGA, "GB", into),
        ),
        prices.date,
    )
    if bill.usd >= copy.usd:
        return None
    return Way(
        "export, transform, import",
        bill,
        (
            "point-in-time recovery on the source (ExportTableToPointInTime needs it), and a bucket in its region",
            "the export as the source of a run into files, with the same transform, wherever there is room for both",
            "those files in the bucket, and ImportTable, which makes a new table: one that exists cannot be imported into",
            "the new table brought into the template by an import of resources, and requests of S3, which are not reckoned here",
        ),
        "tablewright reads exports and writes files that ImportTable takes; it does not start the export or the import itself, "
        "and the embedded AWS exports nothing, so this way is not rehearsed.",
    )
