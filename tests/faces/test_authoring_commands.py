"""add, remove and set on the example's project: what they write, what they refuse, and that a refusal changes nothing."""

from __future__ import annotations

import errno
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tablewright.author.run import edit_file
from tablewright.author.tables import Key, NewTable, add_table
from tablewright.cli.faces.difference import show_difference
from tablewright.cli.faces.marks import UNICODE
from tablewright.cli.terminal import Output
from tablewright.template.read import read_design
from tests.conftest import EmbeddedAws
from tests.faces.shell import PROGRAM, Ran, environment, in_process

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/ai-chef"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(EXAMPLE, tmp_path / "chef")
    yield tmp_path / "chef"


def template(project: Path) -> Path:
    return project / "backend/infrastructure/dynamodb-schema.yaml"


def ran(project: Path, *words: str) -> Ran:
    return in_process(*words, cwd=project)


def done(project: Path, *words: str) -> str:
    found = ran(project, *words)
    assert found.code == 0, found.err
    return found.out


def test_a_table_comes_with_what_the_guide_asks(project: Path) -> None:
    done(project, "add", "table", "orders", "--key", "orderId", "--sort", "createdAt:N")
    design = read_design(template(project).read_text(), stack="s")
    table = next(one for one in design.tables if one.logical_id == "AiChefOrdersTable")
    assert table.physical_name == "ai-chef-orders"
    assert (table.deletion_policy, table.update_replace_policy) == ("RetainExceptOnCreate", "Retain")
    assert table.table is not None and table.table.recovery is True
    keys = table.table.keys
    assert isinstance(keys, tuple)
    assert [(key.name, key.type, key.role) for key in keys] == [("orderId", "S", "HASH"), ("createdAt", "N", "RANGE")]
    assert {"OrdersTableName", "OrdersTableArn"} <= set(design.outputs)
    staging = read_design(template(project).read_text(), stack="s", parameters={"Environment": "staging"})
    names = {one.physical_name for one in staging.resources}
    assert {"ai-chef-orders-staging", "AI-Chef-DynamoDB-OrdersTable-Errors-staging"} <= names
    assert in_process("check", str(template(project)), "--no-cfn-lint").code == 0


def test_a_table_beside_one_with_a_stream_takes_no_output_of_it_over(project: Path) -> None:
    done(project, "add", "table", "events", "--key", "id")
    done(project, "add", "stream", "events")
    done(project, "add", "output", "events", "stream-arn")
    done(project, "add", "table", "orders", "--key", "orderId")
    outputs = set(read_design(template(project).read_text(), stack="s").outputs)
    assert {"OrdersTableName", "OrdersTableArn"} <= outputs and not any("OrdersStream" in one for one in outputs)


@pytest.mark.parametrize("tag", ["aws:x=1", "AWS:x=1", "a" * 129 + "=1", "k=" + "v" * 257, "k=<b>"])
def test_a_tag_that_aws_does_not_take_is_refused(project: Path, tag: str) -> None:
    before = template(project).read_bytes()
    refused = ran(project, "add", "tag", "ai-chef-results", tag)
    assert refused.code == 2 and "AWS does not take the tag" in refused.err
    assert template(project).read_bytes() == before
    done(project, "add", "tag", "ai-chef-results", "팀=주문 1", "--diff")


