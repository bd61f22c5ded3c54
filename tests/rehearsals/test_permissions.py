"""The calls that commands really make are the documented ones, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tablewright.access.needs import NEEDS
from tests.conftest import EmbeddedAws
from tests.faces.shell import in_process
from tests.rehearsals.between import between
from tests.rehearsals.deploying import log_group, table, template

STREAM = "StreamSpecification: {StreamViewType: NEW_IMAGE}"
TTL = "TimeToLiveSpecification: {AttributeName: end, Enabled: true}"


def named(seen: str) -> str:
    """The action of a request: its operation, or for the REST services what its path says."""
    if "event-source-mappings" in seen:
        return "ListEventSourceMappings"
    verb, _, path = seen.partition(" ")
    return {"PUT": "PutObject", "GET": "GetObject"}.get(verb, seen) if path.startswith("/templates") else seen


@pytest.mark.slow
@pytest.mark.parametrize("command", ["deploy", "plan", "status", "why", "diagnose", "watch", "policy", "remove"])
def test_a_command_makes_no_call_that_is_not_documented(
    aws: EmbeddedAws, account: str, tmp_path: Path, command: str
) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(template(table(index="owner", extra=f"{STREAM}\n{TTL}"), log_group()))
    second.write_text(template(log_group(days=14)))
    lines: dict[str, list[tuple[str, ...]]] = {
        "deploy": [
            ("deploy", str(second), "--stack", "shop", "--yes"),
            ("deploy", str(first), "--stack", "new", "--yes"),
        ],
        "plan": [("plan", str(second), "--stack", "shop"), ("plan", str(first), "--stack", "other")],
        "status": [("status", "shop")],
        "why": [("why", "shop")],
        "diagnose": [("diagnose", "--stack", "shop")],
        "watch": [("watch", "--stack", "shop", "--once")],
        "policy": [("policy", "generate", each, "--stack", "shop") for each in ("read", "deploy")],
        "remove": [("remove", "table", "orders", "--stack", "shop", "--template", str(first), "--diff")],
    }

    def ran(endpoint: str, *words: str) -> tuple[int, str]:
        env = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local"}
        done = in_process(*words, "--endpoint-url", endpoint, "--region", "us-east-1", cwd=tmp_path, env=env)
        return done.code, done.err

    code, err = ran(aws.endpoint, "deploy", str(first), "--stack", "shop", "--yes")
    assert code == 0, err
    documented = {action.partition(":")[2] for need in NEEDS[command] for action in need.actions} | {
        "GetCallerIdentity"
    }
    with between(aws.endpoint) as gate:
        for words in lines[command]:
            code, err = ran(gate.endpoint, *words)
            assert code in (0, 1, 3), err
            assert "Usage" not in err and "not understood" not in err, err
    made = {named(one) for one in gate.seen if "/_tablewright/" not in one}
    assert made - documented == set()
    assert len(made) > 1
