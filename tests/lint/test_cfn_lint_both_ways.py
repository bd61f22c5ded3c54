"""cfn-lint's findings in check, ours in cfn-lint; and cfn-lint nowhere else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tablewright.lint.check import judge, read_all
from tablewright.lint.generic import Generic, GenericMatch
from tablewright.lint.options import Options
from tablewright.lint.run import Asked, check_sources
from tablewright.lint.sources import Source

GUIDE = Path(__file__).resolve().parents[1] / "cases" / "guide" / "dynamodb-schema.yaml"
TEMPLATE = b"""AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      Colour: red
      AttributeDefinitions:
        - AttributeName: orderId
          AttributeType: S
        - AttributeName: total
          AttributeType: N
      KeySchema:
        - AttributeName: orderId
          KeyType: HASH
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("both") / "template.yaml"
    path.write_bytes(TEMPLATE)
    return path


def test_its_findings_are_part_of_ours_without_what_ours_say(template: Path) -> None:
    report = check_sources([Source(str(template), TEMPLATE)], Asked(Options()))
    found = {(one.rule, one.origin): one for one in report.findings}
    assert found["E3002", "cfn-lint"].line == 7
    assert ("TW-KEY-001", "tablewright") in found
    assert ("E3039", "cfn-lint") not in found


def test_standard_input_is_checked_by_both() -> None:
    report = check_sources([Source("-", TEMPLATE)], Asked(Options()))
    assert {"E3002", "TW-KEY-001"} <= {one.rule for one in report.findings}


def test_its_rules_can_be_ignored_in_place() -> None:
    text = TEMPLATE.replace(
        b"      Colour", b"      # tablewright: ignore E3002 because the property is on its way\n      Colour"
    )
    readings = read_all([Source("t.yaml", text)], Options())
    match = GenericMatch("E3002", "unexpected property", "error", "Colour was unexpected", 8, 7, "Orders")
    report = judge(readings, Options(), {"t.yaml": Generic((match,))})
    assert [one.ignored for one in report.findings if one.rule == "E3002"] == ["the property is on its way"]
    assert "TW-TPL-005" not in {one.rule for one in report.findings}
    later = judge(read_all([Source("t.yaml", text)], Options()), Options(), {"t.yaml": Generic()})
    assert "TW-TPL-005" in {one.rule for one in later.findings}


def test_our_rules_load_into_it(template: Path) -> None:
    linter = str(Path(sys.executable).with_name("cfn-lint"))
    command = [linter, "--append-rules", "tablewright.lint.cfn_lint_rules", "--format", "json"]
    done = subprocess.run([*command, "--template", str(GUIDE)], capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    alarm = next(one for one in found if one["Rule"]["Id"] == "TW-ALM-001")
    assert alarm["Level"] == "Error"
    assert alarm["Location"]["Start"] == {"ColumnNumber": 19, "LineNumber": 18}
    rules = {one["Rule"]["Id"] for one in found}
    assert {"TW-SAF-001", "TW-ALM-006"} <= rules
    assert "TW-SAF-008" not in rules  # an info, which cfn-lint shows with --include-checks I only
    assert "E0002" not in rules


def test_no_other_command_imports_it() -> None:
    program = (
        "import sys, pkgutil, importlib, tablewright.cli as cli\n"
        "for found in pkgutil.iter_modules(cli.__path__):\n"
        "    importlib.import_module('tablewright.cli.' + found.name)\n"
        "import tablewright.lint.run, tablewright.lint.report\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('cfnlint', 'sympy', 'networkx')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
