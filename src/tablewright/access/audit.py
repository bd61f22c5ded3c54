"""What a policy grants too much or too little: asked of the evaluator, call by call, not read off its text.

Each finding names the calls it is about. With the tables known, it is about them; with access patterns declared, about the
difference between what the policy does and what it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tablewright.access.applies import read, speaks_of_action
from tablewright.access.calls import Call, allowed, calls_around, declared, reach
from tablewright.access.patterns import Wish
from tablewright.access.policy import ALLOW, DENY, OLD_VERSION, Policy, Statement
from tablewright.access.principals import Named, named_by
from tablewright.access.request import Caller, Request, caller
from tablewright.access.scope import Scope, TableScope
from tablewright.access.variables import mentioned
from tablewright.model.actions import CONTROL_PLANE
from tablewright.model.finding import Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING

SEVERAL_VALUED = ("dynamodb:leadingkeys", "dynamodb:attributes", "aws:tagkeys")
"""Keys of which a request has several values: they need ForAllValues or ForAnyValue."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is audited: a policy, the tables around it if they are known, and what it is for if that is declared."""

    policy: Policy
    scope: Scope | None = None
    tables: tuple[TableScope, ...] = ()
    wishes: tuple[Wish, ...] = ()

    @property
    def resource_based(self) -> bool:
        """Whether it names principals: then it is a resource's policy."""
        return any(statement.principals is not None for statement in self.policy.statements)

    def as_caller(self) -> Caller:
        """Who calls: for a resource-based policy, the first that it names; else a role of the tables' own account, for to one of
        another account an identity-based policy alone allows nothing.
        """
        for statement in self.policy.statements:
            for principal in statement.principals or ():
                if principal.kind == "AWS" and principal.value.startswith("arn:"):
                    return caller(principal.value)
        partition, account = (self.scope.partition, self.scope.account) if self.scope else ("aws", "111122223333")
        return caller(f"arn:{partition}:sts::{account}:assumed-role/App/run")


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. ``statement`` is the number of the statement concerned, 0 for the whole policy.

    ``twins`` are the rules of ``tablewright check`` that find the same in the text.
    """

    code: str
    name: str
    severity: Severity
    statement: int
    message: str
    why: str = ""
    instead: str = ""
    twins: tuple[str, ...] = ()


Check = Callable[[Subject], Iterator[Issue]]


def audit(subject: Subject) -> tuple[Issue, ...]:
    """All findings, in the order of the statements."""
    found = [issue for check in CHECKS for issue in check(subject)]
    return tuple(sorted(found, key=lambda issue: (issue.statement, issue.code)))


def _more_or_less(subject: Subject) -> Iterator[Issue]:
    """With access patterns declared: every call that is allowed beyond them, and every one of theirs that is not."""
    if subject.scope is None or not subject.wishes:
        return
    who = subject.as_caller()
    meant, rest = declared(subject.scope, subject.tables, subject.wishes, who)
    patterns = ", ".join(one.written for one in subject.wishes)
    missing = [call for call in meant if not allowed(reach(subject.policy), who, call)]
    if missing:
        yield Issue(
            "TW-POL-002", "denies-what-it-is-for", ERROR, 0,
            f"{patterns} needs {_listed(missing)}, which the policy does not allow",
            "The program is refused (AccessDeniedException) when it makes the call.",
            "Grant these actions on these resources.",
        )  # fmt: skip
    beyond = [call for call in rest if allowed(reach(subject.policy), who, call)]
    if beyond:
        yield Issue(
            "TW-POL-001", "allows-more-than-it-is-for", WARNING, _first_allowing(subject, beyond[0]),
            f"beyond {patterns} the policy allows {_listed(beyond)}",
            "What is not needed serves only a mistake or an intruder.",
            "Leave these actions or resources out.",
        )  # fmt: skip


def _index_out_of_reach(subject: Subject) -> Iterator[Issue]:
    if subject.scope is None or subject.wishes:
        return
    who = subject.as_caller()
    for table in subject.tables:
        here = Call("dynamodb:GetItem", subject.scope.arn(table), "")
        for index in table.indexes:
            query = Call(
                "dynamodb:Query", subject.scope.arn(table, f"/index/{index}"), f"index {index} of {table.name}"
            )
            if allowed(reach(subject.policy), who, here) and not allowed(reach(subject.policy), who, query):
                yield Issue(
                    "TW-POL-003", "index-out-of-reach", WARNING, _first_allowing(subject, here),
                    f"items of {table.name} are read, and {query.action} on {query.what} is denied",
                    "An index is a resource of its own: the table's ARN does not cover it, nor does GetItem read it.",
                    f"Add dynamodb:Query on {query.resource}, if the program queries it.",
                    ("TW-IAM-005", "TW-IAM-017"),
                )  # fmt: skip


def _reaches_further(subject: Subject) -> Iterator[Issue]:
    """A wildcard that covers more than tables: streams, backups, other stages."""
    if subject.scope is None or subject.wishes:
        return
    who = subject.as_caller()
    for table in subject.tables:
        covered = [call for call in calls_around(subject.scope, table) if allowed(reach(subject.policy), who, call)]
        for words, code, name in (
            ("-staging", "TW-POL-005", "reaches-other-stages"),
            ("the stream of", "TW-POL-004", "reaches-streams-and-backups"),
            ("a backup of", "TW-POL-004", "reaches-streams-and-backups"),
        ):
            found = [call for call in covered if words in call.what]
            reads = any(call.what == f"table {table.name}" for call in covered)
            if found and reads and _by_wildcard(subject, found[0]):
                yield Issue(
                    code, name, WARNING, _first_allowing(subject, found[0]),
                    f"a wildcard also allows {_listed(found)}",
                    "A * in a resource goes beyond the slash and on to every table that is named alike.",
                    f"Name the table, {subject.scope.arn(table)}, and its indexes after it.",
                    ("TW-IAM-006", "TW-IAM-007"),
                )  # fmt: skip


def _scan_around_keys(subject: Subject) -> Iterator[Issue]:
    """A condition on leading keys that a call without keys passes."""
    for statement in _allows(subject.policy):
        keyed = [each for each in statement.conditions if each.key.lower() == "dynamodb:leadingkeys"]
        if not any(each.operator.startswith("ForAllValues:") for each in keyed):
            continue
        if any(each.operator == "Null" for each in keyed):
            continue
        passing = [name for name in ("dynamodb:Scan", "dynamodb:PartiQLSelect") if speaks_of_action(statement, name)]
        if passing:
            yield Issue(
                "TW-POL-006", "scan-around-leading-keys", ERROR, statement.number,
                f"{' and '.join(passing)} has no leading keys, and the condition on them lets it read everything",
                "ForAllValues is true where the request has no such key.",
                'Add "Null": {"dynamodb:LeadingKeys": "false"}, or leave the action out.',
                ("TW-IAM-011",),
            )  # fmt: skip


def _changes_tables(subject: Subject) -> Iterator[Issue]:
    if any(one.pattern.name in ("deploy", "pipeline") for one in subject.wishes):
        return
    for statement in _allows(subject.policy):
        items = [name for name in ("GetItem", "PutItem", "Query") if speaks_of_action(statement, f"dynamodb:{name}")]
        changing = [name for name in sorted(CONTROL_PLANE) if speaks_of_action(statement, f"dynamodb:{name}")]
        if items and changing:
            yield Issue(
                "TW-POL-007", "items-and-tables-together", WARNING, statement.number,
                f"beside items it allows {_few(changing)}",
                "A program that reads and writes items needs no right to change or delete its table.",
                "List the item actions that the program calls.",
                ("TW-IAM-007", "TW-IAM-013"),
            )  # fmt: skip


def _public(subject: Subject) -> Iterator[Issue]:
    stranger = caller("arn:aws:iam::999999999999:user/anybody")
    for statement in _allows(subject.policy):
        if statement.principals is None or named_by(statement, stranger) < Named.DIRECTLY:
            continue
        limited = any(each.key.lower().startswith(("aws:principal", "aws:source")) for each in statement.conditions)
        if not limited:
            yield Issue(
                "TW-POL-008", "open-to-everyone", ERROR, statement.number,
                "it names everyone, and no condition says whom it is for",
                "Everybody with an AWS account is let in; DynamoDB refuses such a policy as public when it is put.",
                "Name the roles or accounts, or add a condition on aws:PrincipalOrgID or aws:PrincipalArn.",
                ("TW-IAM-002",),
            )  # fmt: skip


def _exceptions(subject: Subject) -> Iterator[Issue]:
    """Allow with NotAction, NotResource or NotPrincipal: everything that AWS will ever add is allowed as well."""
    for statement in subject.policy.statements:
        if statement.effect == ALLOW and (statement.not_actions or statement.not_resources or statement.not_principals):
            element = (
                "NotAction" if statement.not_actions else "NotResource" if statement.not_resources else "NotPrincipal"
            )
            yield Issue(
                "TW-POL-009", "allows-all-but", WARNING, statement.number,
                f"Allow with {element} grants everything that is not listed",
                "That includes all that does not exist yet.",
                f"List what is allowed; {element} is for Deny.",
            )  # fmt: skip
        if statement.effect == DENY and statement.not_principals:
            yield Issue(
                "TW-POL-010", "denies-all-but", WARNING, statement.number,
                "Deny with NotPrincipal denies everyone with a permissions boundary too, whoever is listed",
                "AWS evaluates it so, and advises against it.",
                "Use Principal * with a condition ArnNotEquals on aws:PrincipalArn.",
            )  # fmt: skip


def _variables(subject: Subject) -> Iterator[Issue]:
    if subject.policy.version != OLD_VERSION:
        return
    for statement in subject.policy.statements:
        texts = [*(statement.resources or ()), *(value for each in statement.conditions for value in each.values)]
        named = [key for text in texts for key in mentioned(text)]
        if named:
            yield Issue(
                "TW-POL-011", "variable-that-is-text", ERROR, statement.number,
                f"${{{named[0]}}} is no variable in this version of the policy language",
                f"Without Version 2012-10-17 a policy is read as {OLD_VERSION}, which knows no variables.",
                'Write "Version": "2012-10-17".',
            )  # fmt: skip


def _sets(subject: Subject) -> Iterator[Issue]:
    for statement in subject.policy.statements:
        for each in statement.conditions:
            plain = ":" not in each.operator and each.operator != "Null"
            if plain and each.key.lower() in SEVERAL_VALUED:
                yield Issue(
                    "TW-POL-012", "several-values-compared-as-one", ERROR, statement.number,
                    f"{each.operator} compares one value, and a request has several of {each.key}",
                    "AWS requires a set operator for such keys; without one the result is not documented.",
                    f"Write ForAllValues:{each.operator}, and a Null condition beside it.",
                )  # fmt: skip


def _any_role(subject: Subject) -> Iterator[Issue]:
    for statement in _allows(subject.policy):
        everywhere = any(text == "*" or text.endswith((":role/*", ":*")) for text in statement.resources or ("*",))
        limited = any(each.key.lower() == "iam:passedtoservice" for each in statement.conditions)
        if speaks_of_action(statement, "iam:PassRole") and everywhere and not limited:
            yield Issue(
                "TW-POL-013", "passes-any-role", ERROR, statement.number,
                "iam:PassRole is allowed for every role and every service",
                "Whoever holds it can take the rights of any role in the account.",
                "Name the role, and add a condition on iam:PassedToService.",
            )  # fmt: skip


CHECKS: tuple[Check, ...] = (
    _more_or_less, _index_out_of_reach, _reaches_further, _scan_around_keys, _changes_tables, _public, _exceptions,
    _variables, _sets, _any_role,
)  # fmt: skip


def _allows(policy: Policy) -> Iterator[Statement]:
    return (statement for statement in policy.statements if statement.effect == ALLOW)


def _first_allowing(subject: Subject, call: Call) -> int:
    """The number of the first statement that lets the call through."""
    request = Request(call.action, call.resource, subject.as_caller())
    policy = reach(subject.policy)
    for statement in _allows(policy):
        reading = read(
            statement, request, request.keys(), variables=policy.has_variables, resource_based=subject.resource_based
        )
        if reading.applies:
            return statement.number
    return 0


def _by_wildcard(subject: Subject, call: Call) -> bool:
    """Whether it is a wildcard in a table's name that lets the call through."""
    number = _first_allowing(subject, call)
    statement = next((one for one in subject.policy.statements if one.number == number), None)
    return statement is not None and not any(
        "/stream" in text or "/backup" in text for text in statement.resources or ()
    )


def _listed(calls: Iterable[Call]) -> str:
    """``GetRecords and DescribeStream on the stream of orders``; three actions a resource, three resources at most."""
    groups: dict[str, list[str]] = {}
    for call in sorted(calls, key=lambda one: (one.what, one.action)):
        groups.setdefault(call.what, []).append(call.action.partition(":")[2])
    shown = [f"{_few(actions)} on {what}" for what, actions in list(groups.items())[:3]]
    more = f"; and {len(groups) - 3} more" if len(groups) > 3 else ""
    return "; ".join(shown) + more


def _few(names: list[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
