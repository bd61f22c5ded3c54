"""A policy case: a folder with ``case.json``. Read here for the test of the cases and for the oracle alike.

``identity``, ``boundary``, ``session``, ``resource_policy``, ``service_control``, ``resource_control``: the policies that have
a say, as documents. ``request``: ``action``, ``resource``, ``caller``, ``context``, ``resource_account``. ``expected`` is how
the request ends, ``by`` the Sids of the statements that decide, ``source`` the page of AWS's documentation that says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tablewright.access.decide import Policies
from tablewright.access.policy import Policy
from tablewright.access.read import policy_of
from tablewright.access.request import Request, caller

FOLDER = Path(__file__).parent / "policy"
FOLDERS = sorted(path.parent for path in FOLDER.rglob("case.json"))


@dataclass(frozen=True)
class Case:
    """One case. ``document`` is the file as it stands."""

    name: str
    document: Mapping[str, Any]
    request: Request
    policies: Policies

    @property
    def expected(self) -> str:
        return str(self.document["expected"])


def read_case(folder: Path) -> Case:
    """The case that a folder holds."""
    document = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    return Case(str(folder.relative_to(FOLDER)), document, request_of(document["request"]), policies_of(document))


def request_of(asked: Mapping[str, Any]) -> Request:
    """The request of a case."""
    context = {key: _values(value) for key, value in asked.get("context", {}).items()}
    account = asked.get("resource_account", "")
    return Request(asked["action"], asked["resource"], caller(asked["caller"]), context, account)


def policies_of(document: Mapping[str, Any]) -> Policies:
    """The policies of a case."""
    return Policies(
        identity=_policies(document.get("identity", [])),
        resource=_policy(document.get("resource_policy")),
        boundary=_policy(document.get("boundary")),
        session=_policies(document["session"]) if "session" in document else None,
        service_control=tuple(_policies(level) for level in document.get("service_control", [])),
        resource_control=_policies(document.get("resource_control", [])),
    )


def _values(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _policy(document: Mapping[str, Any] | None) -> Policy | None:
    return None if document is None else policy_of(dict(document))


def _policies(documents: list[Any]) -> tuple[Policy, ...]:
    return tuple(policy_of(document) for document in documents)
