"""Runs the public suite nubo-db/dynamodb-conformance through the embedded AWS and holds it to a number of passes.

    make conformance CHECKOUT=../dynamodb-conformance

The checkout (https://github.com/nubo-db/dynamodb-conformance, MIT) is the caller's; nothing of it is kept here. Needs Node.js
and npm; its packages are installed in the checkout when it has no node_modules.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tablewright.local import process

AT_LEAST = 594
OF = 601


def main() -> int:
    """Run the suite; the exit status is 0 when enough tests pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--clock", default="instant")
    parser.add_argument("--only", default="", help="a part of a test file's path")
    chosen = parser.parse_args()
    checkout = chosen.checkout.resolve()
    if not (checkout / "vitest.config.ts").is_file():
        print(f"{checkout} is not a checkout of dynamodb-conformance", file=sys.stderr)
        return 2
    if shutil.which("npm") is None:
        print("npm is needed to run the suite", file=sys.stderr)
        return 2
    if not (checkout / "node_modules").is_dir():
        quiet = ["--silent", "--no-audit", "--no-fund"]
        # A registry that lacks one of the locked versions may have a later one.
        if subprocess.run(["npm", "ci", *quiet], cwd=checkout, check=False).returncode != 0:
            subprocess.run(["npm", "install", "--no-package-lock", *quiet], cwd=checkout, check=True)
    with tempfile.TemporaryDirectory() as home:
        folder, report = Path(home) / "state", Path(home) / "report.json"
        running = process.start(folder, port=0, clock=chosen.clock)
        try:
            env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
            env |= {"DYNAMODB_ENDPOINT": running.endpoint, **running.env()}
            command = ["npx", "vitest", "run", "--reporter=json", f"--outputFile={report}"]
            subprocess.run([*command, *filter(None, [chosen.only])], cwd=checkout, env=env, check=False)
            found = json.loads(report.read_text())
        finally:
            process.stop(folder)
    for file in found["testResults"]:
        for test in file["assertionResults"]:
            if test["status"] == "failed":
                print(f"failed: {Path(file['name']).relative_to(checkout)}: {test['fullName']}")
                print(f"        {(test['failureMessages'] or ['?'])[0].splitlines()[0]}")
    passed, total = found["numPassedTests"], found["numTotalTests"]
    print(f"{passed} of {total} pass ({AT_LEAST} of {OF} are needed)")
    return 0 if chosen.only or passed >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
