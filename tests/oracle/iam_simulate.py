"""@cloud-copilot/iam-simulate as an oracle: installed by npm into a temporary folder, asked over pipes, never shipped.

It is AGPL-3.0, so nothing of it comes into this project: only its answers are compared with ours.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.cases.policy_cases import request_of

VERSION = "0.1.173"
SCRIPT = Path(__file__).with_name("simulate.mjs")
ENDS = {
    "Allowed": "allowed",
    "ExplicitlyDenied": "explicitly denied",
    "ImplicitlyDenied": "implicitly denied",
}
_WRITTEN = {
    "aws:principalarn": "aws:PrincipalArn",
    "aws:principalaccount": "aws:PrincipalAccount",
    "aws:resourceaccount": "aws:ResourceAccount",
    "aws:requestedregion": "aws:RequestedRegion",
    "aws:username": "aws:username",
}


def installed() -> Path | None:
    """The folder that the package is installed in; None where Node.js or the registry cannot be had."""
    if not shutil.which("npm") or not shutil.which("node"):
        return None
    folder = Path(tempfile.gettempdir()) / f"tablewright-oracle-iam-simulate-{VERSION}"
    if not (folder / "node_modules").exists():
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--no-audit", "--no-fund", f"@cloud-copilot/iam-simulate@{VERSION}"]
        if subprocess.run(command, cwd=folder, capture_output=True, timeout=300).returncode:
            shutil.rmtree(folder, ignore_errors=True)
            return None
    return folder


def ask(folder: Path, cases: Iterable[Mapping[str, Any]]) -> list[str | None]:
    """How each case ends by the oracle; None where it refuses the question."""
    questions = "\n".join(json.dumps(_question(case)) for case in cases)
    command = ["node", str(SCRIPT), str(folder)]
    done = subprocess.run(command, input=questions, capture_output=True, text=True, check=True, timeout=900)
    return [ENDS.get(json.loads(line).get("result", "")) for line in done.stdout.splitlines()]


def _question(case: Mapping[str, Any]) -> dict[str, Any]:
    asked = case["request"]
    request = request_of(asked)
    given = {key.lower(): (key, value) for key, value in asked.get("context", {}).items()}
    context = {}
    for key, values in request.keys().items():
        written, value = given.get(key, (_WRITTEN.get(key, key), values[0] if values else ""))
        context[written] = value
    levels = enumerate(case.get("service_control", []))
    question: dict[str, Any] = {
        "request": {
            "principal": {"type": "Anonymous"} if asked["caller"] == "*" else asked["caller"],
            "action": asked["action"],
            "resource": {"resource": asked["resource"], "accountId": request.owner},
            "contextVariables": context,
        },
        "identityPolicies": _named(case.get("identity", [])),
        "serviceControlPolicies": [{"orgIdentifier": f"o{at}", "policies": _named(level)} for at, level in levels],
        "resourceControlPolicies": [],
    }
    if case.get("resource_control"):
        question["resourceControlPolicies"] = [{"orgIdentifier": "o", "policies": _named(case["resource_control"])}]
    if "resource_policy" in case:
        question["resourcePolicy"] = case["resource_policy"]
    if "boundary" in case:
        question["permissionBoundaryPolicies"] = _named([case["boundary"]])
    if case.get("session"):
        question["sessionPolicy"] = case["session"][0]
    return question


def _named(policies: list[Any]) -> list[dict[str, Any]]:
    return [{"name": f"p{number}", "policy": policy} for number, policy in enumerate(policies)]
