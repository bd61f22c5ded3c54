"""pytest fixtures of the embedded AWS, for teams that test their own code against it.

In the project's top-level `conftest.py`:

    pytest_plugins = ["tablewright.local.pytest_plugin"]

Nothing is loaded unless it is asked for so. The fixtures:

- `local_aws` (session): a running embedded AWS on a folder of the session's own (of each worker's own, with pytest-xdist); it is
  stopped, and its folder removed, at the end. Override it to choose the clock, or to use one that runs already.
- `local_aws_env`: points every SDK and the AWS CLI at it while a test runs.
- `faults`: adds faults, and takes every one that it added away at the test's end, however the test ends.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tablewright.local import control, process
from tablewright.local.errors import LocalError
from tablewright.local.process import Running

__all__ = ["Faults", "faults", "local_aws", "local_aws_env"]


class Faults:
    """The faults that one test adds. Others, and those of before, are left alone."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._added: list[str] = []

    def add(self, effect: str, **wish: Any) -> str:
        """Add a fault, of a stack or of the data path, and return its id. Raises LocalError for one that cannot be."""
        name = control.add_fault(self._endpoint, effect, **wish)
        self._added.append(name)
        return name

    def remove(self, name: str) -> None:
        """Take one of these faults away before the test ends: what hangs by it goes on."""
        if name in self._added:
            self._added.remove(name)
            control.remove_faults(self._endpoint, name)

    @contextlib.contextmanager
    def during(self, effect: str, **wish: Any) -> Iterator[str]:
        """A fault for the length of a with block."""
        name = self.add(effect, **wish)
        try:
            yield name
        finally:
            with contextlib.suppress(LocalError):
                self.remove(name)

    def remaining(self) -> list[dict[str, Any]]:
        """Those of these faults that are still there: one with a count goes by itself."""
        return [fault for fault in control.faults(self._endpoint) if fault["id"] in self._added]

    def clear(self) -> None:
        """Take them all away. One that is gone already, or a server that is, is no error."""
        for name in list(self._added):
            with contextlib.suppress(LocalError):
                self.remove(name)


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running embedded AWS, on the `instant` clock. `endpoint`, `access_key_id` and the others say how to reach it."""
    folder = tmp_path_factory.mktemp("tablewright-local") / "state"
    running = process.start(folder, port=0)
    yield running
    process.reset(folder)


@pytest.fixture
def local_aws_env(local_aws: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The embedded AWS, with the environment variables that point SDKs at it; profiles and session tokens are unset."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    return local_aws


@pytest.fixture
def faults(local_aws: Running) -> Iterator[Faults]:
    """Faults on demand for one test."""
    found = Faults(local_aws.endpoint)
    yield found
    found.clear()