def test_everything_added_and_removed_again_leaves_the_file(project: Path) -> None:
    before = template(project).read_bytes()
    for words in (
        ("add", "table", "orders", "--key", "orderId"),
        ("add", "index", "orders", "userId"),
        ("add", "ttl", "orders", "expiresAt"),
        ("add", "stream", "orders", "--view", "NEW_IMAGE"),
        ("add", "tag", "orders", "CostCenter=42"),
        ("add", "output", "orders", "stream-arn"),
        ("remove", "output", "OrdersStreamArn"),
        ("remove", "tag", "orders", "CostCenter"),
        ("remove", "stream", "orders"),
        ("remove", "ttl", "orders"),
        ("remove", "index", "orders", "userId-index"),
        ("remove", "table", "orders", "--never-deployed"),
    ):
        assert "nothing was changed" not in done(project, *words), words
    assert template(project).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("billing", "results", "provisioned", "--read", "5", "--write", "5"), "BillingMode: PROVISIONED"),
        (("class", "results", "infrequent-access"), "TableClass: STANDARD_INFREQUENT_ACCESS"),
        (("pitr", "results", "on", "--days", "14"), "RecoveryPeriodInDays: 14"),
        (("protection", "results", "off"), "DeletionProtectionEnabled: false"),
        (("encryption", "results", "aws"), "SSEType: KMS"),
        (("insights", "results", "on"), "Mode: THROTTLED_KEYS"),
        (
            ("insights", "results", "on", "--index", "sessionId-index", "--keys", "all"),
            "Mode: ACCESSED_AND_THROTTLED_KEYS",
        ),
        (("projection", "results", "sessionId-index", "KEYS_ONLY"), "ProjectionType: KEYS_ONLY"),
        (("throughput", "results", "--read", "100", "--write", "50"), "MaxReadRequestUnits: 100"),
    ],
)
def test_settings_are_changed_in_their_place(project: Path, words: tuple[str, ...], where: str) -> None:
    before = template(project).read_text().splitlines()
    shown = done(project, "set", *words, "--diff")
    assert f"+{' ' * 6}" in shown and where in shown
    assert template(project).read_text().splitlines() == before
    done(project, "set", *words)
    after = template(project).read_text()
    assert where in after
    comments = [line for line in before if line.lstrip().startswith("#")]
    assert [line for line in after.splitlines() if line.lstrip().startswith("#")] == comments
    assert "nothing was changed" in done(project, "set", *words)


def test_what_one_way_of_billing_has_goes_with_the_other(project: Path) -> None:
    before = template(project).read_bytes()
    done(project, "set", "throughput", "results", "--read", "100", "--write", "50")
    done(project, "set", "throughput", "results", "--read", "10", "--write", "5", "--index", "sessionId-index")
    done(project, "set", "billing", "results", "provisioned", "--read", "5", "--write", "5")
    provisioned = template(project).read_text()
    assert "OnDemandThroughput" not in provisioned and provisioned.count("ReadCapacityUnits: 5") == 2
    done(project, "add", "autoscaling", "results", "--min", "5", "--max", "50")
    said = done(project, "set", "billing", "results", "on-demand")
    assert "tablewright remove autoscaling results" in said and "--index" not in said
    done(project, "remove", "autoscaling", "results")
    assert template(project).read_bytes() == before
    days = ("set", "pitr", "results")
    done(project, *days, "on", "--days", "7")
    done(project, *days, "off")
    assert "RecoveryPeriodInDays" not in template(project).read_text()
    assert ran(project, *days, "off", "--days", "7").code == 2


def test_auto_scaling_is_known_whoever_wrote_it_and_goes_with_its_table(project: Path) -> None:
    done(project, "set", "billing", "results", "provisioned", "--read", "5", "--write", "5")
    before = template(project).read_text()
    words = ("add", "autoscaling", "results", "--min", "5", "--max", "50")
    done(project, *words)
    done(project, *words, "--index", "sessionId-index")
    text = template(project).read_text()
    for old, new in (
        ("ResultsTableRead", "OursRead"),
        ("ResultsTableWrite", "OursWrite"),
        ("ResultsSessionId", "TheirIndex"),
    ):
        text = text.replace(old, new)
    template(project).write_text(text)
    twice = ran(project, *words)
    assert twice.code == 2 and "OursReadScalableTarget" in twice.err and template(project).read_text() == text
    done(project, "remove", "index", "results", "sessionId-index")
    assert "TheirIndex" not in template(project).read_text() and "OursRead" in template(project).read_text()
    template(project).write_text(text)
    done(project, "remove", "table", "results", "--never-deployed")
    assert "ScalableTarget" not in template(project).read_text()
    template(project).write_text(text)
    done(project, "remove", "autoscaling", "results", "--index", "sessionId-index")
    done(project, "remove", "autoscaling", "results")
    assert template(project).read_text() == before


