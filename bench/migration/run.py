"""The copy's CPU time against its peers', paired in one run on a null server in C.

    python bench/migration/run.py [PAIR ...] [--runs 3] [--size 1024 200] [--memory]

The server (``nullddb.c``: a canned page for Scan, at once "yes" to every write, counting what it is sent) runs on one core, the
client on another. The figure is the client's CPU time, user and system, for a million items; a ratio is taken within each
round, in which the clients take turns, because a shared machine's speed drifts. What a client costs is linear in the items,
so the slow ones copy fewer. Every client's count is compared with the server's.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYDYNOX = "pydynox==1.8.0"


@dataclass(frozen=True, slots=True)
class Pair:
    """``ours`` (a client's name) is to cost ``floor`` times less than ``peer``. ``floors``: at 1 KB and at 200 B."""

    ours: str
    peer: str
    floors: tuple[float, float | None]
    tls: bool = False


PAIRS = {
    "batch_writer": Pair("unchanged", "batch_writer", (50, 50)),
    "client": Pair("unchanged", "client", (38, 38)),
    "guide": Pair("unchanged", "guide", (210, 210)),
    "pydynox": Pair("unchanged", "pydynox", (6, 6)),
    "client-tls": Pair("unchanged", "client", (30, None), tls=True),
    "declared": Pair("declared", "batch_writer", (25, 25)),
    "function": Pair("function", "pydynox", (2, 2)),
    "function-all": Pair("function-all", "pydynox", (1, 1)),
}
TITLES = {
    "guide": "the guide's loop (put_item an item, paginated)",
    "batch_writer": "boto3 batch_writer loop",
    "client": "boto3 client, batch_write_item",
    "pydynox": f"pydynox ({PYDYNOX.rpartition('=')[2]}, Rust core)",
    "unchanged": "tablewright, items unchanged",
    "declared": "tablewright, declared transform",
    "function": "tablewright, Python function on plain values",
    "function-all": "tablewright, Python function that reads every attribute",
}
PAGES = {  # of the null server, for each segment; ours read 8 segments
    "guide": (2, 1),
    "batch_writer": (16, 4),
    "client": (24, 5),
    "pydynox": (100, 20),
    "unchanged": (123, 24),
    "declared": (62, 12),
    "function": (25, 5),
    "function-all": (15, 3),
}
SEGMENTS = 8


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds a million items, items a second, and resident MB at most."""

    cpu: float
    rate: float
    mb: float
    items: int


def compiled() -> Path:
    """The null server, compiled when its source is newer."""
    binary = ROOT / ".cache" / "bench" / "nullddb"
    source = HERE / "nullddb.c"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        binary.parent.mkdir(parents=True, exist_ok=True)
        libraries = ["-lssl", "-lcrypto", "-lz", "-lpthread"]
        subprocess.run(["cc", "-O2", "-w", "-o", str(binary), str(source), *libraries], check=True)
    return binary


def pydynox_python() -> str | None:
    """A Python with pydynox, in an environment of its own; None where it cannot be installed."""
    python = ROOT / ".cache" / "bench" / "pydynox" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
    have = subprocess.run([str(python), "-c", "import pydynox"], capture_output=True, check=False)
    if have.returncode:
        done = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PYDYNOX], check=False
        )
        if done.returncode:
            return None
    return str(python)


def pinned(core: int) -> object:
    """For ``preexec_fn``: stay on one core, where the system knows how."""

    def pin() -> None:
        with suppress(AttributeError, OSError):
            os.sched_setaffinity(0, {core})

    return pin


@contextmanager
def null_server(size: int, pages: int, tls: Path | None) -> Iterator[str]:
    """The null server's URL while in the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(compiled()), str(port), str(size), str(pages)]
    if tls is not None:
        command += [str(tls / "cert.pem"), str(tls / "key.pem")]
    server = subprocess.Popen(
        command,
        env={**os.environ, "COUNT": "1"},
        stderr=subprocess.DEVNULL,
        preexec_fn=pinned(0),  # type: ignore[arg-type]
    )
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield f"http{'s' if tls else ''}://localhost:{port}"
    finally:
        server.kill()
        server.wait()


def counted(url: str, tls: Path | None) -> int:
    """How many items the server was sent."""
    context = None
    if tls is not None:
        import ssl

        context = ssl.create_default_context(cafile=str(tls / "cert.pem"))
    with urllib.request.urlopen(f"{url}/stats", context=context, timeout=10) as answer:
        stats = json.load(answer)
    return int(stats["items"] + stats["put"])


def measured(name: str, size: int, tls: Path | None = None, pages: int | None = None) -> Cost:
    """One run of one client."""
    python = pydynox_python() if name == "pydynox" else sys.executable
    assert python is not None
    ours = TITLES[name].startswith("tablewright")
    segments = SEGMENTS if ours else 1
    pages = pages or PAGES[name][size < 500]
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and k != "PYTHONDONTWRITEBYTECODE"}
    env |= {"AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": str(ROOT / "src")}
    if name == "pydynox":
        del env["PYTHONPATH"]
    if tls is not None:
        env["AWS_CA_BUNDLE"] = str(tls / "cert.pem")
    with null_server(size, pages, tls) as url:
        done = subprocess.run(
            [python, str(HERE / "client.py"), name, url, str(segments)],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=pinned(1),  # type: ignore[arg-type]
        )
        if done.returncode:
            sys.exit(f"bench: {name} failed\n{done.stdout}{done.stderr}")
        told = json.loads(done.stdout)
        seen = counted(url, tls)
    if seen != told["items"]:
        sys.exit(f"bench: {name} says it copied {told['items']} items, and the server was sent {seen}")
    million = told["items"] / 1e6
    return Cost(told["cpu"] / million, told["items"] / told["wall"], told["mb"], told["items"])


