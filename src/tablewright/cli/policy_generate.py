"""``tablewright policy generate``: a least-privilege policy from access patterns."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, SpreadCommand, common_options
from tablewright.cli.terminal import output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.access.grant import Options
    from tablewright.access.patterns import Wish
    from tablewright.access.policy import Policy
    from tablewright.access.scope import Scope, TableScope
    from tablewright.author.writing import Value

FORMS = ("identity", "resource", "managed-policy", "role", "table-property", "stream-property", "trust")
_PROPERTIES = ("table-property", "stream-property")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were given."""

    patterns: tuple[str, ...]
    table: tuple[str, ...]
    form: str
    template: Path | None
    stack: str | None
    parameters: tuple[str, ...]
    account: str | None
    principal: tuple[str, ...]
    leading_keys: tuple[str, ...]
    attribute: tuple[str, ...]
    execution_role: str | None
    repository: str | None
    github_environment: str | None
    branch: str | None
    pull_requests: bool
    s3_bucket: str | None
    name: str


@click.command(cls=SpreadCommand, short_help="Write the least policy for access patterns.")
@click.argument("patterns", nargs=-1, metavar="PATTERN ...")
@click.option("--table", metavar="NAME", multiple=True, help="Only this table, by name or logical ID; repeatable.")
@click.option(
    "--as", "form", type=click.Choice(FORMS), default="identity", show_default=True, help="What to write; see above."
)
@click.option("--template", type=click.Path(path_type=Path), help="The template (default: tablewright.toml's).")
@click.option("--stack", metavar="NAME", help="The stack to read ARNs from (default: the environment's).")
@click.option("--parameters", metavar="KEY=VALUE ...", multiple=True, help="Template parameters, with --account.")
@click.option("--account", metavar="ID", help="Write ARNs of this account from the template, without asking AWS.")
@click.option(
    "--principal", metavar="ARN|SERVICE", multiple=True, help="For whom: with resource, table-property, role."
)
@click.option(
    "--leading-keys",
    metavar="VALUE",
    multiple=True,
    help="Only items of this partition key; a policy variable, as a rule.",
)
@click.option(
    "--attribute", metavar="NAME", multiple=True, help="Only this attribute of items, and the table's keys; repeatable."
)
@click.option("--execution-role", metavar="ARN", help="pipeline: the role that CloudFormation is to deploy with.")
@click.option(
    "--repository", metavar="OWNER/NAME", help="trust, role: the GitHub repository whose workflows are trusted."
)
@click.option("--github-environment", metavar="NAME", help="trust, role: only jobs of this GitHub environment.")
@click.option("--branch", metavar="NAME", help="trust, role: only runs on this branch.")
@click.option("--pull-requests", is_flag=True, help="trust, role: only runs on pull requests; for a role that plans.")
@click.option(
    "--s3-bucket", metavar="BUCKET", help="pipeline, plan: where templates of more than 51,200 bytes are put."
)
@click.option("--name", metavar="LOGICALID", default="TablesAccess", show_default=True, help="Of the resource written.")
@common_options
def generate(common: Common, **given: object) -> int:
    """Write the least policy that allows what PATTERNs say, on standard output.

    \b
    What --as writes:
      identity        JSON with real ARNs, for a user or role
      resource        JSON with real ARNs, for PutResourcePolicy; --principal says for whom
      managed-policy  a resource for the template that owns the tables
      role            a role for it; --principal is the service that runs the program
      table-property  ResourcePolicy of one table, for its Properties
      stream-property ResourcePolicy of its stream, for its StreamSpecification
      trust           JSON: who may assume the pipeline's role

    Real ARNs are read from the deployed stack; with --account and --region they come from the template, and nobody is asked.
    What cannot be known is asked for: no placeholder is ever written. deploy, pipeline and plan are for roles outside of the
    stack that they deploy, so they are written with real ARNs in every form.

    \b
    Examples:
      tablewright policy generate read write query:sessionId-index --table ai-chef-results
      tablewright policy generate read --as managed-policy --name ReadTables
      tablewright policy generate read --leading-keys tenant-7
      tablewright policy generate read --attribute title --attribute createdAt --table ai-chef-results
      tablewright policy generate read --as table-property --table AiChefResultsTable --principal 111122223333
      tablewright policy generate pipeline --as role --repository acme/chef --github-environment production
      tablewright policy generate plan --as role --repository acme/chef --pull-requests
      tablewright policy generate deploy --account 111122223333 --region us-east-1
    """
    asked = Asked(**given)  # type: ignore[arg-type]
    out = output(sys.stdout, color=common.color)
    if asked.form == "trust":
        from tablewright.access.policy import as_json

        out.text(as_json(_workflow(_scope(common, asked), asked)))
        return exits.DONE.code
    if not asked.patterns:
        raise UsageError(
            "no-pattern",
            "No access pattern is named",
            "Say what is done with the tables: read, write, query:INDEX …",
            "tablewright policy patterns",
        )
    from tablewright.access.patterns import wish
    from tablewright.author.granting import ABOUT_THE_STACK

    wishes = tuple(wish(one) for one in asked.patterns)
    bootstraps = any(one.pattern.name in ABOUT_THE_STACK for one in wishes)
    if asked.form in ("identity", "resource") or (bootstraps and asked.form not in _PROPERTIES):
        out.text(_with_arns(common, asked, wishes))
    else:
        out.text(_for_template(common, asked, wishes))
    return exits.DONE.code


