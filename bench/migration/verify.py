"""What comparing two sides costs: CPU seconds for a million items of one side, on the null server.

    python bench/migration/verify.py [--runs 3] [--size 1024 200]

Both sides are read over HTTP (checksums and pace control on), each item brought to its canonical form, hashed and summed; they
are equal, so there is no second reading. The figure is user and system time of the process, without its imports.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

PAGES = {True: 12, False: 48}  # of 200 B items, of others: for each segment
SEGMENTS = 4


def child(url: str) -> None:
    """Compare the null server's table with itself, and print what it cost."""
    from tablewright.account import open_account
    from tablewright.events import Ending, Finished
    from tablewright.migrate.job import Pace
    from tablewright.migrate.transform.unchanged import Unchanged
    from tablewright.migrate.verify.run import Compared, VerifySettings, verify
    from tablewright.migrate.wire.door import OpenTable
    from tablewright.model.table import Key

    os.environ |= {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET"}
    keys = (Key("pk", "S", "HASH"), Key("sk", "S", "RANGE"))
    account = open_account(region="us-east-1", endpoint_url=url)
    assert account.data is not None
    sides = [
        Compared(OpenTable(account.data, name, ("pk", "sk")), name, name, keys, SEGMENTS, capacity=1e8)
        for name in ("T", "D")
    ]
    before = resource.getrusage(resource.RUSAGE_SELF)
    with tempfile.TemporaryDirectory() as folder:
        settings = VerifySettings(folder=Path(folder), pace=Pace(0.5))
        *_, end = verify(sides[0], sides[1], transform=Unchanged(keys, keys), clock=account.clock, settings=settings)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert isinstance(end, Finished) and end.ending is Ending.DONE, end
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"items": 2 * int(end.facts["items"]), "cpu": cpu, "mb": after.ru_maxrss / 1024}))


def main() -> None:
    """Measure, and print the median and the range."""
    from run import null_server, pinned

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--size", type=int, nargs="*", default=[1024, 200])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.child:
        child(told.child)
        return
    for size in told.size:
        costs, most, items = [], 0.0, 0
        for _ in range(told.runs):
            with null_server(size, PAGES[size < 500], None) as url:
                done = subprocess.run(
                    [sys.executable, __file__, "--child", url],
                    capture_output=True, text=True, check=False, preexec_fn=pinned(1),
                )  # fmt: skip
            if done.returncode:
                sys.exit(done.stderr)
            said = json.loads(done.stdout)
            costs.append(said["cpu"] / said["items"] * 1e6)
            most, items = max(most, said["mb"]), said["items"]
        print(
            f"verify, {size} B: {statistics.median(costs):.1f} CPU s a million items and side "
            f"({min(costs):.1f} to {max(costs):.1f}, {told.runs} runs, {items:,} items), {most:.0f} MB, "
            f"load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
