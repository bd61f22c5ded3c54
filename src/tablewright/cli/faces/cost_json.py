"""What tables cost, for a program: money and quantities as text, so that no digit is lost."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from tablewright.cli.faces.cost_screen import not_in_the_sum
from tablewright.cost.lines import sums, sums_by_pattern
from tablewright.cost.report import CostReport

_ZERO = Decimal(0)


def body(report: CostReport) -> dict[str, object]:
    """The whole report as one object."""
    estimate = report.estimate
    return {
        "usd": str(estimate.usd),
        "region": report.region,
        "prices": report.date,
        "price_list": report.list_name or "shipped",
        "workload": report.source,
        "lines": [_plain(asdict(line)) for line in estimate.lines],
        "by_table": {table: str(amount) for (table,), amount in sums(estimate, "table")},
        "by_kind": {what: str(amount) for (what,), amount in sums(estimate, "what")},
        "by_index": _nested((pair, amount) for pair, amount in sums(estimate, "table", "index")),
        "by_pattern": _nested(sums_by_pattern(estimate)),
        "options": {
            name: [
                {
                    "name": way.name,
                    "usd": str(way.usd),
                    "present": way.present,
                    "note": way.note,
                    "reserved_years": way.reserved,
                    "refused_share": way.refused,
                    "verified": way.verified,
                    "commands": list(way.commands),
                }
                for way in ways
            ]
            for name, ways in report.options
        },
        "advice": [_plain(asdict(each)) for each in report.advice],
        "break_evens": [_plain(asdict(each)) for each in report.break_evens],
        "ttl_saves": [_plain(asdict(each)) for each in report.expiry],
        "assumptions": list(estimate.assumptions),
        "missing": list(not_in_the_sum(report)),
        "prices_used": [
            {
                "region": price.region,
                "name": price.name,
                "usd": str(price.usd),
                "per": price.per,
                "date": price.date,
                "status": price.status,
                "sources": [(report.sources or {}).get(source, source) for source in price.sources],
            }
            for price in estimate.priced
        ],
    }


def _nested(pairs: Any) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (table, name), amount in pairs:
        found.setdefault(table, {})[name] = str(amount)
    return found


def _plain(value: Any) -> Any:
    """Decimals as text, pairs of a name and a share as an object."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: _shares(each) if key == "used_by" else _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def _shares(pairs: Any) -> dict[str, str]:
    found: dict[str, Decimal] = {}
    for name, share in pairs:
        found[name] = found.get(name, _ZERO) + share
    return {name: str(share) for name, share in found.items()}
