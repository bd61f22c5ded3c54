"""What the tables' units come to at the rate of the moment, as a graph: the last row of a dashboard.

Storage, backups and transfer have no metrics of DynamoDB's: ``tablewright cost`` has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tablewright.author.dashboard_widgets import Shown, Widget, graph, metric_row
from tablewright.author.watchable import Subject
from tablewright.cost.prices import prices

_USUAL_REGION = "us-east-1"
_MILLION, _HOURS, _DAY = 1_000_000, 24, 86_400
MOST_ROWS = 500
"""Metrics of one graph. Source: CloudWatch user guide, "CloudWatch service quotas"."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Dollars for a unit: requested on demand, or provisioned for an hour. ``where`` says of which list they are."""

    read: Decimal
    write: Decimal
    where: str = ""


def run_rate(tables: Sequence[Shown], region: str) -> Widget | None:
    """The graph, in dollars a day at list prices; None where it would be larger than CloudWatch takes."""
    known = region if prices().find(region, "on-demand.standard.read") is not None else _USUAL_REGION
    rows: list[Any] = []
    for number, one in enumerate(tables):
        rows += _table(one, number, known)
    if len(rows) > MOST_ROWS:
        return None
    title = f"Units, $ a day at the rate of the moment (list prices of {known}, {prices().date}; storage and backups are apart)"
    return graph(title, rows, stacked=True, width=24)


def _table(one: Shown, number: int, region: str) -> Iterator[Any]:
    """The hidden metrics of a table and its indexes, and their price."""
    named = dict(one.indexes)
    whole: list[tuple[str, Subject]] = [("", one.table.subject)]
    whole += [(named[each.label], each) for each in one.table.indexes if each.label in named]
    provisioned = one.table.subject.provisioned is True
    rates = _rates(one, provisioned, region)
    terms = {"Read": "", "Write": ""}
    for at, (index, _) in enumerate(whole):
        for kind in terms:
            key = f"{kind[0].lower()}{number}x{at}"
            metric = f"{'Provisioned' if provisioned else 'Consumed'}{kind}CapacityUnits"
            drawn: dict[str, Any] = {"stat": "Average", "period": 300} if provisioned else {}
            yield metric_row(metric, one.ref, index=index, id=key, visible=False, **drawn)
            terms[kind] += f"+FILL({key}{',REPEAT' if provisioned else ',0'})"
    sums = f"(({terms['Read'][1:]})*{rates.read:f}+({terms['Write'][1:]})*{rates.write:f})"
    a_day = f"{sums}*{_HOURS}" if provisioned else f"{sums}*{_DAY}/PERIOD(r{number}x0)"
    yield {"expression": a_day, "label": one.called, "id": f"cost{number}"}


def _rates(one: Shown, provisioned: bool, region: str) -> Rates:
    rare = one.table.table.value("TableClass") == "STANDARD_INFREQUENT_ACCESS"
    way, class_ = "provisioned" if provisioned else "on-demand", "infrequent-access" if rare else "standard"
    read, write = (prices().price(region, f"{way}.{class_}.{kind}").usd for kind in ("read", "write"))
    per = 1 if provisioned else _MILLION
    return Rates(read / per, write / per, region)
