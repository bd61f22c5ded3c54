"""Streams whose reader falls behind."""

from __future__ import annotations

from datetime import timedelta

from tablewright.model.diagnosis import Diagnosis, Evidence, Remedy, Sure
from tablewright.model.series import LAMBDA, MetricId, SeriesId
from tablewright.model.table import Table
from tablewright.watch.observation import Observation, Subject
from tablewright.watch.symptom import Answer, Unknown, amount, symptom, when

_LATE_MS = 5 * 60_000
_RETENTION_MS = 24 * 3_600_000
"""Stream records are kept for 24 hours (developer guide)."""


@symptom("stream-lag", "The reader of a stream falls behind")
def stream_lag(seen: Observation, table: Table) -> Answer:
    """Whoever reads the table's stream is minutes or hours behind, or has stopped.

    Signal: IteratorAge of a function that reads the stream is above five minutes in the last quarter of the span (an hour at
    least); or ReturnedRecordsCount has stopped while the table is still written. Records are gone after 24 hours, read or not.
    Evidence: the age now and at its worst, what is left until records are lost, when the last record was read.
    Remedy: more parallelisation, smaller batches, bisect and a destination for failures; the function's own errors.
    Source: AWS Lambda developer guide, "Using Lambda with DynamoDB"; DynamoDB developer guide, "Change data capture".
    """
    if table.stream_arn is None:
        return
    late = seen.until - max((seen.until - seen.since) / 4, timedelta(hours=1))
    functions = seen.consumers.get(table.name, ())
    for name in functions:
        metric = MetricId.of("IteratorAge", LAMBDA, FunctionName=name)
        age = seen.recent.get(metric, "Maximum")
        now = age.between(late.timestamp(), seen.until.timestamp() + age.period)
        if not now or now.values[-1] < _LATE_MS:
            continue
        left = max(0.0, _RETENTION_MS - now.highest) / 3_600_000
        yield Diagnosis(
            problem="stream-lag",
            table=table.name,
            index=None,
            sure=Sure.CERTAIN,
            cause=f"Function {name} reads the stream {amount(now.values[-1] / 60_000)} minutes late.",
            evidence=(
                Evidence(
                    f"the oldest record it took was {amount(age.highest / 60_000)} minutes old at worst "
                    f"({when(age.peak_at)})",
                    f"AWS/Lambda IteratorAge of {name}",
                    age.peak_at,
                ),
                Evidence(
                    f"records are kept for 24 hours: {left:.1f} hours are left at the worst lag", "DynamoDB Streams"
                ),
            ),
            remedies=(
                Remedy("Look at the function's own errors first: one record that always fails holds up its shard."),
                Remedy("Raise ParallelizationFactor; set BisectBatchOnFunctionError and a destination for failures."),
            ),
            plots=(SeriesId(metric, "Maximum"),),
        )
        return
    reads = [series for series in seen.recent.of_metric("ReturnedRecordsCount", "Sum", table.name) if series.total]
    if reads:
        last = max(series.times[-1] for series in reads if series.values)
        writes = Subject(seen, table, None).series("ConsumedWriteCapacityUnits")
        since = [t for t in writes.times if t > last + 15 * 60]
        waited = (seen.until.timestamp() - last) / 60
        if len(since) >= 3 and waited > 30:
            yield Diagnosis(
                problem="stream-lag",
                table=table.name,
                index=None,
                sure=Sure.LIKELY,
                cause="The stream was read, and is not any more, while the table is written.",
                evidence=(
                    Evidence(
                        f"the last record was read at {when(last)}, {amount(waited)} minutes ago",
                        "ReturnedRecordsCount",
                    ),
                    Evidence(
                        f"the table was written in {len(since)} periods since, the last at {when(since[-1])}",
                        "ConsumedWriteCapacityUnits",
                    ),
                ),
                remedies=(
                    Remedy("Look whether the reader runs: its event source mapping may be disabled, its process dead."),
                    Remedy("Records are lost 24 hours after they were written: start it again before."),
                ),
                plots=(reads[0].id,),
            )
            return
    why = seen.unread.get(f"consumers:{table.name}")
    if why and not functions and not reads:
        yield Unknown(f"who reads the stream cannot be told: {why}")
