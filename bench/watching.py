"""Thirty tables for a day: what ``diagnose`` costs, and what botocore alone costs for the same data points.

A day of traffic is made on an embedded AWS (its clock advanced five minutes at a time), then both are run as processes of
their own, in pairs: CPU seconds (user + system) and peak memory of each.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TABLES = 30
STEPS = 288
PYTHON = sys.executable

FLOOR = """
import sys, botocore.session
from datetime import datetime, timedelta, UTC
from botocore.config import Config
endpoint, now = sys.argv[1], datetime.fromtimestamp(float(sys.argv[2]), UTC)
client = botocore.session.get_session().create_client("cloudwatch", endpoint_url=endpoint, region_name="us-east-1",
    aws_access_key_id="000000000000", aws_secret_access_key="x")
metrics = [m for page in client.get_paginator("list_metrics").paginate(Namespace="AWS/DynamoDB") for m in page["Metrics"]]
stats = {"SuccessfulRequestLatency": ("p50", "p99", "SampleCount"), "ReturnedItemCount": ("Sum", "SampleCount")}
queries = [(m, s) for m in metrics if m["Dimensions"] for s in stats.get(m["MetricName"], ("Sum",))]
points = calls = 0
for start in range(0, len(queries), 348):
    asked = [{"Id": f"m{i}", "MetricStat": {"Metric": m, "Period": 300, "Stat": s}}
        for i, (m, s) in enumerate(queries[start:start + 348])]
    span = {"StartTime": now - timedelta(days=1), "EndTime": now}
    for page in client.get_paginator("get_metric_data").paginate(MetricDataQueries=asked, **span):
        points += sum(len(r["Values"]) for r in page["MetricDataResults"])
        calls += 1
print('{"points": %d, "calls": %d, "metrics": %d}' % (points, calls, len(queries)))
"""


def traffic(aws: Any) -> None:
    """A day of five requests each five minutes on each of the tables, which have an index each."""
    from tablewright.local import control

    client = aws.client("dynamodb")
    for number in range(TABLES):
        client.create_table(
            TableName=f"table-{number:02}",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "tag")],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "byTag",
                    "KeySchema": [{"AttributeName": "tag", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )

    def one(table: int, step: int) -> None:
        name = f"table-{table:02}"
        key = {"pk": {"S": str(step % 7)}}
        client.put_item(TableName=name, Item={**key, "tag": {"S": "t"}, "n": {"N": str(step)}})
        client.get_item(TableName=name, Key=key)
        client.query(
            TableName=name,
            IndexName="byTag",
            KeyConditionExpression="tag = :t",
            ExpressionAttributeValues={":t": {"S": "t"}},
        )

    with ThreadPoolExecutor(4) as pool:
        for step in range(STEPS):
            list(pool.map(lambda table, step=step: one(table, step), range(TABLES)))
            control.advance(aws.endpoint, minutes=5)


def measured(command: list[str], env: dict[str, str]) -> tuple[float, float, dict[str, Any]]:
    """CPU seconds, peak memory in MB, and what the process printed."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.PIPE)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        printed = out.read()
    if process.returncode not in (0, 1):
        sys.exit(f"bench: {' '.join(command)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, json.loads(printed)


def watching(runs: int) -> None:
    """Prints the figures of both, and their ratio."""
    sys.path.insert(0, str(ROOT))
    from tests.contract.load_support import started

    from tablewright.local import control

    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "state") as aws:
        traffic(aws)
        now = control.now(aws.endpoint)
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env |= {"AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
        names = [f"table-{number:02}" for number in range(TABLES)]
        ours = [PYTHON, "-m", "tablewright", "diagnose", *names, "--endpoint-url", aws.endpoint, "--output", "json"]
        floor = [PYTHON, "-c", FLOOR, aws.endpoint, str(now)]
        results = [(measured(ours, env), measured(floor, env)) for _ in range(runs + 1)][1:]
    print(f"thirty tables for a day, asked at {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} of the embedded clock")
    for label, at in (("tablewright diagnose", 0), ("botocore alone", 1)):
        cpu = statistics.median(pair[at][0] for pair in results)
        memory = max(pair[at][1] for pair in results)
        said = results[0][at][2]
        counts = f"{said['points']:,} points, {said['metrics']:,} metrics, {said['calls']} calls"
        print(f"  {label:22} {cpu:6.2f} s CPU, {memory:4.0f} MB, {counts}")
    ratios = sorted(a[0] / b[0] for a, b in results)
    print(f"  ratio {ratios[0]:.2f} to {ratios[-1]:.2f}, median {statistics.median(ratios):.2f}\n")
