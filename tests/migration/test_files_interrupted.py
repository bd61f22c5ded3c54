"""A table goes into files and out of them by the command line, killed on the way: nothing is lost, nothing comes twice."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from tablewright.migrate.files.opening import open_file_source
from tablewright.migrate.job import Files
from tests.conftest import EmbeddedAws
from tests.faces.shell import Ran
from tests.migration.conftest import Item, Tables, sessions
from tests.migration.test_migrate_interrupted import running, wait_until
from tests.migration.test_migrate_run import by_text

Migrate = Callable[..., Ran]


def _read(files: Files) -> list[Item]:
    source = open_file_source(files)
    found: list[Item] = []
    for segment in range(source.segments):
        after = None
        while True:
            page = source.read(segment, after)
            found += [orjson.loads(bytes(item)) for item in page.items]
            after = page.position
            if after is None:
                break
    assert source.expected == len(found)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "parquet"])
def test_killed_on_the_way_into_files_and_out_of_them(
    tables: Tables, migrate: Migrate, aws: EmbeddedAws, tmp_path: Path, form: str
) -> None:
    source, target = tables.make("sessionId"), tables.make("sessionId")
    items = sessions(600, 4_000)
    tables.fill(source, items)
    folder = tmp_path / "out"
    draw = random.Random(form)
    into = ("run", "--local", "--source", source, "--target", str(folder), "--format", form)
    for _ in range(2):
        with running(aws, tmp_path, *into, "--pace", "40rcu") as process:
            wait_until(lambda: (folder / "data").exists() and any((folder / "data").iterdir()))
            time.sleep(draw.uniform(0, 1))  # somewhere in the middle
            process.send_signal(signal.SIGKILL)
    done = migrate(*into, "--pace", "100%")
    assert done.code == 0, done.err
    assert by_text(_read(Files(str(folder), form))) == by_text(items)
    out_of = ("run", "--local", "--source", str(folder), "--format", form, "--target", target)
    with running(aws, tmp_path, *out_of, "--pace", "300wcu") as process:
        wait_until(lambda: bool(tables.client.scan(TableName=target, Limit=1)["Items"]))
        process.send_signal(signal.SIGKILL)
    ended = migrate(*out_of, "--pace", "100%")
    assert ended.code == 0, ended.err
    assert by_text(tables.items(target)) == by_text(items)
