"""The place that a contract test works in: the embedded AWS, or the account that the environment consents to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import EmbeddedAws
from tests.contract.harness import sweep
from tests.contract.harness.account import ENVIRONMENT, GivenAccount, Refused, consent
from tests.contract.harness.capabilities import CAPABILITIES
from tests.contract.harness.ledger import Ledger
from tests.contract.harness.place import Backend, Embedded, Place

HERE = Path(__file__).parent

try:
    CONSENT = consent(ENVIRONMENT)
except Refused as refused:
    raise pytest.UsageError(str(refused)) from None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Over an account, what is about the embedded AWS itself is skipped, with its reason."""
    for item in items:
        for marker in item.iter_markers("needs"):
            unknown = set(marker.args) - set(CAPABILITIES)
            assert not unknown, f"{item.nodeid} needs {unknown}, which is no capability"
        embedded = item.get_closest_marker("embedded")
        inside = HERE in item.path.parents
        if (
            CONSENT is not None
            and inside
            and (embedded is not None or "place" not in getattr(item, "fixturenames", ()))
        ):
            why = f": {embedded.args[0]}" if embedded else ""
            item.add_marker(pytest.mark.skip(reason=f"about the embedded AWS itself{why}"))


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest, _no_aws_settings: None) -> Backend:
    if CONSENT is None:
        aws: EmbeddedAws = request.getfixturevalue("aws")
        return Embedded(aws)
    try:
        return GivenAccount.opened(CONSENT, ENVIRONMENT)
    except Refused as refused:
        pytest.exit(str(refused), returncode=4)


@pytest.fixture
def place(request: pytest.FixtureRequest, backend: Backend) -> Place:
    """A place of the test's own; what the test makes there is removed when it ends."""
    for marker in request.node.iter_markers("needs"):
        skip_without(backend, *marker.args)
    found = backend.place()
    request.addfinalizer(lambda: backend.leave(found))
    return found


def skip_without(backend: Backend, *capabilities: str) -> None:
    for capability in capabilities:
        if capability in backend.lacks:
            pytest.skip(f"needs {capability}: {backend.lacks[capability]}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Over an account: what each ledger says is left there, and AWS's words where ours are not verified."""
    if CONSENT is None or not CONSENT.ledgers.is_dir():
        return
    terminalreporter.section("the account")
    for path in sorted(CONSENT.ledgers.glob("*.jsonl")):
        for line in sweep.report(Ledger.read(path)):
            terminalreporter.write_line(line)
    for path in sorted(CONSENT.ledgers.glob("*.said")):
        terminalreporter.write_line(path.read_text(encoding="utf-8").rstrip())
