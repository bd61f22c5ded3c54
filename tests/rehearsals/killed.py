"""A deployment in a process of its own, which prints a line an event, so that a test can kill it at a chosen one."""

from __future__ import annotations

import sys
from pathlib import Path

from tablewright.account import open_account
from tablewright.deploy.options import DeployOptions
from tablewright.deploy.run import deploy
from tablewright.model.whereabouts import Credentials
from tablewright.template.read import read_design


def main(endpoint: str, account: str, stack: str, path: str, verb: str) -> None:
    """Deploy (or only preview) the template at ``path``."""
    opened = open_account(region="us-east-1", endpoint_url=endpoint, credentials=Credentials(account, "local"))
    design = read_design(Path(path).read_text(), stack=stack, path=path)
    if verb == "preview":
        from tablewright.deploy.preview.run import preview

        events = preview(design, opened)
    else:
        events = deploy(design, opened, options=DeployOptions())
    print("ready", flush=True)
    for event in events:
        print(type(event).__name__, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
