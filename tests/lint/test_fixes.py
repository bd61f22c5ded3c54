"""Fixes: each folder of tests/cases/fixes has a file before and after; what is not mended stays as it was written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tablewright.errors import UsageError
from tablewright.lint.check import check
from tablewright.lint.fixes import mend
from tablewright.lint.options import Options
from tablewright.lint.run import mend_files
from tablewright.lint.sources import Source
from tablewright.model.finding import Severity
from tests.conftest import EmbeddedAws
from tests.waiting import SOON

CASES = Path(__file__).resolve().parents[1] / "cases"
BEFORE = sorted((CASES / "fixes").glob("*/before.*"))
GUIDE = CASES / "guide" / "dynamodb-schema.yaml"


def _mended(path: Path) -> bytes:
    return mend(Source(path.name, path.read_bytes()), Options()).data


@pytest.mark.parametrize("path", BEFORE, ids=lambda path: path.parent.name)
def test_a_file_is_mended_and_nothing_else_is_touched(path: Path) -> None:
    after = path.with_name("after" + path.suffix)
    assert _mended(path) == after.read_bytes()


@pytest.mark.parametrize("path", [*BEFORE, GUIDE], ids=lambda path: path.parent.name)
def test_nothing_is_left_to_mend_and_no_error_has_come(path: Path) -> None:
    data = _mended(path)
    report = check([Source(path.name, data)], Options())
    assert not [finding for finding in report.findings if finding.fix or finding.severity is Severity.ERROR]
    assert mend(Source(path.name, data), Options()).data == data


@pytest.mark.parametrize("path", [*BEFORE, GUIDE], ids=lambda path: path.parent.name)
def test_a_mended_template_deploys(path: Path, aws: EmbeddedAws) -> None:
    cloudformation = aws.client("cloudformation", account="666600000001")
    name = re.sub("[^a-z0-9]", "-", f"fixed-{path.parent.name}-{path.stem}")
    cloudformation.create_stack(StackName=name, TemplateBody=_mended(path).decode())
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=SOON)


def test_the_diff_shows_the_change() -> None:
    diff = mend(Source("t.yaml", GUIDE.read_bytes()), Options()).diff()
    assert "+    DeletionPolicy: RetainExceptOnCreate" in diff
    assert "-      MetricName: 'ThrottledRequests'" in diff


def test_what_is_ignored_in_place_is_not_mended() -> None:
    text = BEFORE[0].read_text(encoding="utf-8")
    path = CASES / "fixes" / "throughput-on-demand" / "before.yaml"
    text = path.read_text(encoding="utf-8")
    text = "# tablewright: ignore-file TW-CAP-003, TW-CAP-004 because the table is being switched\n" + text
    assert not mend(Source("t.yaml", text.encode()), Options()).changed


def test_flow_yaml_is_left_alone() -> None:
    text = "Resources: {T: {Type: AWS::DynamoDB::Table, Properties: {BillingMode: PAY_PER_REQUEST}}}\n"
    assert not mend(Source("t.yaml", text.encode()), Options()).changed


def _written(tmp_path: Path) -> tuple[Path, bytes, bytes]:
    before = BEFORE[0]
    path = tmp_path / before.name
    path.write_bytes(before.read_bytes())
    return path, before.read_bytes(), before.with_name("after" + before.suffix).read_bytes()


def test_a_link_beside_a_file_leads_nowhere_else(tmp_path: Path) -> None:
    path, _, after = _written(tmp_path)
    mine = tmp_path / "mine"
    mine.write_text("kept")
    (tmp_path / f".{path.name}.tablewright").symlink_to(mine)
    mend_files([Source(str(path), path.read_bytes())], Options(), write=True)
    assert mine.read_text() == "kept"
    assert path.read_bytes() == after and not path.is_symlink()


def test_what_was_written_meanwhile_is_not_mended_over(tmp_path: Path) -> None:
    path, before, _ = _written(tmp_path)
    path.write_bytes(before + b"# mine\n")
    with pytest.raises(UsageError, match="changed"):
        mend_files([Source(str(path), before)], Options(), write=True)
    assert path.read_bytes() == before + b"# mine\n"