def certificate(folder: Path) -> Path:
    """A folder with a certificate for localhost and its key."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


def rounds(pairs: dict[str, Pair], size: int, runs: int, tls: Path) -> bool:
    """Measure the pairs at one item size, and print them; whether every floor is met."""
    small = size < 500
    chosen = {name: pair for name, pair in pairs.items() if pair.floors[small] is not None}
    # A pair's two right after one another, where that can be: the machine is the same for both then.
    clients = list(dict.fromkeys((name, pair.tls) for pair in chosen.values() for name in (pair.peer, pair.ours)))
    costs: dict[tuple[str, bool], list[Cost]] = {client: [] for client in clients}
    for _ in range(runs):
        for name, over_tls in clients:
            costs[name, over_tls].append(measured(name, size, tls if over_tls else None))
    print(f"items of {size} bytes, {runs} rounds, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"  {'':<48} {'items':>9} {'CPU-s a million: median (range)':>33} {'items/s':>9} {'MB':>5}")
    for (name, over_tls), found in costs.items():
        cpu = [cost.cpu for cost in found]
        title = TITLES[name] + (", TLS" if over_tls else "")
        shown = f"{statistics.median(cpu):.2f} ({min(cpu):.2f} - {max(cpu):.2f})"
        rate = statistics.median(cost.rate for cost in found)
        print(f"  {title:<48} {found[0].items:>9,} {shown:>33} {rate:>9,.0f} {max(c.mb for c in found):>5.0f}")
    met = True
    for pair in chosen.values():
        ratios = [
            peer.cpu / ours.cpu
            for peer, ours in zip(costs[pair.peer, pair.tls], costs[pair.ours, pair.tls], strict=True)
        ]
        floor = pair.floors[small]
        assert floor is not None
        middle = statistics.median(ratios)
        met &= middle >= floor
        title = f"{TITLES[pair.peer]} / {TITLES[pair.ours].partition(', ')[2]}{', TLS' if pair.tls else ''}"
        verdict = "met" if middle >= floor else "MISSED"
        print(f"  {title:<84} {middle:6.1f} ({min(ratios):.1f} - {max(ratios):.1f})  floor {floor:g}: {verdict}")
    print()
    return met


def memory() -> bool:
    """Ten million items of 1 KB: the resident size at most."""
    cost = measured("unchanged", 1024, pages=1221)
    met = cost.mb < 200
    print(f"{cost.items:,} items of 1 KB: {cost.mb:.0f} MB resident at most, floor 200: {'met' if met else 'MISSED'}")
    print(f"  {cost.cpu:.2f} CPU-s a million, {cost.rate:,.0f} items/s\n")
    return met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="*", choices=[*PAIRS, []], help="which (default: all)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--size", type=int, nargs="*", default=[1024, 200])
    parser.add_argument("--memory", action="store_true", help="ten million items as well")
    asked = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    pairs = {name: PAIRS[name] for name in asked.pairs or PAIRS}
    if any(pair.peer == "pydynox" for pair in pairs.values()) and pydynox_python() is None:
        print(f"without {PYDYNOX}: it cannot be installed here\n")
        pairs = {name: pair for name, pair in pairs.items() if pair.peer != "pydynox"}
    met = True
    with tempfile.TemporaryDirectory() as folder:
        tls = certificate(Path(folder))
        for size in asked.size:
            met &= rounds(pairs, size, asked.runs, tls)
    if asked.memory:
        met &= memory()
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
