"""A copy as a process of its own, to be killed: ``python -m tests.contract.copy_process ENDPOINT KEY FOLDER UNITS``."""

from __future__ import annotations

import sys
from pathlib import Path

from tablewright.migrate.engine.values import CopySettings
from tablewright.migrate.job import Pace
from tests.contract.copying import Copying, account_at

SEGMENTS = 24
"""So many that a page is small, and where a killed process stood is not the beginning."""


def main() -> None:
    endpoint, key, folder, units = sys.argv[1:5]
    copying = Copying(account_at(endpoint, key), Path(folder), segments=SEGMENTS)
    copying.settings = CopySettings(pace=Pace(1.0, write_units=float(units)))
    copying.run()


if __name__ == "__main__":
    main()
