"""The embedded AWS that stops under a command is named as that: AWS and its settings are not to blame."""

from __future__ import annotations

import pytest

from tablewright.cli.again import Again
from tablewright.cli.main import _told_better
from tablewright.cli.options import Common
from tablewright.errors import Failed
from tablewright.events import Ending, Finished

UNREACHABLE = Failed("endpoint-unreachable", "AWS cannot be reached", "Check AWS_ENDPOINT_URL.")


@pytest.mark.parametrize("local", [True, False])
def test_the_end_of_a_run_says_what_stopped(local: bool) -> None:
    end = Finished(Ending.FAILED, UNREACHABLE.summary, UNREACHABLE.detail, code=UNREACHABLE.code)
    shown = Again(Common(local=local)).event(end)
    assert isinstance(shown, Finished)
    assert shown.code == ("embedded-aws-stopped" if local else "endpoint-unreachable")
    assert ("AWS_ENDPOINT_URL" in shown.detail) is not local
    assert shown.hint == ("tablewright local logs" if local else None)


def test_an_error_says_what_stopped() -> None:
    assert _told_better(UNREACHABLE, ["status", "--local"]).code == "embedded-aws-stopped"
    assert _told_better(UNREACHABLE, ["status"]) is UNREACHABLE
    other = Failed("no-such-stack", "There is no such stack")
    assert _told_better(other, ["status", "--local"]) is other
