"""The pull request that a workflow runs for, and one comment on it that is kept up to date.

Source: GitHub REST API, "Issue comments" (a pull request's conversation is its issue's).
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tablewright.errors import Failed, UsageError

_TRIES = 4
_LONGEST_WAIT = 20.0
_TIMEOUT = 30.0
_PAGE = 100


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Which pull request, at which API, and with which token. ``commit`` and ``run`` are what a comment is about."""

    api: str
    repository: str
    number: int
    token: str
    commit: str = ""
    run: str = ""


def from_environment(env: Mapping[str, str], number: int | None) -> PullRequest:
    """The pull request of this workflow run. Raises UsageError where there is none, or no token."""
    repository, token = env.get("GITHUB_REPOSITORY", ""), env.get("GH_TOKEN") or env.get("GITHUB_TOKEN") or ""
    found = _event(env.get("GITHUB_EVENT_PATH", ""))
    pull = found.get("pull_request") if isinstance(found.get("pull_request"), dict) else {}
    assert isinstance(pull, dict)
    chosen = number or pull.get("number")
    if not repository or not isinstance(chosen, int):
        raise UsageError(
            "no-pull-request",
            "There is no pull request to comment on",
            "In a workflow on pull_request it is known; elsewhere give GITHUB_REPOSITORY=OWNER/NAME and --pull-request NUMBER.",
        )
    if not token:
        raise UsageError(
            "no-github-token",
            "There is no token to comment with",
            "Set GH_TOKEN in the step's env, in a workflow to ${{ github.token }}; the job needs pull-requests: write.",
        )
    head = pull.get("head")
    commit = str(head.get("sha", "")) if isinstance(head, dict) else ""
    server, run = env.get("GITHUB_SERVER_URL", ""), env.get("GITHUB_RUN_ID", "")
    where = f"{server}/{repository}/actions/runs/{run}" if server and run.isdigit() else ""
    api = env.get("GITHUB_API_URL") or "https://api.github.com"
    return PullRequest(api.rstrip("/"), repository, chosen, token, commit, where)


def put_comment(pull: PullRequest, marker: str, body: str) -> tuple[str, bool]:
    """Make the comment that starts with ``marker`` say ``body``: the one that is there, or a new one.

    Returns its address, and whether it is new. A person's comment is left alone whatever it starts with: whoever wrote it
    could change it afterwards. Raises Failed.
    """
    for one in _comments(pull):
        by_a_program = isinstance(one.get("user"), dict) and one["user"].get("type") == "Bot"
        if by_a_program and str(one.get("body") or "").startswith(marker):
            if one["body"] == body:
                return str(one.get("html_url", "")), False
            changed = _call(pull, "PATCH", f"issues/comments/{int(one['id'])}", {"body": body})
            return str(changed.get("html_url", "")), False
    made = _call(pull, "POST", f"issues/{pull.number}/comments", {"body": body})
    return str(made.get("html_url", "")), True


def _comments(pull: PullRequest) -> Iterator[dict[str, Any]]:
    page = 1
    while True:
        listed = _call(pull, "GET", f"issues/{pull.number}/comments?per_page={_PAGE}&page={page}")
        yield from listed
        if len(listed) < _PAGE:
            return
        page += 1


def _event(path: str) -> dict[str, Any]:
    if not path:
        return {}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to wherever it points."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _call(pull: PullRequest, method: str, path: str, body: object = None) -> Any:
    request = urllib.request.Request(
        f"{pull.api}/repos/{pull.repository}/{path}",
        None if body is None else json.dumps(body).encode(),
        {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {pull.token}",
            "Content-Type": "application/json",
            "User-Agent": "tablewright",
            "X-GitHub-Api-Version": "2022-11-28",
        },
        method=method,
    )
    opener = urllib.request.build_opener(_NoRedirects)
    for attempt in range(1, _TRIES + 1):
        try:
            with opener.open(request, timeout=_TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            wait = _wait(error, attempt)
            if wait is None or attempt == _TRIES:
                raise _refused(pull, error) from None
        except (urllib.error.URLError, TimeoutError, ValueError, OSError) as error:
            # A comment may have been made although the answer was lost: a second one would be worse than none.
            if method == "POST" or attempt == _TRIES:
                why = getattr(error, "reason", error)
                raise Failed(
                    "github-unreachable", "GitHub cannot be reached", f"{pull.api}: {why}. Nothing else was changed."
                ) from None
            wait = float(attempt)
        time.sleep(wait)
    raise AssertionError("unreachable")


def _wait(error: urllib.error.HTTPError, attempt: int) -> float | None:
    """How long to wait before it is worth trying again; None where it is not."""
    told = error.headers.get("Retry-After", "")
    if error.code == 429 or (error.code == 403 and told):
        seconds = float(told) if told.isdigit() else float(2**attempt)
        return seconds if seconds <= _LONGEST_WAIT else None
    return float(attempt) if error.code in (500, 502, 503, 504) else None


def _refused(pull: PullRequest, error: urllib.error.HTTPError) -> Failed:
    try:
        told = str(json.load(error).get("message", ""))
    except (ValueError, OSError, AttributeError):
        told = ""
    meant = {
        401: "The token is not valid.",
        403: "The job needs permissions: pull-requests: write; a pull request from a fork never gets it.",
        404: f"{pull.repository} has no pull request {pull.number}, or the token may not see it.",
    }.get(error.code, "")
    words = " ".join(part for part in (f"HTTP {error.code}: {told}." if told else f"HTTP {error.code}.", meant) if part)
    return Failed("github-refused", "GitHub refused the comment", words)
