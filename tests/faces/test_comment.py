"""comment: one comment for a marker, updated in place, and never somebody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces.github import Hub, github
from tests.faces.shell import Ran, in_process

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with github() as running:
        yield running


def comment(hub: Hub, folder: Path, page: str = "# Plan\n", *words: str, **env: str | None) -> Ran:
    """Run the command as a workflow on a pull request does."""
    (folder / "plan.md").write_text(page, encoding="utf-8")
    event = {"pull_request": {"number": 7, "head": {"sha": SHA}}}
    (folder / "event.json").write_text(json.dumps(event))
    variables: dict[str, str | None] = {
        "GITHUB_API_URL": hub.address,
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_SERVER_URL": "https://github.test",
        "GITHUB_RUN_ID": "99",
        "GH_TOKEN": "t0ken",
        **env,
    }
    return in_process("comment", str(folder / "plan.md"), *words, env=variables)


def test_it_is_made_once_and_then_updated_in_place(hub: Hub, tmp_path: Path) -> None:
    for number in range(150):  # more than a page of other people's comments
        hub.add(f"remark {number}")
    first = comment(hub, tmp_path, "# One\n")
    assert first.code == 0 and "commented on pull request 7" in first.out
    second = comment(hub, tmp_path, "# Two\n")
    assert second.code == 0 and "comment updated" in second.out
    mine = [one for one in hub.comments if one["user"]["type"] == "Bot"]
    assert len(mine) == 1 and "# Two" in mine[0]["body"] and "# One" not in mine[0]["body"]
    assert "for commit 0123456789ab, [the run](https://github.test/acme/shop/actions/runs/99)" in mine[0]["body"]
    before = len(hub.seen)
    assert comment(hub, tmp_path, "# Two\n").code == 0
    assert {method for method, _ in hub.seen[before:]} == {"GET"}  # it says so already


def test_each_marker_has_its_own_and_a_persons_comment_is_left_alone(hub: Hub, tmp_path: Path) -> None:
    forged = hub.add("<!-- tablewright: staging -->\nnothing is lost")
    assert comment(hub, tmp_path, "# P\n", "--marker", "production").code == 0
    assert comment(hub, tmp_path, "# S\n", "--marker", "staging").code == 0
    assert forged["body"].endswith("nothing is lost")
    assert [one["body"].split("\n")[1] for one in hub.comments[1:]] == ["# P", "# S"]


def test_a_marker_cannot_end_the_html_comment(hub: Hub, tmp_path: Path) -> None:
    assert comment(hub, tmp_path, "x", "--marker", "a --> <b>x").code == 0
    assert hub.comments[0]["body"].startswith("<!-- tablewright: a -_ _b_x -->\n")
    assert comment(hub, tmp_path, "x", "--marker", "--").code == 2


def test_a_page_that_is_too_long_is_cut_and_says_so(hub: Hub, tmp_path: Path) -> None:
    ran = comment(hub, tmp_path, "".join(f"line {n}\n" for n in range(20_000)))
    assert ran.code == 0, ran.err
    body = hub.comments[0]["body"]
    assert 64_000 < len(body) <= 65_536 and "The rest was left out" in body and "line 0\n" in body


@pytest.mark.slow
def test_a_passing_fault_is_tried_again(hub: Hub, tmp_path: Path) -> None:
    hub.fail = [(502, {}, "Bad Gateway"), (429, {"Retry-After": "1"}, "slow down")]
    assert comment(hub, tmp_path).code == 0
    assert len(hub.comments) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ((403, {}, "Resource not accessible by integration"), "pull-requests: write"),
        ((301, {"Location": "http://127.0.0.1:9/"}, "Moved"), "HTTP 301"),
    ],
)
def test_what_github_refuses_is_said_with_what_to_do(
    hub: Hub, tmp_path: Path, fault: tuple[int, dict[str, str], str], words: str
) -> None:
    hub.fail = [fault]
    ran = comment(hub, tmp_path)
    assert ran.code == 1 and words in " ".join(ran.err.split())
    assert hub.comments == [] and "t0ken" not in ran.err + ran.out


def test_without_a_pull_request_or_a_token_it_is_said_what_is_missing(hub: Hub, tmp_path: Path) -> None:
    no_event = comment(hub, tmp_path, GITHUB_EVENT_PATH=None)
    assert no_event.code == 2 and "--pull-request NUMBER" in no_event.err
    no_token = comment(hub, tmp_path, GH_TOKEN=None, GITHUB_TOKEN=None)
    assert no_token.code == 2 and "GH_TOKEN" in no_token.err
    assert comment(hub, tmp_path, "x", "--pull-request", "7", GITHUB_EVENT_PATH=None).code == 0
    assert comment(hub, tmp_path, GH_TOKEN="other").code == 1
