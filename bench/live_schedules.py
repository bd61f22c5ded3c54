"""100,000 random schedules of a live migration: writes, splits, a copy by pages, a tail by windows, crashes, in any order.

python bench/live_schedules.py [NUMBER]

Prints how many there were, what happened in them, the CPU time, and whether one ended with another content than the transformed
source. Each schedule's seed is its number, so one that fails can be run again alone.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.models.live_schedules import Schedule


def main() -> int:
    """Run them."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    steps = crashes = wrong = 0
    for seed in range(number):
        schedule = Schedule(seed)
        try:
            schedule.run()
        except AssertionError:
            wrong += 1
            print(f"schedule {seed} ({schedule.transform}) ended wrong")
        steps += schedule.steps
        crashes += schedule.crashes
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{number:,} schedules, {steps:,} steps, {crashes:,} crashes, {wrong} ended wrong; "
        f"{used.ru_utime + used.ru_stime:.0f} s of CPU"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
