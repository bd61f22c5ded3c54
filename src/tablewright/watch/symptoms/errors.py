"""Requests that fail: DynamoDB's own errors, and the callers'."""

from __future__ import annotations

from tablewright.model.diagnosis import Diagnosis, Evidence, Remedy, Sure
from tablewright.model.series import MetricId, SeriesId
from tablewright.model.table import Table
from tablewright.watch.observation import Observation
from tablewright.watch.symptom import Answer, amount, symptom, when

_FEW = 5
_RATE = 0.0001
_MISTAKES = 20
_MISTAKE_RATE = 0.01


def _requests(seen: Observation, table: str | None = None) -> float:
    """Requests that succeeded: the SampleCount of their latency, which is the only count of requests there is."""
    return sum(series.total for series in seen.recent.of_metric("SuccessfulRequestLatency", "SampleCount", table))


@symptom("system-errors", "DynamoDB answers with errors of its own")
def system_errors(seen: Observation, table: Table) -> Answer:
    """DynamoDB answered with HTTP 500.

    Signal: SystemErrors, summed over operations (the metric has no other dimensions), at least 5 and 0.01 % of the requests:
    single ones happen and retries take care of them.
    Evidence: errors by operation, their share, when they were worst.
    Remedy: retries with backoff and jitter; AWS Health; a ticket with request ids.
    Source: DynamoDB developer guide, "Error handling with DynamoDB"; service level agreement (99.99 %).
    """
    found = [s for s in seen.recent.of_metric("SystemErrors", "Sum", table.name) if s.total]
    total = sum(series.total for series in found)
    requests = _requests(seen, table.name)
    if total < _FEW or total < _RATE * (requests + total):
        return
    worst = max(found, key=lambda series: series.highest)
    evidence = [
        Evidence(f"{amount(series.total)} errors of {series.id.metric.operation}", "SystemErrors", series.peak_at)
        for series in sorted(found, key=lambda series: -series.total)
    ]
    evidence.append(
        Evidence(
            f"{total / (requests + total):.2%} of {amount(requests + total)} requests; worst at {when(worst.peak_at)}",
            "SuccessfulRequestLatency (SampleCount)",
            worst.peak_at,
        )
    )
    yield Diagnosis(
        problem="system-errors",
        table=table.name,
        index=None,
        sure=Sure.CERTAIN,
        cause="DynamoDB failed inside. Nothing in the table's settings causes or prevents it.",
        evidence=tuple(evidence),
        remedies=(
            Remedy(
                "Retry with exponential backoff and jitter: the AWS SDKs do, unless their attempts are set too low."
            ),
            Remedy("Look at AWS Health for the region; open a ticket with the request ids if it goes on."),
        ),
        plots=tuple(series.id for series in found),
    )


@symptom("user-errors", "Requests are refused as malformed or not allowed", account=True)
def user_errors(seen: Observation, table: Table) -> Answer:
    """Requests that DynamoDB refuses because of what they say.

    Signal: UserErrors, at least 20 and 1 % of the requests of the tables looked at. It is published for the whole account
    and region, without a table; throttles and failed conditions are not in it.
    Evidence: errors, share, when they were worst.
    Remedy: the clients' logs, or CloudTrail's data events, name the request; an exception's text can be given to diagnose.
    Source: DynamoDB developer guide, "DynamoDB metrics and dimensions".
    """
    series = seen.recent.get(MetricId.of("UserErrors"))
    requests = _requests(seen)
    if series.total < _MISTAKES or series.total < _MISTAKE_RATE * (requests + series.total):
        return
    yield Diagnosis(
        problem="user-errors",
        table=None,
        index=None,
        sure=Sure.LIKELY,
        cause="Some client sends requests that DynamoDB cannot accept: a wrong key, a type, an expression, a missing table.",
        evidence=(
            Evidence(
                f"{amount(series.total)} errors of the account in this region; worst at {when(series.peak_at)} "
                f"with {amount(series.highest)}",
                "UserErrors",
                series.peak_at,
            ),
            Evidence(
                f"{amount(requests)} requests of the tables looked at succeeded meanwhile",
                "SuccessfulRequestLatency (SampleCount)",
            ),
        ),
        remedies=(
            Remedy(
                "The metric names no table: look for ValidationException and ResourceNotFoundException in the clients' logs."
            ),
            Remedy("CloudTrail's data events show the refused requests, with the caller, where they are recorded."),
        ),
        plots=(SeriesId(series.id.metric, "Sum"),),
    )
