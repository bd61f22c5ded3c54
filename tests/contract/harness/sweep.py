"""Removing what a run of the contract suite made in an account, and nothing else.

    python -m tests.contract.harness.sweep LEDGER... --profile PROFILE --account ID

Only what the run's ledger holds is looked at, and each thing is removed only when it shows the run's mark itself: the run's tag
on a stack or on what was made without one; CloudFormation's own tag with the id of such a stack on what a stack left behind.
What does not show it, or cannot be removed, stays and is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from tests.contract.harness import waiting
from tests.contract.harness.ledger import LEFT, RUN_TAG, Entry, Ledger
from tests.contract.harness.leftovers import leftovers
from tests.contract.harness.place import Clients
from tests.contract.harness.removing import REMOVERS, Kept, Missing

ROUNDS = 6
"""Times that what could not go is tried again: an export goes after the stacks that import it."""


def sweep(ledger: Ledger, make: Clients) -> list[Entry]:
    """Remove what the ledger holds; returns what is left, each with its reason."""
    for _ in range(ROUNDS):
        before = ledger.standing()
        for entry in before:
            _remove(ledger, make, entry)
        if {entry.number for entry in ledger.standing()} == {entry.number for entry in before}:
            break
    return ledger.standing()


def _remove(ledger: Ledger, make: Clients, entry: Entry) -> None:
    try:
        if entry.kind == "stack":
            _remove_stack(ledger, make, entry)
        else:
            remover = REMOVERS.get(entry.kind)
            if remover is None:
                raise Kept("the clean-up does not know how to remove this type")
            remover(make, entry, _mark(ledger))
    except Missing:
        ledger.note(entry.number, "removed", why="it is not there")
    except Kept as kept:
        if (entry.state, entry.why) != (LEFT, str(kept)):
            ledger.note(entry.number, LEFT, why=str(kept))
    except (ClientError, WaiterError) as error:
        ledger.note(entry.number, LEFT, why=str(error))
    else:
        ledger.note(entry.number, "removed")


def _mark(ledger: Ledger) -> Callable[[Mapping[str, str]], str]:
    """Says why tags are not those of something that the run made; empty when they are."""
    stacks = {entry.id for entry in ledger.entries.values() if entry.kind in ("stack", "inner stack") and entry.id}

    def problem(tags: Mapping[str, str]) -> str:
        stack = tags.get("aws:cloudformation:stack-id", "")
        if tags.get(RUN_TAG) == ledger.run.id and (not stack or stack in stacks):
            return ""
        if stack in stacks:
            return ""
        shown = tags.get(RUN_TAG)
        return f"its tag {RUN_TAG} is {shown}" if shown else f"it has no tag {RUN_TAG}"

    return problem


def _remove_stack(ledger: Ledger, make: Clients, entry: Entry) -> None:
    client = make("cloudformation", region=entry.region)
    try:
        (stack,) = client.describe_stacks(StackName=entry.id or entry.name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            raise Missing from None
        raise
    stack_id = stack["StackId"]
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    gone = stack["StackStatus"] == "DELETE_COMPLETE" and bool(entry.id)
    if tags.get(RUN_TAG) != ledger.run.id and not (gone or _review(client, stack, ledger.run.id, made=bool(entry.id))):
        raise Kept(_mark(ledger)(tags) or "it is another run's")
    if not entry.id:
        ledger.note(entry.number, "made", id=stack_id)
    if stack.get("ParentId"):
        raise Kept(f"it is part of {stack['ParentId']}")
    status = waiting.settled(client, stack_id)["StackStatus"]
    found = leftovers(client, stack_id)
    if status != "DELETE_COMPLETE":
        if stack.get("EnableTerminationProtection"):
            client.update_termination_protection(StackName=stack_id, EnableTerminationProtection=False)
        _delete(client, stack_id)
        found = leftovers(client, stack_id)
    known = {(e.kind, e.name) for e in ledger.entries.values()}
    for kind, name in found:
        if (kind, name) not in known:
            number = ledger.asked(kind, name, entry.region)
            if kind == "inner stack":
                ledger.note(number, "made", id=name)


def _review(client: Any, stack: dict[str, Any], run: str, *, made: bool) -> bool:
    """Whether this is a stack that only change sets of the run are for: it has no tags yet, they have."""
    if stack["StackStatus"] != "REVIEW_IN_PROGRESS":
        return False
    pages = client.get_paginator("list_change_sets").paginate(StackName=stack["StackId"])
    found = [change_set["ChangeSetId"] for page in pages for change_set in page["Summaries"]]
    tags = [client.describe_change_set(ChangeSetName=change_set).get("Tags", []) for change_set in found]
    return all({"Key": RUN_TAG, "Value": run} in one for one in tags) and (made or bool(tags))


def _delete(client: Any, stack_id: str) -> None:
    """Delete a stack; what cannot be deleted is let go of, and then is one of its leftovers. Raises Kept."""
    client.delete_stack(StackName=stack_id)
    found = waiting.settled(client, stack_id)
    if found["StackStatus"] == "DELETE_FAILED":
        pages = client.get_paginator("list_stack_resources").paginate(StackName=stack_id)
        resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        stuck = [r["LogicalResourceId"] for r in resources if r["ResourceStatus"] == "DELETE_FAILED"]
        client.delete_stack(StackName=stack_id, RetainResources=stuck)
        found = waiting.settled(client, stack_id)
    if found["StackStatus"] != "DELETE_COMPLETE":
        raise Kept(f"it is {found['StackStatus']}: {found.get('StackStatusReason', '')}")


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 nothing is left, 1 something is, 2 not begun."""
    import argparse
    from pathlib import Path

    from tests.contract.harness.account import ENVIRONMENT, Refused, check_identity, clients

    parser = argparse.ArgumentParser(prog="python -m tests.contract.harness.sweep", description=__doc__.split("\n")[0])
    parser.add_argument("ledgers", nargs="+", type=Path, metavar="LEDGER")
    parser.add_argument("--profile", required=True, help="the profile whose credentials are used")
    parser.add_argument("--account", required=True, help="the account's id; it must be the caller's and the ledger's")
    asked = parser.parse_args(arguments)
    left = 0
    for path in asked.ledgers:
        try:
            ledger = Ledger.read(path)
            if ledger.run.account != asked.account:
                raise Refused(f"The ledger is of account {ledger.run.account}, not {asked.account}.")
            make = clients(asked.profile, ledger.run.endpoint, ENVIRONMENT)
            check_identity(make, asked.account, ledger.run.region)
        except (OSError, ValueError, KeyError, IndexError, Refused) as refused:
            print(f"{path}: not begun: {refused}")
            return 2
        standing = sweep(ledger, make)
        for line in report(ledger):
            print(line)
        left += len(standing)
    return 1 if left else 0


def report(ledger: Ledger) -> list[str]:
    """What the run made, what is gone and what is left, a line each."""
    standing = ledger.standing()
    gone = len(ledger.entries) - len(standing)
    first = (
        f"{ledger.path}: account {ledger.run.account}: {len(ledger.entries)} made, {gone} removed, {len(standing)} left"
    )
    return [first, *(f"  left: {entry}: {entry.why or 'not removed yet'}" for entry in standing)]


if __name__ == "__main__":
    raise SystemExit(main())
