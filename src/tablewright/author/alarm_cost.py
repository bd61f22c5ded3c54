"""What alarms cost a month, by the list prices that are shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tablewright.author.alarm_plan import Planned
from tablewright.cost.prices import prices

USUAL_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Bill:
    """US dollars a month, before what AWS gives away. ``queries`` come on top: they are billed by the metrics that they find.

    ``region`` is where the prices are from; ``asked`` is another region, for which the list has none.
    """

    usd: Decimal
    metrics: int
    queries: int
    composites: int
    region: str
    date: str
    asked: str = ""
    free: str = ""
    verified: bool = True

    @property
    def words(self) -> str:
        """The bill in one line."""
        parts = [f"{self.metrics} metric{'' if self.metrics == 1 else 's'}"]
        if self.composites:
            parts.append(f"{self.composites} composite alarm{'s' if self.composites > 1 else ''}")
        where = f"list price of {self.region}, {self.date}"
        if self.asked:
            where += f"; none is known for {self.asked}"
        said = f"${self.usd:,.2f} a month for {' and '.join(parts)} ({where}; free: {self.free})"
        if self.queries:
            said += f", and {self.queries} by Metrics Insights, billed by the metrics that it finds"
        return said


def bill(planned: Sequence[Planned], composites: int = 0, region: str = "") -> Bill:
    """What these alarms cost a month. A region without prices is billed as us-east-1, and it is said."""
    listed = prices()
    known = region if listed.find(region, "alarm.metric") is not None else USUAL_REGION
    metric, composite = listed.price(known, "alarm.metric"), listed.price(known, "alarm.composite")
    count = sum(one.metrics for one in planned)
    return Bill(
        usd=metric.usd * count + composite.usd * composites,
        metrics=count,
        queries=sum(one.query for one in planned),
        composites=composites,
        region=known,
        date=listed.date,
        asked=region if region and known != region else "",
        free=metric.free,
        verified=metric.verified and (not composites or composite.verified),
    )
