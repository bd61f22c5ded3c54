"""The paired benchmarks: start-up against the AWS CLI, and a deploy with nothing to do against its own.

    make bench            all of them
    python bench/run.py NAME --runs 9

``aws`` is awscli from PyPI in an environment of its own (``.venv-aws``), because its botocore pin conflicts with the
embedded data plane's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from check import check
from gateway import gateway
from paired import pairs, report
from watching import watching

ROOT = Path(__file__).resolve().parent.parent
TABLEWRIGHT = str(ROOT / ".venv/bin/tablewright")
AWS = str(ROOT / ".venv-aws/bin/aws")


def show_peer() -> None:
    """Says which AWS CLI is compared with; `make bench` installs it."""
    if not Path(AWS).exists():
        sys.exit("bench: there is no .venv-aws; run it by `make bench`")
    version = subprocess.run([AWS, "--version"], capture_output=True, text=True, check=True)
    print(f"peer: {(version.stdout or version.stderr).strip()}\n")


def startup(runs: int) -> None:
    """``tablewright --help`` against ``aws --version``: CPU time."""
    measured = pairs([TABLEWRIGHT, "--help"], [AWS, "--version"], runs=runs)
    report("start-up", ("tablewright --help", "aws --version"), measured, "cpu")


def noop_deploy(runs: int) -> None:
    """An unchanged stack deployed again, on one embedded AWS that both talk to: wall and CPU time of the client."""
    example = ROOT / "examples/ai-chef"
    template = "backend/infrastructure/dynamodb-schema.yaml"
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "TABLEWRIGHT_LOCAL_HOME": home}
        local = [TABLEWRIGHT, "deploy", "--local", "--yes"]
        subprocess.run(local, env=env, cwd=example, check=True, capture_output=True)
        printed = subprocess.run(
            [TABLEWRIGHT, "local", "env"], env=env, check=True, capture_output=True, text=True
        ).stdout
        for line in printed.splitlines():
            if line.startswith("export "):
                key, _, value = line.removeprefix("export ").partition("=")
                env[key] = value.strip("'\"")
        peer = [AWS, "cloudformation", "deploy", "--no-fail-on-empty-changeset"]
        peer += ["--template-file", template, "--stack-name", "ai-chef-dynamodb"]
        try:
            measured = pairs(local, peer, runs=runs, env=env, cwd=str(example))
        finally:
            subprocess.run([TABLEWRIGHT, "local", "stop"], env=env, check=False, capture_output=True)
    names = ("tablewright deploy --local", "aws cloudformation deploy")
    report("deploy of an unchanged stack", names, measured, "wall")
    report("deploy of an unchanged stack", names, measured, "cpu")


def migration(runs: int) -> None:
    """A copy against its peers on a null server, at 1 KB and 200 B, and its memory over ten million items: CPU time."""
    command = [sys.executable, str(ROOT / "bench/migration/run.py"), "--runs", str(min(runs, 3)), "--memory"]
    subprocess.run(command, check=True)


BENCHES = {
    "startup": startup,
    "noop-deploy": noop_deploy,
    "gateway": gateway,
    "check": check,
    "migration": migration,
    "watching": watching,
}


def main() -> None:
    """Runs the named benchmarks, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: all)")
    parser.add_argument("--runs", type=int, default=9)
    chosen = parser.parse_args()
    show_peer()
    for name in chosen.names or BENCHES:
        BENCHES[name](chosen.runs)


if __name__ == "__main__":
    main()
