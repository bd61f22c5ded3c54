"""cfn-lint in a process of its own: ``python -m tablewright.lint.worker`` reads one JSON line for each template and answers one.

A process, because only a process can be stopped when a template takes too long or too much memory, and because cfn-lint's half
a second of imports then runs beside ours. Imports nothing of tablewright's.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

_MEMORY = 2 * 1024**3


def main() -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes to standard error
    _limit_memory()
    lint = _linter()
    answers.write("{}\n")
    answers.flush()
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(_answer(lint, request)) + "\n")
        answers.flush()


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    except (ImportError, OSError, ValueError):
        pass  # not every system has this limit; the limit of time remains


def _linter() -> Any:
    import logging

    from cfnlint.config import ConfigMixIn
    from cfnlint.decode.decode import decode_str
    from cfnlint.runner import Runner
    from cfnlint.runner.template import run_template_by_data, run_template_by_file_path

    logging.disable(logging.CRITICAL)
    runner: list[Any] = []

    def lint(path: str, regions: list[str] | None) -> list[Any]:
        config = ConfigMixIn(["--regions", *regions] if regions else [])
        if not runner:
            runner.append(Runner(config))
        if not path.startswith("-"):
            return list(run_template_by_file_path(path, config, runner[0].rules, False))
        template, errors = decode_str(path[1:])
        return list(errors or run_template_by_data(template, config, runner[0].rules))

    return lint


def _answer(lint: Any, request: dict[str, Any]) -> dict[str, Any]:
    try:
        matches = [_match(one) for one in lint(request["path"], request.get("regions"))]
        return {"matches": matches}
    except RecursionError:
        return {"failure": "the template is nested too deeply for it"}
    except MemoryError:
        return {"failure": "it ran out of memory"}
    except SystemExit:
        return {"failure": "it ended by itself"}
    except Exception as error:
        return {"failure": f"{type(error).__name__}: {error}"}


def _match(match: Any) -> dict[str, Any]:
    path = [str(part) for part in getattr(match, "path", None) or []]
    return {
        "rule": match.rule.id,
        "name": match.rule.shortdesc,
        "severity": match.rule.severity,
        "message": match.message,
        "line": match.linenumber,
        "column": match.columnnumber,
        "resource": path[1] if len(path) > 1 and path[0] == "Resources" else "",
        "url": match.rule.source_url or "",
    }


if __name__ == "__main__":
    main()
