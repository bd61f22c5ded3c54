"""Copies a DynamoDB table into another with the executors of a Spark cluster: AWS Glue 5 or 6, EMR Serverless, or any other.

    spark-submit migrate_on_spark.py --source orders --target orders-v2 --control tablewright-control --job orders-v2 \
        --region us-east-1 --segments 64 --read-units 20000 --write-units 10000 --key 'PK=ORDER#{id}' --key SK=META

Each executor runs the engine of ``tablewright migrate run`` over some segments of the source. What they must agree on stands in
the control table (keyed PK and SK, strings): how far each segment is, who has it, and how much of the pace each worker may use.
Killed and submitted again with the same --job, it goes on where it stands. See docs/guides/migrate-spark.md.
"""

from __future__ import annotations

import argparse
import os
import shlex
import socket
import sys
import uuid
from pathlib import Path
from typing import Any

FLAGS = ("key", "extract", "split", "merge", "retype", "rename", "set", "default", "add", "drop")


def arguments(words: list[str]) -> dict[str, Any]:
    """The options; those that Glue adds of its own (--JOB_NAME and the like) are passed over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="name or ARN of the table that is read")
    parser.add_argument(
        "--target", required=True, help="name or ARN of the table that is written; it must exist and be empty"
    )
    parser.add_argument("--control", required=True, help="the control table")
    parser.add_argument("--job", required=True, help="name of this migration in the control table")
    parser.add_argument("--region", help="region of the source and the control table")
    parser.add_argument("--target-region")
    parser.add_argument("--endpoint", help="endpoint of an emulator")
    parser.add_argument("--segments", type=int, default=64, help="fixed for the job's life")
    parser.add_argument("--tasks", type=int, help="how many workers share the segments (default: the cluster's cores)")
    parser.add_argument("--read-units", type=float, help="read units a second, of all workers together")
    parser.add_argument("--write-units", type=float, help="write units a second, of all workers together")
    parser.add_argument("--dead-letters", type=int, default=0, help="items that each worker may set aside")
    parser.add_argument("--transform", help="FILE.toml, or FILE.py:FUNCTION; a path that the driver can read")
    for flag in FLAGS:
        parser.add_argument(f"--{flag}", action="append", default=[])
    given, _ = parser.parse_known_args(words)
    return vars(given)


def opened(asked: dict[str, Any], side: str) -> Any:
    """The account of a side, by the credentials that the machine has."""
    from tablewright.account import open_account

    region = asked["target_region"] if side == "target" and asked["target_region"] else asked["region"]
    return open_account(region=region, endpoint_url=asked["endpoint"])


def transformed(asked: dict[str, Any], source_keys: Any, target_keys: Any, folder: str | None) -> Any:
    """The transform; its file is looked for in ``folder``, where Spark put it for the executors."""
    from tablewright.migrate.transform.flags import from_flags
    from tablewright.migrate.transform.load import load_transform

    name = asked["transform"]
    if name and folder is not None:
        name = str(Path(folder) / Path(name).name)
    return load_transform(name, source_keys, target_keys, operations=from_flags({flag: asked[flag] for flag in FLAGS}))


def work(asked: dict[str, Any], keys: tuple[Any, Any], own: tuple[int, ...]) -> dict[str, Any]:
    """One task: some segments, on whichever executor runs it. What is wrong is told, not raised: Spark would try again."""
    from pyspark import SparkFiles

    from tablewright.errors import TablewrightError
    from tablewright.migrate.engine.values import CopySettings
    from tablewright.migrate.spreading.control.run import ControlTable
    from tablewright.migrate.spreading.run import copy_segments
    from tablewright.migrate.wire.door import OpenTable

    here, there = opened(asked, "source"), opened(asked, "target")
    source_keys, target_keys = keys
    try:
        part = copy_segments(
            OpenTable(here.data, asked["source"], tuple(key.name for key in source_keys)),
            OpenTable(there.data, asked["target"], tuple(key.name for key in target_keys)),
            transformed(asked, source_keys, target_keys, SparkFiles.getRootDirectory() if asked["transform"] else None),
            ControlTable(here.data, asked["control"], asked["job"], here.clock),
            segments=asked["segments"],
            own=own,
            worker=f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
            clock=here.clock,
            settings=CopySettings(dead_letters=asked["dead_letters"]),
        )
    except TablewrightError as error:
        return {"error": f"error[{error.code}]: {error.summary}\n\n{error.detail}", "process": os.getpid()}
    counts = part.counts
    return {
        "read": counts.read,
        "written": counts.written,
        "set_aside": counts.set_aside,
        "done": part.done,
        "process": os.getpid(),
    }


def main(words: list[str]) -> int:
    """The driver: look at both tables, write the job down, deal out the segments, gather what came of them."""
    from functools import partial

    from pyspark import SparkContext

    from tablewright.errors import TablewrightError
    from tablewright.migrate.job import Pace
    from tablewright.migrate.spreading.control.run import ControlTable
    from tablewright.migrate.spreading.rows import Work
    from tablewright.migrate.spreading.run import parts

    asked = arguments(words)
    try:
        here, there = opened(asked, "source"), opened(asked, "target")
        source, target = here.tables.describe(asked["source"]), there.tables.describe(asked["target"])
        missing = [asked[side] for side, table in (("source", source), ("target", target)) if table is None]
        if missing:
            print(f"error[table-missing]: there is no table {', '.join(missing)}", file=sys.stderr)
            return 2
        if source.id == target.id:
            print("error[same-table]: source and target are one table", file=sys.stderr)
            return 3
        keys = (source.keys, target.keys)
        transform = transformed(asked, *keys, None)
        control = ControlTable(here.data, asked["control"], asked["job"], here.clock)
        begun = control.begun()
        if not begun and not there.tables.contents(asked["target"]).is_empty:
            print(f"error[target-holds-items]: {asked['target']} holds items, or may not be read", file=sys.stderr)
            return 3
        identity = [f"{table.arn}@{table.id}" for table in (source, target)]
        control.prepare(
            Work(identity[0], identity[1], transform.fingerprint, asked["segments"]),
            Pace(1.0, asked["read_units"], asked["write_units"]),
        )
    except TablewrightError as error:
        print(f"error[{error.code}]: {error.summary}\n\n{error.detail}", file=sys.stderr)
        return 3

    spark = SparkContext.getOrCreate()
    if asked["transform"]:
        spark.addFile(asked["transform"].partition(".py:")[0] + (".py" if ".py:" in asked["transform"] else ""))
    dealt = parts(asked["segments"], asked["tasks"] or spark.defaultParallelism)
    told = spark.parallelize(dealt, len(dealt)).map(partial(work, asked, keys)).collect()
    errors = sorted({each["error"] for each in told if "error" in each})
    for text in errors:
        print(text, file=sys.stderr)
    sums = {name: sum(each.get(name, 0) for each in told) for name in ("read", "written", "set_aside")}
    processes = len({each["process"] for each in told})
    print(
        f"{sums['read']:,} items read, {sums['written']:,} written, {sums['set_aside']:,} set aside, by {len(dealt)} tasks in "
        f"{processes} processes"
    )
    if errors or not all(each.get("done") for each in told):
        print("not done: submit the same job again to go on", file=sys.stderr)
        return 1
    if sums["set_aside"]:
        print(f"incomplete: {sums['set_aside']:,} items set aside, in {asked['control']}", file=sys.stderr)
        return 1
    told = ["--source", asked["source"], "--target", asked["target"]]
    told += ["--transform", asked["transform"]] if asked["transform"] else []
    told += [word for flag in FLAGS for value in asked[flag] for word in (f"--{flag}", value)]
    print(f"copied, not verified: {shlex.join(['tablewright', 'migrate', 'verify', *told])}")
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    if status:
        raise SystemExit(status)
