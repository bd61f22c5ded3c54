"""Answers that take long."""

from __future__ import annotations

from statistics import median

from tablewright.model.diagnosis import Diagnosis, Evidence, Remedy, Sure
from tablewright.model.series import MetricId, Series, SeriesId
from tablewright.model.table import Table
from tablewright.watch.observation import Observation, Subject
from tablewright.watch.symptom import Answer, Unknown, amount, symptom, when

_TIMES = 3.0
_LEAST_MS = 50.0
_SLOW_MS = {"GetItem": 100.0, "PutItem": 100.0, "UpdateItem": 100.0, "DeleteItem": 100.0}
"""Single-item requests take single-digit milliseconds; above this their 99th percentile is slow by itself."""
_SLOW_PAGES_MS = 500.0
"""Queries, Scans and batches move up to 1 MB or 100 items."""
_REQUESTS = 20


@symptom("high-latency", "Answers take longer than they did")
def high_latency(seen: Observation, table: Table) -> Answer:
    """DynamoDB itself takes longer to answer, at about the same number of requests.

    Signal: by operation, the 99th percentile of SuccessfulRequestLatency is three times its median over the span and at least
    50 ms while requests did not double; or it is above 100 ms (500 ms for pages and batches) throughout. Operations with
    fewer than 20 requests in those periods are not judged.
    Evidence: the percentile then and usually, requests, items in a page, whether all operations slowed at the same time.
    Remedy: smaller pages and items, eventually consistent reads, connections kept open; AWS Health when all are slow at once.
    Source: DynamoDB developer guide, "Troubleshooting latency issues in DynamoDB"; latency is the service's, without the network.
    """
    slow = []
    operations = seen_operations(seen, table)
    for operation in operations:
        found = _slowed(seen, table, operation)
        if found is not None:
            slow.append((operation, *found))
    if not operations:
        yield Unknown("no request succeeded in the span")
        return
    if not slow:
        return
    operation, series, _, _, constant = max(slow, key=lambda each: each[1].highest)
    evidence = []
    for name, latency, periods, before, _ in slow:
        worst = max(latency.by_time()[at] for at in periods)
        text = f"{name}: 99 % within {amount(worst)} ms in the worst period, from {when(min(periods))}"
        evidence.append(
            Evidence(
                text if constant else f"{text}; usually within {amount(before)} ms",
                "SuccessfulRequestLatency (p99)",
                latency.peak_at,
            )
        )
        count = seen.recent.get(_latency(table, name), "SampleCount")
        requests = count.by_time()
        evidence.append(
            Evidence(
                f"{name}: {amount(sum(requests.get(at, 0.0) for at in periods))} requests then, of "
                f"{amount(count.total)} in the span",
                "SuccessfulRequestLatency (SampleCount)",
            )
        )
        pages = _page(seen, table, name)
        if pages is not None:
            evidence.append(Evidence(f"{name}: {amount(pages)} items in an average page", "ReturnedItemCount"))
    together = len(slow) > 1 and len(slow) == len(operations)
    yield Diagnosis(
        problem="high-latency",
        table=table.name,
        index=None,
        sure=Sure.POSSIBLE if constant else Sure.LIKELY,
        cause="All operations slowed at once: the service, not one request's size."
        if together
        else f"{operation} is slow throughout: its requests are large, or wait inside."
        if constant
        else f"{operation} slowed at an unchanged number of requests: larger items or pages, or the service.",
        evidence=tuple(evidence),
        remedies=(
            *((Remedy("Look at AWS Health for the region, and open a ticket if it goes on."),) if together else ()),
            Remedy("Ask for less at once: a Limit, a ProjectionExpression, eventually consistent reads."),
            Remedy(
                "Compare with the clients' own times: when theirs are far longer, look at retries, timeouts and cold connections."
            ),
        ),
        plots=(SeriesId(series.id.metric, "p99"), SeriesId(series.id.metric, "SampleCount")),
    )


def seen_operations(seen: Observation, table: Table) -> tuple[str, ...]:
    return Subject(seen, table, None).operations()


def _latency(table: Table, operation: str) -> MetricId:
    return MetricId.of("SuccessfulRequestLatency", TableName=table.name, Operation=operation)


def _slowed(seen: Observation, table: Table, operation: str) -> tuple[Series, tuple[int, ...], float, bool] | None:
    """The latency, the periods in which it was high, what it is usually, and whether it is so throughout."""
    p99 = seen.recent.get(_latency(table, operation), "p99")
    count = seen.recent.get(_latency(table, operation), "SampleCount").by_time()
    if not p99:
        return None
    usual = median(p99.values)
    usual_count = median(count.values()) if count else 0.0
    limit = _SLOW_MS.get(operation, _SLOW_PAGES_MS)
    constant = usual >= limit
    bad = tuple(
        at
        for at, value in zip(p99.times, p99.values, strict=True)
        if (constant and value >= limit)
        or (value >= max(_LEAST_MS, _TIMES * usual) and count.get(at, 0.0) <= 2 * max(usual_count, 1.0))
    )
    if not bad or sum(count.get(at, 0.0) for at in bad) < _REQUESTS:
        return None
    return p99, bad, usual, constant


def _page(seen: Observation, table: Table, operation: str) -> float | None:
    returned = seen.recent.get(MetricId.of("ReturnedItemCount", TableName=table.name, Operation=operation), "Sum").total
    pages = seen.recent.get(_latency(table, operation), "SampleCount").total
    return returned / pages if returned and pages else None
