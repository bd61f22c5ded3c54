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
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        done = subprocess.run(asked, cwd=making, capture_output=True, text=True, timeout=300, check=False)
        archives = list(making.glob("*.tgz"))
        if done.returncode or not archives:
            raise Unavailable(f"npm pack {PACKAGE} failed: {done.stderr.strip()[-200:]}")
        with tarfile.open(archives[0]) as archive:
            safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python 3.11 has it from 3.11.4 on
            archive.extractall(making, **safe)  # type: ignore[arg-type]
        archives[0].unlink()
        if not CACHE.exists():
            making.rename(CACHE)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


@contextmanager
def emulator() -> Iterator[str]:
    """A fresh one, in memory, while in the block; its endpoint. Raises Unavailable."""
    folder = fetched()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["java", "-Xmx512m", f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}", "-jar"]
    command += [str(folder / "DynamoDBLocal.jar"), "-inMemory", "-port", str(port)]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError as error:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise Unavailable("DynamoDB Local does not start") from error
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()
