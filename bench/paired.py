"""Times two commands in pairs, A B A B, and gives the ratio pair by pair: what holds when a shared machine's speed drifts.

A figure is the whole process tree's, as the kernel accounts it to the finished child: CPU seconds (user + system) and
wall seconds. The first pair warms caches and is not counted.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run, in seconds."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """The counted runs of both commands, in order."""

    a: tuple[Run, ...]
    b: tuple[Run, ...]

    def ratios(self, figure: str) -> tuple[float, float, float]:
        """Minimum, median and maximum of A/B, pair by pair, for ``cpu`` or ``wall``."""
        values = [getattr(x, figure) / getattr(y, figure) for x, y in zip(self.a, self.b, strict=True)]
        return min(values), statistics.median(values), max(values)


def once(command: Sequence[str], env: Mapping[str, str], cwd: str | None = None) -> Run:
    """Runs the command to its end; a command that fails ends the benchmark, since its time would mean nothing."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env=dict(env), cwd=cwd, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(cpu=cpu, wall=wall)


def pairs(
    a: Sequence[str], b: Sequence[str], *, runs: int, env: Mapping[str, str] | None = None, cwd: str | None = None
) -> Pairs:
    """``runs`` counted pairs after one that warms up."""
    # As on an ordinary machine: both commands find their byte code cached.
    env = {k: v for k, v in (os.environ if env is None else env).items() if k != "PYTHONDONTWRITEBYTECODE"}
    results = [(once(a, env, cwd), once(b, env, cwd)) for _ in range(runs + 1)][1:]
    return Pairs(a=tuple(x for x, _ in results), b=tuple(y for _, y in results))


def report(title: str, names: tuple[str, str], measured: Pairs, figure: str) -> None:
    """Prints one comparison: medians of both, and the ratio's minimum, median and maximum."""
    first, second = (statistics.median(getattr(r, figure) for r in side) for side in (measured.a, measured.b))
    low, middle, high = measured.ratios(figure)
    print(f"{title}  ({figure} seconds, {len(measured.a)} pairs)")
    print(f"  {names[0]:<44} median {first:7.3f}")
    print(f"  {names[1]:<44} median {second:7.3f}")
    print(f"  ratio                                        median {middle:7.3f}   min {low:.3f}   max {high:.3f}\n")