def test_what_was_to_be_said_before_is_not_said_again(project: Path) -> None:
    shutil.copy(EXAMPLE.parents[1] / "tests/cases/guide/dynamodb-schema.yaml", template(project))
    said = done(project, "add", "table", "orders")
    assert "OrdersTableErrorAlarm has no AlarmActions" in said
    assert "TW-ALM-016" not in said  # of ai-chef-results, which no alarm looked at before either


def test_no_environment_need_be_chosen_where_all_share_the_template(project: Path) -> None:
    settings = project / "tablewright.toml"
    settings.write_text(settings.read_text().replace('default_environment = "production"\n', ""))
    done(project, "add", "tag", "results", "CostCenter=42")
    done(project, "add", "alarm", "--set", "recommended", "--list")
    other = template(project).with_name("other.yaml")
    shutil.copy(template(project), other)
    settings.write_text(
        f'{settings.read_text()}\n[environments.audit]\ntemplate = "{other.relative_to(project)}"\nstack = "a"\n'
    )
    refused = ran(project, "add", "tag", "results", "Team=chef")
    assert refused.code == 2 and refused.err.count("--template backend/infrastructure/") == 2


def test_auto_scaling_follows_billing(project: Path) -> None:
    refused = ran(project, "add", "autoscaling", "results", "--min", "5", "--max", "50")
    assert refused.code == 2 and "billed on demand" in refused.err
    done(project, "set", "billing", "results", "provisioned", "--read", "5", "--write", "5")
    before = template(project).read_bytes()
    done(project, "add", "autoscaling", "results", "--min", "5", "--max", "50")
    done(project, "add", "autoscaling", "results", "--index", "sessionId-index", "--min", "5", "--max", "50")
    checked = in_process("check", str(template(project)), "--fail-on", "error")
    assert checked.code == 0, checked.out
    done(project, "remove", "autoscaling", "results", "--index", "sessionId-index")
    done(project, "remove", "autoscaling", "results")
    assert template(project).read_bytes() == before


