"""``tablewright check`` against cfn-lint, of which it is a superset: cold, unchanged, and on a template of 500 tables."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from paired import once, pairs, report

ROOT = Path(__file__).resolve().parent.parent
TABLEWRIGHT = str(ROOT / ".venv/bin/tablewright")
CFN_LINT = str(ROOT / ".venv/bin/cfn-lint")
GUIDE = str(ROOT / "tests/cases/guide/dynamodb-schema.yaml")

TABLE = """  Table{number}:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      DeletionProtectionEnabled: true
      AttributeDefinitions:
        - AttributeName: id
          AttributeType: S
        - AttributeName: owner
          AttributeType: S
      KeySchema:
        - AttributeName: id
          KeyType: HASH
      GlobalSecondaryIndexes:
        - IndexName: by-owner
          KeySchema:
            - AttributeName: owner
              KeyType: HASH
          Projection:
            ProjectionType: KEYS_ONLY
      PointInTimeRecoverySpecification:
        PointInTimeRecoveryEnabled: true
      Tags:
        - Key: team
          Value: x
"""


def check(runs: int) -> None:
    """Wall time against cfn-lint, an unchanged file against a changed one, and the share of our own rules."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "XDG_CACHE_HOME": folder}
        big = str(Path(folder) / "500-tables.yaml")
        tables = "".join(TABLE.format(number=number) for number in range(500))
        Path(big).write_text(f"AWSTemplateFormatVersion: '2010-09-09'\nResources:\n{tables}", encoding="utf-8")
        check = [TABLEWRIGHT, "check", "--fail-on", "never"]
        names = ("tablewright check", "cfn-lint")
        cold = pairs([*check, "--no-cache", GUIDE], [CFN_LINT, GUIDE], runs=runs, env=env)
        report("the guide's template, cold", names, cold, "wall")
        unchanged = pairs([*check, GUIDE], [*check, "--no-cache", GUIDE], runs=runs, env=env)
        report("the guide's template, unchanged", ("a second time", "cold"), unchanged, "wall")
        many = pairs([*check, "--no-cache", big], [CFN_LINT, big], runs=max(2, runs // 3), env=env)
        report("a template of 500 tables", names, many, "wall")
        for what, path in (("the guide's template", GUIDE), ("500 tables", big)):
            whole = once([*check, "--no-cache", path], env).cpu
            rules, reading = _own(path)
            print(f"{what}: our rules {rules:.3f} s, reading {reading:.3f} s of {whole:.2f} s CPU: {rules / whole:.1%}")


def _own(path: str) -> tuple[float, float]:
    """CPU seconds of our own rules, and of reading, in this process; the better of three."""
    sys.path.insert(0, str(ROOT / "src"))
    from tablewright.lint.check import find, read_all
    from tablewright.lint.options import Options
    from tablewright.lint.rule import rules
    from tablewright.lint.sources import Source
    from tablewright.template.decode import decode

    rules()
    measured = []
    for _ in range(3):
        decode.cache_clear()
        start = time.process_time()
        readings = read_all([Source(path, Path(path).read_bytes())], Options())
        between = time.process_time()
        for reading in readings:
            find(reading, Options())
        measured.append((time.process_time() - between, between - start))
    return min(measured)