def _options(asked: Asked) -> Options:
    from tablewright.access.grant import Options

    on_resource = asked.form in ("resource", *_PROPERTIES)
    named = asked.principal if on_resource else ()
    if on_resource and not named:
        raise UsageError(
            "no-principal",
            "Nobody is named",
            "A resource's own policy says for whom it is: name a role, a user or an account with --principal.",
        )
    return Options(
        asked.leading_keys, asked.execution_role or "", named, attributes=asked.attribute, bucket=asked.s3_bucket or ""
    )


def _scope(common: Common, asked: Asked) -> Scope:
    from tablewright.author.granting import ABOUT_THE_STACK
    from tablewright.cli.policy_scope import deployed_scope, designed_scope

    to_make = any(one.partition(":")[0] in ABOUT_THE_STACK for one in asked.patterns)
    if asked.account is not None:
        return designed_scope(common, asked.template, asked.stack, asked.parameters, asked.account, to_make=to_make)
    return deployed_scope(common, asked.stack, to_make=to_make)


def _with_arns(common: Common, asked: Asked, wishes: tuple[Wish, ...]) -> str:
    from tablewright.access.grant import grant, table_or_all
    from tablewright.access.policy import as_json
    from tablewright.author.policies import MANAGED_LIMIT, ON_TABLES, check_size, managed_policy

    scope = _scope(common, asked)
    if asked.form == "resource" and any(one.pattern.name not in ON_TABLES for one in wishes):
        raise UsageError(
            "not-on-a-table", "A table's own policy cannot grant this", f"It can grant {', '.join(ON_TABLES)}."
        )
    tables = table_or_all(scope, asked.table)
    if asked.form == "resource":
        _one(tables)
    policy = grant(scope, wishes, tables, _options(asked))
    described = ", ".join(one.written for one in wishes)
    if asked.form == "managed-policy":
        return _resource(asked.name, managed_policy(policy, described), json=False)
    if asked.form == "role":
        return _resource(asked.name, _role(policy, scope, asked, described), json=False)
    check_size(policy, MANAGED_LIMIT, "managed policy")
    return as_json(policy)


def _for_template(common: Common, asked: Asked, wishes: tuple[Wish, ...]) -> str:
    from tablewright.access.grant import table_or_all
    from tablewright.author.editing import Text
    from tablewright.author.granting import name_of, scope_in
    from tablewright.author.policies import managed_policy, stream_policy, table_policy, template_policy
    from tablewright.author.siblings import family
    from tablewright.cli.policy_scope import read

    design = read(common, asked.template, asked.stack, asked.parameters)
    text = Text(design.body, design.path)
    scope = scope_in(text)
    found = family(text)
    tables = table_or_all(scope, [found.named(one).logical_id for one in asked.table])
    json = design.body.lstrip().startswith("{")
    if asked.form == "table-property":
        table = _one(tables)
        name = name_of(text, table.logical_id)
        return _resource("ResourcePolicy", table_policy(wishes, table, name, _options(asked), scope), json=json)
    if asked.form == "stream-property":
        written = stream_policy(wishes, _one(tables), _options(asked), scope)
        return _resource("ResourcePolicy", written, json=json)
    policy = template_policy(scope, wishes, tables, _options(asked))
    described = ", ".join(one.written for one in wishes)
    if asked.form == "managed-policy":
        return _resource(asked.name, managed_policy(policy, described), json=json)
    return _resource(asked.name, _role(policy, scope, asked, described), json=json)


def _role(policy: Policy, scope: Scope, asked: Asked, described: str) -> Value:
    from tablewright.author.policies import role, service_trust

    if asked.repository:
        return role(policy, _workflow(scope, asked), described, "Tables")
    services = [one for one in asked.principal if one.endswith((".amazonaws.com", ".amazonaws.com.cn"))]
    if not services or len(services) != len(asked.principal):
        raise UsageError(
            "no-principal",
            "It is not said who assumes the role",
            "Name the service that runs the program (--principal lambda.amazonaws.com), or the repository whose workflow does "
            "(--repository OWNER/NAME with --github-environment, --branch or --pull-requests).",
        )
    return role(policy, service_trust(services), described, "Tables")


def _workflow(scope: Scope, asked: Asked) -> Policy:
    from tablewright.author.policies import workflow_trust

    if not asked.repository:
        raise UsageError(
            "no-repository", "No repository is named", "Say whose workflows are trusted: --repository OWNER/NAME."
        )
    return workflow_trust(
        scope,
        asked.repository,
        environment=asked.github_environment or "",
        branch=asked.branch or "",
        pull_requests=asked.pull_requests,
    )


def _one(tables: tuple[TableScope, ...]) -> TableScope:
    if len(tables) != 1:
        names = ", ".join(table.name for table in tables)
        raise UsageError(
            "several-tables", "A policy of this form belongs to one table", f"Say which with --table: {names}."
        )
    return tables[0]


def _resource(name: str, value: Value, *, json: bool) -> str:
    from tablewright.author.writing import json_text, yaml_entry

    return f'"{name}": {json_text(value)}' if json else "\n".join(yaml_entry(name, value))
