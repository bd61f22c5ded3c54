"""DynamoDB Local, AWS's own emulator in Java: its jar comes in the npm package amplify-dynamodb-simulator.

The package is fetched once into ``.cache`` (which git ignores) with ``npm pack``. It needs npm and Java; where there is none, the
tests that want it are skipped and say so.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tests.waiting import until

__all__ = ["Unavailable", "emulator", "fetched"]

PACKAGE = "amplify-dynamodb-simulator@2.9.30"
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "dynamodb-local"


class Unavailable(Exception):
    """It cannot be run here; the text says why."""


def fetched() -> Path:
    """The folder with its jar, fetched if it is not there. Raises Unavailable."""
    for program in ("java", "npm"):
        if shutil.which(program) is None:
            raise Unavailable(f"there is no {program}")
    folder = CACHE / "package" / "emulator"
    if (folder / "DynamoDBLocal.jar").exists():
        return folder
    making = CACHE.with_name(f"{CACHE.name}.{os.getpid()}")
    making.mkdir(parents=True, exist_ok=True)
    try:
        asked = ["npm", "pack", "--silent", "--pack-destination", str(making), PACKAGE]
        done = subprocess.run(asked, cwd=making, capture_output=True, text=True, timeout=600, check=False)
        archives = list(making.glob("*.tgz"))
        if done.returncode or not archives:
            raise Unavailable(f"npm pack {PACKAGE} failed: {done.stderr.strip()[-200:]}")
        with tarfile.open(archives[0]) as archive:
            safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python 3.11 has it from 3.11.4 on
            archive.extractall(making, **safe)  # type: ignore[arg-type]
        archives[0].unlink()
        with suppress(OSError):  # another worker was quicker
            making.rename(CACHE)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


@contextmanager
def emulator() -> Iterator[str]:
    """A fresh one, in memory, while in the block; its endpoint. Raises Unavailable."""
    folder = fetched()
    for _ in range(5):
        port = _free_port()
        with tempfile.TemporaryFile() as said, _started(folder, port, said) as server:
            try:
                if _serves(server, port, said):
                    yield f"http://127.0.0.1:{port}"
                    return
            finally:
                server.kill()
    raise Unavailable("DynamoDB Local does not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _started(folder: Path, port: int, said: IO[bytes]) -> subprocess.Popen[bytes]:
    command = ["java", "-Xmx512m", f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}", "-jar"]
    command += [str(folder / "DynamoDBLocal.jar"), "-inMemory", "-port", str(port)]
    return subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)


def _serves(server: subprocess.Popen[bytes], port: int, said: IO[bytes]) -> bool:
    """Wait until it answers; False where it never will, because somebody else took the port meanwhile."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}",
        data=b"{}",
        headers={
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.ListTables",
            "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, Signature=0",
        },
    )

    def failed() -> bool:
        return server.poll() is not None or b"Failed to bind" in os.pread(said.fileno(), 1 << 20, 0)

    def answers() -> bool:
        with suppress(OSError), urllib.request.urlopen(asked, timeout=10) as answer:
            return b"TableNames" in answer.read()
        return failed()

    until(answers, every=0.1)
    return not failed()
