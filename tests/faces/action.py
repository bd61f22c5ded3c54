"""Runs the steps of the composite action as GitHub's runner does: the same shell, environment and files."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tablewright.author.action import action_text
from tests.faces.shell import PROGRAM, environment

ACTION: dict[str, Any] = yaml.safe_load(action_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


@dataclass
class Step:
    """How one step ended, and what it wrote into the runner's files."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


@dataclass
class Runner:
    """A runner's workspace, and the inputs that the action was given."""

    folder: Path
    workspace: Path
    inputs: dict[str, str]
    env: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        program = self.folder / "bin"
        program.mkdir(exist_ok=True)
        (program / "tablewright").write_text(f'#!/bin/sh\nexec {" ".join(PROGRAM)} "$@"\n')
        (program / "tablewright").chmod(0o755)
        self.inputs = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()} | self.inputs

    def step(self, name: str) -> Step:
        """Run the step of this name or id."""
        (step,) = (one for one in STEPS if name in (one.get("id"), one.get("name")))
        files = {}
        for kind in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"):
            path = self.folder / f"{kind}-{name.replace(' ', '-')}"
            path.write_text("")
            files[kind] = str(path)
        env: dict[str, str | None] = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "pull_request",
            "RUNNER_TEMP": str(self.folder),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            **files,
            **self.env,
            **{key: self._expanded(str(value)) for key, value in step.get("env", {}).items()},
        }
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        # What `shell: bash` means: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace, env=environment(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=300, check=False,
        )  # fmt: skip
        outputs = dict(line.partition("=")[::2] for line in Path(files["GITHUB_OUTPUT"]).read_text().splitlines())
        self.outputs[step.get("id", name)] = outputs
        return Step(ran.returncode, ran.stdout.decode(), outputs, Path(files["GITHUB_STEP_SUMMARY"]).read_text())

    def _expanded(self, value: str) -> str:
        """``${{ inputs.x }}`` and ``${{ steps.x.outputs.y }}``; anything else is not known here."""
        value = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: self.inputs[found[1]], value)
        value = re.sub(
            r"\$\{\{ steps\.([\w-]+)\.outputs\.([\w-]+) \}\}", lambda found: self.outputs[found[1]][found[2]], value
        )
        return value


def asked(runner: Runner, **changed: str) -> Step:
    """The first step, with some inputs or variables (in capitals) changed."""
    env = {name: value for name, value in changed.items() if name.isupper()}
    inputs: Mapping[str, str] = {name: value for name, value in changed.items() if not name.isupper()}
    return Runner(runner.folder, runner.workspace, {**runner.inputs, **inputs}, {**runner.env, **env}).step("asked")