def test_a_policy_is_added_for_the_tables_of_the_template(project: Path) -> None:
    done(project, "add", "policy", "read", "query:sessionId-index", "--table", "results", "--name", "ReadResults")
    text = template(project).read_text()
    assert "Resource: !Sub '${AiChefResultsTable.Arn}/index/sessionId-index'" in text
    design = read_design(text, stack="s")
    assert design.capabilities == ("CAPABILITY_IAM",)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "table", "results"), "AiChefResultsTable already"),
        (("add", "table", "bad name"), "letters, digits"),
        (("add", "table", "orders", "--key", "id:X"), "S (text), N (number) or B (binary)"),
        (("add", "table", "orders", "--key", "id", "--sort", "id"), "given as both keys"),
        (("add", "table", "orders", "--like", "nope"), "The template has no table nope"),
        (("add", "ttl", "result", "expiresAt"), "Did you mean results?"),
        (("add", "ttl", "results", "sessionId"), "no item would ever expire"),
        (("set", "projection", "results", "session-index", "ALL"), "Its global indexes: sessionId-index"),
        (("add", "index", "nope", "userId"), "The template has no table nope"),
        (("add", "index", "results", "resultId:N"), "resultId of AiChefResultsTable is defined as S"),
        (("add", "index", "results", "sessionId"), "has an index sessionId-index already"),
        (("add", "index", "results", "userId", "--projection", "INCLUDE"), "wants the attributes"),
        (("add", "ttl", "sessions", "expiresAt"), "take TTL away, deploy, wait an hour"),
        (("add", "output", "results", "stream-arn"), "a stream first"),
        (("add", "alarm", "results", "--index", "nope"), "has no index nope"),
        (("add", "tag", "results", "x"), "is not KEY=VALUE"),
        (("add", "policy", "stream"), "has none: add StreamSpecification"),
        (("remove", "index", "results", "nope"), "has no global index nope"),
        (("remove", "tag", "results", "nope"), "has no tag nope"),
        (("remove", "stream", "results"), "has no stream"),
        (("remove", "output", "Nope"), "has no Nope in Outputs"),
        (("set", "billing", "results", "provisioned"), "wants --read and --write"),
    ],
)
def test_what_cannot_be_is_said_and_the_file_is_untouched(project: Path, words: tuple[str, ...], says: str) -> None:
    before = template(project).read_bytes()
    found = ran(project, *words)
    assert found.code == 2, found.out
    assert says in " ".join(found.err.split())
    assert template(project).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "removal", "written"),
    [
        (
            (
                "read",
                "query:sessionId-index",
                "--as",
                "role",
                "--principal",
                "lambda.amazonaws.com",
                "--name",
                "Worker",
            ),
            ("Worker",),
            ("Service: lambda.amazonaws.com", "!Sub '${AiChefResultsTable.Arn}/index/sessionId-index'"),
        ),
        (
            ("read", "--as", "table", "--principal", "arn:aws:iam::111122223333:role/Reader"),
            ("--of", "results"),
            ("      ResourcePolicy:\n", "AWS: arn:aws:iam::111122223333:role/Reader"),
        ),
        (
            ("stream", "--as", "stream", "--principal", "111122223333"),
            ("--of", "results", "--stream"),
            ("        ResourcePolicy:\n", "dynamodb:GetRecords"),
        ),
        (("read", "--leading-keys", "tenant-7"), ("TablesAccess",), ("dynamodb:LeadingKeys", "tenant-7")),
        (("read", "--attribute", "title"), ("TablesAccess",), ("dynamodb:Attributes", "SPECIFIC_ATTRIBUTES")),
    ],
)
def test_a_policy_goes_to_its_place_and_away_again(
    project: Path, words: tuple[str, ...], removal: tuple[str, ...], written: tuple[str, ...]
) -> None:
    done(project, "add", "stream", "results")
    before = template(project).read_bytes()
    done(project, "add", "policy", *words, "--table", "results")
    text = template(project).read_text()
    assert all(one in text for one in written) and "GetAtt AiChefResultsTable.Arn\n            Principal" not in text
    assert ran(project, "add", "policy", *words, "--table", "results").code == 2  # it is there
    done(project, "remove", "policy", *removal)
    assert template(project).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("deploy",), "belongs outside of the stack"),
        (("read", "--as", "role", "--table", "results"), "who assumes the role"),
        (("read", "--as", "table", "--table", "results"), "Nobody is named"),
        (("read", "--as", "table", "--principal", "111122223333"), "Say which with --table"),
        (("stream", "--as", "stream", "--principal", "111122223333", "--table", "results"), "no stream"),
        (("backup", "--as", "table", "--principal", "111122223333", "--table", "results"), "cannot grant this"),
    ],
)
def test_a_policy_that_has_no_place_is_refused(project: Path, words: tuple[str, ...], says: str) -> None:
    before = template(project).read_bytes()
    refused = ran(project, "add", "policy", *words)
    assert refused.code == 2 and says in refused.err
    assert template(project).read_bytes() == before


