"""init: what it makes passes the check and deploys at once; what stands there is never replaced unseen."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tablewright.author.project import Project, files
from tablewright.author.tables import Key, NewTable
from tablewright.author.workflow import ACTION
from tablewright.errors import UsageError
from tablewright.template.read import read_design
from tests.conftest import EmbeddedAws
from tests.faces.shell import PROGRAM, environment, in_process

WORDS = ("init", "shop", "--table", "orders:orderId", "--table", "events:deviceId:N")
WORKFLOW = ".github/workflows/deploy-dynamodb.yml"
TEMPLATE = "backend/infrastructure/dynamodb-schema.yaml"
SCRIPT = "backend/infrastructure/deploy-dynamodb.sh"


def made(folder: Path, *more: str) -> Path:
    ran = in_process(*WORDS, *more, cwd=folder)
    assert ran.code == 0, ran.err
    return folder / "shop"


def test_it_makes_the_guides_layout(tmp_path: Path) -> None:
    project = made(tmp_path)
    found = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert found == {WORKFLOW, ACTION, TEMPLATE, SCRIPT, "tablewright.toml"}
    assert (project / SCRIPT).stat().st_mode & 0o111
    design = read_design((project / TEMPLATE).read_text(), stack="s")
    assert [table.physical_name for table in design.tables] == ["shop-orders", "shop-events"]
    assert len(design.outputs) == 4
    alarms = [one.physical_name for one in design.resources if one.type == "AWS::CloudWatch::Alarm"]
    assert alarms == ["Shop-DynamoDB-OrdersTable-Errors", "Shop-DynamoDB-EventsTable-Errors"]


def test_a_table_may_have_a_sort_key(tmp_path: Path) -> None:
    done = in_process("init", "--name", "shop", "--table", "orders:userId,createdAt:N", "--diff", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "+        - AttributeName: createdAt\n+          AttributeType: 'N'" in done.out
    assert "+        - AttributeName: createdAt\n+          KeyType: RANGE" in done.out


def test_a_key_that_is_a_reserved_word_is_had_as_the_refusal_says(tmp_path: Path) -> None:
    words = ("init", "--name", "shop", "--table", "events:deviceId,at:N")
    refused = in_process(*words, cwd=tmp_path)
    assert refused.code == 2 and "--reserved" in refused.err
    done = in_process(*words, "--reserved", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "AttributeName: at\n" in (tmp_path / TEMPLATE).read_text()


def test_a_folder_that_is_none_or_whose_name_is_no_projects_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = in_process("init", "file", cwd=tmp_path)
    assert done.code == 2 and "'file' is a file" in done.err
    done = in_process("init", "x", cwd=tmp_path)
    assert done.code == 2 and "--name: 2 to 40 lower-case letters" in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("parameters", "environments"),
    [
        ("", ["production"]),
        ("  Stage:\n    Type: String\n    AllowedValues: [dev, prod]\n", ["prod Stage", "dev Stage"]),
        ("  EnvName: {Type: String}\n", ["production EnvName", "staging EnvName"]),
        ("  Backstage: {Type: String}\n", ["production"]),
    ],
)
def test_environments_are_those_that_the_template_tells_apart(
    parameters: str, environments: list[str], tmp_path: Path
) -> None:
    top = f"Parameters:\n{parameters}" if parameters else ""
    (tmp_path / "t.yaml").write_text(f"{top}Resources:\n  L: {{Type: AWS::Logs::LogGroup}}\n")
    assert in_process("init", "--name", "shop", "--from", "t.yaml", cwd=tmp_path).code == 0
    settings = tomllib.loads((tmp_path / "tablewright.toml").read_text())
    found = [" ".join([name, *one.get("parameters", {})]) for name, one in settings["environments"].items()]
    assert found == environments and settings["default_environment"] == environments[0].split()[0]
    for name, one in settings["environments"].items():
        assert set(one.get("parameters", {}).values()) <= {name}
    assert f"environment: {settings['default_environment']}\n" in (tmp_path / WORKFLOW).read_text()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("orders:status", "such as orderStatus"),
        ("orders:id,id", "both keys"),
        ("orders:id:X", "TYPE is S (text)"),
        ("Orders:id", "lower-case letter"),
        (f"{'o' * 151}:id", "at most 150"),
    ],
)
def test_a_table_that_should_not_be_is_refused(table: str, says: str, tmp_path: Path) -> None:
    for words in (("--table", table), ("--table", "users:userId", "--table", table)):
        done = in_process("init", "--name", "shop", *words, cwd=tmp_path)
        assert done.code == 2 and says in " ".join(done.err.split())
        assert not list(tmp_path.iterdir())


def test_what_it_makes_passes_the_check(tmp_path: Path) -> None:
    project = made(tmp_path)
    paths = [str(project / one) for one in (WORKFLOW, TEMPLATE, SCRIPT)]
    ran = in_process("check", *paths)
    assert ran.code == 0, ran.out


@pytest.mark.slow
def test_the_longest_name_passes_the_check(tmp_path: Path) -> None:
    words = ("init", "--name", "n" * 40, "--table", f"{'o' * 150}:id")
    assert in_process(*words, cwd=tmp_path).code == 0
    checked = in_process("check", "--env", "staging", cwd=tmp_path)
    assert checked.code == 0, checked.out


def test_what_it_makes_deploys_at_once_in_two_environments(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    project = made(tmp_path)
    env = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local"}
    for words in (("--env", "production"), ("--env", "staging")):
        ran = in_process("deploy", "--yes", "--endpoint-url", aws.endpoint, *words, cwd=project, env=env)
        assert ran.code == 0, ran.err
    tables = aws.client("dynamodb", account=account).list_tables()["TableNames"]
    assert tables == ["shop-events", "shop-events-staging", "shop-orders", "shop-orders-staging"]


def test_nothing_is_replaced_unseen(tmp_path: Path) -> None:
    project = made(tmp_path)
    again = in_process(*WORDS, cwd=tmp_path)
    assert again.code == 0 and again.out.count("stands there already") == 5
    (project / "tablewright.toml").write_text("# mine\n")
    refused = in_process(*WORDS, cwd=tmp_path)
    assert refused.code == 3
    assert "-# mine" in refused.err and "Nothing was written" in " ".join(refused.err.split())
    assert (project / "tablewright.toml").read_text() == "# mine\n"
    shown = in_process(*WORDS, "--diff", cwd=tmp_path)
    assert shown.code == 0 and "-# mine" in shown.out
    assert (project / "tablewright.toml").read_text() == "# mine\n"
    made(tmp_path, "--overwrite")
    assert (project / "tablewright.toml").read_text() != "# mine\n"


def test_where_the_disk_is_full_what_stood_there_stands_and_nothing_half_written_does(tmp_path: Path) -> None:
    (tmp_path / TEMPLATE).parent.mkdir(parents=True)
    (tmp_path / TEMPLATE).write_text("mine")
    program = f"ulimit -f 1; {' '.join(PROGRAM)} init --name shop --overwrite"  # blocks of 1,024 bytes, as a full disk has none
    done = subprocess.run(
        ["bash", "-c", program],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1 and "error[" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / TEMPLATE).read_text() == "mine"
    assert sorted(path.name for path in (tmp_path / TEMPLATE).parent.iterdir()) == [
        Path(SCRIPT).name,
        Path(TEMPLATE).name,
    ]


def test_nothing_is_written_through_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    elsewhere, project = tmp_path / "elsewhere.toml", tmp_path / "shop"
    project.mkdir()
    (project / "tablewright.toml").symlink_to(elsewhere)
    for option in ((), ("--overwrite",)):
        refused = in_process(*WORDS, *option, cwd=tmp_path)
        assert refused.code == 2 and "error[dangling-link]" in refused.err
        assert not elsewhere.exists() and [each.name for each in project.iterdir()] == ["tablewright.toml"]
    elsewhere.write_text("# mine\n")  # a link that leads somewhere is the owner's own way
    made(tmp_path, "--overwrite")
    assert (project / "tablewright.toml").is_symlink() and elsewhere.read_text() != "# mine\n"


def test_an_existing_template_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shop/infra").mkdir(parents=True)
    template = tmp_path / "shop/infra/tables.yaml"
    template.write_text("Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n")
    ran = in_process("init", "shop", "--from", "infra/tables.yaml", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert template.read_text() == "Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n"
    assert 'template = "infra/tables.yaml"' in (tmp_path / "shop/tablewright.toml").read_text()
    assert (tmp_path / "shop/infra/deploy-dynamodb.sh").exists()


def test_the_install_source_is_a_setting(tmp_path: Path) -> None:
    wheel = "./dist/tablewright-0.1.0-py3-none-any.whl"
    project = made(tmp_path, "--install", wheel)
    text = (project / WORKFLOW).read_text()
    assert f"TABLEWRIGHT: '{wheel}'" in text and "vars.TABLEWRIGHT" not in text
    assert f"pip install {wheel}" in (project / SCRIPT).read_text()
    moving = in_process("init", "other", "--install", "tablewright", cwd=tmp_path)
    assert moving.code == 2 and "tablewright==VERSION" in moving.err and not (tmp_path / "other").exists()


def test_the_workflow_deploys_from_one_branch_behind_an_environment(tmp_path: Path) -> None:
    text = (made(tmp_path) / WORKFLOW).read_text()
    deploy = text[text.index("\n  deploy:") :]
    assert "github.ref == 'refs/heads/main'" in deploy and "environment: production" in deploy
    assert "cancel-in-progress: false" in deploy and "id-token: write" in deploy
    check = text[text.index("\n  check:") : text.index("\n  plan:")]
    assert "id-token" not in check and "secrets" not in text  # what runs for forks has no credentials
    assert text.count("backend/infrastructure/dynamodb-schema.yaml'") == 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_without_tablewright_says_how_to_install_it(tmp_path: Path) -> None:
    script = made(tmp_path) / SCRIPT
    env = environment({"TABLEWRIGHT": "not-installed-anywhere"})
    ran = subprocess.run(["bash", str(script)], capture_output=True, text=True, env=env, check=False)
    assert ran.returncode == 2 and "pip install tablewright" in ran.stderr


@pytest.mark.parametrize("name", ["X", "1shop", "sh op", "a" * 41, "shop_x"])
def test_a_name_that_aws_would_not_take_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lower-case letters"):
        files(Project(name, (NewTable("orders", Key("id")),)))
    assert in_process("init", "d", "--name", name, cwd=tmp_path).code == 2
    assert not (tmp_path / "d").exists()


def test_a_workflow_for_a_project_that_stands_is_written_alone(tmp_path: Path) -> None:
    project = tmp_path / "it"
    (project / "infra").mkdir(parents=True)
    (project / "infra/tables.yaml").write_text("Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n")
    settings = 'template = "infra/tables.yaml"\nregion = "ap-northeast-2"\nstack = "it"\naccount = "111122223333"\n'
    (project / "tablewright.toml").write_text(settings)
    ran = in_process("init", "--workflow", "--install", "tablewright==0.1.0", "--branch", "trunk", cwd=project)
    assert ran.code == 0, ran.err
    found = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert found == {"infra/tables.yaml", "tablewright.toml", WORKFLOW, ACTION}
    text = (project / WORKFLOW).read_text()
    assert "script:" not in text and "- 'infra/tables.yaml'" in text and "branches: [trunk]" in text
    assert text.count("aws-region: ap-northeast-2") == text.count("allowed-account-ids: '111122223333'") == 2
    assert "          environment:" not in text  # tablewright.toml has none; GitHub's is asked all the same
    assert "\n    environment: production\n" in text
    assert in_process("check", WORKFLOW, cwd=project).code == 0
    again = in_process("init", "--workflow", "--branch", "main", cwd=project)
    assert again.code == 3 and "-    branches: [trunk]" in again.err and (project / WORKFLOW).read_text() == text
