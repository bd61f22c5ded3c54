"""Runs every load that makes a problem on purpose, and writes what diagnose named: docs/reference/diagnosis-matrix.md.

python scripts/diagnosis_matrix.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.contract.load_support import started  # noqa: E402
from tests.rehearsals.diagnosing import SCENARIOS, World, matrix_row, named  # noqa: E402

from tablewright.local import control  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "diagnosis-matrix.md"
HEAD = """# What diagnose names, measured

Each load below was produced on the embedded AWS by `tests/rehearsals/diagnosing.py`, and `tablewright diagnose` was asked. The
page is written by `scripts/diagnosis_matrix.py`; a slow test runs every load again and compares.

"""


def main() -> None:
    rows: dict[str | None, list[str]] = {}
    right = 0
    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "state") as aws, control.held(aws.endpoint):
        for number, each in enumerate(SCENARIOS):
            world = World(aws, f"{100_000_000_000 + number}")
            found = named(each.load(world))
            world.clear()
            right += each.right(found)
            rows.setdefault(each.problem, []).append(matrix_row(each, found))
            print(matrix_row(each, found), file=sys.stderr)
    parts = [HEAD, f"{right} of {len(SCENARIOS)} as they should be.\n\n| made | how | named |\n|---|---|---|\n"]
    parts += [f"{row}\n" for some in rows.values() for row in some]
    PAGE.write_text("".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