def test_a_key_that_the_template_tells_is_granted(project: Path) -> None:
    text, schema = template(project).read_text(), "\n      KeySchema:"
    own_key = "Resources:\n  TableKey:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: {}}\n"
    for key in ("arn:aws:kms:us-east-1:111122223333:key/1", "!GetAtt TableKey.Arn"):
        encrypted = f"\n      SSESpecification: {{SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: {key}}}{schema}"
        template(project).write_text(text.replace(schema, encrypted).replace("Resources:\n", own_key, 1))
        assert f"Resource: {key}\n" in done(project, "add", "policy", "read", "--diff")
    unknown = f"\n      SSESpecification: {{SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: alias/x}}{schema}"
    template(project).write_text(text.replace(schema, unknown))
    refused = ran(project, "add", "policy", "read")
    assert refused.code == 2 and "Write the policy from the deployed stack" in " ".join(refused.err.split())


def test_a_policy_is_removed_again_and_is_in_a_tables_way_until_then(project: Path) -> None:
    before = template(project).read_bytes()
    done(project, "add", "policy", "read", "--table", "results", "--name", "ReadResults")
    with_policy = template(project).read_bytes()
    kept = ran(project, "remove", "table", "results", "--never-deployed")
    assert kept.code == 2 and "tablewright remove policy ReadResults" in kept.err
    wrong = ran(project, "remove", "policy", "AiChefResultsTable")
    assert wrong.code == 2 and template(project).read_bytes() == with_policy
    done(project, "remove", "policy", "ReadResults")
    assert template(project).read_bytes() == before


def test_a_reserved_word_is_no_key_unless_it_is_wanted(project: Path) -> None:
    before = template(project).read_bytes()
    for words, better in (
        (("add", "table", "orders", "--key", "status"), "orderStatus"),
        (("add", "table", "orders", "--key", "id", "--sort", "YEAR:N"), "orderYear"),
        (("add", "index", "ai-chef-results", "user", "--sort", "date:N"), "resultUser"),
    ):
        refused = ran(project, *words)
        said = " ".join(refused.err.split())
        assert refused.code == 2 and "reserved words" in said and f"such as {better}" in said
        assert template(project).read_bytes() == before
        done(project, *words, "--reserved", "--diff")
    assert template(project).read_bytes() == before


def test_the_twenty_first_index_is_refused(project: Path) -> None:
    for number in range(19):
        done(project, "add", "index", "results", f"a{number}", "--no-alarm")
    before = template(project).read_bytes()
    found = ran(project, "add", "index", "results", "one-more", "--no-alarm")
    assert found.code == 2 and "AWS allows 20" in " ".join(found.err.split())
    assert template(project).read_bytes() == before


def test_an_edit_that_the_check_finds_wrong_is_refused(project: Path) -> None:
    before = template(project).read_bytes()
    found = ran(project, "add", "index", "results", "userId", "--name", "x")  # three characters at least
    assert found.code == 3, found.out
    assert "The edit would leave the template wrong" in found.err and "TW-IDX" in found.err
    assert template(project).read_bytes() == before


def test_a_difference_is_coloured_only_where_it_is_read(project: Path) -> None:
    words = ("add", "tag", "results", "CostCenter=42", "--diff")
    plain = done(project, *words)
    assert "\x1b" not in plain
    coloured = io.StringIO()
    show_difference(Output(coloured, True, True, UNICODE, 80), plain)
    text = coloured.getvalue()
    assert "\x1b[38;5;28m+        - Key: CostCenter\x1b[0m" in text
    assert re.sub(r"\x1b\[[\d;]+m", "", text).split() == plain.split()
    piped = io.StringIO()
    show_difference(Output(piped, False, True, UNICODE, 80), plain)  # FORCE_COLOR, and a pipe to patch
    assert piped.getvalue() == plain


def test_json_says_what_was_done(project: Path) -> None:
    shown = json.loads(done(project, "add", "ttl", "results", "expiresAt", "--diff", "--output", "json"))
    assert shown["changed"] is True and shown["written"] is False
    assert "+        AttributeName: expiresAt" in shown["diff"]


