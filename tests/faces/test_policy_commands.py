"""The policy commands on the example's project and on the guide's own samples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tablewright.template.read import read_design
from tests.faces.shell import Ran, in_process

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/ai-chef"
TEMPLATE = EXAMPLE / "backend/infrastructure/dynamodb-schema.yaml"
GUIDE = ROOT / "tests/cases/guide"
ACCOUNT = "444455556666"  # not the one of any default
RESULTS = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/ai-chef-results"
OFFLINE = ("--account", ACCOUNT)


def policy(*words: str) -> Ran:
    return in_process("policy", *words, cwd=EXAMPLE)


def generated(*words: str) -> dict[str, Any]:
    ran = policy("generate", *words, *OFFLINE)
    assert ran.code == 0, ran.err
    document: dict[str, Any] = json.loads(ran.out)
    return document


def saved(folder: Path, document: object) -> str:
    path = folder / "policy.json"
    path.write_text(json.dumps(document, indent=2))
    return str(path)


def test_a_policy_has_real_arns_and_no_placeholder() -> None:
    document = generated("read", "write", "query:sessionId-index", "--table", "ai-chef-results")
    resources = [statement["Resource"] for statement in document["Statement"]]
    assert resources == [RESULTS, f"{RESULTS}/index/sessionId-index"]


def test_a_table_is_named_as_it_is_everywhere_else() -> None:
    for name in ("results", "ai-chef-results", "AiChefResultsTable"):
        assert generated("read", "--table", name)["Statement"][0]["Resource"] == RESULTS
        words = ("read", "--as", "table-property", "--table", name, "--principal", ACCOUNT)
        assert policy("generate", *words).code == 0


def test_another_environment_has_its_own_names() -> None:
    document = generated("read", "--env", "staging", "--table", "AiChefResultsTable")
    assert document["Statement"][0]["Resource"] == f"{RESULTS}-staging"


def test_what_is_generated_passes_its_own_check(tmp_path: Path) -> None:
    path = saved(tmp_path, generated("read", "query:sessionId-index", "--table", "ai-chef-results"))
    fits = policy("check", path, "--for", "read", "--for", "query:sessionId-index", "--table", "ai-chef-results")
    assert (fits.code, fits.err) == (0, "")
    narrow = policy("check", path, "--for", "read", "--table", "ai-chef-results")
    assert narrow.code == 1 and "beyond read the policy allows Query on index sessionId-index" in narrow.out
    wide = policy("check", path, "--for", "write", "--table", "ai-chef-results")
    assert "denies-what-it-is-for" in wide.out and "BatchWriteItem" in wide.out


def test_the_guides_policy_is_found_wrong_in_each_way(tmp_path: Path) -> None:
    as_written = policy("check", str(GUIDE / "iam-policy.json"))
    assert as_written.code == 1
    assert "TW-IAM-008" in as_written.out  # region:account is no ARN
    text = (GUIDE / "iam-policy.json").read_text().replace("region:account", f"us-east-1:{ACCOUNT}")
    path = tmp_path / "policy.json"
    path.write_text(text)
    filled = policy("check", str(path), "--output", "json")
    rules = {finding["rule"] for finding in json.loads(filled.out)["findings"]}
    assert {"TW-POL-003", "TW-IAM-006"} <= rules  # the index is out of reach, and the wildcard reaches other stages
    call = ("dynamodb:Query", "ai-chef-results/index/sessionId-index", "--policy", str(path))
    denied = policy("simulate", *call)
    assert denied.code == 1 and denied.out.startswith("implicitly denied")


def test_the_projects_account_is_known(tmp_path: Path) -> None:
    wanted = ("--for", "read", "--table", "ai-chef-results")
    path = saved(tmp_path, json.loads((GUIDE / "iam-policy.json").read_text(encoding="utf-8")))
    shutil.copytree(EXAMPLE, tmp_path / "chef")
    unknown = policy("check", path, *wanted, "--project", str(tmp_path / "chef"))
    assert unknown.code == 2 and "error[no-account]" in unknown.err and "tablewright.toml" in unknown.err
    settings = tmp_path / "chef/tablewright.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('# account = "123456789012"', 'account = "123456789012"'), encoding="utf-8")
    known = policy("check", path, *wanted, "--project", str(tmp_path / "chef"))
    assert known.code == 1 and "denies-what-it-is-for" in known.out


def test_simulate_says_by_which_statement(tmp_path: Path) -> None:
    path = saved(tmp_path, generated("read", "--table", "ai-chef-results", "--leading-keys", "${aws:username}"))
    me = ("--caller", f"arn:aws:iam::{ACCOUNT}:user/ana", "--policy", path)
    own = policy("simulate", "dynamodb:GetItem", "ai-chef-results", *me, "--context", "dynamodb:LeadingKeys=ana")
    assert own.code == 0 and "Read of the identity-based policy" in own.out
    other = policy("simulate", "dynamodb:GetItem", "ai-chef-results", *me, "--context", "dynamodb:LeadingKeys=bo")
    assert other.code == 1 and "wants ${aws:username}, and the request says bo" in other.out
    scan = policy("simulate", "dynamodb:Scan", "ai-chef-results", *me, "--output", "json")
    assert json.loads(scan.out)["effect"] == "implicitly denied"


def test_a_resource_policy_says_for_whom() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/app"
    document = generated("read", "--as", "resource", "--table", "ai-chef-results", "--principal", role)
    assert document["Statement"][0]["Principal"] == {"AWS": role}


@pytest.mark.parametrize(
    "form", ["role", *(pytest.param(form, marks=pytest.mark.slow) for form in ("managed-policy", "table-property"))]
)
def test_what_is_written_for_a_template_belongs_into_it(form: str, tmp_path: Path) -> None:
    words = [
        "generate",
        "read",
        "query:sessionId-index",
        "--as",
        form,
        "--table",
        "AiChefResultsTable",
        "--name",
        "Access",
    ]
    words += ["--principal", "lambda.amazonaws.com" if form == "role" else f"arn:aws:iam::{ACCOUNT}:role/app"]
    ran = policy(*words)
    assert ran.code == 0, ran.err
    assert ACCOUNT not in ran.out.replace(f"arn:aws:iam::{ACCOUNT}:role/app", "")
    text = TEMPLATE.read_text()
    if form == "table-property":
        at = "    Properties:\n      TableName: !If [IsProduction, ai-chef-results"
        put = "    Properties:\n" + _indented(ran.out, 6)
        text = text.replace(at, put + at.removeprefix("    Properties:\n"), 1)
        assert "!GetAtt" not in ran.out
    else:
        text = text.replace("\nOutputs:\n", "\n" + _indented(ran.out, 2) + "\nOutputs:\n", 1)
    path = tmp_path / "template.yaml"
    path.write_text(text)
    names = {resource.logical_id for resource in read_design(text, stack="s").resources}
    assert ("Access" in names) is (form != "table-property")
    checked = in_process("check", str(path))
    assert checked.code == 0, checked.out


def _indented(text: str, by: int) -> str:
    return "".join(" " * by + line + "\n" for line in text.splitlines())


def test_the_pipeline_is_trusted_in_one_environment_alone() -> None:
    words = ("--as", "trust", "--repository", "acme/chef")
    trust = generated(*words, "--github-environment", "production")
    condition = trust["Statement"][0]["Condition"]["StringEquals"]
    assert condition["token.actions.githubusercontent.com:sub"] == "repo:acme/chef:environment:production"
    open_to_all = policy("generate", *words, *OFFLINE)
    assert open_to_all.code == 2 and "every branch and pull request" in " ".join(open_to_all.err.split())


def test_a_role_that_plans_is_trusted_on_pull_requests_alone_and_by_the_repositorys_ids() -> None:
    trust = generated("--as", "trust", "--repository", "acme@12/chef@34", "--pull-requests")
    condition = trust["Statement"][0]["Condition"]["StringEquals"]
    assert condition["token.actions.githubusercontent.com:sub"] == "repo:acme@12/chef@34:pull_request"
    for repository in ("acme@12/chef", "acme/chef@34", "acme@x/chef@y", "acme@*/chef@34"):
        refused = policy("generate", "--as", "trust", "--repository", repository, "--pull-requests", *OFFLINE)
        assert refused.code == 2 and "OWNER@ID/NAME@ID" in refused.err
    both = policy("generate", "--as", "trust", "--repository", "a/b", "--pull-requests", "--branch", "main", *OFFLINE)
    assert both.code == 2


def test_the_deployer_has_the_stacks_own_resources() -> None:
    document = generated("deploy")
    for statement in document["Statement"]:
        everywhere = statement["Resource"] == "*"
        assert not everywhere or statement["Sid"] == "DeployWithoutResource"
    written = json.dumps(document)
    assert "iam:PassRole" not in written and "dynamodb:GetItem" not in written
    assert f"{ACCOUNT}:alarm:AI-Chef-DynamoDB-SessionsTable-Errors" in written


def test_the_deployer_may_make_what_is_called_after_what_it_makes(tmp_path: Path) -> None:
    template = tmp_path / "t.yaml"
    template.write_text(
        "Resources:\n  Named:\n    Type: AWS::DynamoDB::Table\n    Properties: {TableName: orders}\n"
        "  Chosen:\n    Type: AWS::DynamoDB::Table\n    Properties: {BillingMode: PAY_PER_REQUEST}\n"
        + "".join(
            f"  {table}Alarm:\n    Type: AWS::CloudWatch::Alarm\n    Properties: {{AlarmName: !Sub '${{{table}}}-throttles'}}\n"
            for table in ("Named", "Chosen")
        )
        + "  Elsewhere:\n    Type: AWS::CloudWatch::Alarm\n    Properties: {AlarmName: !ImportValue name}\n"
    )
    words = ("--template", str(template), "--stack", "shop")
    written = json.dumps(generated("deploy", *words))
    for arn in (
        "table/orders",
        "table/shop-Chosen-*",
        "alarm:orders-throttles",
        "alarm:shop-Chosen-*-throttles",
        "alarm:*",
    ):
        assert f':{arn}"' in written, arn
    refused = policy("generate", "read", *words, *OFFLINE)
    assert refused.code == 2 and "CloudFormation chooses it" in refused.err  # a program gets no wildcard
    template.write_text("Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties: {RoleName: !ImportValue name}\n")
    refused = policy("generate", "deploy", *words, *OFFLINE)
    assert refused.code == 2 and "may do everything" in refused.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("generate",), "Say what is done with the tables"),
        (("generate", "red", *OFFLINE), "Did you mean read?"),
        (("generate", "read", "--account", "12"), "is not an account's twelve digits"),
        (("generate", "read", "--table", "nope", *OFFLINE), "nope is no table of the stack"),
        (("generate", "query:nope", *OFFLINE), "has no index nope"),
        (("generate", "stream", *OFFLINE), "has none: add StreamSpecification"),
        (("generate", "export", *OFFLINE), "write export:BUCKET"),
        (("generate", "scan", "--leading-keys", "x", *OFFLINE), "not limited by leading keys"),
        (("generate", "read", "--as", "resource", *OFFLINE), "Say which with --table"),
        (("generate", "read", "--as", "resource", "--table", "ai-chef-results", *OFFLINE), "name a role, a user"),
        (
            ("generate", "read", "--as", "resource", "--table", "ai-chef-results", "--principal", "*", *OFFLINE),
            "public",
        ),
        (
            ("generate", "stream", "--as", "table-property", "--principal", ACCOUNT, "--table", "AiChefResultsTable"),
            "can grant",
        ),
        (("generate", "read", "--as", "role"), "Name the service that runs the program"),
        (("generate", "--as", "trust", *OFFLINE), "--repository OWNER/NAME"),
        (("generate", "pipeline", "--execution-role", "x", *OFFLINE), "is not the ARN of a role"),
        (("check", "nowhere.json"), "nowhere.json"),
        (("simulate", "GetItem"), "is not service:Name"),
        (("simulate", "dynamodb:GetItem"), "Name the files with --policy"),
    ],
)
def test_what_is_missing_or_wrong_is_said(words: tuple[str, ...], says: str) -> None:
    ran = policy(*words)
    assert ran.code == 2
    assert says in " ".join(ran.err.split())


def test_a_broken_policy_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text('{"Version": "2012-10-17",\n "Statement": [}')
    ran = policy("check", str(path))
    assert ran.code == 2 and "line 2, column 16" in " ".join(ran.err.split())


def test_patterns_are_listed() -> None:
    ran = policy("patterns")
    assert ran.code == 0
    begun = [line for line in ran.out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0].partition(":")[0] for line in begun] == [
        "read", "write", "query", "scan", "stream", "backup", "restore", "export", "migrate", "observe", "plan",
        "deploy", "pipeline",
    ]  # fmt: skip
