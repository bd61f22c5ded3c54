"""List prices, as the snapshot beside this module has them: exact decimals, each with its unit, date and sources.

A region or a price that the snapshot lacks is refused, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from tablewright.errors import UsageError

__all__ = ["Price", "PriceList", "prices", "read_prices", "write_prices"]

STATUSES = ("verified", "derived", "unverified")
"""How sure a price is: seen in what was made from AWS's price list, computed from a published figure, or seen in neither."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one ``per`` of something costs, in US dollars, as of ``date`` (ISO 8601). ``free`` says what AWS gives away of it,
    ``note`` what else matters.
    """

    name: str
    region: str
    usd: Decimal
    per: str
    status: str
    sources: tuple[str, ...] = ()
    usage_type: str = ""
    free: str = ""
    note: str = ""
    date: str = ""

    @property
    def verified(self) -> bool:
        """Whether it was seen in a primary source, or follows from one."""
        return self.status != "unverified"


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of a date (ISO 8601), by region and name; ``sources`` says what each source is."""

    date: str
    rows: Mapping[tuple[str, str], Price]
    sources: Mapping[str, str]

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that have prices."""
        return tuple(dict.fromkeys(region for region, _ in self.rows))

    def names(self, region: str) -> tuple[str, ...]:
        """What has a price in a region."""
        return tuple(name for where, name in self.rows if where == region)

    def find(self, region: str, name: str) -> Price | None:
        """The price, None where the list lacks it."""
        return self.rows.get((region, name))

    def check_region(self, region: str) -> None:
        """Raise UsageError ``no-prices`` for a region without any."""
        known = ", ".join(self.regions)
        if region not in self.regions:
            raise UsageError(
                "no-prices",
                "There are no prices for the region",
                f"The price list of {self.date} has none for {region}. It has those of {known}. To read them from AWS, run:",
                f"tablewright cost prices refresh {region}",
            )

    def price(self, region: str, name: str) -> Price:
        """The price. Raises UsageError ``no-prices`` for a region without any, ``no-price`` for a name without one there."""
        found = self.find(region, name)
        if found is not None:
            return found
        self.check_region(region)
        raise UsageError(
            "no-price",
            "There is no price for this",
            f"The price list of {self.date} has no {name} for {region}. Prices differ between regions, so none is guessed.",
        )


def read_prices(text: str) -> PriceList:
    """A price list in the snapshot's own JSON."""
    document: dict[str, Any] = json.loads(text, parse_float=Decimal)
    rows = {
        (region, name): Price(
            name=name,
            region=region,
            usd=Decimal(row["usd"]),
            per=row["per"],
            status=row["status"],
            sources=tuple(row["sources"]),
            usage_type=row.get("usage_type", ""),
            free=row.get("free", ""),
            note=row.get("note", ""),
            date=row.get("date", document["date"]),
        )
        for region, priced in document["regions"].items()
        for name, row in priced.items()
    }
    sources = {
        name: source["what"] + (f" ({source['date']})" if "date" in source else "")
        for name, source in document["sources"].items()
    }
    return PriceList(document["date"], rows, sources)


def write_prices(listed: PriceList, about: str = "") -> str:
    """The list in the snapshot's own JSON, which ``read_prices`` reads; a row of the list's own date does not repeat it."""
    regions: dict[str, dict[str, Any]] = {}
    for (region, name), price in listed.rows.items():
        row: dict[str, Any] = {"usd": f"{price.usd:f}", "per": price.per}
        row |= {"usage_type": price.usage_type} if price.usage_type else {}
        row |= {"status": price.status, "sources": list(price.sources)}
        row |= {key: value for key, value in (("free", price.free), ("note", price.note)) if value}
        row |= {"date": price.date} if price.date != listed.date else {}
        regions.setdefault(region, {})[name] = row
    sources = {name: {"what": told} for name, told in listed.sources.items()}
    body = {"date": listed.date, "about": about, "sources": sources, "regions": regions}
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


@cache
def prices() -> PriceList:
    """The snapshot that this version was released with."""
    return read_prices((files("tablewright.cost") / "prices.json").read_text(encoding="utf-8"))