def test_byte_order_mark_line_ends_mode_and_link_stay(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    body = template(EXAMPLE).read_text().replace("\n", "\r\n").encode()
    real.write_bytes(b"\xef\xbb\xbf" + body)
    real.chmod(0o640)
    link = tmp_path / "template.yaml"
    link.symlink_to("real.yaml")
    edit_file(link, lambda text: add_table(text, NewTable("orders", Key("id"))))
    data = real.read_bytes()
    assert link.is_symlink() and real.stat().st_mode & 0o777 == 0o640
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\n") == data.count(b"\r\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["real.yaml", "template.yaml"]


def test_two_editors_at_once_lose_nothing(project: Path) -> None:
    attributes = [f"a{number}" for number in range(6)]
    running = [
        subprocess.Popen(
            [*PROGRAM, "add", "index", "results", name, "--no-alarm"], cwd=project, env=environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for name in attributes
    ]  # fmt: skip
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    text = template(project).read_text()
    assert all(f"IndexName: {name}-index" in text for name in attributes)


def test_a_deployed_table_is_retained_before_it_is_removed(aws: EmbeddedAws, account: str, project: Path) -> None:
    before = template(project).read_text()
    plain = before.replace("DeletionPolicy: RetainExceptOnCreate", "DeletionPolicy: Delete").replace(
        "DeletionProtectionEnabled: true", "DeletionProtectionEnabled: false"
    )
    template(project).write_text(plain)
    where = ("--endpoint-url", aws.endpoint, "--region", "us-east-1")
    env = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local"}
    assert in_process("deploy", "--yes", *where, cwd=project, env=env).code == 0
    first = in_process("remove", "table", "results", *where, cwd=project, env=env)
    assert first.code == 0 and "deploy this, then run the same command again" in first.out
    kept = template(project).read_text()
    assert "AiChefResultsTable:" in kept and "DeletionPolicy: Retain\n" in kept
    assert in_process("deploy", "--yes", *where, cwd=project, env=env).code == 0
    second = in_process("remove", "table", "results", *where, cwd=project, env=env)
    assert second.code == 0, second.err
    assert "only production was looked at" in second.out and "--env staging" in second.out
    text = template(project).read_text()
    assert "AiChefResultsTable" not in text and "ResultsTableErrorAlarm" not in text
    assert in_process("add", "table", "payments", cwd=project).code == 0
    granted = in_process("policy", "generate", "deploy", *where, cwd=project, env=env).out
    for name in ("ai-chef-sessions", "ai-chef-results", "ai-chef-payments"):  # what stands, what goes, what comes
        assert f'table/{name}"' in granted, name


def test_an_edit_that_brings_many_findings_of_one_rule_says_a_few_and_how_many_more(tmp_path: Path) -> None:
    """In a template of tables without alarms, the first alarm leaves all others without one."""
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        },
    }
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"Resources": {f"T{number}": table for number in range(40)}}, indent=2))
    said = done(tmp_path, "add", "index", "T3", "userId", "--template", str(path))
    assert [line.count("TW-ALM-016") for line in said.splitlines() if "ALM-016" in line] == [1, 1, 1]
    assert "TW-ALM-016 37 more like this: tablewright check shows them" in said
    full = json.loads(
        done(tmp_path, "add", "index", "T4", "userId", "--template", str(path), "--output", "json", "--diff")
    )
    assert full["warnings"] and all(set(one) == {"rule", "line", "message"} for one in full["warnings"])


def test_a_folder_that_may_not_be_written_is_named_and_no_file_of_ours(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> tuple[int, str]:
        raise PermissionError(
            errno.EACCES, "Permission denied", str(template(project).parent / ".dynamodb-schema.yaml.x")
        )

    monkeypatch.setattr("tempfile.mkstemp", denied)  # permissions do not bind the user that tests may run as
    before = template(project).read_bytes()
    refused = ran(project, "add", "table", "orders")
    assert refused.code == 1 and f"({template(project).parent})" in "".join(refused.err.split())
    assert template(project).read_bytes() == before
