"""The process of the embedded AWS: `python -m tablewright.local.server FOLDER --port N`.

It takes the folder, binds its one loopback port, brings the state back, and serves until it is told to stop. Whoever
started it reads one line of JSON from the file descriptor `--report`: that it is ready, or the error that kept it from it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.errors import LocalError
from tablewright.local.folder import Folder, unwritable

__all__ = ["main"]

_HASH_SEED = "0"
_SWEEP_EVERY_S = 60.0
_SWEEP_EVERY_INSTANT_S = 1.0
_log = logging.getLogger("tablewright.local")


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit status is 0 after a clean stop and 1 otherwise."""
    arguments = _arguments(argv)
    if os.environ.get("PYTHONHASHSEED") != _HASH_SEED:
        # Sets of names are walked in hash order: a replay needs the same order.
        os.environ["PYTHONHASHSEED"] = _HASH_SEED
        os.execv(sys.executable, [sys.executable, "-m", "tablewright.local.server", *(argv or sys.argv[1:])])
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    report = _Report(arguments.report)
    try:
        return asyncio.run(_Server(arguments, report).run())
    except LocalError as problem:
        report.error(problem)
        _log.error("%s", problem)
        return 1
    except OSError as problem:
        refused = unwritable(arguments.folder, problem)
        report.error(refused)
        _log.error("%s", refused)
        return 1


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tablewright.local.server")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--clock", default="instant")
    parser.add_argument("--report", type=int, default=-1)
    parser.add_argument("--snapshot-after", type=int, default=0)
    return parser.parse_args(argv)


class _Report:
    """The line that the starter waits for."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def _send(self, value: dict[str, Any]) -> None:
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                os.write(self._handle, json.dumps(value).encode() + b"\n")
                os.close(self._handle)
            self._handle = -1

    def ready(self, about: dict[str, Any]) -> None:
        self._send({"ready": about})

    def error(self, problem: LocalError) -> None:
        self._send({"error": [problem.code, problem.summary, problem.detail, problem.next_command]})


class _Server:
    def __init__(self, arguments: argparse.Namespace, report: _Report) -> None:
        self._arguments = arguments
        self._report = report
        self._folder = Folder(arguments.folder)
        self._clock = Clock(arguments.clock)
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        marker = self._folder.prepare()
        if not self._folder.lock(patience=1.0):
            raise LocalError(
                "already-running",
                "Another embedded AWS has this folder",
                f"A process already keeps its data in {self._folder.path}; two would damage it.",
                "tablewright local status",
            )
        listening = _listen(self._arguments.port)
        port = listening.getsockname()[1]
        from tablewright.local.dataplane import DataPlane
        from tablewright.local.gateway import Gateway
        from tablewright.local.ledger import SNAPSHOT_AFTER, Ledger

        plane = DataPlane()
        plane.adopt_loop()
        ledger = Ledger(
            self._folder.path, plane, self._clock, snapshot_after=self._arguments.snapshot_after or SNAPSHOT_AFTER
        )
        ledger.on_failure = self._on_failure
        gateway = Gateway(plane, self._clock, marker["token"])
        about = {
            "pid": os.getpid(),
            "port": port,
            "endpoint": f"http://127.0.0.1:{port}",
            "clock": self._arguments.clock,
        }
        self._folder.write_json(self._folder.server_file, about)
        server = _http_server(gateway)
        serving = asyncio.create_task(self._serve(server, listening))

        async def progress(count: int) -> None:
            gateway.progress = count
            await asyncio.sleep(0)

        try:
            await ledger.open(progress)
        except BaseException:
            self._stopping.set()
            await serving
            raise
        from tablewright.local.load.controls import Controls
        from tablewright.local.load.front import Front

        front = Front(plane.module, ledger.journal, self._clock, ledger.perform, ledger.sweep)
        ledger.front = front
        engine = _Engine(ledger, self._clock)
        await engine.resume()
        gateway.serve(ledger, engine.get, Controls(front, self._clock))
        # Requests make little garbage in cycles, and the state makes every full collection slow.
        gc.set_threshold(50_000, 20, 50)
        while not server.started and not serving.done():
            await asyncio.sleep(0.001)
        self._report.ready(about)
        background = [asyncio.create_task(self._sweep(ledger)), asyncio.create_task(front.run())]
        await serving
        for task in background:
            task.cancel()
        front.close()
        await engine.close()
        await ledger.close()
        self._folder.server_file.unlink(missing_ok=True)
        return 0 if ledger.failure is None else 1

    def _on_failure(self, problem: OSError) -> None:
        _log.error(
            "stopping: the log in %s cannot be written (%s). What was acknowledged is safe in it; free some space and start "
            "again with: tablewright local start",
            self._folder.path,
            problem,
        )
        # A moment for the answers that say so to leave.
        asyncio.get_running_loop().call_later(0.5, self._stopping.set)

    async def _serve(self, server: Any, listening: socket.socket) -> None:
        # Signals are ours: uvicorn would raise them again after its own shutdown, before the snapshot.
        server.capture_signals = contextlib.nullcontext
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        stop = asyncio.create_task(self._stopping.wait())
        stop.add_done_callback(lambda _: setattr(server, "should_exit", True))
        await server.serve(sockets=[listening])
        stop.cancel()

    async def _sweep(self, ledger: Any) -> None:
        """Expire items by TTL now and then."""
        every = _SWEEP_EVERY_INSTANT_S if self._clock.profile == "instant" else self._clock.span(_SWEEP_EVERY_S)
        while True:
            await asyncio.sleep(max(every, 0.2))
            await ledger.sweep()


class _Engine:
    """The CloudFormation engine, imported when a request or kept work first needs it."""

    def __init__(self, ledger: Any, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._engine: Any = None
        self._absent = False

    def get(self) -> Any:
        if self._engine is None and not self._absent:
            try:
                from tablewright.local.cloudformation import CloudFormation  # type: ignore[attr-defined,unused-ignore]
            except ImportError as missing:
                _log.warning("no CloudFormation engine: %s", missing)
                self._absent = True
                return None
            from tablewright.local.calls import InProcess

            self._engine = CloudFormation(InProcess(self._ledger), self._ledger.journal, self._clock)
        return self._engine

    async def resume(self) -> None:
        """Go on with what was under way when the last process ended."""
        if self._ledger.journal.empty:
            return
        engine = self.get()
        if engine is not None:
            await engine.resume()

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.close()


def _http_server(gateway: Any) -> Any:
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            gateway,
            http="httptools",
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,  # the gateway's is the embedded time
            timeout_keep_alive=75,
            timeout_graceful_shutdown=3,
        )
    )


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's delay off only for sockets that say they are TCP.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as taken:
        listening.close()
        raise LocalError(
            "port-taken",
            "The port is taken",
            f"Nothing was started: port {port} of 127.0.0.1 cannot be used ({taken.strerror}). Stop what uses it, or choose "
            "another port.",
            "tablewright local start --port 0",
        ) from taken
    listening.listen(512)
    listening.setblocking(False)
    return listening


if __name__ == "__main__":
    sys.exit(main())
